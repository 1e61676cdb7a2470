//! The file commands of a simulated guest: `chmod`, `ls`, `test`, scripts.

use super::{
    moving,
    process::{COPIED_MAX, Done, Effect, Guest, Script, complain, fails, split, too_much_copied},
    shell::Options,
};

pub(crate) fn test(arguments: &[&str], guest: &Guest<'_>) -> Done {
    let is_file = |path: &str| guest.read(&guest.place(path)).is_ok();
    let is_program = |path: &str| guest.files.file(&guest.place(path)).is_some_and(|(mode, _)| mode & 0o111 != 0);
    let holds = match arguments {
        ["!", rest @ ..] => {
            let done = test(rest, guest);
            return if done.status > 1 { done } else { Done { status: 1 - done.status, ..done } };
        }
        [] => false,
        ["-d", path] => guest.is_directory(path),
        ["-f", path] => is_file(path),
        ["-e" | "-r", path] => guest.exists(path),
        ["-x", path] => guest.is_directory(path) || is_program(path),
        ["-s", path] => guest.read(&guest.place(path)).is_ok_and(|body| !body.is_empty()),
        ["-z", text] => text.is_empty(),
        ["-n", text] | [text] => !text.is_empty(),
        [left, "=" | "==", right] => left == right,
        [left, "!=", right] => left != right,
        [left, comparison @ ("-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"), right] => {
            let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) else {
                return fails("test: a number is expected", 2);
            };
            match *comparison {
                "-eq" => left == right,
                "-ne" => left != right,
                "-lt" => left < right,
                "-le" => left <= right,
                "-gt" => left > right,
                _ => left >= right,
            }
        }
        _ => {
            return fails(
                "test: only -d, -f, -e, -r, -x, -s, -z, -n, =, != and -eq, -lt and the like are known here",
                2,
            );
        }
    };
    Done { status: u8::from(!holds), ..Done::default() }
}

/// A file in memory gets the mode; for other files a mode has no meaning here.
pub(crate) fn chmod(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    let Some((mode, paths)) = arguments.split_first().filter(|(_, paths)| !paths.is_empty()) else {
        return fails("chmod: missing operand", 1);
    };
    let Some(change) = mode_change(mode) else {
        return fails(&format!("chmod: {mode}: only numbers and +x, -x, +r, +w and the like are known here"), 1);
    };
    let mut done = Done::default();
    for path in paths {
        if !guest.files.set_mode(&guest.place(path), &change) && !guest.exists(path) {
            complain(&mut done, "chmod", path, "No such file or directory");
        }
    }
    done
}

/// `0755`, `+x`, `u+x`, `go-rwx`, ...
fn mode_change(text: &str) -> Option<impl Fn(u32) -> u32 + use<>> {
    let (keep, set) = if let Ok(mode) = u32::from_str_radix(text, 8) {
        (0, mode & 0o777)
    } else {
        let at = text.find(['+', '-'])?;
        let (who, what) = (&text[..at], &text[at + 1..]);
        let mut bits = 0;
        for letter in what.chars() {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                _ => return None,
            };
        }
        let mut whose = if who.is_empty() { 0o777 } else { 0 };
        for letter in who.chars() {
            whose |= match letter {
                'u' => 0o700,
                'g' => 0o070,
                'o' => 0o007,
                'a' => 0o777,
                _ => return None,
            };
        }
        let bits = bits & whose;
        if text[at..].starts_with('+') { (0o777, bits) } else { (0o777 & !bits, 0) }
    };
    Some(move |mode| mode & keep | set)
}

pub(crate) fn mkdir(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    let (options, paths) = split(arguments);
    let parents = options.iter().any(|option| option.contains('p'));
    let mut done = Done::default();
    for path in paths {
        let at = guest.place(path);
        if !parents && guest.is_directory(path) {
            complain(&mut done, "mkdir", path, "File exists");
            continue;
        }
        let ends = at.match_indices('/').map(|(end, _)| end).filter(|end| parents && *end > 0).chain([at.len()]);
        for end in ends {
            if let Err(why) = guest.files.make_directory(&at[..end], guest.machine, guest.now_ms) {
                complain(&mut done, "mkdir", path, &why);
                break;
            }
        }
    }
    done
}

pub(crate) fn rm(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    let (options, paths) = split(arguments);
    let given = |letters: [char; 2]| options.iter().any(|option| option.contains(letters));
    let mut done = Done::default();
    for path in paths {
        let at = guest.place(path);
        if moving::ends_with_dots(path) {
            complain(&mut done, "rm", path, "refusing to remove '.' or '..'");
        } else if at == guest.machine.keys_path() {
            done.effect = Some(Effect::Keys(String::new()));
        } else if guest.is_directory(path) && !given(['r', 'R']) {
            complain(&mut done, "rm", path, "Is a directory");
        } else if !guest.files.remove(&at) {
            if guest.exists(path) {
                complain(&mut done, "rm", path, "this stays in a simulated guest");
            } else if !given(['f', 'f']) {
                complain(&mut done, "rm", path, "No such file or directory");
            }
        }
    }
    done
}

