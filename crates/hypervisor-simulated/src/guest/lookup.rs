//! The commands that a guest has, and their paths: `command -v`, `which`, `type`, `help`.

use super::process::{Done, Guest, fails, prints};

/// Commands built into the shell.
const BUILT_IN: [&str; 23] = [
    ".", ":", "[", "break", "cd", "command", "continue", "echo", "exit", "export", "false", "help", "logout", "printf",
    "pwd", "read", "set", "source", "test", "true", "type", "umask", "unset",
];
/// Programs, whether the shell has a built-in of that name or not.
const PROGRAMS: [&str; 42] = [
    "[", "bash", "cat", "chmod", "cp", "date", "df", "echo", "env", "false", "grep", "halt", "head", "hostname", "id",
    "ls", "lsblk", "mkdir", "mv", "nproc", "poweroff", "printenv", "printf", "pwd", "reboot", "rm", "scp", "sed", "sh",
    "shutdown", "sleep", "sudo", "tail", "tee", "test", "touch", "true", "uname", "uptime", "wc", "which", "whoami",
];
/// Those of them that only root runs.
const OF_ROOT: [&str; 4] = ["halt", "poweroff", "reboot", "shutdown"];

/// Runs one of these commands.
pub(crate) fn run(name: &str, arguments: &[&str], guest: &Guest<'_>) -> Done {
    let built_in = &BUILT_IN[..];
    match (name, arguments) {
        ("command", ["-v", names @ ..]) => each(names, built_in, guest, |name, at| format!("{}\n", at.unwrap_or(name))),
        ("command", _) => fails("command: only -v, and a command's name, are known here", 2),
        ("type", names) => {
            let line = |name: &str, at: Option<&str>| match at {
                Some(at) => format!("{name} is {at}\n"),
                None => format!("{name} is a shell builtin\n"),
            };
            let mut done = each(names, built_in, guest, line);
            for name in names.iter().filter(|name| found(name, built_in, guest).is_none()) {
                done.err.push_str(&format!("type: {name}: not found\n"));
            }
            done
        }
        ("which", [option, ..]) if option.starts_with('-') => fails("which: no options are known here", 2),
        ("which", names) => each(names, &[], guest, |name, at| format!("{}\n", at.unwrap_or(name))),
        _ => prints(&format!(
            "This is a simulated guest of cvmd. It knows {}, pipes, <, <<, > and >>, $( ), $(( )), ( ), if, for, while, until, and scripts of sh without functions.",
            names().join(", ")
        )),
    }
}

/// The names of all commands.
fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = BUILT_IN.into_iter().chain(PROGRAMS).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Prints where each command is; the status is 1 when one is not found.
fn each(names: &[&str], built_in: &[&str], guest: &Guest<'_>, line: impl Fn(&str, Option<&str>) -> String) -> Done {
    let mut done = Done { status: u8::from(names.is_empty()), ..Done::default() };
    for name in names {
        match found(name, built_in, guest) {
            Some(Found::BuiltIn) => done.out.extend(line(name, None).into_bytes()),
            Some(Found::At(path)) => done.out.extend(line(name, Some(&path)).into_bytes()),
            None => done.status = 1,
        }
    }
    done
}

enum Found {
    BuiltIn,
    At(String),
}

fn found(name: &str, built_in: &[&str], guest: &Guest<'_>) -> Option<Found> {
    if name.contains('/') {
        let is_script = guest.files.file(&guest.place(name)).is_some_and(|(mode, _)| mode & 0o111 != 0);
        return (is_script || matches!(name, "/bin/sh" | "/bin/bash")).then(|| Found::At(name.to_owned()));
    }
    if built_in.contains(&name) {
        return Some(Found::BuiltIn);
    }
    let directory = if OF_ROOT.contains(&name) { "/usr/sbin" } else { "/usr/bin" };
    PROGRAMS.contains(&name).then(|| Found::At(format!("{directory}/{name}")))
}

#[cfg(test)]
mod test {
    use super::{
        super::{commands, files::Files, input::Input, shell::Shell},
        *,
    };
    use crate::{machine, memory::Memory};
    use std::sync::Arc;

    #[test]
    fn each_name_that_is_listed_is_known() {
        let machine = machine::test::seeded("", [1, 2]);
        let mut files = Files::new(Memory::all(Arc::default()).of_machine());
        for name in names().into_iter().chain(["/bin/sh", "nothing"]) {
            let mut shell = Shell::default();
            let input = Input::default();
            let mut guest = Guest { machine: &machine, files: &mut files, shell: &mut shell, input: &input, now_ms: 0 };
            let done = commands::run(&[name.to_owned()], &mut guest);
            assert_eq!(done.err.contains("not found"), name == "nothing", "{name}: {done:?}");
            assert_eq!(found(name, &BUILT_IN, &guest).is_none(), name == "nothing", "{name}");
        }
    }
}
