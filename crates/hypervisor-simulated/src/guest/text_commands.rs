//! The text commands of a simulated guest: `head`, `tail`, `grep`, `wc`.

use super::{
    expressions::{STEPS_MAX, Wanted},
    process::{Done, Guest, OUTPUT_MAX, complain, fails},
    readers::Need,
};
use crate::bounds::Bound;

/// Lines that `head` and `tail` print by default.
const LINES: usize = 10;
/// The options of `grep`.
const GREP: &str = "cEFiqv";
/// The maximum bytes that one command reads.
const READ_MAX: usize = 2 * 1024 * 1024;

/// Passes the files to `see`, one after the other, with their numbers and paths. An unreadable file is reported; a
/// command that reads or prints too much prints only that error. Returns whether it came to the end.
fn each_file(
    (name, paths): (&str, &[&str]),
    guest: &Guest<'_>,
    done: &mut Done,
    mut see: impl FnMut(&mut Done, usize, &str, &[u8]),
) -> bool {
    if paths.is_empty() {
        see(done, 0, "", guest.input.take());
        return true;
    }
    let mut read = 0;
    for (number, path) in paths.iter().enumerate() {
        let body = match guest.read(&guest.place(path)) {
            Ok(body) => body,
            Err(why) => {
                complain(done, name, path, &why);
                done.status = if name == "grep" { 2 } else { 1 };
                continue;
            }
        };
        read += body.len();
        let is_readable = read <= READ_MAX;
        if is_readable {
            see(done, number, path, &body);
        }
        if !is_readable || done.out.len() > OUTPUT_MAX {
            let why = if is_readable {
                guest.prints_too_much(name)
            } else {
                guest.reached(Bound::Reading);
                format!("{name}: one command reads no more than {READ_MAX} bytes here")
            };
            *done = fails(&why, 2);
            return false;
        }
    }
    true
}

/// The options' letters and the other arguments; or the first unknown letter.
fn letters<'a, 'b>(arguments: &'a [&'b str], known: &str) -> Result<(String, &'a [&'b str]), char> {
    let count = arguments.iter().take_while(|word| word.len() > 1 && word.starts_with('-')).count();
    let (options, rest) = arguments.split_at(count);
    let letters: String = options.iter().flat_map(|option| option[1..].chars()).collect();
    match letters.chars().find(|letter| !known.contains(*letter)) {
        Some(letter) => Err(letter),
        None => Ok((letters, rest)),
    }
}

/// The number of lines that `head` and `tail` are asked for, and their files.
pub(crate) fn count<'a, 'b>(arguments: &'a [&'b str]) -> (Option<usize>, &'a [&'b str]) {
    match arguments {
        ["-n", count, paths @ ..] => (count.parse().ok(), paths),
        [option, paths @ ..] if option.len() > 1 && option.starts_with('-') => {
            (option[1..].trim_start_matches('n').parse().ok(), paths)
        }
        paths => (Some(LINES), paths),
    }
}

/// `head [-n N | -N] FILE...` and `tail` with the same options.
pub(crate) fn ends(name: &str, arguments: &[&str], guest: &Guest<'_>) -> Done {
    let (count, paths) = count(arguments);
    let Some(count) = count else { return fails(&format!("{name}: only -n N is known here"), 1) };
    let mut done = Done::default();
    each_file((name, paths), guest, &mut done, |done, number, path, body| {
        if paths.len() > 1 {
            let gap = if number == 0 { "" } else { "\n" };
            done.out.extend(format!("{gap}==> {path} <==\n").bytes());
        }
        let lines = || body.split_inclusive(|byte| *byte == b'\n');
        let skipped = if name == "tail" { lines().count().saturating_sub(count) } else { 0 };
        lines().skip(skipped).take(count).for_each(|line| done.out.extend_from_slice(line));
    });
    done
}

/// How much `grep -q` reads of its input.
pub(crate) fn need(arguments: &[&str]) -> Option<Need> {
    let (letters, rest) = letters(arguments, GREP).ok()?;
    let given = |letter| letters.contains(letter);
    let [pattern] = rest else { return None };
    let wanted = Wanted::of(pattern, given('F'), given('E'), given('i')).ok()?;
    given('q').then_some(Need::Match(wanted, given('v')))
}

/// `grep [-cEFiqv] TEXT FILE...`.
pub(crate) fn grep(arguments: &[&str], guest: &Guest<'_>) -> Done {
    let (letters, rest) = match letters(arguments, GREP) {
        Ok(split) => split,
        Err(letter) => return fails(&format!("grep: only -c, -E, -F, -i, -q and -v are known here, not -{letter}"), 2),
    };
    let given = |letter| letters.contains(letter);
    let Some((pattern, paths)) = rest.split_first() else { return fails("grep: a text is expected", 2) };
    let wanted = match Wanted::of(pattern, given('F'), given('E'), given('i')) {
        Ok(wanted) => wanted,
        Err(what) => {
            return fails(&format!("grep: {what}; -F takes a text as it stands"), 2);
        }
    };
    let (mut steps, mut is_ended) = (STEPS_MAX, false);
    let mut done = Done { status: 1, ..Done::default() };
    each_file(("grep", paths), guest, &mut done, |done, _, path, body| {
        let body = String::from_utf8_lossy(body);
        let before = if paths.len() > 1 { format!("{path}:") } else { String::new() };
        let mut count = 0;
        for line in body.lines() {
            match wanted.is_in(line, &mut steps) {
                Some(holds) if holds != given('v') => {}
                Some(_) => continue,
                None => {
                    is_ended = true;
                    break;
                }
            }
            count += 1;
            // Each line is preceded by its path, which may be long: checked before the whole output is built.
            if given('q') || done.out.len() > OUTPUT_MAX {
                break;
            }
            if !given('c') {
                done.out.extend(format!("{before}{line}\n").bytes());
            }
        }
        if count > 0 && done.status == 1 {
            done.status = 0;
        }
        if given('c') && !given('q') {
            done.out.extend(format!("{before}{count}\n").bytes());
        }
    });
    if is_ended {
        guest.reached(Bound::Reading);
        return fails(&format!("grep: ended: it looks for it in more than {STEPS_MAX} steps"), 2);
    }
    done
}

/// `wc [-clw] FILE...`.
pub(crate) fn wc(arguments: &[&str], guest: &Guest<'_>) -> Done {
    let (letters, paths) = match letters(arguments, "clw") {
        Ok(split) => split,
        Err(letter) => return fails(&format!("wc: only -c, -l and -w are known here, not -{letter}"), 1),
    };
    let row = |counts: [usize; 3], name: &str| {
        let shown = "lwc".chars().zip(counts).filter(|(letter, _)| letters.is_empty() || letters.contains(*letter));
        let shown = shown.map(|(_, count)| format!("{count} ")).collect::<String>() + name;
        shown.trim_end().to_owned() + "\n"
    };
    let (mut done, mut total) = (Done::default(), [0; 3]);
    let has_all = each_file(("wc", paths), guest, &mut done, |done, _, path, body| {
        let lines = body.iter().filter(|byte| **byte == b'\n').count();
        let counts = [lines, String::from_utf8_lossy(body).split_whitespace().count(), body.len()];
        total = std::array::from_fn(|place| total[place] + counts[place]);
        done.out.extend(row(counts, path).bytes());
    });
    if has_all && paths.len() > 1 {
        done.out.extend(row(total, "total").bytes());
    }
    done
}
