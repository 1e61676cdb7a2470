//! Logins per second: connect, enter with a key, run `true`, read its exit status, at a simulated machine and at OpenSSH.

use crate::{parallel, process::Process};
use anyhow::{Context, bail};
use russh::{
    ChannelMsg,
    client::{self, Handle},
    keys::{
        PrivateKey, PrivateKeyWithHashAlg,
        ssh_key::{LineEnding, private::Ed25519Keypair},
    },
};
use std::{
    fs,
    io::Read,
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const PARALLEL: usize = 16;
/// The directory that sshd needs for privilege separation when root starts it; packages create it at boot.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

/// Somebody who logs in to machines.
#[derive(Debug, Clone)]
pub(crate) struct Visitor(Arc<PrivateKey>);

/// Where to log in, and as which user.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(crate) address: SocketAddr,
    pub(crate) user: String,
}

struct TrustsAll;

impl client::Handler for TrustsAll {
    type Error = russh::Error;
    async fn check_server_key(&mut self, _: &russh::keys::PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

impl Visitor {
    /// With a new key that nobody else has.
    pub(crate) fn new() -> anyhow::Result<Visitor> {
        Ok(Visitor(Arc::new(fresh_key()?)))
    }

    pub(crate) fn public_key(&self) -> anyhow::Result<String> {
        Ok(self.0.public_key().to_openssh()?)
    }

    /// Logs in `count` times and returns the logins per second. Runs on threads of its own: a login costs the client as
    /// much as the server.
    pub(crate) async fn logins_per_second(&self, entrance: &Entrance, count: usize) -> anyhow::Result<f64> {
        let (visitor, entrance) = (self.clone(), Arc::new(entrance.clone()));
        let all = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
            let rate = parallel::per_second(count, PARALLEL, move |_| {
                let (visitor, config, entrance) = (visitor.clone(), Arc::clone(&config), Arc::clone(&entrance));
                async move { visitor.enter(config, &entrance).await }
            });
            runtime.block_on(rate).context("logins")
        };
        tokio::task::spawn_blocking(all).await?
    }

    async fn enter(&self, config: Arc<client::Config>, entrance: &Entrance) -> anyhow::Result<()> {
        let mut session: Handle<TrustsAll> = client::connect(config, entrance.address, TrustsAll).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&self.0), None);
        if !session.authenticate_publickey(entrance.user.as_str(), key).await?.success() {
            bail!("the key is refused");
        }
        let mut channel = session.channel_open_session().await?;
        channel.exec(true, "true").await?;
        let mut status = None;
        while let Some(message) = channel.wait().await {
            if let ChannelMsg::ExitStatus { exit_status } = message {
                status = Some(exit_status);
            }
        }
        if status != Some(0) {
            bail!("`true` ended with {status:?}");
        }
        Ok(())
    }
}

/// OpenSSH's server on a free port of loopback, which admits one visitor as the user who runs this.
#[derive(Debug)]
pub(crate) struct OpenSsh {
    pub(crate) entrance: Entrance,
    _process: Process,
    _made: Option<Made>,
}

/// A directory that is removed at the end if we made it.
#[derive(Debug)]
struct Made(PathBuf);

impl Drop for Made {
    fn drop(&mut self) {
        // If it is not empty, another sshd uses it by now.
        let _ = fs::remove_dir(&self.0);
    }
}

impl OpenSsh {
    /// # Errors
    /// Why OpenSSH cannot be measured here.
    pub(crate) async fn start(sshd: &Path, directory: &Path, visitor: &Visitor) -> anyhow::Result<OpenSsh> {
        if !sshd.exists() {
            bail!("no {}", sshd.display());
        }
        let user = run(Command::new("id").arg("-un"))?.trim().to_owned();
        let made = (user == "root" && !Path::new(PRIVILEGE_SEPARATION).exists())
            .then(|| fs::create_dir(PRIVILEGE_SEPARATION).map(|()| Made(PRIVILEGE_SEPARATION.into())))
            .transpose()?;
        if let Some(made) = &made {
            fs::set_permissions(&made.0, fs::Permissions::from_mode(0o755))?;
        }
        let address = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let config = configure(sshd, directory, visitor, address)?;
        let mut command = Command::new(sshd);
        command.args(["-D", "-e", "-f"]).arg(config).stderr(Stdio::null());
        let process = Process::start("sshd", command)?;
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                bail!("{} does not answer", sshd.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(OpenSsh { entrance: Entrance { address, user }, _process: process, _made: made })
    }
}

fn configure(sshd: &Path, directory: &Path, visitor: &Visitor, address: SocketAddr) -> anyhow::Result<PathBuf> {
    let (host_key, keys, config) =
        (directory.join("host_key"), directory.join("authorized_keys"), directory.join("sshd_config"));
    let private = fresh_key()?.to_openssh(LineEnding::LF)?;
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&host_key)?;
    std::io::Write::write_all(&mut file, private.as_bytes())?;
    fs::write(&keys, visitor.public_key()? + "\n")?;
    // An empty home directory: the user's shell startup files (bash reads ~/.bashrc under sshd) are not sshd's cost.
    let lines = format!(
        "ListenAddress {address}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\nUseDNS no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
         MaxStartups 1000\nLogLevel ERROR\nSetEnv HOME={}\n",
        host_key.display(),
        keys.display(),
        directory.display()
    );
    // Newer versions would punish a client that connects so often; older ones do not know the option.
    for more in ["PerSourcePenalties no\n", ""] {
        fs::write(&config, format!("{lines}{more}"))?;
        let tried = Command::new(sshd).arg("-t").arg("-f").arg(&config).output()?;
        if tried.status.success() {
            return Ok(config);
        }
        if more.is_empty() {
            bail!("{}: {}", sshd.display(), String::from_utf8_lossy(&tried.stderr).trim());
        }
    }
    Ok(config)
}

fn fresh_key() -> anyhow::Result<PrivateKey> {
    let mut seed = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(PrivateKey::from(Ed25519Keypair::from_seed(&seed)))
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8(command.output()?.stdout)?)
}
