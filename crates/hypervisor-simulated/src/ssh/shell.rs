//! What a line typed at a guest means: words, quotes, variables, `;` `&&` `||`, and `>` `>>` of the output. Pure.
//!
//! Not a POSIX shell. What is not understood is refused, never half done: a pipe or a substitution that were taken as
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
    pub variables: BTreeMap<String, String>,
    /// `set -e`: the first command that fails ends it.
    pub errexit: bool,
    /// Of the latest command: `$?`.
    pub status: u8,
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
}

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub join: Join,
    pub words: Vec<Word>,
    pub output: Option<Output>,
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

/// Where a command's output goes instead of to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub path: Word,
    pub append: bool,
}

/// The line is not understood; the text says where, as `sh` would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unclear(pub String);

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(Word),
    Join(Join),
    Redirect { append: bool },
}

/// Words of a shell's grammar that is not known here: what they enclose must not run by itself.
const RESERVED: [&str; 17] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "function", "select",
    "{", "}", "!",
];

/// Reads a line, or several.
pub(crate) fn parse(text: &str) -> Result<Vec<Command>, Unclear> {
    let mut commands = Vec::new();
    let mut command = Command { join: Join::Always, words: Vec::new(), output: None };
    let mut tokens = tokens(text)?.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => {
                if command.words.is_empty() && !word.quoted && word.text().is_some_and(|text| RESERVED.contains(&text))
                {
                    return Err(Unclear(format!("`{}` is not known here", word.text().unwrap_or_default())));
                }
                command.words.push(word);
            }
            Token::Redirect { append } => match tokens.next() {
                Some(Token::Word(path)) => command.output = Some(Output { path, append }),
                _ => return Err(Unclear("a file name is missing".into())),
            },
            Token::Join(join) => {
                let finished = std::mem::replace(&mut command, Command { join, words: Vec::new(), output: None });
                if !finished.words.is_empty() {
                    commands.push(finished);
                } else if finished.output.is_some() || join != Join::Always {
                    return Err(Unclear("a command is missing".into()));
                }
            }
        }
    }
    if !command.words.is_empty() {
        commands.push(command);
    } else if command.output.is_some() || command.join != Join::Always {
        return Err(Unclear("a command is missing".into()));
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
            '|' if characters.next_if_eq(&'|').is_some() => Token::Join(Join::IfBad),
            '>' => Token::Redirect { append: characters.next_if_eq(&'>').is_some() },
            '#' => {
                while characters.next_if(|character| *character != '\n').is_some() {}
                continue;
            }
            '&' | '|' | '<' | '(' | ')' => return Err(Unclear(format!("`{character}` is not known here"))),
            first => Token::Word(word(first, &mut characters)?),
        };
        tokens.push(token);
        if tokens.len() > TOKENS_MAX {
            return Err(Unclear(format!("more than {TOKENS_MAX} words")));
        }
    }
    Ok(tokens)
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
            return Err(Unclear(format!("more than {PIECES_MAX} variables in a word")));
        }
        match next.take() {
            None => {}
            Some('\'') => {
                word.quoted = true;
                loop {
                    match characters.next() {
                        Some('\'') => break,
                        Some(character) => word.push(character),
                        None => return Err(Unclear("a quote is not closed".into())),
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
            Some('`') => return Err(Unclear("substitution is not known here".into())),
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
            return Err(Unclear(format!("more than {PIECES_MAX} variables in a word")));
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
                None => return Err(Unclear("a quote is not closed".into())),
            },
            Some('$') => word.pieces.push(variable(characters)?),
            Some('`') => return Err(Unclear("substitution is not known here".into())),
            Some(character) => word.push(character),
            None => return Err(Unclear("a quote is not closed".into())),
        }
    }
}

/// After a `$`: `NAME`, `{NAME}`, a digit or `?`; a lone `$` is itself.
fn variable(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Piece, Unclear> {
    if characters.next_if_eq(&'?').is_some() {
        return Ok(Piece::Variable("?".into()));
    }
    if characters.peek().is_some_and(|next| matches!(next, '(' | '@' | '*' | '#' | '$' | '!' | '-')) {
        return Err(Unclear("substitution is not known here".into()));
    }
    let braces = characters.next_if_eq(&'{').is_some();
    let mut name = String::new();
    while let Some(character) = characters.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
        name.push(character);
    }
    if braces && (name.is_empty() || characters.next() != Some('}')) {
        return Err(Unclear("substitution is not known here".into()));
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

impl Command {
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
    fn commands_are_joined_and_redirected() {
        let commands = parse("true && echo a >> ~/.ssh/authorized_keys; false || exit 3\n").unwrap();
        assert_eq!(
            commands.iter().map(|command| command.join).collect::<Vec<_>>(),
            [Join::Always, Join::IfGood, Join::Always, Join::IfBad]
        );
        let output = commands[1].output.as_ref().unwrap();
        assert_eq!((&*output.path.expand(&shell()), output.append), ("/root/.ssh/authorized_keys", true));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["a | b", "a &", "$(a)", "`a`", "echo \"$(a)\"", "a < b", "'open", "&& a", "a &&", "> ", "a >"] {
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
