//! What a line typed at a guest means: words, quotes, variables, `;` `&&` `||` `|`, and where output goes (`>` `>>` `2>&1`). Pure.
//!
//! Not a POSIX shell. What is not understood is refused, never half done: a loop or a substitution that were taken as
//! words would do something that nobody asked for.

use std::collections::BTreeMap;

/// Bytes of a command's words, as Linux bounds one of them; and variables: a value may be made of itself twice.
const WORDS_BYTES_MAX: usize = 128 << 10;
const VARIABLES_MAX: usize = 128;
const VARIABLES_BYTES_MAX: usize = 256 << 10;
/// Words of one command, once its variables have values.
const WORDS_MAX: usize = 4 << 10;
/// Words and signs of a text, and parts of one word: each costs many times its bytes.
const TOKENS_MAX: usize = 32 << 10;
const PIECES_MAX: usize = 256;

/// What a shell remembers from one command to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shell {
    /// Where `cd` has led; `None` is the home directory.
    pub directory: Option<String>,
    pub variables: BTreeMap<String, String>,
    /// `set -e`: the first command that fails ends it.
    pub errexit: bool,
    /// Of the latest command: `$?`.
    pub status: u8,
    /// Whether it has told where to find what it knows.
    pub hinted: bool,
}

impl Shell {
    /// Bytes of its variables.
    pub(crate) fn bytes(&self) -> usize {
        self.variables.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

/// About how many bytes a text and its commands take.
pub(crate) fn weight(text: &str, commands: &[Command]) -> usize {
    let pieces = |command: &Command| command.words.iter().map(|word| 1 + word.pieces.len()).sum::<usize>();
    text.len() + commands.iter().map(|command| 2 + pieces(command)).sum::<usize>() * size_of::<Command>()
}

/// When a command runs, by what became of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    Always,
    IfGood,
    IfBad,
    /// It takes what the one before has printed, if that ran.
    Pipe,
}

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub join: Join,
    pub words: Vec<Word>,
    /// `None` when both go to the client, as they come.
    pub streams: Option<Box<Streams>>,
    /// What it prints goes to the next command.
    pub piped: bool,
}

/// Where the two streams of a command go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Streams {
    pub out: Sink,
    pub err: Sink,
}

/// Where a stream goes: to one of the client's, or into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sink {
    Out,
    Err,
    File(Output),
}

/// A command's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
    Both,
}

/// A word before its variables have values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pieces: Vec<Piece>,
    /// Some of it was quoted: it stays one word, even an empty one.
    quoted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
}

/// A file that takes a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub path: Word,
    pub append: bool,
}

/// Why a text does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// The text says where, as `sh` would.
    Syntax(String),
    /// It has more of something than may be.
    TooMuch(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(Word),
    Join(Join),
    Redirect {
        stream: Stream,
        append: bool,
    },
    /// `2>&1`: a stream goes where the other one goes at this point of the line.
    Follow {
        stream: Stream,
        to: Stream,
    },
}

/// Words of a shell's grammar that is not known here: what they enclose must not run by itself.
const RESERVED: [&str; 17] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "function", "select",
    "{", "}", "!",
];

/// Reads a line, or several.
pub(crate) fn parse(text: &str) -> Result<Vec<Command>, Unclear> {
    let mut commands = Vec::new();
    let mut command = Command::new(Join::Always);
    let mut tokens = tokens(text)?.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => {
                if command.words.is_empty() && !word.quoted && word.text().is_some_and(|text| RESERVED.contains(&text))
                {
                    return Err(Unclear::Syntax(format!("`{}` is not known here", word.text().unwrap_or_default())));
                }
                command.words.push(word);
            }
            Token::Redirect { stream, append } => match tokens.next() {
                Some(Token::Word(path)) => command.streams().send(stream, &Sink::File(Output { path, append })),
                _ => return Err(Unclear::Syntax("a file name is missing".into())),
            },
            Token::Follow { stream, to } => {
                let streams = command.streams();
                let sink = if to == Stream::Out { streams.out.clone() } else { streams.err.clone() };
                streams.send(stream, &sink);
            }
            Token::Join(join) => {
                let finished = std::mem::replace(&mut command, Command::new(join));
                if !finished.words.is_empty() {
                    commands.push(Command { piped: join == Join::Pipe, ..finished });
                } else if finished.streams.is_some() || join != Join::Always {
                    return Err(Unclear::Syntax("a command is missing".into()));
                } else {
                    // A line that goes on behind `&&`, `||` or `|`.
                    command.join = finished.join;
                }
            }
        }
    }
    if !command.words.is_empty() {
        commands.push(command);
    } else if command.streams.is_some() || command.join != Join::Always {
        return Err(Unclear::Syntax("a command is missing".into()));
    }
    Ok(commands)
}

