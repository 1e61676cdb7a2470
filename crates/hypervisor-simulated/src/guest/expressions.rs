//! Regular expressions of `sed` and `grep`: characters, `.`, `[ ]`, `^`, `$`, `*`, `\+`, `\?` and `\( \)`, and with
//! `-E` the same without backslashes. The rest of POSIX is refused. Pure and bounded: a search that takes too many
//! steps is ended.

/// The maximum parts of an expression.
const PARTS_MAX: usize = 256;
/// The maximum steps of all searches of one command.
pub(crate) const STEPS_MAX: usize = 2_000_000;
/// `\1` to `\9`.
const GROUPS_MAX: usize = 9;
/// As GNU words it.
const INVALID_RANGE: &str = "Invalid range end";

#[derive(Debug, Clone, PartialEq, Eq)]
enum One {
    Any,
    Character(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// A character, with the minimum and maximum of repetitions.
    Times(One, usize, usize),
    Begin,
    End,
    Open(usize),
    Close(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    parts: Vec<Part>,
    folded: bool,
}

/// The match, and then each group's: ranges as numbers of characters.
pub(crate) type Found = Vec<Option<(usize, usize)>>;

/// The search took more steps than allowed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endless;

impl Expression {
    /// # Errors
    /// What is wrong, or not supported, for a message.
    pub(crate) fn of(text: &str, extended: bool, folded: bool) -> Result<Expression, String> {
        Expression::read(text, extended, folded).map_err(|what| match what {
            what if what == INVALID_RANGE => what,
            what => format!("{what} is not known here in a pattern"),
        })
    }

    fn read(text: &str, extended: bool, folded: bool) -> Result<Expression, String> {
        let characters: Vec<char> = text.chars().collect();
        let mut reader = Reader { characters: &characters, at: 0, extended, open: Vec::new(), groups: 0 };
        let mut parts = Vec::new();
        while let Some(part) = reader.part(&parts)? {
            parts.push(part);
            if parts.len() > PARTS_MAX {
                return Err(format!("more than {PARTS_MAX} parts"));
            }
        }
        if reader.open.is_empty() { Ok(Expression { parts, folded }) } else { Err("a group that is not closed".into()) }
    }

    /// The first match at or after `from`.
    ///
    /// # Errors
    /// [`Endless`].
    pub(crate) fn find(&self, line: &[char], from: usize, steps: &mut usize) -> Result<Option<Found>, Endless> {
        for begin in from..=line.len() {
            let mut found = vec![None; GROUPS_MAX + 1];
            if let Some(end) = self.fits(0, line, begin, &mut found, steps)? {
                found[0] = Some((begin, end));
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Where a match of the parts from `part` on ends, if it begins there. Recursion is as deep as there are parts.
    fn fits(
        &self,
        part: usize,
        line: &[char],
        at: usize,
        found: &mut Found,
        steps: &mut usize,
    ) -> Result<Option<usize>, Endless> {
        *steps = steps.checked_sub(1).ok_or(Endless)?;
        match self.parts.get(part) {
            None => Ok(Some(at)),
            Some(Part::Begin) if at > 0 => Ok(None),
            Some(Part::End) if at < line.len() => Ok(None),
            Some(Part::Begin | Part::End) => self.fits(part + 1, line, at, found, steps),
            Some(Part::Open(group) | Part::Close(group)) => {
                let before = found[*group];
                let begin = before.map_or(at, |(begin, _)| begin);
                let opens = matches!(self.parts[part], Part::Open(_));
                found[*group] = Some(if opens { (at, at) } else { (begin, at) });
                let end = self.fits(part + 1, line, at, found, steps)?;
                if end.is_none() {
                    found[*group] = before;
                }
                Ok(end)
            }
            Some(Part::Times(one, least, most)) => {
                let longest = line[at..].iter().take(*most).take_while(|character| self.is(one, **character)).count();
                *steps = steps.checked_sub(longest).ok_or(Endless)?;
                for count in (*least..=longest).rev() {
                    if let Some(end) = self.fits(part + 1, line, at + count, found, steps)? {
                        return Ok(Some(end));
                    }
                }
                Ok(None)
            }
        }
    }

    fn is(&self, one: &One, character: char) -> bool {
        let same =
            |wanted: char| wanted == character || self.folded && wanted.to_lowercase().eq(character.to_lowercase());
        match one {
            One::Any => true,
            One::Character(wanted) => same(*wanted),
            One::Set { negated, ranges } => {
                let holds = |character: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&character));
                let folded = self.folded && character.to_lowercase().chain(character.to_uppercase()).any(holds);
                (holds(character) || folded) != *negated
            }
        }
    }
}

/// What `grep` looks for: a literal text, with `^` or `$` at most; or an expression.
pub(crate) struct Wanted {
    text: String,
    begins: bool,
    ends: bool,
    folded: bool,
    expression: Option<Expression>,
}

impl Wanted {
    /// # Errors
    /// The unsupported part of a pattern: it is refused and not taken literally.
    pub(crate) fn of(pattern: &str, fixed: bool, extended: bool, folded: bool) -> Result<Wanted, String> {
        let (begins, ends) = (!fixed && pattern.starts_with('^'), !fixed && pattern.ends_with('$'));
        let text = if begins { &pattern[1..] } else { pattern };
        let text = if ends { text.strip_suffix('$').unwrap_or(text) } else { text };
        let is_pattern = text.contains(['.', '*', '[', ']', '\\', '^', '$'])
            || extended && text.contains(['+', '?', '(', ')', '{', '}', '|']);
        let expression = (!fixed && is_pattern).then(|| Expression::of(pattern, extended, folded)).transpose()?;
        let text = if folded { text.to_lowercase() } else { text.to_owned() };
        Ok(Wanted { text, begins, ends, folded, expression })
    }

    /// Whether the line matches; `None` once no steps are left.
    pub(crate) fn is_in(&self, line: &str, steps: &mut usize) -> Option<bool> {
        match &self.expression {
            Some(expression) => {
                let line: Vec<char> = line.chars().collect();
                expression.find(&line, 0, steps).ok().map(|found| found.is_some())
            }
            None => Some(self.holds(line)),
        }
    }

    fn holds(&self, line: &str) -> bool {
        let lowered = self.folded.then(|| line.to_lowercase());
        let line = lowered.as_deref().unwrap_or(line);
        match (self.begins, self.ends) {
            (true, true) => line == self.text,
            (true, false) => line.starts_with(&self.text),
            (false, true) => line.ends_with(&self.text),
            (false, false) => line.contains(&self.text),
        }
    }
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    extended: bool,
    /// Groups that are still open.
    open: Vec<usize>,
    groups: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.characters.get(self.at).copied();
        self.at += 1;
        character
    }

    /// The next character, and whether it is an operator.
    fn sign(&mut self) -> Result<Option<(char, bool)>, String> {
        const AWAY: &str = "+?(){}|";
        Ok(match self.next() {
            Some('\\') => match self.next() {
                Some('n') => Some(('\n', false)),
                Some(escaped) if AWAY.contains(escaped) => Some((escaped, !self.extended)),
                Some(escaped) if escaped.is_ascii_alphanumeric() => return Err(format!("\\{escaped}")),
                Some(escaped) => Some((escaped, false)),
                None => return Err("a backslash at the end".into()),
            },
            Some(character) if AWAY.contains(character) => Some((character, self.extended)),
            Some(character) => Some((character, ".[*^$".contains(character))),
            None => None,
        })
    }

    fn part(&mut self, before: &[Part]) -> Result<Option<Part>, String> {
        let is_first = before.iter().all(|part| matches!(part, Part::Open(_)));
        let Some((character, is_sign)) = self.sign()? else { return Ok(None) };
        let one = match (character, is_sign) {
            ('.', true) => One::Any,
            ('[', true) => self.set()?,
            ('^', true) if is_first => return Ok(Some(Part::Begin)),
            ('$', true) if self.at >= self.characters.len() => return Ok(Some(Part::End)),
            ('*', true) if is_first => One::Character('*'),
            ('^' | '$', true) if !self.extended => One::Character(character),
            ('(', true) if self.groups < GROUPS_MAX => {
                self.groups += 1;
                self.open.push(self.groups);
                return Ok(Some(Part::Open(self.groups)));
            }
            (')', true) => {
                let group = self.open.pop().ok_or("a group that was not opened")?;
                return match self.repeat() {
                    (1, 1) => Ok(Some(Part::Close(group))),
                    _ => Err("a group that is repeated".into()),
                };
            }
            (sign, true) => return Err(format!("`{sign}` there")),
            (character, false) => One::Character(character),
        };
        let (least, most) = self.repeat();
        Ok(Some(Part::Times(one, least, most)))
    }

    /// The repetitions, if an operator for them follows.
    fn repeat(&mut self) -> (usize, usize) {
        let before = self.at;
        match self.sign() {
            Ok(Some(('*', true))) => (0, usize::MAX),
            Ok(Some(('+', true))) => (1, usize::MAX),
            Ok(Some(('?', true))) => (0, 1),
            _ => {
                self.at = before;
                (1, 1)
            }
        }
    }

    /// Reads a set, after its `[`.
    fn set(&mut self) -> Result<One, String> {
        let missing = || "a `[` that is not closed".to_owned();
        let negated = self.characters.get(self.at) == Some(&'^');
        self.at += usize::from(negated);
        let mut ranges = Vec::new();
        loop {
            let from = self.next().ok_or_else(missing)?;
            if from == ']' && !ranges.is_empty() {
                return Ok(One::Set { negated, ranges });
            }
            if from == '[' && self.characters.get(self.at) == Some(&':') {
                let name: String = self.characters[self.at + 1..].iter().take_while(|letter| **letter != ':').collect();
                self.at += name.chars().count() + 3;
                ranges.extend_from_slice(match &*name {
                    "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
                    "alpha" => &[('A', 'Z'), ('a', 'z')],
                    "digit" => &[('0', '9')],
                    "lower" => &[('a', 'z')],
                    "upper" => &[('A', 'Z')],
                    "space" => &[(' ', ' '), ('\t', '\r')],
                    other => return Err(format!("[:{}:]", other.chars().take(20).collect::<String>())),
                });
                continue;
            }
            let is_range = self.characters.get(self.at) == Some(&'-')
                && self.characters.get(self.at + 1).is_some_and(|end| *end != ']');
            let to = if is_range { self.characters[self.at + 1] } else { from };
            self.at += if is_range { 2 } else { 0 };
            if to < from {
                return Err(INVALID_RANGE.into());
            }
            ranges.push((from, to));
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, extended: bool, line: &str) -> Option<Vec<String>> {
        let line: Vec<char> = line.chars().collect();
        let found = Expression::of(text, extended, false).unwrap().find(&line, 0, &mut 10_000).unwrap()?;
        Some(found.into_iter().flatten().map(|(from, to)| line[from..to].iter().collect()).collect())
    }

    #[test]
    fn expressions_are_found_as_posix_finds_them() {
        for (text, extended, line, expected) in [
            ("b.d", false, "abcd", Some(vec!["bcd"])),
            ("^a*b$", false, "aab", Some(vec!["aab"])),
            ("^b", false, "ab", None),
            ("[0-9][^a-c]*", false, "x12dab", Some(vec!["12d"])),
            ("[]x]y", false, "a]y", Some(vec!["]y"])),
            ("[[:space:]]b", false, "a b", Some(vec![" b"])),
            (r"\(.*\)=\(.*\)", false, "k=v=w", Some(vec!["k=v=w", "k=v", "w"])),
            ("(a+)(b?)c", true, "aac", Some(vec!["aac", "aa", ""])),
            ("a+", false, "a+", Some(vec!["a+"])),
            (r"a\.b", false, "axb", None),
            ("*", false, "a*", Some(vec!["*"])),
            ("a$b", false, "a$b", Some(vec!["a$b"])),
            ("", false, "a", Some(vec![""])),
        ] {
            let expected = expected.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(found(text, extended, line), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_and_what_does_not_end_is_ended() {
        for (text, extended) in [
            ("(ab)*", true),
            ("a|b", true),
            ("a{2}", true),
            (r"\(a", false),
            (r"a\)", false),
            ("[a", false),
            (r"\w", false),
            ("[[:blue:]]", false),
        ] {
            assert!(Expression::of(text, extended, false).is_err(), "{text}");
        }
        assert_eq!(Expression::of("[z-a]", true, false), Err(INVALID_RANGE.into()));
        assert!(Expression::of(&"a".repeat(257), false, false).is_err());
        let line = vec!['a'; 60];
        let slow = Expression::of(&("a*".repeat(30) + "b"), false, false).unwrap();
        assert_eq!(slow.find(&line, 0, &mut 100_000), Err(Endless));
    }

    proptest! {
        #[test]
        fn any_expression_is_read_or_refused(text in r"[\\\[\]()*+?.^$a:|{}-]{0,20}", line in "[a\\[]{0,10}", extended: bool) {
            if let Ok(expression) = Expression::of(&text, extended, true) {
                let line: Vec<char> = line.chars().collect();
                if let Ok(Some(found)) = expression.find(&line, 0, &mut 100_000) {
                    prop_assert!(found.iter().flatten().all(|(from, to)| from <= to && *to <= line.len()));
                }
            }
        }
    }
}
