//! OpenSSH's own sshd, with keys made by ssh-keygen.

use cvmd_clock::Clock;
use cvmd_ssh_probe::{Answer, AskedKey, Expected, Limits, Question, ask};
use cvmd_testkit::until;
use russh::keys::{Certificate, PublicKey};
use std::{
    env, fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::Duration,
};
use tokio::net::TcpStream;

const SSHD: &str = "usr/sbin/sshd";
/// The directory that sshd needs for privilege separation when root starts it; packages create it at boot.
const PRIVILEGE_SEPARATION: &str = "run/sshd";
/// Names the root directory of another system whose sshd is to be tested, such as mmdebstrap makes.
const ROOT: &str = "CVMD_SSHD_ROOT";

pub(crate) struct Sshd {
    root: PathBuf,
    directory: tempfile::TempDir,
    user: String,
    /// Where it listens. Without, one is started for each connection.
    address: Option<SocketAddr>,
    started: Mutex<Vec<Child>>,
}

impl Sshd {
    /// With more lines of configuration. None if there is no sshd here.
    pub(crate) fn new(more: &str) -> Option<Sshd> {
        let root: PathBuf = env::var_os(ROOT).unwrap_or("/".into()).into();
        if !root.join(SSHD).exists() {
            eprintln!("skipped: no /{SSHD} here; install openssh-server");
            return None;
        }
        if let Err(error) = fs::DirBuilder::new().mode(0o755).create(root.join(PRIVILEGE_SEPARATION)) {
            let is_there = matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::PermissionDenied);
            assert!(is_there, "{PRIVILEGE_SEPARATION}: {error}");
        }
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap().trim().to_owned();
        let directory = tempfile::tempdir_in(root.join("tmp")).unwrap();
        let sshd = Sshd { root, directory, user, address: None, started: Mutex::default() };
        let mut text = format!(
            "AuthorizedKeysFile {}\nTrustedUserCAKeys {}\nStrictModes no\nUsePAM no\nPidFile none\n{more}\n\
             PermitRootLogin yes\nKbdInteractiveAuthentication no\n",
            sshd.inside("authorized_keys"),
            sshd.inside("ca.pub")
        );
        sshd.generate("ca", "ed25519");
        for kind in ["ed25519", "ecdsa", "rsa"] {
            let name = format!("host-{kind}");
            sshd.generate(&name, kind);
            text.push_str(&format!("HostKey {}\n", sshd.inside(&name)));
        }
        fs::write(sshd.path("config"), text).unwrap();
        sshd.authorize("");
        Some(sshd)
    }

    /// One that listens, and so knows its peers. None also if it does not know an option of `more`.
    pub(crate) fn listening(more: &str) -> Option<Sshd> {
        let mut sshd = Sshd::new(more)?;
        let tried = sshd.command("-t").output().unwrap();
        if !tried.status.success() {
            eprintln!("skipped: {}", String::from_utf8_lossy(&tried.stderr));
            return None;
        }
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut command = sshd.command("-D");
        command.arg("-o").arg(format!("ListenAddress={address}")).stderr(Stdio::null());
        sshd.started.lock().unwrap().push(command.spawn().unwrap());
        sshd.address = Some(address);
        // Asking the kernel and not the sshd, which would count the connection.
        let listens = || {
            fs::read_to_string("/proc/net/tcp").unwrap().contains(&format!(":{:04X} 00000000:0000 0A", address.port()))
        };
        until(Duration::from_secs(20), "sshd listens", listens);
        Some(sshd)
    }

    fn command(&self, how: &str) -> Command {
        let is_here = self.root == Path::new("/");
        let mut command = Command::new(if is_here { "/usr/sbin/sshd" } else { "chroot" });
        if !is_here {
            command.arg(&self.root).arg("/usr/sbin/sshd");
        }
        command.args([how, "-f", &self.inside("config")]);
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The path as sshd sees it.
    fn inside(&self, name: &str) -> String {
        format!("/{}", self.path(name).strip_prefix(&self.root).unwrap().display())
    }

    /// Makes a key of a kind that `ssh-keygen -t` knows, maybe with its bits: `ecdsa-384`.
    pub(crate) fn generate(&self, name: &str, kind: &str) {
        let (kind, bits) = kind.split_once('-').unwrap_or((kind, if kind == "rsa" { "2048" } else { "256" }));
        self.keygen(&["-t", kind, "-b", bits, "-N", "", "-f", name]);
    }

    pub(crate) fn keygen(&self, arguments: &[&str]) {
        let mut command = Command::new("ssh-keygen");
        let made = command.arg("-q").args(arguments).current_dir(self.directory.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// A key's or a certificate's line.
    pub(crate) fn public(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap()
    }

    pub(crate) fn blob(&self, name: &str) -> Box<[u8]> {
        let text = self.public(name);
        let certificate = Certificate::from_openssh(&text).map(|certificate| certificate.to_bytes().unwrap());
        certificate.unwrap_or_else(|_| PublicKey::from_openssh(&text).unwrap().to_bytes().unwrap()).into()
    }

    /// Writes the authorized keys.
    pub(crate) fn authorize(&self, text: &str) {
        fs::write(self.path("authorized_keys"), text).unwrap();
    }

    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        if let Some(address) = self.address {
            return TcpStream::connect(address).await;
        }
        // A socket, because `from=` needs an address.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let near = TcpStream::connect(listener.local_addr()?).await?;
        near.set_nodelay(true)?;
        let far = OwnedFd::from(listener.accept()?.0);
        let mut command = self.command("-i");
        command.stdin(far.try_clone()?).stdout(far).stderr(Stdio::null());
        self.started.lock().unwrap().push(command.spawn()?);
        Ok(near)
    }

    /// Asks about keys, all of which are expected to be refused, without a pause between connections.
    pub(crate) async fn ask(&self, names: &[&str]) -> Answer {
        self.ask_within(names, &Limits { pause_ms: 0, ..Limits::default() }).await
    }

    pub(crate) async fn ask_within(&self, names: &[&str], limits: &Limits) -> Answer {
        self.ask_as(&self.user, names, None, limits).await
    }

    pub(crate) async fn ask_pinned(&self, names: &[&str], host_key: &str) -> Answer {
        self.ask_as(&self.user, names, Some(host_key), &Limits { pause_ms: 0, ..Limits::default() }).await
    }

    pub(crate) async fn ask_as(&self, user: &str, names: &[&str], host_key: Option<&str>, limits: &Limits) -> Answer {
        let key = |name: &&str| AskedKey { blob: self.blob(name), expected: Expected::Refused };
        let keys = names.iter().map(key).collect();
        let question = Question { user: user.into(), keys, host_key: host_key.map(|name| self.blob(name)) };
        ask(|| self.connect(), &question, limits, Clock::System).await
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        for process in self.started.get_mut().unwrap() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
