//! `echo` and `printf`.

use super::process::{Done, Guest, OUTPUT_MAX, fails, prints};
use crate::bounds::Bound;

/// Runs one of these commands; `None` when `name` is not one of them.
pub(crate) fn run(name: &str, arguments: &[&str], guest: &Guest<'_>) -> Option<Done> {
    Some(match name {
        "echo" => echo(arguments),
        "printf" => printf(arguments, guest),
        _ => return None,
    })
}

fn echo(arguments: &[&str]) -> Done {
    match arguments.split_first() {
        Some((&"-n", rest)) => Done { out: rest.join(" ").into_bytes(), ..Done::default() },
        _ => prints(&arguments.join(" ")),
    }
}

/// A part of a `printf` format.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Word,
    Number,
}

/// `printf FORMAT ARGUMENT...`: repeats the format until the arguments are used up.
fn printf(arguments: &[&str], guest: &Guest<'_>) -> Done {
    let arguments = arguments.strip_prefix(&["--"]).unwrap_or(arguments);
    let Some((format, mut arguments)) = arguments.split_first() else {
        return fails("printf: a format is expected", 2);
    };
    let parts = match parts(format) {
        Ok(parts) => parts,
        Err(what) => return fails(&format!("printf: {what}: of these only %s, %d and %% are known here"), 2),
    };
    let takes_some = parts.iter().any(|part| !matches!(part, Part::Text(_)));
    let mut done = Done::default();
    loop {
        for part in &parts {
            if let Part::Text(text) = part {
                done.out.extend(text.bytes());
            } else {
                let (word, rest) = arguments.split_first().map_or(("", arguments), |(word, rest)| (*word, rest));
                arguments = rest;
                let number = word.parse::<i64>();
                if *part == Part::Word {
                    done.out.extend(word.bytes());
                } else {
                    if number.is_err() && !word.is_empty() {
                        done.status = 1;
                        done.err.push_str(&format!("printf: {word}: expected a numeric value\n"));
                    }
                    done.out.extend(number.unwrap_or(0).to_string().bytes());
                }
            }
            if done.out.len() > OUTPUT_MAX {
                guest.files.memory().bounds.reached(Bound::Output);
                return fails(&format!("printf: one command prints no more than {OUTPUT_MAX} bytes here"), 1);
            }
        }
        if arguments.is_empty() || !takes_some {
            return done;
        }
    }
}

/// The parts of a format; or the part that is not supported.
fn parts(format: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut text) = (Vec::new(), String::new());
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        let part = match character {
            '%' => match characters.next() {
                Some('%') => {
                    text.push('%');
                    continue;
                }
                Some('s') => Part::Word,
                Some('d' | 'i') => Part::Number,
                other => return Err(format!("%{}", other.map_or(String::new(), String::from))),
            },
            '\\' => {
                match characters.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(escaped @ ('\\' | '"' | '\'')) => text.push(escaped),
                    other => return Err(format!("\\{}", other.map_or(String::new(), String::from))),
                }
                continue;
            }
            character => {
                text.push(character);
                continue;
            }
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(part);
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}
