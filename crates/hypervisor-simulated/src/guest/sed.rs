//! `sed`, as far as provisioners use it: `s`, `d`, `p` and `q`, each for all lines, some, or those that match.

use super::{
    characters::Characters,
    expressions::{Endless, Expression, STEPS_MAX},
    process::{COPIED_MAX, Done, Guest, OUTPUT_MAX, complain, fails, too_much_copied},
    readers::Need,
};
use crate::bounds::Bound;

/// The maximum of commands of one script.
const COMMANDS_MAX: usize = 64;
const KNOWN: &str =
    "sed: s, d, p and q behind a number, $, /text/ or two of them are known here, with -n, -i, -E and -e";

#[derive(Debug)]
enum Address {
    Number(usize),
    Last,
    Holds(Expression),
}

#[derive(Debug)]
enum Verb {
    Substitute { wanted: Expression, with: Vec<Piece>, all: bool, print: bool },
    Delete,
    Print,
    Quit,
}

/// A part of a replacement.
#[derive(Debug)]
enum Piece {
    Text(String),
    Group(usize),
}

#[derive(Debug)]
struct Command {
    from: Option<Address>,
    to: Option<Address>,
    negated: bool,
    verb: Verb,
    /// The current line is between two addresses.
    is_inside: bool,
}

#[derive(Debug, Default)]
struct Options {
    quiet: bool,
    in_place: bool,
    extended: bool,
}

/// Runs `sed`.
pub(crate) fn run(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    match read(arguments) {
        Ok((options, commands, paths)) => edit(&options, commands, &paths, guest),
        Err(why) => fails(&why, 1),
    }
}

/// How much it reads of its input: up to the line at which a script such as `2q` quits.
pub(crate) fn need(arguments: &[&str]) -> Option<Need> {
    let (_, commands, paths) = read(arguments).ok()?;
    let lines = commands.iter().filter(|command| matches!(command.verb, Verb::Quit) && !command.negated);
    let lines = lines.filter_map(|command| match (&command.from, &command.to) {
        (None, _) => Some(1),
        (Some(Address::Number(line)), None) => Some(*line),
        _ => None,
    });
    lines.min().filter(|_| paths.is_empty()).map(Need::Lines)
}

/// The options, the commands of the script and the files; or a message.
fn read<'a>(arguments: &[&'a str]) -> Result<(Options, Vec<Command>, Vec<&'a str>), String> {
    let (mut options, mut scripts, mut rest) = (Options::default(), Vec::new(), Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match *word {
            "-n" => options.quiet = true,
            "-i" => options.in_place = true,
            "-E" | "-r" => options.extended = true,
            "-e" => scripts.extend(words.next().copied()),
            option if option.len() > 1 && option.starts_with('-') => return Err(KNOWN.into()),
            word => rest.push(word),
        }
    }
    let paths = if scripts.is_empty() && !rest.is_empty() { rest.split_off(1) } else { std::mem::take(&mut rest) };
    scripts.append(&mut rest);
    let text = scripts.join("\n");
    match (scripts.is_empty(), commands(&text, options.extended)) {
        (false, Ok(commands)) => Ok((options, commands, paths)),
        (_, Err(what)) if !what.is_empty() => Err(format!("sed: {what}")),
        _ => Err(KNOWN.into()),
    }
}

fn edit(options: &Options, mut commands: Vec<Command>, paths: &[&str], guest: &mut Guest<'_>) -> Done {
    let (mut done, mut steps, mut copied) = (Done::default(), STEPS_MAX, 0);
    if paths.is_empty() && options.in_place {
        return fails("sed: no input files", 1);
    }
    if paths.is_empty() {
        let body = guest.input.take();
        return match edited(body, &mut commands, options, &mut steps) {
            Ok(out) => Done { out, ..done },
            Err(why) => ended(why, guest),
        };
    }
    for path in paths {
        let place = guest.place(path);
        let body = match guest.read(&place) {
            Ok(body) => body,
            Err(why) => {
                complain(&mut done, "sed", path, &format!("can't read: {why}"));
                continue;
            }
        };
        commands.iter_mut().for_each(|command| command.is_inside = false);
        let out = match edited(&body, &mut commands, options, &mut steps) {
            Ok(out) => out,
            Err(why) => return ended(why, guest),
        };
        copied += body.len() + out.len();
        if copied > COPIED_MAX {
            let why = too_much_copied(guest);
            complain(&mut done, "sed", path, &why);
            return done;
        }
        if !options.in_place {
            done.out.extend(out);
        } else if let Err(why) = guest.write(&place, out, &mut done) {
            complain(&mut done, "sed", path, &why);
        }
    }
    done
}