/// `tee [-a] FILE...`: prints its input, and writes it to files.
pub(crate) fn tee(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    let (options, paths) = split(arguments);
    if let Some(other) = options.iter().find(|option| **option != "-a") {
        return fails(&format!("tee: {other}: only -a is known here"), 1);
    }
    let input = guest.input.take();
    let mut done = Done { out: input.to_vec(), ..Done::default() };
    let mut written = 0;
    for path in paths {
        let at = guest.place(path);
        if at == "/dev/null" {
            continue;
        }
        let before = if options.is_empty() { Vec::new() } else { guest.read(&at).unwrap_or_default() };
        written += before.len() + input.len();
        if written > COPIED_MAX {
            complain(&mut done, "tee", path, &too_much_copied(guest));
            break;
        }
        if let Err(why) = guest.write(&at, [&*before, input].concat(), &mut done) {
            complain(&mut done, "tee", path, &why);
        }
    }
    done
}

/// Creates missing files; no options are supported.
pub(crate) fn touch(paths: &[&str], guest: &mut Guest<'_>) -> Done {
    if let Some(option) = paths.iter().find(|path| path.starts_with('-')) {
        return fails(&format!("touch: no options are known here, not {option}"), 1);
    }
    if paths.is_empty() {
        return fails("touch: missing file operand", 1);
    }
    let mut done = Done::default();
    for path in paths {
        let at = guest.place(path);
        let stands = guest.files.touch(&at, guest.now_ms) || guest.exists(path);
        if !stands && let Err(why) = guest.write(&at, Vec::new(), &mut done) {
            complain(&mut done, "touch", path, &why);
        }
    }
    done
}

/// `sh [-e] PATH ARGUMENTS`, `sh -c TEXT`, `. PATH`.
pub(crate) fn script(shell: &str, arguments: &[&str], assigned: Vec<(String, String)>, guest: &mut Guest<'_>) -> Done {
    let mut options = Options::default();
    let (given, rest) = match options.read(arguments, "cls") {
        Ok(read) => read,
        Err(other) => return unknown(shell, other),
    };
    let given = |letter| given.contains(letter);
    let sourced = matches!(shell, "." | "source");
    if !given('c') && !sourced && (rest.is_empty() || given('s')) {
        let text = String::from_utf8_lossy(guest.input.take()).into_owned();
        let arguments = own(&[&[shell], rest].concat());
        return runs(Script { text, arguments, options, sourced, is_input: true }, assigned);
    }
    let Some(first) = rest.first() else { return fails(&format!("{shell}: a script is expected"), 2) };
    let text = if given('c') {
        Ok((*first).to_owned())
    } else {
        guest.read(&guest.place(first)).map(|body| String::from_utf8_lossy(&body).into_owned())
    };
    match text {
        Ok(text) => runs(Script { text, arguments: own(rest), options, sourced, is_input: false }, assigned),
        Err(why) => fails(&format!("{shell}: {first}: {why}"), 127),
    }
}

/// Runs a script by its path: it must be executable and a shell script.
pub(crate) fn by_path(path: &str, arguments: &[&str], assigned: Vec<(String, String)>, guest: &Guest<'_>) -> Done {
    let Some((mode, body)) = guest.files.file(&guest.place(path)) else {
        return fails(&format!("sh: {path}: not found"), 127);
    };
    let text = String::from_utf8_lossy(body).into_owned();
    let first = text.lines().next().unwrap_or_default();
    let mut interpreter = first.strip_prefix("#!").unwrap_or("/bin/sh").split_whitespace();
    let shell = interpreter.by_ref().find(|word| *word != "/usr/bin/env").unwrap_or_default();
    if mode & 0o111 == 0 {
        return fails(&format!("sh: {path}: Permission denied"), 126);
    }
    if !matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "dash")) {
        return fails(&format!("sh: {path}: {shell}: only scripts of sh run in a simulated guest"), 126);
    }
    let mut options = Options::default();
    if let Err(other) = options.read(&interpreter.collect::<Vec<_>>(), "l") {
        return unknown(shell, other);
    }
    let arguments = own(&[&[path], arguments].concat());
    runs(Script { text, arguments, options, sourced: false, is_input: false }, assigned)
}

fn unknown(shell: &str, option: &str) -> Done {
    fails(&format!("{shell}: {option}: only -c, {} are known here", Options::KNOWN), 2)
}

fn own(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn runs(script: Script, assigned: Vec<(String, String)>) -> Done {
    Done { effect: Some(Effect::Script(script, assigned)), ..Done::default() }
}
