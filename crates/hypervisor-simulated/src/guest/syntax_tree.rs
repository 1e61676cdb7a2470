//! The parsed form of a line typed in a guest, as [`grammar`](super::grammar) returns it: commands, their words with
//! their values, and redirections. Pure.

/// When a command runs, depending on the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    Always,
    IfGood,
    IfBad,
    /// It reads the output of the one before, if that was run.
    Pipe,
}

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub join: Join,
    pub body: Body,
    /// Its own input, instead of the shell's.
    pub input: Option<Box<Source>>,
    /// `None` when both go to the client.
    pub streams: Option<Box<Streams>>,
    /// Its output goes to the next command.
    pub piped: bool,
    /// After a `!`: its status is inverted.
    pub negated: bool,
}

/// What one command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Simple(Vec<Word>),
    /// `( )`
    Subshell(Vec<Command>),
    If {
        /// Conditions, and the commands to run when they hold.
        arms: Vec<(Vec<Command>, Vec<Command>)>,
        otherwise: Vec<Command>,
    },
    For {
        name: String,
        words: Vec<Word>,
        commands: Vec<Command>,
    },
    While {
        condition: Vec<Command>,
        /// `until`: repeats while the condition fails.
        until: bool,
        commands: Vec<Command>,
    },
}

/// The input that a command's line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// `< FILE`
    File(Word),
    /// `<< END`
    Text(Word),
}

/// Where the two streams of a command go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Streams {
    pub out: Sink,
    pub err: Sink,
}

/// Where a stream goes: to one of the client's streams, or into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sink {
    Out,
    Err,
    File(Output),
}

/// A command's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
    Both,
}

/// A word before expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) pieces: Vec<Piece>,
    /// Part of it was quoted: it stays a word, even an empty one.
    pub(crate) quoted: bool,
}

/// A part of a word. Outside of quotes it is `split` into words at spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// A `*`, `?` or `[` outside of quotes.
    Wild(char),
    Variable {
        name: String,
        split: bool,
    },
    /// `${NAME-word}`, and with `:` also for an empty value.
    Default {
        name: String,
        even_empty: bool,
        pieces: Vec<Piece>,
        split: bool,
    },
    /// `$( )`: the output of the commands.
    Substitution {
        commands: Vec<Command>,
        split: bool,
    },
    /// The output of commands that were run.
    Value {
        text: String,
        split: bool,
    },
    /// `$((`: the pieces up to its end are evaluated.
    Arithmetic,
    ArithmeticEnd,
}

/// A file that a stream is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub path: Word,
    pub append: bool,
}

/// An estimate of the bytes that a text and its commands take.
pub(crate) fn weight(text: &str, commands: &[Command]) -> usize {
    text.len() + commands.iter().map(Command::parts).sum::<usize>() * size_of::<Command>()
}

impl Piece {
    pub(crate) fn variable(name: &str, split: bool) -> Piece {
        Piece::Variable { name: name.into(), split }
    }

    fn parts(&self) -> usize {
        match self {
            Piece::Default { pieces, .. } => 1 + pieces.iter().map(Piece::parts).sum::<usize>(),
            Piece::Substitution { commands, .. } => 1 + commands.iter().map(Command::parts).sum::<usize>(),
            Piece::Text(text) => 1 + text.len() / size_of::<Command>(),
            _ => 1,
        }
    }

    fn any(&self, is: &dyn Fn(&Command) -> bool) -> bool {
        match self {
            Piece::Default { pieces, .. } => pieces.iter().any(|piece| piece.any(is)),
            Piece::Substitution { commands, .. } => Command::any(commands, is),
            _ => false,
        }
    }
}