/// Why it was not completed.
#[derive(Debug)]
enum Why {
    Endless,
    TooMuch,
    /// Its bytes are not UTF-8 text, and would be changed when written again.
    NoText,
}

impl From<Endless> for Why {
    fn from(_: Endless) -> Why {
        Why::Endless
    }
}

fn ended(why: Why, guest: &Guest<'_>) -> Done {
    match why {
        Why::NoText => fails("sed: what is not UTF-8 is not edited here", 4),
        Why::Endless => {
            guest.reached(Bound::Reading);
            fails(&format!("sed: ended: it looks for it in more than {STEPS_MAX} steps"), 4)
        }
        Why::TooMuch => fails(&guest.prints_too_much("sed"), 4),
    }
}

/// The edited text.
fn edited(body: &[u8], commands: &mut [Command], options: &Options, steps: &mut usize) -> Result<Vec<u8>, Why> {
    let text = std::str::from_utf8(body).map_err(|_| Why::NoText)?;
    let mut out = Vec::new();
    let mut lines = text.split_inclusive('\n').enumerate().peekable();
    while let Some((index, whole)) = lines.next() {
        let end = if whole.ends_with('\n') { "\n" } else { "" };
        let mut line: Vec<char> = whole.strip_suffix('\n').unwrap_or(whole).chars().collect();
        let is_last = lines.peek().is_none();
        let (mut prints, mut printed, mut quits) = (!options.quiet, 0, false);
        for command in commands.iter_mut() {
            *steps = steps.checked_sub(1).ok_or(Why::Endless)?;
            if !chosen(command, index + 1, is_last, &line, steps)? {
                continue;
            }
            match &command.verb {
                Verb::Delete => {
                    prints = false;
                    break;
                }
                Verb::Print => {
                    printed += 1;
                    put(&mut out, &line, "\n")?;
                }
                Verb::Quit => {
                    quits = true;
                    break;
                }
                Verb::Substitute { wanted, with, all, print } => {
                    let changed = substituted(&line, wanted, with, *all, steps)?;
                    if let Some(changed) = changed {
                        line = changed;
                        if *print {
                            printed += 1;
                            put(&mut out, &line, "\n")?;
                        }
                    }
                }
            }
        }
        if prints {
            put(&mut out, &line, end)?;
        } else if printed > 0 && end.is_empty() {
            // A last line without newline gets none.
            out.pop();
        }
        if quits {
            break;
        }
    }
    Ok(out)
}

fn put(out: &mut Vec<u8>, line: &[char], end: &str) -> Result<(), Why> {
    out.extend(line.iter().collect::<String>().into_bytes());
    out.extend(end.bytes());
    if out.len() > OUTPUT_MAX { Err(Why::TooMuch) } else { Ok(()) }
}

/// Whether a command applies to this line.
fn chosen(
    command: &mut Command,
    number: usize,
    is_last: bool,
    line: &[char],
    steps: &mut usize,
) -> Result<bool, Endless> {
    let mut is = |address: &Address| {
        Ok(match address {
            Address::Number(wanted) => *wanted == number,
            Address::Last => is_last,
            Address::Holds(wanted) => wanted.find(line, 0, steps)?.is_some(),
        })
    };
    let holds = match (&command.from, &command.to) {
        (None, _) => true,
        (Some(from), None) => is(from)?,
        (Some(_), Some(to)) if command.is_inside => {
            command.is_inside = !is(to)? && !matches!(to, Address::Number(end) if *end <= number);
            true
        }
        (Some(from), Some(to)) => {
            let begins = is(from)?;
            command.is_inside = begins
                && match to {
                    Address::Number(end) => *end > number,
                    Address::Last => !is_last,
                    Address::Holds(_) => true,
                };
            begins
        }
    };
    Ok(holds != command.negated)
}

