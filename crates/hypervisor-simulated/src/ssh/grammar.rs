//! Reads a line typed at a guest, or a script: words, quotes, `$NAME`, `${NAME:-word}`, `$( )`, `;` `&&` `||` `|` `!`, `( )`, `if`,
//! and where output goes (`>` `>>` `2>&1`). Pure.
//!
//! Not a POSIX shell. What is not understood is refused, never half done: a loop or a function that were taken as words would do
//! something that nobody asked for.

use super::shell::{Body, Command, Join, Output, Piece, Stream, Word};
use std::{iter::Peekable, str::Chars};

/// Words and signs of a text, and parts of one word: each costs many times its bytes.
const TOKENS_MAX: usize = 32 << 10;
const PIECES_MAX: usize = 256;
/// `( )`, `$( )`, `if` and `${ }` inside each other.
const DEPTH_MAX: usize = 16;

/// Why a text does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// The text says where, as `sh` would.
    Syntax(String),
    /// It has more of something than may be.
    TooMuch(String),
}

/// Words of a shell's grammar: at the beginning of a command they are no command's name.
const RESERVED: [&str; 17] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "function", "select",
    "{", "}", "!",
];

/// Reads a line, or several.
pub(crate) fn parse(text: &str) -> Result<Vec<Command>, Unclear> {
    let mut reader = Reader { characters: text.chars().peekable(), tokens: 0, values: 0, depth: 0 };
    Ok(reader.list(&[END])?.0)
}

/// What ends a list of commands, beside reserved words.
const END: &str = "the end";
const CLOSE: &str = ")";

#[derive(Debug)]
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
    Open,
    Close,
    End,
}

struct Reader<'a> {
    characters: Peekable<Chars<'a>>,
    tokens: usize,
    /// Variables and the like in the word that is read, those inside its `${ }` too.
    values: usize,
    depth: usize,
}

fn unknown(what: &str) -> Unclear {
    Unclear::Syntax(format!("`{what}` is not known here"))
}

fn missing() -> Unclear {
    Unclear::Syntax("a command is missing".into())
}

fn open_quote() -> Unclear {
    Unclear::Syntax("a quote is not closed".into())
}

