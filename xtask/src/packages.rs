//! The system's packages: the programs that lanes call, the Debian packages that hold them, and installing the missing
//! ones.

use crate::{shell, tally::Tally};
use std::{fs, path::Path, process::Command};

/// A program, or a file's path, and its package.
pub type Wanted = (&'static str, &'static str);

/// Programs that the lanes call. Without one of them some checks are skipped and reported.
pub const FOR_THE_LANES: &[Wanted] = &[
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("python3", "python3"),
    // Certificate authorities for pip, npm and git.
    ("/etc/ssl/certs/ca-certificates.crt", "ca-certificates"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("packer", "packer"),
    // Clients of SSH that are not OpenSSH's.
    ("plink", "putty-tools"),
    ("dbclient", "dropbear-bin"),
    ("/usr/share/java/jsch.jar", "libjsch-java"),
    ("javac", "default-jdk-headless"),
    ("php", "php-cli"),
    ("/usr/share/php/phpseclib3/autoload.php", "php-phpseclib3"),
    ("ruby", "ruby"),
    ("/usr/share/doc/ruby-net-ssh/copyright", "ruby-net-ssh"),
    // Commands that the pages show, and the shells to run them.
    ("bash", "bash"),
    ("zsh", "zsh"),
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("sqlite3", "sqlite3"),
    ("nc", "netcat-openbsd"),
    ("unshare", "util-linux"),
    // The benches measure logins against it.
    (SSHD, "openssh-server"),
];

const SSHD: &str = "/usr/sbin/sshd";
/// Packages run it before they start a service (Debian's invoke-rc.d).
const POLICY: &str = "/usr/sbin/policy-rc.d";
const INSTALL: [&str; 3] = ["install", "--yes", "--no-install-recommends"];

/// Packages of the missing programs, each once.
pub fn missing(wanted: &[Wanted]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = Vec::new();
    for (_, package) in wanted.iter().filter(|(thing, _)| !is_there(thing)) {
        if !packages.contains(package) {
            packages.push(package);
        }
    }
    packages
}

/// Installs them all at once; where one is not available, the others one by one.
pub fn install(packages: &[&str]) -> Tally {
    if packages.is_empty() {
        return Tally::passed(1);
    }
    if !is_root() {
        return Tally::skipped(format!("system packages: only root installs them. Once, before: {}", line(packages)));
    }
    let policy = Policy::set(packages);
    let tally = match apt_get(&["update"]).and_then(|()| apt_get(&[&INSTALL, packages].concat())) {
        Ok(()) => Tally::passed(1),
        Err(_) => one_by_one(packages),
    };
    drop(policy);
    tally
}

fn one_by_one(packages: &[&str]) -> Tally {
    let mut tally = Tally::default();
    for package in packages {
        let installed = apt_get(&[&INSTALL[..], &[package]].concat());
        let skipped = |why| Tally::skipped(format!("{package}: {why}"));
        tally.add(installed.map_or_else(skipped, |()| Tally::passed(1)));
    }
    tally
}

/// The command for somebody who is root, ready to copy.
pub fn line(packages: &[&str]) -> String {
    let names = packages.join(" ");
    format!("sudo sh -c 'apt-get update && apt-get {} {names}'", INSTALL.join(" "))
}

pub fn is_root() -> bool {
    shell::read(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}

fn is_there(thing: &str) -> bool {
    if thing.starts_with('/') { Path::new(thing).exists() } else { shell::is_there(thing) }
}

/// While this file exists no package starts a service: we want sshd's program, not a running sshd on the developer's
/// computer.
struct Policy {
    made: bool,
    brings_sshd: bool,
}

impl Policy {
    fn set(packages: &[&str]) -> Policy {
        let made = !Path::new(POLICY).exists() && fs::write(POLICY, "#!/bin/sh\nexit 101\n").is_ok();
        if made {
            let _ = shell::run(Command::new("chmod").args(["0755", POLICY]));
        }
        Policy { made, brings_sshd: packages.contains(&"openssh-server") }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.made {
            let _ = fs::remove_file(POLICY);
        }
        // And not at the next boot either.
        if self.brings_sshd && Path::new("/run/systemd/system").exists() {
            let _ = shell::run(Command::new("systemctl").args(["--quiet", "disable", "ssh.service"]));
        }
    }
}

fn apt_get(words: &[&str]) -> Result<(), String> {
    let quiet = ["--quiet", "--quiet"];
    shell::run(Command::new("apt-get").args(quiet).args(words).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_missing_is_named_once_and_what_is_there_is_not() {
        let wanted = [("no-such-a", "one"), ("no-such-b", "one"), ("/no/such/c", "two"), ("sh", "dash"), ("/", "all")];
        assert_eq!(missing(&wanted), ["one", "two"]);
    }

    #[test]
    fn the_line_for_others_can_be_copied() {
        let expected = "sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends npm zsh'";
        assert_eq!(line(&["npm", "zsh"]), expected);
    }
}
