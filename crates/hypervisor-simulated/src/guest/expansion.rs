//! Values of a command's words: variables, arithmetic and files in their place. Pure.

use super::{
    arithmetic,
    globs::Globs,
    shell::{Shell, assignment},
    syntax_tree::{Command, Piece, Word},
};

/// The maximum bytes of a command's words, as of one word on Linux, and of variables: a value may contain itself twice.
pub(crate) const WORDS_BYTES_MAX: usize = 128 << 10;
const VARIABLES_MAX: usize = 128;
const VARIABLES_BYTES_MAX: usize = 256 << 10;
/// The maximum words of one command, after expansion.
const WORDS_MAX: usize = 4 << 10;

/// Why words have no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unexpanded {
    /// They or the variables are too long or too many, or stand for too many files.
    TooMuch,
    /// The text in `$(( ))` cannot be evaluated.
    Arithmetic(String),
}

impl Piece {
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
            Piece::Wild(character) => {
                *left = left.checked_sub(1).ok_or(Unexpanded::TooMuch)?;
                fields.push_wild(character.encode_utf8(&mut [0; 4]));
                return Ok(());
            }
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
        let number = arithmetic::value(&text.last.unwrap_or_default().text, &|name| shell.value(name).map(Into::into));
        let number = number.map_err(Unexpanded::Arithmetic)?.to_string();
        *left = left.checked_sub(number.len()).ok_or(Unexpanded::TooMuch)?;
        fields.push(&number);
        pieces = behind.iter();
        pieces.next();
    }
    Ok(())
}

/// The expanded words: one without quotes may become none, or several, but not an assignment. Without `globs` each `*`
/// stands for itself.
///
/// # Errors
/// [`Unexpanded`].
pub(crate) fn expand(
    words: &[Word],
    shell: &Shell,
    mut globs: Option<&mut Globs<'_>>,
) -> Result<Vec<String>, Unexpanded> {
    let (mut expanded, mut left) = (Vec::new(), WORDS_BYTES_MAX);
    for field in words
        .iter()
        .try_fold(Vec::new(), |mut fields, word| word.add_to(&mut fields, shell, &mut left).map(|()| fields))?
    {
        let paths = match globs.as_deref_mut().filter(|_| !field.wild.is_empty()) {
            Some(globs) => globs.paths(&field.text, &field.wild).map_err(|_| Unexpanded::TooMuch)?,
            None => Vec::new(),
        };
        let longer = paths.iter().map(String::len).sum::<usize>().saturating_sub(field.text.len());
        left = left.checked_sub(longer).ok_or(Unexpanded::TooMuch)?;
        if paths.is_empty() { expanded.push(field.text) } else { expanded.extend(paths) }
    }
    let few = shell.variables.len() <= VARIABLES_MAX && shell.bytes() <= VARIABLES_BYTES_MAX;
    if few && expanded.len() <= WORDS_MAX { Ok(expanded) } else { Err(Unexpanded::TooMuch) }
}

/// Words while they are built.
#[derive(Default)]
struct Fields {
    done: Vec<Field>,
    last: Option<Field>,
}

#[derive(Default)]
struct Field {
    text: String,
    /// The places of `*`, `?` and `[` that were not quoted.
    wild: Vec<usize>,
}

impl Fields {
    fn push(&mut self, text: &str) {
        self.last.get_or_insert_default().text.push_str(text);
    }

    fn push_wild(&mut self, text: &str) {
        let Field { text: before, wild } = self.last.get_or_insert_default();
        wild.extend(text.match_indices(['*', '?', '[']).map(|(at, _)| before.len() + at));
        before.push_str(text);
    }

    fn split(&mut self, text: &str) {
        if text.starts_with(char::is_whitespace) {
            self.done.extend(self.last.take());
        }
        for (at, part) in text.split_whitespace().enumerate() {
            if at > 0 {
                self.done.extend(self.last.take());
            }
            self.push_wild(part);
        }
        if text.ends_with(char::is_whitespace) {
            self.done.extend(self.last.take());
        }
    }
}

impl Word {
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

    /// Sets the output of the commands of a part.
    pub(crate) fn settle(&mut self, at: usize, printed: String) {
        if let Some(Piece::Value { text, .. }) = self.pieces.get_mut(at) {
            *text = printed;
        }
    }

    fn add_to(&self, words: &mut Vec<Field>, shell: &Shell, left: &mut usize) -> Result<(), Unexpanded> {
        let mut fields = Fields::default();
        let whole = matches!(self.pieces.first(), Some(Piece::Text(text)) if assignment(text).is_some());
        add_all(&self.pieces, &mut fields, shell, whole, left)?;
        if self.quoted && fields.done.is_empty() {
            fields.push("");
        }
        let first = words.len();
        words.extend(fields.done.into_iter().chain(fields.last));
        if whole {
            words[first..].iter_mut().for_each(|field| field.wild.clear());
        }
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
        Ok(fields.last.unwrap_or_default().text)
    }
}

impl Command {
    /// Its expanded words, without files.
    ///
    /// # Errors
    /// [`Unexpanded`].
    pub(crate) fn expand(&self, shell: &Shell) -> Result<Vec<String>, Unexpanded> {
        expand(self.words(), shell, None)
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
