//! The parsed form of a line typed in a guest, as [`grammar`](super::grammar) returns it: commands, their words with
//! their values, and redirections. Pure.

use super::{
    arithmetic,
    shell::{Shell, assignment},
};

/// The maximum bytes of a command's words, as of one word on Linux, and of variables: a value may contain itself twice.
pub(crate) const WORDS_BYTES_MAX: usize = 128 << 10;
const VARIABLES_MAX: usize = 128;
const VARIABLES_BYTES_MAX: usize = 256 << 10;
/// The maximum words of one command, after expansion.
const WORDS_MAX: usize = 4 << 10;

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

/// Why words have no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unexpanded {
    /// They or the variables are too long or too many.
    TooMuch,
    /// The text in `$(( ))` cannot be evaluated.
    Arithmetic(String),
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

    /// The pieces of `${NAME-word}`'s word, if they are used instead of the variable's value.
    fn default(&self, shell: &Shell) -> Option<&[Piece]> {
        match self {
            Piece::Default { name, even_empty, pieces, .. }
                if shell.value(name).is_none_or(|value| *even_empty && value.is_empty()) =>
            {
                Some(pieces)
            }
            _ => None,
        }
    }

    /// Adds its value to words, unless it is longer than `left`.
    fn add_to(&self, fields: &mut Fields, shell: &Shell, whole: bool, left: &mut usize) -> Result<(), Unexpanded> {
        if let Some(pieces) = self.default(shell) {
            return add_all(pieces, fields, shell, whole, left);
        }
        let (value, split) = match self {
            Piece::Text(text) => (text.into(), false),
            Piece::Variable { name, split } | Piece::Default { name, split, .. } => {
                (shell.value(name).unwrap_or_default(), *split)
            }
            Piece::Value { text, split } => (text.into(), *split),
            Piece::Substitution { split, .. } => ("".into(), *split),
            Piece::Arithmetic | Piece::ArithmeticEnd => return Ok(()),
        };
        *left = left.checked_sub(value.len()).ok_or(Unexpanded::TooMuch)?;
        if split && !whole {
            fields.split(&value)
        } else {
            fields.push(&value)
        }
        Ok(())
    }
}

/// Adds the values of all pieces; `$(( ))` is evaluated first.
fn add_all(
    pieces: &[Piece],
    fields: &mut Fields,
    shell: &Shell,
    whole: bool,
    left: &mut usize,
) -> Result<(), Unexpanded> {
    let mut pieces = pieces.iter();
    while let Some(piece) = pieces.next() {
        if *piece != Piece::Arithmetic {
            piece.add_to(fields, shell, whole, left)?;
            continue;
        }
        let mut depth = 1;
        let end = pieces.as_slice().iter().position(|piece| {
            depth += i32::from(*piece == Piece::Arithmetic) - i32::from(*piece == Piece::ArithmeticEnd);
            depth == 0
        });
        let (inside, behind) = pieces.as_slice().split_at(end.unwrap_or(pieces.len()));
        let mut text = Fields::default();
        add_all(inside, &mut text, shell, true, left)?;
        let number = arithmetic::value(&text.last.unwrap_or_default(), &|name| shell.value(name).map(Into::into));
        let number = number.map_err(Unexpanded::Arithmetic)?.to_string();
        *left = left.checked_sub(number.len()).ok_or(Unexpanded::TooMuch)?;
        fields.push(&number);
        pieces = behind.iter();
        pieces.next();
    }
    Ok(())
}

/// The expanded words: one without quotes may become none, or several, but not an assignment.
///
/// # Errors
/// [`Unexpanded`].
pub(crate) fn expand(words: &[Word], shell: &Shell) -> Result<Vec<String>, Unexpanded> {
    let (mut expanded, mut left) = (Vec::new(), WORDS_BYTES_MAX);
    words.iter().try_for_each(|word| word.add_to(&mut expanded, shell, &mut left))?;
    let few = shell.variables.len() <= VARIABLES_MAX && shell.bytes() <= VARIABLES_BYTES_MAX;
    if few && expanded.len() <= WORDS_MAX { Ok(expanded) } else { Err(Unexpanded::TooMuch) }
}