/// The line with matches replaced; `None` without a match.
fn substituted(
    line: &[char],
    wanted: &Expression,
    with: &[Piece],
    all: bool,
    steps: &mut usize,
) -> Result<Option<Vec<char>>, Why> {
    let (mut changed, mut at) = (Vec::new(), 0);
    let mut any = false;
    while let Some(found) = wanted.find(line, at, steps)? {
        let Some((from, to)) = found[0] else { break };
        any = true;
        changed.extend(&line[at..from]);
        for piece in with {
            match piece {
                Piece::Text(text) => changed.extend(text.chars()),
                Piece::Group(number) => {
                    let (from, to) = found[*number].unwrap_or_default();
                    changed.extend(&line[from..to]);
                }
            }
        }
        *steps = steps.checked_sub(1 + with.len()).ok_or(Why::Endless)?;
        if changed.len() > OUTPUT_MAX {
            return Err(Why::TooMuch);
        }
        at = to;
        if from == to {
            // After an empty match the next character is copied.
            changed.extend(line.get(at));
            at += 1;
        }
        if !all || at > line.len() {
            break;
        }
    }
    changed.extend(line.get(at..).unwrap_or_default());
    Ok(any.then_some(changed))
}

fn unknown(what: &str) -> String {
    format!("{what} is not known here")
}

/// The commands of a script.
///
/// # Errors
/// What is not supported, for a message; empty if it makes no sense.
fn commands(text: &str, extended: bool) -> Result<Vec<Command>, String> {
    let mut reader = Reader { characters: Characters::of(text), extended };
    let mut commands = Vec::new();
    loop {
        reader.skip(|character| character.is_whitespace() || *character == ';');
        if reader.characters.peek().is_none() {
            return Ok(commands);
        }
        if commands.len() == COMMANDS_MAX {
            return Err(unknown(&format!("more than {COMMANDS_MAX} commands in a script")));
        }
        let from = reader.address()?;
        let mut to = None;
        if from.is_some() && reader.takes(',') {
            to = Some(reader.address()?.ok_or("")?);
        }
        reader.skip(|character| character.is_whitespace());
        let negated = reader.takes('!');
        let verb = match reader.characters.next().ok_or("")? {
            'd' => Verb::Delete,
            'p' => Verb::Print,
            'q' => Verb::Quit,
            's' => reader.substitute()?,
            other => return Err(unknown(&format!("`{other}`"))),
        };
        reader.skip(|character| matches!(character, ' ' | '\t'));
        if reader.characters.peek().is_some_and(|next| next != ';' && next != '\n') {
            return Err(String::new());
        }
        commands.push(Command { from, to, negated, verb, is_inside: false });
    }
}

struct Reader<'a> {
    characters: Characters<'a>,
    extended: bool,
}