fn tokens(text: &str) -> Result<Vec<Token>, Unclear> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let token = match character {
            ' ' | '\t' | '\r' => continue,
            '\n' | ';' => Token::Join(Join::Always),
            '&' if characters.next_if_eq(&'&').is_some() => Token::Join(Join::IfGood),
            '&' if characters.next_if_eq(&'>').is_some() => redirection(Stream::Both, &mut characters)?,
            '|' if characters.next_if_eq(&'|').is_some() => Token::Join(Join::IfBad),
            '>' => redirection(Stream::Out, &mut characters)?,
            '1' if characters.next_if_eq(&'>').is_some() => redirection(Stream::Out, &mut characters)?,
            '2' if characters.next_if_eq(&'>').is_some() => redirection(Stream::Err, &mut characters)?,
            '#' => {
                while characters.next_if(|character| *character != '\n').is_some() {}
                continue;
            }
            '|' if characters.peek() != Some(&'&') => Token::Join(Join::Pipe),
            '&' | '|' | '<' | '(' | ')' => return Err(Unclear::Syntax(format!("`{character}` is not known here"))),
            first => Token::Word(word(first, &mut characters)?),
        };
        tokens.push(token);
        if tokens.len() > TOKENS_MAX {
            return Err(Unclear::TooMuch(format!("more than {TOKENS_MAX} words")));
        }
    }
    Ok(tokens)
}

