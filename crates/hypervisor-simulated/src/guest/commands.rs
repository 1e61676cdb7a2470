//! The commands of a simulated guest: their output and exit status.

use super::{
    dates, environment, file_commands, listing, lookup, moving, printing,
    process::{Done, Effect, Guest, OUTPUT_MAX, complain, directory, fails, prints},
    readers::Need,
    sed,
    shell::{Leaving, Shell, assignment, is_name},
    text_commands,
};
use crate::machine::{Machine, RESCUE_MOUNT};
use cvmd_model::System;
use std::{io::Write as _, time::Duration};

const KERNEL: &str = "6.1.0-cvmd";

/// What precedes a command's name.
struct Before<'a> {
    assigned: Vec<(String, String)>,
    user: &'a str,
    /// `env`, which without a command prints the variables.
    is_env: bool,
}

/// Splits variables, `sudo`, `env`, `exec` and `command` off the front of a command's words. Returns the remaining
/// words too.
fn before<'a, 'b>(words: &'b [&'a str], user: &'a str) -> (Before<'a>, &'b [&'a str]) {
    // A slice of the words left: to remove words from a list's front would move all others each time.
    let mut words = words;
    let mut before = Before { assigned: Vec::new(), user, is_env: false };
    while let Some(first) = words.first().copied() {
        if let Some((name, value)) = assignment(first) {
            before.assigned.push((name.to_owned(), value.to_owned()));
            words = &words[1..];
        } else if first == "sudo" {
            let options = words[1..].iter().take_while(|word| word.starts_with('-')).count();
            words = &words[1 + options..];
            before.user = "root";
        } else if first == "env"
            || first == "exec" && words.len() > 1
            || first == "command" && words.get(1).is_some_and(|next| !next.starts_with('-'))
        {
            before.is_env = first == "env";
            words = &words[1..];
        } else {
            break;
        }
    }
    (before, words)
}

/// Runs one command, with the variables assigned before its name.
pub(crate) fn run(words: &[String], guest: &mut Guest<'_>) -> Done {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (Before { assigned, user, is_env }, words) = before(&words, &guest.machine.entrance().user);
    match words.split_first() {
        None if is_env => environment::printenv(&[], assigned, guest),
        None => {
            guest.shell.variables.extend(assigned);
            Done::default()
        }
        Some((name, _)) if is_env && name.starts_with('-') => {
            fails(&format!("env: {name}: only NAME=VALUE before a command is known here"), 125)
        }
        Some((name, arguments)) => named(name, arguments, assigned, user, guest),
    }
}

/// The commands by their names.
fn named(name: &str, arguments: &[&str], assigned: Vec<(String, String)>, user: &str, guest: &mut Guest<'_>) -> Done {
    let machine = guest.machine;
    let power = |effect| match user {
        "root" => Done { effect: Some(effect), ..Done::default() },
        _ => fails(&format!("{name}: must be root, try sudo"), 1),
    };
    match name {
        "true" | ":" => Done::default(),
        "false" => Done { status: 1, ..Done::default() },
        "cd" => environment::cd(arguments, guest),
        "pwd" => prints(&directory(guest.shell, machine)),
        "printenv" => environment::printenv(arguments, assigned, guest),
        "export" => environment::export(arguments, guest),
        "unset" => environment::unset(arguments, guest.shell),
        "set" => environment::set(arguments, guest),
        "umask" => environment::umask(arguments, guest),
        "command" | "type" | "which" | "help" => lookup::run(name, arguments, guest),
        "echo" => printing::echo(arguments),
        "printf" => printing::printf(arguments, guest),
        "head" | "tail" => text_commands::ends(name, arguments, guest),
        "grep" => text_commands::grep(arguments, guest),
        "wc" => text_commands::wc(arguments, guest),
        "test" => file_commands::test(arguments, guest),
        "[" => match arguments.split_last() {
            Some((&"]", arguments)) => file_commands::test(arguments, guest),
            _ => fails("[: missing ]", 2),
        },
        "chmod" => file_commands::chmod(arguments, guest),
        "cp" => moving::cp(arguments, guest),
        "mkdir" => file_commands::mkdir(arguments, guest),
        "mv" => moving::mv(arguments, guest),
        "rm" => file_commands::rm(arguments, guest),
        "tee" => file_commands::tee(arguments, guest),
        "touch" => file_commands::touch(arguments, guest),
        "ls" => listing::ls(arguments, guest),
        "sh" | "bash" | "/bin/sh" | "/bin/bash" | "." | "source" => {
            file_commands::script(name, arguments, assigned, guest)
        }
        "hostname" => hostname(machine, arguments, user),
        "whoami" => prints(user),
        "id" => id(user, arguments),
        "nproc" => prints(&machine.size.cpu.to_string()),
        "lsblk" => lsblk(machine),
        "df" => df(guest, arguments),
        "sed" => sed::run(arguments, guest),
        "read" => read(guest, arguments),
        "break" | "continue" => leaves(name, arguments, guest.shell),
        "uname" => uname(machine, arguments),
        "date" => dates::date(arguments, guest.now_ms / 1000),
        "uptime" => dates::uptime(arguments, machine.booted_ms / 1000, guest.now_ms / 1000),
        "cat" => cat(guest, user, arguments),
        "sleep" => sleep(arguments),
        "scp" => fails("scp: only the other side of a copy is known here, alone: scp -t TARGET, scp -f SOURCE...", 1),
        "exit" | "logout" => exit(name, arguments, guest.shell.status),
        // The vendor's guide begins with this command; the rescue system has mounted the disk already.
        "mount" if machine.system() == System::Rescue && arguments == ["/dev/vda1", RESCUE_MOUNT] => Done::default(),
        "poweroff" | "halt" => power(Effect::PowerOff),
        "reboot" => power(Effect::Reboot),
        "shutdown" if arguments.contains(&"-r") => power(Effect::Reboot),
        "shutdown" => power(Effect::PowerOff),
        path if path.contains('/') => file_commands::by_path(path, arguments, assigned, guest),
        _ => unknown(name, guest.shell),
    }
}

