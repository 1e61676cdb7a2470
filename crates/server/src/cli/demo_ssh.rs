//! The demo's logins: with the `ssh` in PATH, or with a client of its own where there is none.

use anyhow::Context;
use russh::{client, keys};
use std::{
    fs,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

/// The credential that a login uses.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way<'a> {
    /// With a private key in this file.
    Key(&'a Path),
    Password(&'a str),
    /// None, to see which methods are offered.
    Nothing,
}

/// The outcome of a login: ssh's exit status (255 when refused), its stdout and its stderr.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) status: i32,
    pub(crate) output: String,
    pub(crate) complained: String,
}

#[derive(Debug)]
pub(crate) enum Ssh {
    /// OpenSSH, with the script that passes passwords to it.
    Program {
        askpass: PathBuf,
    },
    Own,
}

#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(crate) user: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) port: u16,
}

const PATIENCE: Duration = Duration::from_secs(20);
const REFUSED: i32 = 255;

impl Ssh {
    pub(crate) fn find(directory: &Path) -> anyhow::Result<Ssh> {
        let there =
            Command::new("ssh").arg("-V").stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null()).status();
        if there.is_err() {
            return Ok(Ssh::Own);
        }
        let askpass = directory.join("askpass");
        fs::write(&askpass, "#!/bin/sh\nprintf '%s\\n' \"$CVMD_DEMO_PASSWORD\"\n")?;
        fs::set_permissions(&askpass, fs::Permissions::from_mode(0o700))?;
        Ok(Ssh::Program { askpass })
    }

    pub(crate) fn enter(&self, entrance: &Entrance, way: Way<'_>, command: &str) -> anyhow::Result<Attempt> {
        match self {
            Ssh::Program { askpass } => program(askpass, entrance, way, command),
            Ssh::Own => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async { tokio::time::timeout(PATIENCE, own(entrance, way, command)).await })?
            }
        }
    }
}

fn program(askpass: &Path, entrance: &Entrance, way: Way<'_>, command: &str) -> anyhow::Result<Attempt> {
    let mut ssh = Command::new("ssh");
    for option in [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        "IdentityAgent=none",
        "IdentitiesOnly=yes",
        "ConnectTimeout=10",
        "NumberOfPasswordPrompts=1",
    ] {
        ssh.arg("-o").arg(option);
    }
    ssh.arg("-F").arg("none");
    match way {
        Way::Key(file) => {
            ssh.arg("-i").arg(file).args(["-o", "BatchMode=yes", "-o", "PreferredAuthentications=publickey"]);
        }
        Way::Password(password) => {
            ssh.args(["-o", "PreferredAuthentications=password", "-o", "PubkeyAuthentication=no"]);
            ssh.env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force").env("CVMD_DEMO_PASSWORD", password);
            // Older versions of ssh use askpass only if there seems to be a display.
            ssh.env("DISPLAY", ":0");
        }
        Way::Nothing => {
            ssh.args(["-o", "BatchMode=yes", "-o", "PreferredAuthentications=none"]);
        }
    }
    ssh.arg("-p").arg(entrance.port.to_string()).arg(format!("{}@{}", entrance.user, entrance.address)).arg(command);
    let output = ssh.stdin(Stdio::null()).output().context("ssh could not be run")?;
    Ok(Attempt {
        status: output.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&output.stdout).trim().to_string(),
        complained: String::from_utf8_lossy(&output.stderr).trim().to_string(),
    })
}

/// Accepts any host key: the demo's machines are new.
struct Stranger;

impl client::Handler for Stranger {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &keys::PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

async fn own(entrance: &Entrance, way: Way<'_>, command: &str) -> anyhow::Result<Attempt> {
    let mut session = client::connect(Arc::default(), (entrance.address, entrance.port), Stranger).await?;
    let result = match way {
        Way::Nothing => session.authenticate_none(&entrance.user).await?,
        Way::Password(password) => session.authenticate_password(&entrance.user, password).await?,
        Way::Key(file) => {
            let key = keys::decode_secret_key(&fs::read_to_string(file)?, None)?;
            let key = keys::PrivateKeyWithHashAlg::new(Arc::new(key), Some(keys::HashAlg::Sha512));
            session.authenticate_publickey(&entrance.user, key).await?
        }
    };
    if let client::AuthResult::Failure { remaining_methods, .. } = result {
        let methods: Vec<String> = remaining_methods.iter().map(String::from).collect();
        let complained = format!("Permission denied ({}).", methods.join(","));
        return Ok(Attempt { status: REFUSED, output: String::new(), complained });
    }
    let mut channel = session.channel_open_session().await?;
    channel.exec(true, command).await?;
    let (mut output, mut status) = (Vec::new(), 0);
    while let Some(message) = channel.wait().await {
        match message {
            russh::ChannelMsg::Data { data } => output.extend_from_slice(&data),
            russh::ChannelMsg::ExitStatus { exit_status } => status = i32::try_from(exit_status)?,
            _ => {}
        }
    }
    Ok(Attempt { status, output: String::from_utf8_lossy(&output).trim().to_string(), complained: String::new() })
}