/// Words while they are built.
#[derive(Default)]
struct Fields {
    done: Vec<String>,
    last: Option<String>,
}

impl Fields {
    fn push(&mut self, text: &str) {
        self.last.get_or_insert_default().push_str(text);
    }

    fn split(&mut self, text: &str) {
        if text.starts_with(char::is_whitespace) {
            self.done.extend(self.last.take());
        }
        for (at, part) in text.split_whitespace().enumerate() {
            if at > 0 {
                self.done.extend(self.last.take());
            }
            self.push(part);
        }
        if text.ends_with(char::is_whitespace) {
            self.done.extend(self.last.take());
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

    /// The commands that must run before it has a value: those of the first part from `from` on that has some, and the
    /// number of that part. On the way `${NAME-word}` is replaced.
    pub(crate) fn substitution(&mut self, from: usize, shell: &Shell) -> Option<(usize, Vec<Command>)> {
        let mut at = from;
        while let Some(piece) = self.pieces.get_mut(at) {
            let is_default = piece.default(shell).is_some();
            match piece {
                Piece::Substitution { commands, split } => {
                    let (commands, split) = (std::mem::take(commands), *split);
                    *piece = Piece::Value { text: String::new(), split };
                    return Some((at, commands));
                }
                Piece::Default { pieces, .. } if is_default => {
                    let pieces = std::mem::take(pieces);
                    self.pieces.splice(at..=at, pieces);
                }
                _ => at += 1,
            }
        }
        None
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

    /// Sets the output of the commands of a part.
    pub(crate) fn settle(&mut self, at: usize, printed: String) {
        if let Some(Piece::Value { text, .. }) = self.pieces.get_mut(at) {
            *text = printed;
        }
    }

    fn add_to(&self, words: &mut Vec<String>, shell: &Shell, left: &mut usize) -> Result<(), Unexpanded> {
        let mut fields = Fields::default();
        let whole = matches!(self.pieces.first(), Some(Piece::Text(text)) if assignment(text).is_some());
        add_all(&self.pieces, &mut fields, shell, whole, left)?;
        if self.quoted && fields.done.is_empty() {
            fields.push("");
        }
        words.extend(fields.done.into_iter().chain(fields.last));
        Ok(())
    }

    /// The expanded word, without splitting; empty if it is too long.
    pub(crate) fn expand(&self, shell: &Shell) -> String {
        self.whole(shell).unwrap_or_default()
    }

    /// The same, or why it has no value.
    ///
    /// # Errors
    /// [`Unexpanded`].
    pub(crate) fn whole(&self, shell: &Shell) -> Result<String, Unexpanded> {
        let (mut fields, mut left) = (Fields::default(), WORDS_BYTES_MAX);
        add_all(&self.pieces, &mut fields, shell, true, &mut left)?;
        Ok(fields.last.unwrap_or_default())
    }

    /// Its text, if it is plain.
    pub(crate) fn plain(&self) -> Option<&str> {
        match &*self.pieces {
            [Piece::Text(text)] => Some(text),
            _ => None,
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
        let all = |commands: &[Command]| commands.iter().map(Command::parts).sum::<usize>();
        let words = |words: &[Word]| words.iter().flat_map(|word| &word.pieces).map(Piece::parts).sum::<usize>();
        let body = match &self.body {
            Body::Simple(simple) => simple.len() + words(simple),
            Body::Subshell(commands) => all(commands),
            Body::If { arms, otherwise } => {
                arms.iter().map(|(when, then)| all(when) + all(then)).sum::<usize>() + all(otherwise)
            }
            Body::For { words: values, commands, .. } => values.len() + words(values) + all(commands),
            Body::While { condition, commands, .. } => all(condition) + all(commands),
        };
        2 + body
    }

    /// Whether `is` holds for one of a text's commands, at any depth; commands that read a pipe are left out.
    pub(crate) fn any(commands: &[Command], is: &dyn Fn(&Command) -> bool) -> bool {
        let reads = |command: &&Command| command.join != Join::Pipe && command.input.is_none();
        commands.iter().filter(reads).any(|command| match &command.body {
            Body::Simple(words) => is(command) || words.iter().flat_map(|word| &word.pieces).any(|piece| piece.any(is)),
            Body::Subshell(commands) => Command::any(commands, is),
            Body::If { arms, otherwise } => {
                arms.iter().any(|(when, then)| Command::any(when, is) || Command::any(then, is))
                    || Command::any(otherwise, is)
            }
            Body::For { words, commands, .. } => {
                words.iter().flat_map(|word| &word.pieces).any(|piece| piece.any(is)) || Command::any(commands, is)
            }
            Body::While { condition, commands, .. } => Command::any(condition, is) || Command::any(commands, is),
        })
    }

    /// Its expanded words.
    ///
    /// # Errors
    /// [`Unexpanded`].
    pub(crate) fn expand(&self, shell: &Shell) -> Result<Vec<String>, Unexpanded> {
        expand(self.words(), shell)
    }
}

#[cfg(test)]
mod test {
    use super::{super::grammar::parse, *};

    fn shell() -> Shell {
        let variables = [("HOME", "/root"), ("LIST", "a b"), ("1", "first"), ("EMPTY", "")];
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
    fn variables_are_words_by_the_rules_of_quotes() {
        assert_eq!(
            words(r#"echo $LIST "$LIST" $NONE "$NONE" ${1}x $? $"#),
            [["echo", "a", "b", "a b", "", "firstx", "3", "$"]]
        );
        assert_eq!(words(r#"x$LIST"y" "q"$LIST a=$LIST ''$NONE"#), [["xa", "by", "qa", "b", "a=a b", ""]]);
        assert_eq!(words("A='x y' B=$LIST run if\\\n it"), [["A=x y", "B=a b", "run", "if", "it"]]);
    }

    #[test]
    fn a_default_stands_where_there_is_no_value() {
        assert_eq!(
            words(
                r#"${NONE:-x y} "${NONE:-x y}" ${NONE-$LIST} ${EMPTY:-z}${EMPTY-z} ${LIST:-z} ${NONE:-${EMPTY:-"1  2"}}"#
            ),
            [["x y", "x y", "a", "b", "z", "a", "b", "1  2"]]
        );
        assert_eq!(words("A=${NONE:-~} ${NONE:-}"), [["A=~"]]);
    }

    #[test]
    fn what_stands_in_double_parentheses_is_computed() {
        assert_eq!(words("$((1+2))x"), [["3x"]]);
        assert_eq!(words(r#"A=$(( ($? + 1) * $((2+3)) )) "$((EMPTY))""#), [["A=20", "0"]]);
        let [command] = &parse("echo $((1/0))").unwrap()[..] else { panic!() };
        assert_eq!(command.expand(&shell()), Err(Unexpanded::Arithmetic("division by zero in $(( ))".into())));
    }

    #[test]
    fn commands_in_a_word_are_settled_in_their_order_and_only_where_they_count() {
        let commands = parse("echo $(a)${LIST:-$(never)}\"${NONE:-`b`x}\"").unwrap();
        let [command] = &mut commands.clone()[..] else { panic!("{commands:?}") };
        let shell = shell();
        for word in command.words_mut() {
            let (mut found, mut from) = (0, 0);
            while let Some((at, commands)) = word.substitution(from, &shell) {
                (found, from) = (found + 1, at + 1);
                let name = commands[0].words()[0].expand(&shell);
                word.settle(at, format!("{name} {found}"));
            }
        }
        assert_eq!(command.expand(&shell).unwrap(), ["echo", "a", "1a", "bb 2x"]);
    }
}