fn ends_word(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

/// Commands that are read, up to what ends them.
struct List {
    commands: Vec<Command>,
    /// The one that is read now.
    command: Command,
    /// Behind a `!`, to the end of the pipeline.
    negated: bool,
}

impl List {
    fn is_between(&self) -> bool {
        self.command.is_empty() && !self.negated
    }

    fn join(&mut self, join: Join) -> Result<(), Unclear> {
        let finished = std::mem::replace(&mut self.command, Command::new(join));
        if !finished.takes_reserved() {
            let piped = join == Join::Pipe;
            let negated = self.negated && !piped;
            self.negated &= piped;
            self.commands.push(Command { piped, negated, ..finished });
        } else if !finished.is_empty() || join != Join::Always || self.negated {
            return Err(missing());
        } else {
            // A line that goes on behind `&&`, `||` or `|`.
            self.command.join = finished.join;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Command>, Unclear> {
        if self.is_between() && self.command.join != Join::Always {
            return Err(missing());
        }
        self.join(Join::Always)?;
        Ok(self.commands)
    }
}

impl Reader<'_> {
    /// Commands up to one of `ends`, and which that was.
    fn list(&mut self, ends: &[&'static str]) -> Result<(Vec<Command>, &'static str), Unclear> {
        let mut list = List { commands: Vec::new(), command: Command::new(Join::Always), negated: false };
        loop {
            let end = match self.token()? {
                Token::Word(word) => match word.reserved(&RESERVED).filter(|_| list.command.takes_reserved()) {
                    None => {
                        list.command
                            .push(word)
                            .ok_or_else(|| Unclear::Syntax("a word stands behind `)` or `fi`".into()))?;
                        continue;
                    }
                    Some("!") if !list.negated && list.command.is_empty() && list.command.join != Join::Pipe => {
                        list.negated = true;
                        continue;
                    }
                    Some("if") if list.command.is_empty() => {
                        list.command.body = self.deeper(Reader::conditional)?;
                        continue;
                    }
                    Some(reserved) => match ends.iter().find(|end| **end == reserved) {
                        Some(end) if list.is_between() && list.command.join == Join::Always => *end,
                        _ => return Err(unknown(reserved)),
                    },
                },
                Token::Redirect { stream, append } => match self.token()? {
                    Token::Word(path) => {
                        list.command.send_to(stream, Output { path, append });
                        continue;
                    }
                    _ => return Err(Unclear::Syntax("a file name is missing".into())),
                },
                Token::Follow { stream, to } => {
                    list.command.follow(stream, to);
                    continue;
                }
                Token::Join(join) => {
                    list.join(join)?;
                    continue;
                }
                Token::Open if list.command.is_empty() => {
                    list.command.body = Body::Subshell(self.deeper(|reader| reader.filled(&[CLOSE]))?.0);
                    continue;
                }
                Token::Open => return Err(unknown("(")),
                Token::Close => CLOSE,
                Token::End => END,
            };
            if !ends.contains(&end) {
                let what = if end == END {
                    "it ends too early: a `)` or `fi` is missing".into()
                } else {
                    format!("`{end}` is not expected")
                };
                return Err(Unclear::Syntax(what));
            }
            return Ok((list.finish()?, end));
        }
    }

    /// Commands, of which there is one at least.
    fn filled(&mut self, ends: &[&'static str]) -> Result<(Vec<Command>, &'static str), Unclear> {
        let (commands, end) = self.list(ends)?;
        if commands.is_empty() { Err(missing()) } else { Ok((commands, end)) }
    }

    /// Behind `if`.
    fn conditional(&mut self) -> Result<Body, Unclear> {
        let mut arms = Vec::new();
        loop {
            let (condition, _) = self.filled(&["then"])?;
            let (commands, end) = self.filled(&["elif", "else", "fi"])?;
            arms.push((condition, commands));
            let otherwise = match end {
                "elif" => continue,
                "else" => self.filled(&["fi"])?.0,
                _ => Vec::new(),
            };
            return Ok(Body::If { arms, otherwise });
        }
    }

    /// Reads what stands inside something else.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Unclear>) -> Result<T, Unclear> {
        if self.depth >= DEPTH_MAX {
            return Err(Unclear::TooMuch(format!(
                "more than {DEPTH_MAX} of `( )`, `$( )`, `if` and `${{ }}` inside each other"
            )));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    fn count(&mut self) -> Result<(), Unclear> {
        self.tokens += 1;
        if self.tokens > TOKENS_MAX {
            return Err(Unclear::TooMuch(format!("more than {TOKENS_MAX} words")));
        }
        Ok(())
    }

    fn token(&mut self) -> Result<Token, Unclear> {
        self.count()?;
        loop {
            let Some(character) = self.characters.next() else { return Ok(Token::End) };
            let mut is_next = |wanted| self.characters.next_if_eq(&wanted).is_some();
            return Ok(match character {
                ' ' | '\t' | '\r' => continue,
                '\\' if is_next('\n') => continue,
                '\n' | ';' => Token::Join(Join::Always),
                '&' if is_next('&') => Token::Join(Join::IfGood),
                '&' if is_next('>') => self.redirection(Stream::Both)?,
                '|' if is_next('|') => Token::Join(Join::IfBad),
                '>' => self.redirection(Stream::Out)?,
                '1' if is_next('>') => self.redirection(Stream::Out)?,
                '2' if is_next('>') => self.redirection(Stream::Err)?,
                '#' => {
                    while self.characters.next_if(|character| *character != '\n').is_some() {}
                    continue;
                }
                '|' if self.characters.peek() != Some(&'&') => Token::Join(Join::Pipe),
                '(' => Token::Open,
                ')' => Token::Close,
                '&' | '|' | '<' => return Err(unknown(&character.to_string())),
                first => Token::Word(self.word(first)?),
            });
        }
    }

    /// After a `>`: another one, or `&1` or `&2`.
    fn redirection(&mut self, stream: Stream) -> Result<Token, Unclear> {
        let only = || Unclear::Syntax("behind `>&` only 1 and 2 are known here".into());
        if self.characters.next_if_eq(&'&').is_none() {
            return Ok(Token::Redirect { stream, append: self.characters.next_if_eq(&'>').is_some() });
        }
        let to = match self.characters.next() {
            Some('1') => Stream::Out,
            Some('2') => Stream::Err,
            _ => return Err(only()),
        };
        if stream != Stream::Both && self.characters.peek().is_none_or(|after| ends_word(*after)) {
            Ok(Token::Follow { stream, to })
        } else {
            Err(only())
        }
    }

    fn word(&mut self, first: char) -> Result<Word, Unclear> {
        let mut word = Word::default();
        let outer = std::mem::take(&mut self.values);
        let mut next = Some(first);
        let is_home = |after: &char| matches!(after, '/' | ')') || ends_word(*after);
        if first == '~' && self.characters.peek().is_none_or(is_home) {
            word.pieces.push(Piece::variable("HOME", false));
            next = None;
        }
        loop {
            if let Some(character) = next.take() {
                self.piece(character, &mut word)?;
            }
            next = self.characters.next_if(|after| !ends_word(*after));
            if next.is_none() {
                self.values = outer;
                return Ok(word);
            }
        }
    }

    /// What one character begins, outside of double quotes.
    fn piece(&mut self, character: char, word: &mut Word) -> Result<(), Unclear> {
        match character {
            '\'' => {
                word.quoted = true;
                loop {
                    match self.characters.next() {
                        Some('\'') => return Ok(()),
                        Some(character) => word.push(character),
                        None => return Err(open_quote()),
                    }
                }
            }
            '"' => self.double_quoted(word)?,
            '\\' => match self.characters.next() {
                // A line that goes on in the next one.
                Some('\n') | None => {}
                Some(escaped) => {
                    word.quoted = true;
                    word.push(escaped);
                }
            },
            '$' | '`' => self.value(character, true, word)?,
            character => word.push(character),
        }
        Ok(())
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Unclear> {
        word.quoted = true;
        loop {
            match self.characters.next() {
                Some('"') => return Ok(()),
                Some(character) => self.quoted_piece(character, word)?,
                None => return Err(open_quote()),
            }
        }
    }

    /// What one character begins inside of double quotes.
    fn quoted_piece(&mut self, character: char, word: &mut Word) -> Result<(), Unclear> {
        match character {
            '\\' => match self.characters.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some(other) => {
                    word.push('\\');
                    word.push(other);
                }
                None => return Err(open_quote()),
            },
            '$' | '`' => self.value(character, false, word)?,
            character => word.push(character),
        }
        Ok(())
    }

    /// What stands for a value: a variable, or what commands print.
    fn value(&mut self, first: char, split: bool, word: &mut Word) -> Result<(), Unclear> {
        self.count()?;
        self.values += 1;
        if self.values > PIECES_MAX {
            return Err(Unclear::TooMuch(format!("more than {PIECES_MAX} variables in a word")));
        }
        let piece = if first == '`' {
            self.backquoted(split)?
        } else if self.characters.next_if_eq(&'(').is_some() {
            if self.characters.peek() == Some(&'(') {
                return Err(unknown("$(("));
            }
            let (commands, _) = self.deeper(|reader| reader.list(&[CLOSE]))?;
            Piece::Substitution { commands, split }
        } else {
            self.variable(split)?
        };
        match piece {
            Piece::Text(text) => text.chars().for_each(|character| word.push(character)),
            piece => word.pieces.push(piece),
        }
        Ok(())
    }

    /// Up to the other backquote. Backslashes before it, before themselves and before `$` go; then it is a text of its own.
    fn backquoted(&mut self, split: bool) -> Result<Piece, Unclear> {
        let mut text = String::new();
        loop {
            match self.characters.next() {
                Some('`') => break,
                Some('\\') => {
                    match self.characters.next_if(|next| matches!(next, '`' | '\\' | '$') || *next == '"' && !split) {
                        Some(escaped) => text.push(escaped),
                        None => text.push('\\'),
                    }
                }
                Some(character) => text.push(character),
                None => return Err(open_quote()),
            }
        }
        let tokens = self.tokens;
        let (commands, tokens) = self.deeper(|outer| {
            let mut reader = Reader { characters: text.chars().peekable(), tokens, values: 0, depth: outer.depth };
            Ok((reader.list(&[END])?.0, reader.tokens))
        })?;
        self.tokens = tokens;
        Ok(Piece::Substitution { commands, split })
    }

    /// After a `$`: `NAME`, `{NAME}`, `{NAME:-word}`, a digit or `?`; a lone `$` is itself.
    fn variable(&mut self, split: bool) -> Result<Piece, Unclear> {
        if self.characters.next_if_eq(&'?').is_some() {
            return Ok(Piece::variable("?", split));
        }
        if let Some(sign) = self.characters.next_if(|next| matches!(next, '@' | '*' | '#' | '$' | '!' | '-')) {
            return Err(unknown(&format!("${sign}")));
        }
        let braces = self.characters.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(character) = self.characters.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
            name.push(character);
        }
        if !braces {
            return Ok(if name.is_empty() { Piece::Text("$".into()) } else { Piece::Variable { name, split } });
        }
        let only =
            || Unclear::Syntax("of `${ }` only `${NAME}`, `${NAME:-word}` and `${NAME-word}` are known here".into());
        if name.is_empty() {
            return Err(only());
        }
        let even_empty = self.characters.next_if_eq(&':').is_some();
        match self.characters.next() {
            Some('}') if !even_empty => Ok(Piece::Variable { name, split }),
            Some('-') => {
                let pieces = self.deeper(|reader| reader.up_to_brace(split))?;
                Ok(Piece::Default { name, even_empty, pieces, split })
            }
            _ => Err(only()),
        }
    }

    fn up_to_brace(&mut self, split: bool) -> Result<Vec<Piece>, Unclear> {
        let mut word = Word::default();
        loop {
            match self.characters.next() {
                Some('}') => return Ok(word.pieces),
                Some(character) if split => self.piece(character, &mut word)?,
                Some('"') => return Err(Unclear::Syntax("quotes inside `\"${ }\"` are not known here".into())),
                Some(character) => self.quoted_piece(character, &mut word)?,
                None => return Err(Unclear::Syntax("a `${` is not closed".into())),
            }
        }
    }
}

#[cfg(test)]
mod test {
    use super::{
        super::shell::{Shell, Sink},
        *,
    };
    use proptest::prelude::*;

    fn shell() -> Shell {
        Shell { variables: [("HOME".to_owned(), "/root".to_owned())].into(), ..Shell::default() }
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
            assert_eq!(command.words().len(), 1, "{text}");
            let streams = command.streams.as_ref().unwrap();
            assert_eq!((&*sink(&streams.out), &*sink(&streams.err)), (out, err), "{text}");
        }
        for text in ["a 2>&3", "a 2>&1x", "a 2>&", "a &>&1", "2>&1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_stands_inside_a_command_is_read_to_its_end() {
        let commands = parse("! a | b; (c && d) > f || if e; then g; else h; fi | i; j $(k; l) `m`").unwrap();
        let shape: Vec<_> = commands.iter().map(|command| (command.negated, command.piped, command.join)).collect();
        let [plain, alone] = [false, true];
        assert_eq!(
            shape,
            [
                (plain, true, Join::Always),
                (alone, false, Join::Pipe),
                (plain, false, Join::Always),
                (plain, true, Join::IfBad),
                (plain, false, Join::Pipe),
                (plain, false, Join::Always),
            ]
        );
        let Body::Subshell(inside) = &commands[2].body else { panic!("{commands:?}") };
        assert_eq!((inside.len(), commands[2].streams.is_some()), (2, true));
        let Body::If { arms, otherwise } = &commands[3].body else { panic!("{commands:?}") };
        assert_eq!((arms.len(), otherwise.len()), (1, 1));
        assert_eq!(commands[5].words().iter().filter(|word| word.is_plain()).count(), 1);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "a |& b",
            "a | | b",
            "a |",
            "| a",
            "a &",
            "a < b",
            "'open",
            "&& a",
            "a &&",
            "> ",
            "a >",
            "(",
            ")",
            "()",
            "(a",
            "a (b)",
            "(a) b",
            "a; )",
            "$(a",
            "`a",
            "\"$(a\"",
            "$(a))",
            "$((1))",
            "${A",
            "${A:b}",
            "${A:=b}",
            "${}",
            "${A:-b",
            "echo $@",
            "\"${A:-\"b\"}\"",
        ] {
            assert!(matches!(parse(text), Err(Unclear::Syntax(_))), "{text}");
        }
        for text in [
            "for i in a; do b; done",
            "{ a; }",
            "!",
            "! ! a",
            "a | ! b",
            "if a; b; fi",
            "if a; then b",
            "if a; then fi",
            "if; then a; fi",
            "then",
            "fi",
            "if a; then b; fi c",
            "if a; then b; else c; elif d; then e; fi",
            "> f if a; then b; fi",
            "a && fi",
        ] {
            assert!(matches!(parse(text), Err(Unclear::Syntax(_))), "{text}");
        }
    }

    proptest! {
        /// Whatever is typed: it is read to its end, and no part of what is read is more than it may be.
        #[test]
        fn any_line_is_read_or_refused(parts in proptest::collection::vec(0..PARTS.len(), 0..60)) {
            let text: String = parts.into_iter().map(|part| PARTS[part]).collect();
            if let Ok(mut commands) = parse(&text) {
                for command in &mut commands {
                    for word in command.words_mut() {
                        let mut from = 0;
                        while let Some((at, _)) = word.substitution(from, &shell()) {
                            from = at + 1;
                            word.settle(at, "a b".into());
                        }
                    }
                    prop_assert!(command.expand(&shell()).is_some(), "{}", text);
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }

    const PARTS: [&str; 32] = [
        "a", " ", " ", "(", ")", "$(", "`", "\"", "'", "\\", "$A", "$HOME", "${A:-", "${", "}", "-", "if ", "; then ",
        "; else ", "; elif ", "; fi", "! ", "|", "&&", ";", "\n", ">", ">&", "2>&1", "#", "~", "é",
    ];
}