/// The message of `sh`, and once per shell a hint at the commands that exist.
fn unknown(name: &str, shell: &mut Shell) -> Done {
    let hint = if shell.hinted { "" } else { "\n(a simulated guest: `help` says which commands it knows)" };
    shell.hinted = true;
    fails(&format!("sh: 1: {name}: not found{hint}"), 127)
}

/// Whether a command reads the client's input to its end.
pub(crate) fn reads_input(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| *word != "sudo").collect();
    let Some((name, rest)) = words.split_first() else { return false };
    let named = rest.iter().filter(|word| !word.starts_with('-') && word.parse::<u64>().is_err()).count();
    match *name {
        "cat" => rest.is_empty() || rest == ["-"],
        "head" | "tail" | "wc" => named == 0,
        "grep" => named == 1,
        "sed" => named == 1 && !rest.contains(&"-i"),
        "sh" | "bash" => rest.is_empty() || rest.contains(&"-s"),
        "tee" | "read" => true,
        _ => false,
    }
}

/// How much a command reads of its input; `None` if it reads all, or none.
pub(crate) fn need(words: &[String]) -> Option<Need> {
    let words: Vec<&str> = words.iter().map(String::as_str).skip_while(|word| *word == "sudo").collect();
    match words.split_first()? {
        (&"head", arguments) => match text_commands::count(arguments) {
            (Some(lines), []) => Some(Need::Lines(lines)),
            _ => None,
        },
        (&"grep", arguments) => text_commands::need(arguments),
        (&"sed", arguments) => sed::need(arguments),
        (&"read", _) => Some(Need::Lines(1)),
        _ => None,
    }
}

fn id(user: &str, arguments: &[&str]) -> Done {
    let number = if user == "root" { 0 } else { 1000 };
    match arguments {
        [] => prints(&format!("uid={number}({user}) gid={number}({user}) groups={number}({user})")),
        ["-u" | "-g"] => prints(&number.to_string()),
        ["-un" | "-gn"] => prints(user),
        _ => fails("id: only -u, -g, -un and -gn are known here", 1),
    }
}

/// Lists virtio disks, the system disk first.
fn lsblk(machine: &Machine) -> Done {
    let mut done = prints("NAME SIZE TYPE");
    for (letter, size_gib) in ('a'..='z').zip(&machine.size.disks_gib) {
        _ = writeln!(done.out, "vd{letter} {size_gib}G disk");
    }
    done
}

/// Lists its disks; the files in memory count for the first.
fn df(guest: &Guest<'_>, arguments: &[&str]) -> Done {
    let is_known = |word: &&str| matches!(*word, "-h" | "-k" | "/");
    if !arguments.iter().all(is_known) {
        return fails("df: only -h, -k and / are known here", 1);
    }
    let size_gib = guest.machine.size.disks_gib.first().copied().unwrap_or_default();
    let used_kib = guest.files.bytes().div_ceil(1024);
    let size_kib = (size_gib as usize) << 20;
    let percent = (used_kib * 100).div_ceil(size_kib.max(1));
    if arguments.contains(&"-h") {
        prints(&format!(
            "Filesystem      Size  Used Avail Use% Mounted on\n/dev/vda1  {:>10}  {:>4} {:>5} {percent:>3}% /",
            format!("{size_gib}G"),
            format!("{used_kib}K"),
            format!("{size_gib}G"),
        ))
    } else {
        prints(&format!(
            "Filesystem     1K-blocks  Used Available Use% Mounted on\n/dev/vda1  {size_kib:>13} {used_kib:>5} {:>9} {percent:>3}% /",
            size_kib.saturating_sub(used_kib),
        ))
    }
}