/// After a `>`: another one, or `&1` or `&2`.
fn redirection(stream: Stream, characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Token, Unclear> {
    if characters.next_if_eq(&'&').is_none() {
        return Ok(Token::Redirect { stream, append: characters.next_if_eq(&'>').is_some() });
    }
    let to = match characters.next() {
        Some('1') => Stream::Out,
        Some('2') => Stream::Err,
        _ => return Err(Unclear::Syntax("behind `>&` only 1 and 2 are known here".into())),
    };
    let ends = |after: &char| matches!(after, ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')');
    if stream != Stream::Both && characters.peek().is_none_or(ends) {
        Ok(Token::Follow { stream, to })
    } else {
        Err(Unclear::Syntax("behind `>&` only 1 and 2 are known here".into()))
    }
}

fn word(first: char, characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Word, Unclear> {
    let mut word = Word::default();
    let mut next = Some(first);
    if first == '~' && characters.peek().is_none_or(|after| matches!(after, '/' | ' ' | '\t' | '\n' | ';')) {
        word.pieces.push(Piece::Variable("HOME".into()));
        next = None;
    }
    loop {
        if word.pieces.len() > PIECES_MAX {
            return Err(Unclear::TooMuch(format!("more than {PIECES_MAX} variables in a word")));
        }
        match next.take() {
            None => {}
            Some('\'') => {
                word.quoted = true;
                loop {
                    match characters.next() {
                        Some('\'') => break,
                        Some(character) => word.push(character),
                        None => return Err(Unclear::Syntax("a quote is not closed".into())),
                    }
                }
            }
            Some('"') => double_quoted(&mut word, characters)?,
            Some('\\') => match characters.next() {
                // A line that goes on in the next one.
                Some('\n') => {}
                Some(escaped) => {
                    word.quoted = true;
                    word.push(escaped);
                }
                None => {}
            },
            Some('$') => word.pieces.push(variable(characters)?),
            Some('`') => return Err(Unclear::Syntax("substitution is not known here".into())),
            Some(character) => word.push(character),
        }
        next = characters
            .next_if(|after| !matches!(after, ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')'));
        if next.is_none() {
            return Ok(word);
        }
    }
}

fn double_quoted(word: &mut Word, characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), Unclear> {
    word.quoted = true;
    loop {
        if word.pieces.len() > PIECES_MAX {
            return Err(Unclear::TooMuch(format!("more than {PIECES_MAX} variables in a word")));
        }
        match characters.next() {
            Some('"') => return Ok(()),
            Some('\\') => match characters.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some(other) => {
                    word.push('\\');
                    word.push(other);
                }
                None => return Err(Unclear::Syntax("a quote is not closed".into())),
            },
            Some('$') => word.pieces.push(variable(characters)?),
            Some('`') => return Err(Unclear::Syntax("substitution is not known here".into())),
            Some(character) => word.push(character),
            None => return Err(Unclear::Syntax("a quote is not closed".into())),
        }
    }
}

/// After a `$`: `NAME`, `{NAME}`, a digit or `?`; a lone `$` is itself.
fn variable(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Piece, Unclear> {
    if characters.next_if_eq(&'?').is_some() {
        return Ok(Piece::Variable("?".into()));
    }
    if characters.peek().is_some_and(|next| matches!(next, '(' | '@' | '*' | '#' | '$' | '!' | '-')) {
        return Err(Unclear::Syntax("substitution is not known here".into()));
    }
    let braces = characters.next_if_eq(&'{').is_some();
    let mut name = String::new();
    while let Some(character) = characters.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
        name.push(character);
    }
    if braces && (name.is_empty() || characters.next() != Some('}')) {
        return Err(Unclear::Syntax("substitution is not known here".into()));
    }
    Ok(if name.is_empty() { Piece::Text("$".into()) } else { Piece::Variable(name) })
}

impl Word {
    fn push(&mut self, character: char) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(character),
            _ => self.pieces.push(Piece::Text(character.into())),
        }
    }

    /// The word itself, if no variable is in it.
    fn text(&self) -> Option<&str> {
        match &*self.pieces {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The word with its variables' values; of one that is too long, enough to see it.
    pub(crate) fn expand(&self, shell: &Shell) -> String {
        let value = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name) if name == "?" => shell.status.to_string(),
            Piece::Variable(name) => shell.variables.get(name).cloned().unwrap_or_default(),
        };
        let mut text = String::new();
        for piece in &self.pieces {
            if text.len() <= WORDS_BYTES_MAX {
                text.push_str(&value(piece));
            }
        }
        text
    }
}

impl Streams {
    fn send(&mut self, stream: Stream, sink: &Sink) {
        if stream != Stream::Err {
            self.out = sink.clone();
        }
        if stream != Stream::Out {
            self.err = sink.clone();
        }
    }
}

impl Command {
    const fn new(join: Join) -> Command {
        Command { join, words: Vec::new(), streams: None, piped: false }
    }

    fn streams(&mut self) -> &mut Streams {
        self.streams.get_or_insert_with(|| Box::new(Streams { out: Sink::Out, err: Sink::Err }))
    }

    /// The words with their variables' values: one without quotes may become none, or several, but not an assignment.
    /// `None` when they are too long, or variables too many.
    pub(crate) fn expand(&self, shell: &Shell) -> Option<Vec<String>> {
        let mut words = Vec::new();
        let mut left = WORDS_BYTES_MAX;
        for word in &self.words {
            let expanded = word.expand(shell);
            left = left.checked_sub(expanded.len())?;
            if word.quoted || assignment(&expanded).is_some() {
                words.push(expanded);
            } else {
                words.extend(expanded.split_whitespace().map(str::to_owned));
            }
        }
        let few = shell.variables.len() <= VARIABLES_MAX && shell.bytes() <= VARIABLES_BYTES_MAX;
        (few && words.len() <= WORDS_MAX).then_some(words)
    }
}

