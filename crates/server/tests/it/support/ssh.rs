//! Logins with OpenSSH's own `ssh`, and the meaning of each outcome.
//!
//! Refused means exit status 255 *and* "Permission denied": `ssh` to a machine that is off ends with 255 too, but is
//! not refused.

use super::Home;
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Prints the id of the guest's boot.
pub(crate) const BOOT: &str = "cat /proc/sys/kernel/random/boot_id";

/// A private key's file, and its public half.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) file: PathBuf,
    pub(crate) public: String,
}

impl Key {
    /// Makes an Ed25519 key in the home.
    pub(crate) fn new(home: &Home, name: &str) -> Key {
        let file = home.beside(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", &format!("{name}@laptop"), "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let public = std::fs::read_to_string(file.with_extension("pub")).unwrap().trim().to_owned();
        Key { file, public }
    }

    /// Saves a private key from a reply.
    pub(crate) fn saved(home: &Home, name: &str, private: &str) -> Key {
        let file = home.beside(name);
        std::fs::write(&file, private).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        Key { file, public: String::new() }
    }
}

/// The outcome of an `ssh`.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
    /// The command's output; the login and the command must have succeeded.
    #[track_caller]
    pub(crate) fn entered(&self) -> &str {
        assert_eq!(self.status, 0, "did not enter: {self:?}");
        &self.out
    }

    #[track_caller]
    pub(crate) fn refused(&self) {
        assert!(self.status == 255 && self.err.contains("Permission denied"), "was not refused: {self:?}");
    }
}

/// Logs in with a key. `instance` is as DescribeInstances shows it.
pub(crate) fn with_key(instance: &Value, key: &Key, command: &str) -> Outcome {
    let mut ssh = ssh();
    ssh.arg("-i").arg(&key.file).args(["-o", "BatchMode=yes", "-o", "PreferredAuthentications=publickey"]);
    run(ssh, instance, command)
}

/// Logs in with a password, which OpenSSH reads through SSH_ASKPASS, because there is no terminal.
pub(crate) fn with_password(home: &Home, instance: &Value, password: &str, command: &str) -> Outcome {
    let ask = askpass(home);
    let mut ssh = ssh();
    ssh.args(["-o", "PreferredAuthentications=password", "-o", "PubkeyAuthentication=no"]);
    ssh.args(["-o", "NumberOfPasswordPrompts=1"]);
    ssh.env("ASKED_PASSWORD", password).env("SSH_ASKPASS", ask).env("SSH_ASKPASS_REQUIRE", "force");
    ssh.env("DISPLAY", ":0");
    run(ssh, instance, command)
}

/// The methods that a machine's sshd offers before any authentication.
#[track_caller]
pub(crate) fn methods(instance: &Value) -> Vec<String> {
    let mut ssh = ssh();
    ssh.args(["-o", "PreferredAuthentications=none", "-o", "BatchMode=yes"]);
    let outcome = run(ssh, instance, "true");
    outcome.refused();
    let (_, offered) = outcome.err.split_once("Permission denied (").unwrap_or_else(|| panic!("{outcome:?}"));
    offered.split(')').next().unwrap_or_default().split(',').map(str::to_owned).collect()
}

/// A program that prints the password in `ASKED_PASSWORD`.
pub(crate) fn askpass(home: &Home) -> PathBuf {
    let ask = home.beside("askpass");
    if !ask.exists() {
        // Renamed into place: two logins may run it at once.
        let half = home.beside(&format!("askpass-{:?}", std::thread::current().id()));
        std::fs::write(&half, "#!/bin/sh\nprintf '%s\\n' \"$ASKED_PASSWORD\"\n").unwrap();
        std::fs::set_permissions(&half, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::rename(&half, &ask).unwrap();
    }
    ask
}

fn ssh() -> Command {
    let mut ssh = Command::new("ssh");
    ssh.args(["-T", "-F", "none"]);
    let nothing = Path::new("/dev/null").display();
    for option in [
        "StrictHostKeyChecking=no".to_owned(),
        format!("UserKnownHostsFile={nothing}"),
        format!("GlobalKnownHostsFile={nothing}"),
        "ConnectTimeout=10".into(),
        "IdentityAgent=none".into(),
        "IdentitiesOnly=yes".into(),
        "LogLevel=ERROR".into(),
    ] {
        ssh.arg("-o").arg(option);
    }
    ssh
}

fn run(mut ssh: Command, instance: &Value, command: &str) -> Outcome {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no address: {instance}")).to_owned();
    let (user, address) = (text(&instance["DefaultLoginUser"]), text(&instance["PrivateIpAddresses"][0]));
    ssh.arg("-p").arg(instance["DefaultLoginPort"].to_string()).arg(format!("{user}@{address}")).arg(command);
    let done = ssh.stdin(Stdio::null()).output().unwrap();
    Outcome {
        status: done.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}