/// `read [-r] NAME...`: reads a line of the input, one word per name; the last name gets the rest.
fn read(guest: &mut Guest<'_>, arguments: &[&str]) -> Done {
    let names = arguments.strip_prefix(&["-r"]).unwrap_or(arguments);
    if names.is_empty() || !names.iter().all(|name| is_name(name)) {
        return fails("read: names, and -r before them, are known here", 2);
    }
    let line = guest.input.line();
    let text = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    let mut rest = text.trim_matches(|blank: char| blank.is_ascii_whitespace());
    for (at, name) in names.iter().enumerate() {
        let (word, behind) = match rest.split_once(|blank: char| blank.is_ascii_whitespace()) {
            Some((word, behind)) if at + 1 < names.len() => (word, behind.trim_start()),
            _ => (rest, ""),
        };
        guest.shell.variables.insert((*name).to_owned(), word.to_owned());
        rest = behind;
    }
    Done { status: u8::from(!line.is_some_and(|line| line.ends_with(b"\n"))), ..Done::default() }
}

/// `break [N]` and `continue [N]`: they leave N loops, or all; outside of a loop they do nothing.
fn leaves(name: &str, arguments: &[&str], shell: &mut Shell) -> Done {
    let loops = arguments.first().map_or(Ok(1), |number| number.parse::<u32>());
    match loops {
        Ok(loops @ 1..) => {
            let leaving = Leaving { loops: loops.min(shell.loops), goes_on: name == "continue" };
            shell.leaving = (shell.loops > 0).then_some(leaving);
            Done::default()
        }
        _ => exits(format!("sh: 1: {name}: Illegal number: {}", arguments.concat()), 2),
    }
}

/// Ends the shell with a message.
fn exits(text: String, status: u8) -> Done {
    Done { effect: Some(Effect::Exit(status)), ..fails(&text, status) }
}

/// `exit [STATUS]`: only the lowest byte of the status counts, as for every process.
fn exit(name: &str, arguments: &[&str], status: u8) -> Done {
    match arguments.first().map(|number| number.parse::<i64>()) {
        None => Done { effect: Some(Effect::Exit(status)), ..Done::default() },
        Some(Ok(number)) => Done { effect: Some(Effect::Exit(number.to_le_bytes()[0])), ..Done::default() },
        Some(Err(_)) => exits(format!("sh: 1: {name}: Illegal number: {}", arguments[0]), 2),
    }
}

/// `sleep NUMBER[smhd]...`. It ends with its session at the latest.
fn sleep(arguments: &[&str]) -> Done {
    if arguments.is_empty() {
        return fails("sleep: missing operand", 1);
    }
    let mut time = Duration::ZERO;
    for word in arguments {
        let number = word.trim_end_matches(['s', 'm', 'h', 'd']);
        let unit = match &word[number.len()..] {
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => f64::NAN,
        };
        match number.parse::<f64>().map(|number| number * unit) {
            // More than a duration holds is for ever.
            Ok(seconds @ 0.0..) => {
                time = time.saturating_add(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
            }
            _ => return fails(&format!("sleep: invalid time interval '{word}'"), 1),
        }
    }
    Done { effect: Some(Effect::Sleep(time)), ..Done::default() }
}

/// Prints the name; it is the API's to change.
fn hostname(machine: &Machine, arguments: &[&str], user: &str) -> Done {
    match arguments {
        [] | ["-f" | "-s" | "--fqdn" | "--short"] => prints(machine.names().0),
        [option, ..] if option.starts_with('-') => fails("hostname: only -f and -s are known here", 1),
        _ if user == "root" => fails("hostname: the name of a simulated guest is its instance's", 1),
        _ => fails("hostname: you must be root to change the host name: Permission denied", 1),
    }
}

fn uname(machine: &Machine, arguments: &[&str]) -> Done {
    let (host, _) = machine.names();
    match arguments {
        [] | ["-s"] => prints("Linux"),
        ["-a"] => prints(&format!("Linux {host} {KERNEL} #1 SMP simulated by cvmd x86_64 GNU/Linux")),
        ["-n"] => prints(host),
        ["-r"] => prints(KERNEL),
        ["-m" | "-p" | "-i"] => prints("x86_64"),
        _ => fails("uname: only one of -a, -s, -n, -r, -m is known here", 1),
    }
}

fn cat(guest: &Guest<'_>, user: &str, paths: &[&str]) -> Done {
    let mut done = Done::default();
    if paths.is_empty() || paths == ["-"] {
        done.out.extend(guest.input.take());
        return done;
    }
    for path in paths {
        let read = match *path {
            "/etc/shadow" if user != "root" => Err("Permission denied".into()),
            path => guest.read(&guest.place(path)),
        };
        match read {
            Ok(body) if done.out.len() + body.len() > OUTPUT_MAX => {
                done.status = 1;
                done.err.push_str(&(guest.prints_too_much(&format!("cat: {path}")) + "\n"));
                break;
            }
            Ok(body) => done.out.extend(body),
            Err(why) => complain(&mut done, "cat", path, &why),
        }
    }
    done
}