impl Word {
    pub(crate) fn push(&mut self, character: char) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(character),
            _ => {
                // Most words have one piece.
                self.pieces.reserve_exact(1);
                self.pieces.push(Piece::Text(character.into()));
            }
        }
    }

    /// The reserved word that it is, of `words`.
    pub(crate) fn reserved(&self, words: &[&'static str]) -> Option<&'static str> {
        match &*self.pieces {
            [Piece::Text(text)] if !self.quoted => words.iter().find(|word| *word == text).copied(),
            _ => None,
        }
    }

    /// Whether it has a value without running anything.
    pub(crate) fn is_plain(&self) -> bool {
        fn all(pieces: &[Piece]) -> bool {
            pieces.iter().all(|piece| match piece {
                Piece::Substitution { .. } => false,
                Piece::Default { pieces, .. } => all(pieces),
                _ => true,
            })
        }
        all(&self.pieces)
    }

    /// Its text, if it is plain.
    pub(crate) fn plain(&self) -> Option<&str> {
        match &*self.pieces {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl Body {
    /// The words of a simple command, or those that a `for` goes through.
    fn words(&self) -> &[Word] {
        match self {
            Body::Simple(words) | Body::For { words, .. } => words,
            Body::Subshell(_) | Body::If { .. } | Body::While { .. } => &[],
        }
    }

    /// The lists of commands inside it.
    fn lists(&self) -> Vec<&[Command]> {
        match self {
            Body::Simple(_) => Vec::new(),
            Body::Subshell(commands) | Body::For { commands, .. } => vec![commands],
            Body::While { condition, commands, .. } => vec![condition, commands],
            Body::If { arms, otherwise } => {
                arms.iter().flat_map(|(when, then)| [&**when, then]).chain([&**otherwise]).collect()
            }
        }
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

    fn files(&mut self) -> impl Iterator<Item = &mut Word> {
        let sinks = [&mut self.out, &mut self.err];
        sinks.into_iter().filter_map(|sink| if let Sink::File(output) = sink { Some(&mut output.path) } else { None })
    }
}

impl Command {
    pub(crate) const fn new(join: Join) -> Command {
        Command { join, body: Body::Simple(Vec::new()), input: None, streams: None, piped: false, negated: false }
    }

    /// Whether it is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.takes_reserved() && self.streams.is_none() && self.input.is_none()
    }

    /// Whether it has no words yet, so that a reserved word may come.
    pub(crate) fn takes_reserved(&self) -> bool {
        matches!(&self.body, Body::Simple(words) if words.is_empty())
    }

    /// Adds a word; `None` where no word is allowed.
    pub(crate) fn push(&mut self, word: Word) -> Option<()> {
        let Body::Simple(words) = &mut self.body else { return None };
        words.push(word);
        Some(())
    }

    fn streams(&mut self) -> &mut Streams {
        self.streams.get_or_insert_with(|| Box::new(Streams { out: Sink::Out, err: Sink::Err }))
    }

    pub(crate) fn send_to(&mut self, stream: Stream, output: Output) {
        self.streams().send(stream, &Sink::File(output));
    }

    pub(crate) fn follow(&mut self, stream: Stream, to: Stream) {
        let streams = self.streams();
        let sink = if to == Stream::Out { streams.out.clone() } else { streams.err.clone() };
        streams.send(stream, &sink);
    }

    /// Whether both its streams go to one place.
    pub(crate) fn is_merged(&self) -> bool {
        self.streams.as_ref().is_some_and(|streams| streams.out == streams.err)
    }

    /// Whether its output goes where the line's does.
    pub(crate) fn prints(&self) -> bool {
        self.streams.as_ref().is_none_or(|streams| streams.out == Sink::Out)
    }

    /// The words of a simple command.
    pub(crate) fn words(&self) -> &[Word] {
        if let Body::Simple(words) = &self.body { words } else { &[] }
    }

    /// All its words, those of file names and here-documents too.
    pub(crate) fn words_mut(&mut self) -> impl Iterator<Item = &mut Word> {
        let words = match &mut self.body {
            Body::Simple(words) | Body::For { words, .. } => &mut **words,
            Body::Subshell(_) | Body::If { .. } | Body::While { .. } => &mut [],
        };
        let input = self.input.iter_mut().map(|source| match &mut **source {
            Source::File(word) | Source::Text(word) => word,
        });
        words.iter_mut().chain(input).chain(self.streams.iter_mut().flat_map(|streams| streams.files()))
    }

    fn parts(&self) -> usize {
        let words = self.body.words();
        let input = self.input.iter().map(|source| match &**source {
            Source::File(word) | Source::Text(word) => word,
        });
        let pieces = words.iter().chain(input).flat_map(|word| &word.pieces).map(Piece::parts).sum::<usize>();
        2 + words.len() + pieces + self.body.lists().into_iter().flatten().map(Command::parts).sum::<usize>()
    }

    /// Whether `is` holds for one of a text's commands, at any depth; commands that read a pipe are left out.
    pub(crate) fn any(commands: &[Command], is: &dyn Fn(&Command) -> bool) -> bool {
        let reads = |command: &&Command| command.join != Join::Pipe && command.input.is_none();
        commands.iter().filter(reads).any(|command| {
            let mut pieces = command.body.words().iter().flat_map(|word| &word.pieces);
            matches!(command.body, Body::Simple(_)) && is(command)
                || pieces.any(|piece| piece.any(is))
                || command.body.lists().into_iter().any(|commands| Command::any(commands, is))
        })
    }
}
