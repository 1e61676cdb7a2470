//! `echo` and `printf`.

use super::process::{Done, Guest, OUTPUT_MAX, fails};
use std::str::Chars;

/// `echo [-neE] WORD...`, as in bash.
pub(crate) fn echo(arguments: &[&str]) -> Done {
    let is_options = |word: &&&str| {
        word.strip_prefix('-')
            .is_some_and(|letters| !letters.is_empty() && letters.trim_matches(['n', 'e', 'E']).is_empty())
    };
    let (options, words) = arguments.split_at(arguments.iter().take_while(is_options).count());
    let letters = options.concat();
    let text = words.join(" ");
    let (mut out, mut ends) = (text.clone().into_bytes(), !letters.contains('n'));
    if letters.rfind('e') > letters.rfind('E') {
        out.clear();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character != '\\' {
                out.extend(character.to_string().bytes());
            } else if characters.as_str().starts_with('c') {
                ends = false;
                break;
            } else if !escaped(&mut characters, &mut out) {
                out.push(b'\\');
            }
        }
    }
    out.extend(ends.then_some(b'\n'));
    Done { out, ..Done::default() }
}

/// Reads what stands behind a backslash and adds its meaning; returns whether it has one.
fn escaped(characters: &mut Chars<'_>, out: &mut Vec<u8>) -> bool {
    let begin = characters.clone();
    let byte = match characters.next() {
        Some('0') => byte_of(characters, 8, 3).unwrap_or(0),
        Some('x') if let Some(byte) = byte_of(characters, 16, 2) => byte,
        Some('a') => 0x07,
        Some('b') => 0x08,
        Some('e') => 0x1b,
        Some('f') => 0x0c,
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('v') => 0x0b,
        Some('\\') => b'\\',
        _ => {
            *characters = begin;
            return false;
        }
    };
    out.push(byte);
    true
}

/// Reads up to `most` digits; of a larger number the lowest byte counts, as in bash.
fn byte_of(characters: &mut Chars<'_>, radix: u32, most: usize) -> Option<u8> {
    let rest = characters.as_str();
    let digits = rest.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
    *characters = rest[digits..].chars();
    u32::from_str_radix(&rest[..digits], radix).ok().map(|value| value.to_le_bytes()[0])
}

/// `printf FORMAT ARGUMENT...`: repeats the format until the arguments are used up.
pub(crate) fn printf(arguments: &[&str], guest: &Guest<'_>) -> Done {
    let arguments = arguments.strip_prefix(&["--"]).unwrap_or(arguments);
    let Some((format, mut arguments)) = arguments.split_first() else {
        return fails("printf: a format is expected", 2);
    };
    let mut done = Done::default();
    loop {
        let takes_some = match print(format, &mut arguments, &mut done) {
            Ok(takes_some) => takes_some,
            Err(what) => return fails(&format!("printf: {what}: of these only %s, %d and %% are known here"), 2),
        };
        if done.out.len() > OUTPUT_MAX {
            return fails(&guest.prints_too_much("printf"), 1);
        }
        if arguments.is_empty() || !takes_some {
            return done;
        }
    }
}

/// Prints a format once, and returns whether it takes arguments; or the part that is not supported.
fn print(format: &str, arguments: &mut &[&str], done: &mut Done) -> Result<bool, String> {
    let named = |sign: char, letter: Option<char>| format!("{sign}{}", letter.map_or(String::new(), String::from));
    let mut takes_some = false;
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => match characters.next() {
                Some('%') => done.out.push(b'%'),
                Some(letter @ ('s' | 'd' | 'i')) => {
                    takes_some = true;
                    let word = arguments.split_off_first().copied().unwrap_or_default();
                    let number = word.parse::<i64>();
                    if letter != 's' && number.is_err() && !word.is_empty() {
                        done.status = 1;
                        done.err.push_str(&format!("printf: {word}: expected a numeric value\n"));
                    }
                    let number = number.unwrap_or(0).to_string();
                    done.out.extend(if letter == 's' { word } else { &number }.bytes());
                }
                other => return Err(named('%', other)),
            },
            '\\' => {
                if let Some(byte) = byte_of(&mut characters, 8, 3) {
                    done.out.push(byte);
                } else if !escaped(&mut characters, &mut done.out) {
                    match characters.next() {
                        Some(quote @ ('"' | '\'')) => done.out.extend(quote.to_string().bytes()),
                        other => return Err(named('\\', other)),
                    }
                }
            }
            character => done.out.extend(character.to_string().bytes()),
        }
    }
    Ok(takes_some)
}
