//! Evaluates `$(( ))`: whole numbers, variables, and the operators of C that scripts use. Pure.

use std::{iter::Peekable, str::Chars};

/// The maximum depth of `( )` and signs inside each other.
const DEPTH_MAX: usize = 64;

/// The operators of each level, the loosest first; a longer operator stands before one that it begins with.
const LEVELS: [&[&str]; 6] = [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

struct Reader<'a> {
    characters: Peekable<Chars<'a>>,
    variable: &'a dyn Fn(&str) -> Option<String>,
    depth: usize,
}

/// The value of the text. A variable that is unset or empty is 0.
///
/// # Errors
/// The part that cannot be evaluated.
pub(crate) fn value(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<i64, String> {
    let mut reader = Reader { characters: text.chars().peekable(), variable, depth: 0 };
    reader.blanks();
    if reader.characters.peek().is_none() {
        return Ok(0);
    }
    let value = reader.level(0)?;
    match reader.characters.next() {
        None => Ok(value),
        Some(character) => Err(format!("`{character}` is not expected in $(( ))")),
    }
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.characters.next_if(|character| character.is_whitespace()).is_some() {}
    }

    fn operator(&mut self, level: usize) -> Option<&'static str> {
        let found = LEVELS[level].iter().find(|operator| {
            let mut ahead = self.characters.clone();
            operator.chars().all(|character| ahead.next() == Some(character))
        })?;
        (0..found.len()).for_each(|_| _ = self.characters.next());
        Some(found)
    }

    fn level(&mut self, level: usize) -> Result<i64, String> {
        if level == LEVELS.len() {
            return self.operand();
        }
        let mut value = self.level(level + 1)?;
        while let Some(operator) = self.operator(level) {
            let right = self.level(level + 1)?;
            value = match operator {
                "||" => (value != 0 || right != 0).into(),
                "&&" => (value != 0 && right != 0).into(),
                "==" => (value == right).into(),
                "!=" => (value != right).into(),
                "<=" => (value <= right).into(),
                ">=" => (value >= right).into(),
                "<" => (value < right).into(),
                ">" => (value > right).into(),
                "+" => value.wrapping_add(right),
                "-" => value.wrapping_sub(right),
                "*" => value.wrapping_mul(right),
                _ if right == 0 => return Err("division by zero in $(( ))".into()),
                "/" => value.wrapping_div(right),
                _ => value.wrapping_rem(right),
            };
        }
        Ok(value)
    }

    fn operand(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} of `( )` and signs inside each other in $(( ))"));
        }
        self.blanks();
        let value = match self.characters.next() {
            Some('-') => self.operand()?.wrapping_neg(),
            Some('+') => self.operand()?,
            Some('!') => (self.operand()? == 0).into(),
            Some('(') => {
                let value = self.level(0)?;
                self.characters.next_if_eq(&')').ok_or("a `)` is missing in $(( ))")?;
                value
            }
            Some(first) if first.is_ascii_alphanumeric() || first == '_' => self.number_or_name(first)?,
            Some(other) => return Err(format!("`{other}` is not known in $(( ))")),
            None => return Err("a number is missing in $(( ))".into()),
        };
        self.depth -= 1;
        self.blanks();
        Ok(value)
    }

    fn number_or_name(&mut self, first: char) -> Result<i64, String> {
        let mut word = String::from(first);
        while let Some(next) = self.characters.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
            word.push(next);
        }
        let is_number = first.is_ascii_digit();
        let text = if is_number { word.clone() } else { (self.variable)(&word).unwrap_or_default() };
        let text = text.trim();
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let number = match digits.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None if digits.starts_with('0') => u64::from_str_radix(digits, 8),
            None if text.is_empty() => return Ok(0),
            None => digits.parse(),
        };
        let number = number.map_err(|_| format!("`{}` is no whole number in $(( ))", shorten(text)))?;
        Ok(number.cast_signed().wrapping_mul(sign))
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod test {
    use super::*;

    fn of(text: &str) -> Result<i64, String> {
        value(text, &|name| (name == "A").then(|| "7".to_owned()))
    }

    #[test]
    fn numbers_are_computed_as_c_does() {
        for (text, value) in [
            ("1 + 2 * 3", 7),
            ("(1 + 2) * 3", 9),
            ("A - 10 % 4", 5),
            ("-A + - -2", -5),
            ("1 < 2 && 2 <= 2 || 0", 1),
            ("!(3 == 3) + (A != 7)", 0),
            ("", 0),
            ("NONE + 1", 1),
            ("9223372036854775807 + 1", i64::MIN),
            ("-9223372036854775808 / -1", i64::MIN),
            ("-9223372036854775808 % -1", 0),
            ("010 + 0x1f", 39),
        ] {
            assert_eq!(of(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_reported() {
        for text in ["1 / 0", "1 % 0", "1 +", "(1", "1)", "2 3", "1x", "a = 1", "1 ? 2 : 3", &"(".repeat(1_000)] {
            assert!(of(text).is_err(), "{text}");
        }
        assert!(value("B", &|_| Some("text".to_owned())).is_err());
    }
}
