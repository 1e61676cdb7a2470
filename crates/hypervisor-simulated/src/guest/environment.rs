//! A guest's shell settings: its directory, its variables and its options, and the commands that change them.

use super::{
    files::absolute,
    process::{Done, Guest, directory, fails, prints},
    shell::{Options, Shell, assignment, is_name},
};
use crate::machine::Machine;

/// The PATH that Debian's sshd sets, for root and for others.
const PATHS: [&str; 2] =
    ["/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/usr/local/bin:/usr/bin:/bin:/usr/games"];

/// Sets the variables that sshd and a login set in a shell; variables that are already set stay.
pub(crate) fn log_in(shell: &mut Shell, machine: &Machine) {
    let user = machine.entrance().user.to_string();
    let path = PATHS[usize::from(user != "root")];
    let pwd = directory(shell, machine);
    shell.variables.extend([("HOME".to_owned(), machine.home()), ("PWD".to_owned(), pwd)]);
    for (name, value) in [("USER", &*user), ("LOGNAME", &user), ("SHELL", "/bin/bash"), ("PATH", path)] {
        shell.variables.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
}

pub(crate) fn unset(names: &[&str], shell: &mut Shell) -> Done {
    for name in names {
        shell.variables.remove(*name);
    }
    Done::default()
}

pub(crate) fn cd(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    let from = directory(guest.shell, guest.machine);
    let back = guest.shell.variables.get("OLDPWD").cloned();
    let to = match *arguments {
        [] => guest.machine.home(),
        ["-"] => match &back {
            Some(back) => back.clone(),
            None => return fails("cd: OLDPWD not set", 1),
        },
        [path] => absolute(path, &from),
        _ => return fails("cd: too many arguments", 1),
    };
    if !guest.files.is_directory(&to, guest.machine) {
        let why = if guest.read(&to).is_ok() { "Not a directory" } else { "No such file or directory" };
        return fails(&format!("cd: {}: {why}", arguments.first().unwrap_or(&"")), 1);
    }
    guest.shell.directory = Some(to.clone());
    guest.shell.variables.extend([("OLDPWD".to_owned(), from), ("PWD".to_owned(), to.clone())]);
    if arguments == ["-"] { prints(&to) } else { Done::default() }
}

/// Prints all variables, exported or not: scripts see them all here. And those that are assigned for this command alone.
pub(crate) fn printenv(names: &[&str], assigned: Vec<(String, String)>, guest: &Guest<'_>) -> Done {
    let mut variables = guest.shell.variables.clone();
    variables.extend(assigned);
    let mut done = Done::default();
    if names.is_empty() {
        for (name, value) in variables.iter().filter(|(name, _)| is_name(name)) {
            done.out.extend(format!("{name}={value}\n").into_bytes());
        }
    }
    for name in names {
        match variables.get(*name).filter(|_| is_name(name)) {
            Some(value) => done.out.extend(format!("{value}\n").into_bytes()),
            None => done.status = 1,
        }
    }
    done
}

pub(crate) fn export(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    for word in arguments {
        match assignment(word) {
            Some((name, value)) => _ = guest.shell.variables.insert(name.to_owned(), value.to_owned()),
            None if is_name(word) => {}
            None => return fails(&format!("export: {word}: not a name"), 2),
        }
    }
    Done::default()
}

/// The permissions that new files do not get.
pub(crate) fn umask(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    match arguments {
        [] => prints(&format!("{:04o}", guest.shell.umask())),
        [mask] => match u32::from_str_radix(mask, 8) {
            Ok(mask) if mask <= 0o777 => {
                guest.shell.umask = Some(mask);
                Done::default()
            }
            _ => fails(&format!("umask: {mask}: up to 777 in octal is known here"), 1),
        },
        _ => fails("umask: too many arguments", 1),
    }
}

pub(crate) fn set(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    match guest.shell.options.read(arguments, "") {
        Ok((_, [])) => Done::default(),
        Ok((_, &[word, ..])) | Err(word) => fails(&format!("set: {word}: only {} are known here", Options::KNOWN), 2),
    }
}
