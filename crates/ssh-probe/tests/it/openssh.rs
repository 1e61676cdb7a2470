//! OpenSSH's own sshd gives the verdicts that its configuration means.

use cvmd_clock::Clock;
use cvmd_ssh_probe::{Answer, AskedKey, Expected, Limits, Question, Verdict, ask};
use russh::keys::{Certificate, PublicKey};
use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
};
use tokio::net::TcpStream;

const SSHD: &str = "/usr/sbin/sshd";
/// The directory that sshd needs for privilege separation when root starts it; packages create it at boot.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

/// An sshd that is started for each connection.
struct Sshd {
    directory: tempfile::TempDir,
    user: String,
    started: Mutex<Vec<Child>>,
}

impl Sshd {
    /// With more lines of configuration. None if there is no sshd here.
    fn new(more: &str) -> Option<Sshd> {
        if !Path::new(SSHD).exists() {
            eprintln!("skipped: no {SSHD} here; install openssh-server");
            return None;
        }
        if let Err(error) = fs::DirBuilder::new().mode(0o755).create(PRIVILEGE_SEPARATION) {
            let is_there = matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::PermissionDenied);
            assert!(is_there, "{PRIVILEGE_SEPARATION}: {error}");
        }
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let sshd = Sshd { directory, user: user.trim().to_owned(), started: Mutex::default() };
        let [hosts, keys] = ["host", "authorized_keys"].map(|name| sshd.path(name).display().to_string());
        for kind in ["ed25519", "rsa"] {
            sshd.generate(&format!("host-{kind}"), kind, &[]);
        }
        let text = format!(
            "HostKey {hosts}-ed25519\nHostKey {hosts}-rsa\nAuthorizedKeysFile {keys}\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nKbdInteractiveAuthentication no\nPidFile none\n{more}\n"
        );
        fs::write(sshd.path("config"), text).unwrap();
        sshd.authorize(&[]);
        Some(sshd)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes a key of a kind, as `ssh-keygen -t` knows it.
    fn generate(&self, name: &str, kind: &str, more: &[&str]) {
        self.keygen(&[&["-t", kind, "-N", "", "-f", name], more].concat());
    }

    fn keygen(&self, arguments: &[&str]) {
        let mut command = Command::new("ssh-keygen");
        let made = command.arg("-q").args(arguments).current_dir(self.directory.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn public(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap()
    }

    fn authorize(&self, names: &[&str]) {
        let lines: String = names.iter().map(|name| self.public(name)).collect();
        fs::write(self.path("authorized_keys"), lines).unwrap();
    }

    fn blob(&self, name: &str) -> Box<[u8]> {
        let text = self.public(name);
        let certificate = Certificate::from_openssh(&text).map(|certificate| certificate.to_bytes().unwrap());
        certificate.unwrap_or_else(|_| PublicKey::from_openssh(&text).unwrap().to_bytes().unwrap()).into()
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let near = TcpStream::connect(listener.local_addr()?).await?;
        near.set_nodelay(true)?;
        let far = OwnedFd::from(listener.accept()?.0);
        let mut command = Command::new(SSHD);
        command.args(["-i", "-f"]).arg(self.path("config"));
        command.stdin(far.try_clone()?).stdout(far).stderr(Stdio::null());
        self.started.lock().unwrap().push(command.spawn()?);
        Ok(near)
    }

    /// Asks about keys, all of which are expected to be refused.
    async fn ask(&self, names: &[&str]) -> Answer {
        self.ask_as(&self.user, names, None).await
    }

    async fn ask_as(&self, user: &str, names: &[&str], host_key: Option<&str>) -> Answer {
        let key = |name: &&str| AskedKey { blob: self.blob(name), expected: Expected::Refused };
        let keys = names.iter().map(key).collect();
        let question = Question { user: user.into(), keys, host_key: host_key.map(|name| self.blob(name)) };
        let limits = Limits { pause_ms: 0, ..Limits::default() };
        ask(|| self.connect(), &question, &limits, Clock::System).await
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

#[tokio::test]
async fn keys_of_every_kind_are_accepted_if_they_are_listed() {
    let Some(sshd) = Sshd::new("") else { return };
    let kinds = ["ed25519", "rsa", "ecdsa-256", "ecdsa-384", "ecdsa-521"];
    for kind in kinds {
        let (kind, bits) = kind.split_once('-').unwrap_or((kind, ""));
        let bits = if bits.is_empty() { vec![] } else { vec!["-b", bits] };
        for whose in ["ours", "theirs"] {
            sshd.generate(&format!("{whose}-{kind}{}", bits.get(1).unwrap_or(&"")), kind, &bits);
        }
    }
    let names = |whose: &str| kinds.map(|kind| format!("{whose}-{}", kind.replace("ecdsa-", "ecdsa")));
    let (ours, theirs) = (names("ours"), names("theirs"));
    sshd.authorize(&ours.each_ref().map(String::as_str));
    let all: Vec<&str> = theirs.iter().chain(&ours).map(String::as_str).collect();
    let answer = sshd.ask(&all).await;
    assert_eq!(answer.verdicts, [[Verdict::Refused; 5], [Verdict::Accepted; 5]].concat());
    // Seven refusals, because an RSA key has three algorithms.
    assert_eq!((answer.connections, answer.why), (2, None));
    assert_eq!(answer.methods.unwrap(), ["publickey".into(), "password".into()]);
    assert_eq!(answer.host_key.unwrap(), sshd.blob("host-ed25519"));
    assert!(answer.server.unwrap().starts_with("SSH-2.0-OpenSSH_"));
}