/// `NAME=value`.
pub(crate) fn assignment(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(name, _)| is_name(name))
}

/// Whether a variable may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod test {
    use super::*;

    fn shell() -> Shell {
        let variables = [("HOME", "/root"), ("LIST", "a b"), ("1", "first")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Shell { variables, status: 3, ..Shell::default() }
    }

    fn words(text: &str) -> Vec<Vec<String>> {
        let shell = shell();
        parse(text).unwrap().into_iter().map(|command| command.expand(&shell).unwrap()).collect()
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(
            words(r#"echo 'a  b' "c \"d\"" e\ f ~/x "$HOME" '' # not this"#),
            [["echo", "a  b", "c \"d\"", "e f", "/root/x", "/root", ""]]
        );
    }

    #[test]
    fn a_pipe_joins_what_prints_to_what_takes() {
        let commands = parse("a | b |\n c; d").unwrap();
        let joined: Vec<_> = commands.iter().map(|command| (command.join, command.piped)).collect();
        let expected = [(Join::Always, true), (Join::Pipe, true), (Join::Pipe, false), (Join::Always, false)];
        assert_eq!(joined, expected);
    }

    #[test]
    fn commands_are_joined_and_redirected() {
        let commands = parse("true && echo a >> ~/.ssh/authorized_keys; false || exit 3\n").unwrap();
        assert_eq!(
            commands.iter().map(|command| command.join).collect::<Vec<_>>(),
            [Join::Always, Join::IfGood, Join::Always, Join::IfBad]
        );
        let Sink::File(output) = &commands[1].streams.as_ref().unwrap().out else { panic!("{commands:?}") };
        assert_eq!((&*output.path.expand(&shell()), output.append), ("/root/.ssh/authorized_keys", true));
    }

    #[test]
    fn streams_go_where_the_line_says_in_its_order() {
        let sink = |sink: &Sink| match sink {
            Sink::Out => "out".to_owned(),
            Sink::Err => "err".to_owned(),
            Sink::File(output) => format!("{}{}", if output.append { "+" } else { "" }, output.path.expand(&shell())),
        };
        for (text, out, err) in [
            ("a 2>&1", "out", "out"),
            ("a >&2", "err", "err"),
            ("a 1>f 2>g", "f", "g"),
            ("a >f 2>&1", "f", "f"),
            ("a 2>&1 >f", "f", "out"),
            ("a &>f", "f", "f"),
            ("a 2>>f", "out", "+f"),
            ("a2>f", "f", "err"),
        ] {
            let commands = parse(text).unwrap();
            let [command] = &*commands else { panic!("{text}") };
            assert_eq!(command.words.len(), 1, "{text}");
            let streams = command.streams.as_ref().unwrap();
            assert_eq!((&*sink(&streams.out), &*sink(&streams.err)), (out, err), "{text}");
        }
        for text in ["a 2>&3", "a 2>&1x", "a 2>&", "a &>&1", "2>&1"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(words("echo 2 1 a2"), [["echo", "2", "1", "a2"]]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "a |& b",
            "a | | b",
            "a |",
            "| a",
            "a &",
            "$(a)",
            "`a`",
            "echo \"$(a)\"",
            "a < b",
            "'open",
            "&& a",
            "a &&",
            "> ",
            "a >",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in
            ["if false\nthen\npoweroff\nfi", "for i in a; do b; done", "{ a; }", "echo ${A:-b}", "echo $@", "! a"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn variables_are_words_by_the_rules_of_quotes() {
        assert_eq!(
            words(r#"echo $LIST "$LIST" $NONE "$NONE" ${1}x $? $"#),
            [["echo", "a", "b", "a b", "", "firstx", "3", "$"]]
        );
        assert_eq!(words("A='x y' B=$LIST run if\\\n it"), [["A=x y", "B=a b", "run", "if", "it"]]);
    }
}