impl Reader<'_> {
    fn takes(&mut self, wanted: char) -> bool {
        self.characters.next_if_eq(&wanted).is_some()
    }

    fn skip(&mut self, is: impl Fn(&char) -> bool) {
        while self.characters.next_if(&is).is_some() {}
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        if self.takes('$') {
            return Ok(Some(Address::Last));
        }
        if self.takes('/') {
            let text = self.up_to('/')?;
            return Ok(Some(Address::Holds(self.expression(&text, false)?)));
        }
        let mut digits = String::new();
        while let Some(digit) = self.characters.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        if digits.is_empty() {
            Ok(None)
        } else {
            digits.parse().map(|number| Some(Address::Number(number))).map_err(|_| String::new())
        }
    }

    /// Reads up to the separator, which a backslash escapes.
    fn up_to(&mut self, sign: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.characters.next().ok_or("")? {
                character if character == sign => return Ok(text),
                '\\' if self.characters.peek() == Some(sign) => text.extend(self.characters.next()),
                '\\' => {
                    text.push('\\');
                    text.extend(self.characters.next());
                }
                character => text.push(character),
            }
        }
    }

    fn expression(&self, text: &str, folded: bool) -> Result<Expression, String> {
        Expression::of(text, self.extended, folded)
    }

    /// Reads on after `s`.
    fn substitute(&mut self) -> Result<Verb, String> {
        let sign =
            self.characters.next().filter(|sign| !sign.is_alphanumeric() && !"\\\n".contains(*sign)).ok_or("")?;
        let (wanted, with) = (self.up_to(sign)?, self.up_to(sign)?);
        let (mut all, mut print, mut folded) = (false, false, false);
        while let Some(flag) = self.characters.next_if(|flag| flag.is_alphanumeric()) {
            match flag {
                'g' => all = true,
                'p' => print = true,
                'i' | 'I' => folded = true,
                other => return Err(unknown(&format!("`{other}` behind s"))),
            }
        }
        Ok(Verb::Substitute { wanted: self.expression(&wanted, folded)?, with: replacement(&with)?, all, print })
    }
}

fn replacement(text: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut plain) = (Vec::new(), String::new());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let group = match character {
            '&' => 0,
            '\\' => match characters.next().ok_or("")? {
                digit @ '0'..='9' => digit as usize - '0' as usize,
                'n' => {
                    plain.push('\n');
                    continue;
                }
                letter if letter.is_ascii_alphabetic() => return Err(unknown(&format!("\\{letter}"))),
                escaped => {
                    plain.push(escaped);
                    continue;
                }
            },
            character => {
                plain.push(character);
                continue;
            }
        };
        pieces.extend([Piece::Text(std::mem::take(&mut plain)), Piece::Group(group)]);
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

#[cfg(test)]
mod test {
    use super::*;

    fn sed(script: &str, quiet: bool, text: &str) -> String {
        let mut commands = commands(script, false).unwrap_or_else(|what| panic!("{script}: {what}"));
        let options = Options { quiet, ..Options::default() };
        let edited = edited(text.as_bytes(), &mut commands, &options, &mut STEPS_MAX.clone());
        String::from_utf8(edited.ok().unwrap()).unwrap()
    }

    #[test]
    fn texts_are_edited_as_sed_does() {
        for (script, quiet, text, expected) in [
            ("s/a/b/", false, "aa\na\n", "ba\nb\n"),
            ("s/a/b/g;s|b$|x|", false, "aa\na", "bx\nx"),
            (r"s/^#*\(Port\) .*/\1 22 & \&/", false, "#Port 1\n", "Port 22 #Port 1 &\n"),
            ("2d", false, "a\nb\nc\n", "a\nc\n"),
            ("/b/,$d", false, "a\nb\nc\n", "a\n"),
            ("2,3p", true, "a\nb\nc\nd\n", "b\nc\n"),
            ("$p", true, "a\nb", "b"),
            ("/a/!d", false, "a\nb\n", "a\n"),
            ("1q", false, "a\nb\n", "a\n"),
            ("s/x*/-/g", false, "abc\n", "-a-b-c-\n"),
            ("s/A/b/I;s/b/c/p", true, "a\nx\n", "c\n"),
            ("", false, "a\n", "a\n"),
        ] {
            assert_eq!(sed(script, quiet, text), expected, "{script}");
        }
    }

    #[test]
    fn what_is_no_text_is_left_as_it_is() {
        let mut commands = commands("s/a/b/", false).unwrap();
        let edited = edited(b"a\xff\n", &mut commands, &Options::default(), &mut STEPS_MAX.clone());
        assert!(matches!(edited, Err(Why::NoText)), "{edited:?}");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for script in ["y/a/b/", "s/a/b", "s/a/b/w f", "1,d", "a\\text", "s/(/x/;}", "p p", r"s/a/\L/", "{p"] {
            assert!(commands(script, true).is_err(), "{script}");
        }
    }
}
