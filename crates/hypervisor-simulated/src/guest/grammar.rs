//! Parses a line typed in a guest, or a script: words, quotes, `$NAME`, `${NAME:-word}`, `$( )`, `$(( ))`, `;` `&&`
//! `||` `|` `!`, `( )`, `if`, `for`, `while`, `until`, input (`<` `<<`) and output (`>` `>>` `2>&1`). Pure.
//!
//! Not a POSIX shell. What is not supported is refused, never half done: a `case` or a function taken as words would do
//! something that nobody asked for.

use super::{
    characters::Characters,
    shell::is_name,
    syntax_tree::{Body, Command, Join, Output, Piece, Source, Stream, Word},
};

/// The maximum of words and operators of a text: each costs many times its bytes.
const TOKENS_MAX: usize = 32 << 10;
/// The maximum depth of `( )`, `$( )`, `if`, loops and `${ }`.
const DEPTH_MAX: usize = 16;

/// Why a text does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// A syntax error; the text names the place, as `sh` does.
    Syntax(String),
    /// It exceeds a maximum.
    TooMuch(String),
}

/// Reserved words: at the beginning of a command they are not a command's name.
const RESERVED: [&str; 17] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "function", "select",
    "{", "}", "!",
];

/// Parses a line, or several.
pub(crate) fn parse(text: &str) -> Result<Vec<Command>, Unclear> {
    Ok(Reader::of(text, 0, 0).list(&[END])?.0)
}

/// What whole lines are.
pub(crate) enum Lines {
    /// Commands, or none, whatever follows.
    Whole(Result<Vec<Command>, Unclear>),
    /// A beginning: a quote, a `(`, an `if`, a loop or a pipeline goes on in the next line, or a here-document, up to this line.
    Begun(Option<String>),
}

pub(crate) fn lines(text: &str) -> Lines {
    let mut reader = Reader::of(text, 0, 0);
    match reader.list(&[END]) {
        Ok(_) if reader.escaped_end => Lines::Begun(None),
        Err(Unclear::Syntax(_)) if reader.ended => Lines::Begun(reader.here_end),
        read => Lines::Whole(read.map(|(commands, _)| commands)),
    }
}

/// The end of a list of commands, beside reserved words.
pub(crate) const END: &str = "the end";
pub(crate) const CLOSE: &str = ")";

#[derive(Debug)]
enum Token {
    Word(Word),
    Join(Join),
    Newline,
    Redirect {
        stream: Stream,
        append: bool,
    },
    /// `2>&1`: a stream goes where the other one goes at this point of the line.
    Follow {
        stream: Stream,
        to: Stream,
    },
    Input(Source),
    Open,
    Close,
    End,
}

pub(crate) struct Reader<'a> {
    pub(crate) characters: Characters<'a>,
    pub(crate) tokens: usize,
    /// Variables and the like in the current word, those inside its `${ }` too.
    pub(crate) values: usize,
    pub(crate) depth: usize,
    /// The text has come to its end, so that what is wrong with it may be that it ends.
    ended: bool,
    /// Its last line ends with a backslash.
    escaped_end: bool,
    /// The line that ends the here-document in which it ends.
    here_end: Option<String>,
}

pub(crate) fn unknown(what: &str) -> Unclear {
    Unclear::Syntax(format!("`{what}` is not known here"))
}

fn no_functions() -> Unclear {
    Unclear::Syntax("a guest's shell has no functions".into())
}

/// What is wrong with a `(` behind a command's words.
fn opened(command: &Command, next: Option<char>) -> Unclear {
    match command.words() {
        [_] if next == Some(')') => no_functions(),
        [.., word]
            if word.pieces.last().is_some_and(|piece| matches!(piece, Piece::Text(text) if text.ends_with('='))) =>
        {
            Unclear::Syntax("a guest's shell has no arrays".into())
        }
        _ => unknown("("),
    }
}

fn missing() -> Unclear {
    Unclear::Syntax("a command is missing".into())
}

