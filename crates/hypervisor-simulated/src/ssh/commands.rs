//! The commands of a simulated guest: what they print and with which status they end.

use crate::machine::{Machine, RESCUE_MOUNT};
use cvmd_model::System;
use std::fmt::Write;

/// What one command did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub out: String,
    pub err: String,
    pub status: u8,
    pub effect: Option<Effect>,
}

/// What a command does beside printing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    PowerOff,
    Reboot,
    /// The shell ends with this status.
    Exit(u8),
}

const KNOWN: &str = "cat, echo, exit, false, halt, hostname, id, lsblk, nproc, poweroff, pwd, reboot, shutdown, sudo, true, uname, uptime, whoami";
const KERNEL: &str = "6.1.0-cvmd";

/// Runs one command. `status` is that of the command before; `input` is what the client sent, where it has ended.
pub(crate) fn run(words: &[String], machine: &Machine, status: u8, input: &[u8]) -> Done {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut user = &*machine.entrance().user;
    if words.first() == Some(&"exec") && words.len() > 1 {
        words.remove(0);
    }
    while words.first() == Some(&"sudo") {
        words.remove(0);
        while words.first().is_some_and(|word| word.starts_with('-')) {
            words.remove(0);
        }
        user = "root";
    }
    let Some((name, arguments)) = words.split_first() else { return Done::default() };
    let rescue = machine.system() == System::Rescue;
    let power = |effect| {
        if user == "root" {
            Done { effect: Some(effect), ..Done::default() }
        } else {
            fails(&format!("{name}: must be root, try sudo"), 1)
        }
    };
    match *name {
        "true" | ":" => Done::default(),
        "false" => Done { status: 1, ..Done::default() },
        "hostname" => prints(machine.names().0),
        "whoami" => prints(user),
        "id" => id(user, arguments),
        "pwd" => prints(&machine.home()),
        "nproc" => prints(&machine.size.cpu.to_string()),
        "lsblk" => lsblk(machine),
        "uname" => uname(machine, arguments),
        "uptime" if arguments == ["-s"] => prints(&utc(machine.booted_ms / 1000)),
        "uptime" => fails("uptime: only `uptime -s`, the time of the boot, is known here", 1),
        "echo" => echo(arguments),
        "cat" => cat(machine, user, arguments, input),
        "exit" | "logout" => {
            let status = arguments.first().map_or(Some(status), |number| number.parse().ok());
            Done { effect: Some(Effect::Exit(status.unwrap_or(2))), ..Done::default() }
        }
        // As the vendor's guide begins; the rescue system has mounted the disk already.
        "mkdir" if rescue && arguments == ["-p", RESCUE_MOUNT] => Done::default(),
        "mount" if rescue && arguments == ["/dev/vda1", RESCUE_MOUNT] => Done::default(),
        "poweroff" | "halt" => power(Effect::PowerOff),
        "reboot" => power(Effect::Reboot),
        "shutdown" if arguments.contains(&"-r") => power(Effect::Reboot),
        "shutdown" => power(Effect::PowerOff),
        _ => {
            fails(&format!("cvmd-guest: {name}: command not found\nThis is a simulated guest; it knows {KNOWN}."), 127)
        }
    }
}

/// Whether a command waits for the client's input to end.
pub(crate) fn reads_input(words: &[String]) -> bool {
    words.iter().map(String::as_str).filter(|word| *word != "sudo").eq(["cat"])
}

fn prints(text: &str) -> Done {
    Done { out: format!("{text}\n"), ..Done::default() }
}

fn fails(text: &str, status: u8) -> Done {
    Done { err: format!("{text}\n"), status, ..Done::default() }
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

/// Virtio disks, the system disk first.
fn lsblk(machine: &Machine) -> Done {
    let mut done = prints("NAME SIZE TYPE");
    for (letter, size_gib) in ('a'..='z').zip(&machine.size.disks_gib) {
        _ = writeln!(done.out, "vd{letter} {size_gib}G disk");
    }
    done
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

fn echo(arguments: &[&str]) -> Done {
    match arguments.split_first() {
        Some((&"-n", rest)) => Done { out: rest.join(" "), ..Done::default() },
        _ => prints(&arguments.join(" ")),
    }
}

fn cat(machine: &Machine, user: &str, paths: &[&str], input: &[u8]) -> Done {
    let mut done = Done::default();
    if paths.is_empty() {
        done.out.push_str(&String::from_utf8_lossy(input));
    }
    let (host, os) = machine.names();
    for path in paths {
        match *path {
            path if machine.is_keys_path(path) => done.out.push_str(&machine.disk.authorized_keys),
            "/proc/sys/kernel/random/boot_id" => _ = writeln!(done.out, "{}", machine.boot.0),
            "/proc/meminfo" => _ = writeln!(done.out, "MemTotal: {} kB", machine.size.memory_gib << 20),
            "/etc/hostname" => _ = writeln!(done.out, "{host}"),
            "/etc/os-release" => _ = writeln!(done.out, "NAME=\"{os}\"\nPRETTY_NAME=\"{os}\""),
            "/dev/null" => {}
            "/etc/shadow" if user != "root" => {
                done.status = 1;
                _ = writeln!(done.err, "cat: {path}: Permission denied");
            }
            _ => {
                done.status = 1;
                _ = writeln!(done.err, "cat: {path}: No such file or directory");
            }
        }
    }
    done
}

/// `YYYY-MM-DD HH:MM:SS`, UTC.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days are counted from 1 March of year 0, so that a leap day ends a year
    // (https://howardhinnant.github.io/date_algorithms.html#civil_from_days).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_moment_is_told_in_utc() {
        assert_eq!(utc(0), "1970-01-01 00:00:00");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(utc(1_795_478_400), "2026-11-24 00:00:00");
    }
}