pub(crate) fn ends_word(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

/// A list of commands while it is read.
struct List {
    commands: Vec<Command>,
    /// The current command.
    command: Command,
    /// After a `!`, up to the end of the pipeline.
    negated: bool,
}

impl List {
    fn is_between(&self) -> bool {
        self.command.is_empty() && !self.negated
    }

    fn join(&mut self, join: Join) -> Result<(), Unclear> {
        let finished = std::mem::replace(&mut self.command, Command::new(join));
        if finished.takes_reserved() {
            return Err(missing());
        }
        let piped = join == Join::Pipe;
        let negated = self.negated && !piped;
        self.negated &= piped;
        self.commands.push(Command { piped, negated, ..finished });
        Ok(())
    }

    /// A newline ends a command, if there is one; after `&&`, `||` or `|` the line continues.
    fn end_line(&mut self) -> Result<(), Unclear> {
        if self.is_between() { Ok(()) } else { self.join(Join::Always) }
    }

    fn finish(mut self) -> Result<Vec<Command>, Unclear> {
        if self.is_between() && self.command.join != Join::Always {
            return Err(missing());
        }
        self.end_line()?;
        Ok(self.commands)
    }
}

impl<'a> Reader<'a> {
    /// `tokens`: how many were read before this text. `depth`: how many commands it is nested in.
    pub(crate) fn of(text: &'a str, tokens: usize, depth: usize) -> Reader<'a> {
        Reader {
            characters: Characters::of(text),
            tokens,
            values: 0,
            depth,
            ended: false,
            escaped_end: false,
            here_end: None,
        }
    }

    /// The text ends too early.
    pub(crate) fn unfinished(&mut self, why: impl Into<String>) -> Unclear {
        self.ended = true;
        Unclear::Syntax(why.into())
    }

    /// Behind a backslash at the end of a line: the next one belongs to it.
    pub(crate) fn joins_lines(&mut self) {
        self.escaped_end = self.characters.peek().is_none();
    }

    /// Reads commands up to one of `ends`, and returns that one too.
    pub(crate) fn list(&mut self, ends: &[&'static str]) -> Result<(Vec<Command>, &'static str), Unclear> {
        let mut list = List { commands: Vec::new(), command: Command::new(Join::Always), negated: false };
        loop {
            let token = self.token()?;
            let Some(end) = self.add(token, &mut list, ends)? else { continue };
            if !ends.contains(&end) {
                let what = if end == END {
                    "it ends too early: a `)`, `fi` or `done` is missing".into()
                } else {
                    format!("`{end}` is not expected")
                };
                return Err(Unclear::Syntax(what));
            }
            return Ok((list.finish()?, end));
        }
    }

    /// Adds a token, and what belongs to it, to a list; or returns the end of the list that it is.
    fn add(&mut self, token: Token, list: &mut List, ends: &[&'static str]) -> Result<Option<&'static str>, Unclear> {
        match token {
            Token::Word(word) => match word.reserved(&RESERVED).filter(|_| list.command.takes_reserved()) {
                None => list
                    .command
                    .push(word)
                    .ok_or_else(|| Unclear::Syntax("a word stands behind `)`, `fi` or `done`".into()))?,
                Some("!") if !list.negated && list.command.is_empty() && list.command.join != Join::Pipe => {
                    list.negated = true;
                }
                Some("if") if list.command.is_empty() => list.command.body = self.deeper(Reader::conditional)?,
                Some("for") if list.command.is_empty() => list.command.body = self.deeper(Reader::each)?,
                Some(word @ ("while" | "until")) if list.command.is_empty() => {
                    list.command.body = self.deeper(|reader| reader.repeated(word == "until"))?;
                }
                Some("function") => return Err(no_functions()),
                Some(reserved) => match ends.iter().find(|end| **end == reserved) {
                    Some(end) if list.is_between() && list.command.join == Join::Always => return Ok(Some(end)),
                    _ => return Err(unknown(reserved)),
                },
            },
            Token::Redirect { stream, append } => match self.token()? {
                Token::Word(path) => list.command.send_to(stream, Output { path, append }),
                _ => return Err(Unclear::Syntax("a file name is missing".into())),
            },
            Token::Follow { stream, to } => list.command.follow(stream, to),
            Token::Input(source) => list.command.input = Some(Box::new(source)),
            Token::Join(join) => list.join(join)?,
            Token::Newline => list.end_line()?,
            Token::Open if list.command.is_empty() => {
                list.command.body = Body::Subshell(self.deeper(|reader| reader.filled(&[CLOSE]))?.0);
            }
            Token::Open => return Err(opened(&list.command, self.characters.peek())),
            Token::Close => return Ok(Some(CLOSE)),
            Token::End => return Ok(Some(END)),
        }
        Ok(None)
    }

    /// Reads commands; at least one is required.
    fn filled(&mut self, ends: &[&'static str]) -> Result<(Vec<Command>, &'static str), Unclear> {
        let (commands, end) = self.list(ends)?;
        if commands.is_empty() { Err(missing()) } else { Ok((commands, end)) }
    }

    /// Reads on after `if`.
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

    /// Reads on after `for`.
    fn each(&mut self) -> Result<Body, Unclear> {
        let only = || Unclear::Syntax("of `for` only `for NAME in WORD...; do ...; done` is known here".into());
        let name = match self.token()? {
            Token::Word(word) => word.plain().filter(|name| is_name(name)).map(str::to_owned).ok_or_else(only)?,
            _ => return Err(only()),
        };
        match self.token()? {
            Token::Word(word) if word.plain() == Some("in") => {}
            _ => return Err(only()),
        }
        let mut words = Vec::new();
        loop {
            match self.token()? {
                Token::Word(word) => words.push(word),
                Token::Join(Join::Always) | Token::Newline => break,
                _ => return Err(only()),
            }
        }
        loop {
            match self.token()? {
                Token::Newline => {}
                Token::Word(word) if word.reserved(&["do"]).is_some() => break,
                _ => return Err(only()),
            }
        }
        Ok(Body::For { name, words, commands: self.filled(&["done"])?.0 })
    }

    /// Reads on after `while` or `until`.
    fn repeated(&mut self, until: bool) -> Result<Body, Unclear> {
        let (condition, _) = self.filled(&["do"])?;
        Ok(Body::While { condition, until, commands: self.filled(&["done"])?.0 })
    }

    /// Reads on after `<`: a file, or the lines below.
    fn input(&mut self) -> Result<Token, Unclear> {
        if self.characters.next_if_eq(&'<').is_none() {
            return match self.token()? {
                Token::Word(path) => Ok(Token::Input(Source::File(path))),
                _ => Err(Unclear::Syntax("a file name is missing".into())),
            };
        }
        let stripped = self.characters.next_if_eq(&'-').is_some();
        let end = match self.token()? {
            Token::Word(end) => end,
            _ => return Err(Unclear::Syntax("behind `<<` the word is missing that ends the text".into())),
        };
        let word = end.plain().ok_or_else(|| Unclear::Syntax("behind `<<` only a plain word is known here".into()))?;
        let text = self.characters.here_document(word, stripped);
        let text = text.ok_or_else(|| {
            self.here_end = Some(word.to_owned());
            self.unfinished(format!("no line `{word}` ends the text behind `<<`"))
        })?;
        let mut read = Word { quoted: true, ..Word::default() };
        if end.quoted {
            text.chars().for_each(|character| read.push(character));
            return Ok(Token::Input(Source::Text(read)));
        }
        let mut reader = Reader::of(&text, self.tokens, self.depth);
        while let Some(character) = reader.characters.next() {
            match character {
                // Double quotes are ordinary characters in it and need no escaping.
                '\\' if reader.characters.peek() == Some('"') => read.push('\\'),
                character => reader.quoted_piece(character, &mut read)?,
            }
        }
        self.tokens = reader.tokens;
        Ok(Token::Input(Source::Text(read)))
    }

    /// Reads something nested.
    pub(crate) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Unclear>) -> Result<T, Unclear> {
        if self.depth >= DEPTH_MAX {
            return Err(Unclear::TooMuch(format!(
                "more than {DEPTH_MAX} of `( )`, `$( )`, `if`, loops and `${{ }}` inside each other"
            )));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    pub(crate) fn count(&mut self) -> Result<(), Unclear> {
        self.tokens += 1;
        if self.tokens > TOKENS_MAX {
            return Err(Unclear::TooMuch(format!("more than {TOKENS_MAX} words")));
        }
        Ok(())
    }

    fn token(&mut self) -> Result<Token, Unclear> {
        self.count()?;
        loop {
            let Some(character) = self.characters.next() else {
                self.ended = true;
                return Ok(Token::End);
            };
            let mut is_next = |wanted| self.characters.next_if_eq(&wanted).is_some();
            return Ok(match character {
                ' ' | '\t' | '\r' => continue,
                '\\' if is_next('\n') => {
                    self.joins_lines();
                    continue;
                }
                '\n' => Token::Newline,
                ';' if is_next(';') => return Err(unknown(";;")),
                ';' => Token::Join(Join::Always),
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
                '|' if self.characters.peek() != Some('&') => Token::Join(Join::Pipe),
                '<' => self.input()?,
                '(' => Token::Open,
                ')' => Token::Close,
                '&' | '|' => return Err(unknown(&character.to_string())),
                first => Token::Word(self.word(first)?),
            });
        }
    }

    /// Reads on after a `>`: another one, or `&1` or `&2`.
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
        if stream != Stream::Both && self.characters.peek().is_none_or(ends_word) {
            Ok(Token::Follow { stream, to })
        } else {
            Err(only())
        }
    }
}

#[cfg(test)]
mod test {
    use super::{
        super::{expansion::Unexpanded, shell::Shell, syntax_tree::Sink},
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
    fn loops_and_what_is_read_are_read() {
        let commands =
            parse("for i in a $b 'c d'; do x; done > f; while y < g; do z; done | until a; do b; done").unwrap();
        let Body::For { name, words, commands: inside } = &commands[0].body else { panic!("{commands:?}") };
        assert_eq!((&**name, words.len(), inside.len(), commands[0].streams.is_some()), ("i", 3, 1, true));
        let Body::While { condition, until: false, .. } = &commands[1].body else { panic!("{commands:?}") };
        assert!(matches!(condition[0].input.as_deref(), Some(Source::File(_))));
        assert!(matches!(commands[2].body, Body::While { until: true, .. }) && commands[2].join == Join::Pipe);
        // Two here-documents below one line: the first expands variables, the second does not.
        let commands = parse("a << X; b <<-'Y'\n$HOME \"q\" \\$c\nX\n\t$d\n\tY\ne\n").unwrap();
        let text = |at: usize| match commands[at].input.as_deref() {
            Some(Source::Text(text)) => text.expand(&shell()),
            other => panic!("{other:?}"),
        };
        assert_eq!((&*text(0), &*text(1)), ("/root \"q\" $c\n", "$d\n"));
        assert_eq!((commands.len(), &*commands[2].words()[0].expand(&shell())), (3, "e"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "a |& b",
            "a | | b",
            "a |",
            "| a",
            "a &",
            "a < ",
            "a << b",
            "a <<<b",
            "a << b\nc\n",
            "a << $b\n$b\n",
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
            "$((1)",
            "$((1",
            "${A",
            "${A:b}",
            "${A:=b}",
            "${}",
            "${A:-b",
            "echo $@",
            "a;; b",
            "a; ; b",
            "; a",
            "if a; then; b; fi",
            "for i in a;; do b; done",
            "\"${A:-\"b\"}\"",
        ] {
            assert!(matches!(parse(text), Err(Unclear::Syntax(_))), "{text}");
        }
        for text in [
            "for i; do b; done",
            "for i in a; b; done",
            "for i in a; do b",
            "for 1 in a; do b; done",
            "for i in a; do done",
            "while a; b; done",
            "while a; do b",
            "until; do b; done",
            "do a; done",
            "case a in b) c;; esac",
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
        /// Any text is read to its end, and no part of the result exceeds its maximum.
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
                    let expanded = command.expand(&shell());
                    prop_assert!(!matches!(expanded, Err(Unexpanded::TooMuch)), "{}", text);
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }

    const PARTS: [&str; 38] = [
        "for a in ",
        "while ",
        "; do ",
        "; done",
        "$((",
        "<<a\n",
        "a",
        " ",
        " ",
        "(",
        ")",
        "$(",
        "`",
        "\"",
        "'",
        "\\",
        "$A",
        "$HOME",
        "${A:-",
        "${",
        "}",
        "-",
        "if ",
        "; then ",
        "; else ",
        "; elif ",
        "; fi",
        "! ",
        "|",
        "&&",
        ";",
        "\n",
        ">",
        ">&",
        "2>&1",
        "#",
        "~",
        "é",
    ];
}
