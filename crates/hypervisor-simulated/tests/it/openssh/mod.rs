//! Compares whom a simulated machine admits with OpenSSH's own sshd on the same `authorized_keys`, before an unbind and
//! after.
//!
//! An sshd reads the file again for each key it is asked about, so one connection is enough for hundreds of files: the
//! client offers a key, reads whether it would be accepted, and never signs.

mod cases;

use crate::support::{LIMIT, harness::Trusting};
use cases::{Case, Pool};
use cvmd_clock::Clock;
use cvmd_hypervisor_simulated::{Conditions, Disk};
use cvmd_model::Login;
use russh::{
    client::{self, Handle},
    keys::{Algorithm, HashAlg, PublicKey, agent::AgentIdentity},
};
use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tokio::task::JoinSet;

const SSHD: &str = "/usr/sbin/sshd";
/// The directory that sshd needs for privilege separation when root starts it; packages create it at boot.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";
const CASES: u64 = 2_000;
/// Most of an sshd's time is a delay of a few milliseconds before it answers about a key; and it answers at most 1,024
/// times.
const SIDE_BY_SIDE: u64 = 20;

/// An OpenSSH sshd with one connection, and its file.
struct Sshd {
    client: Handle<Trusting>,
    user: String,
    keys: PathBuf,
    process: Child,
    _directory: tempfile::TempDir,
}

/// The key would be accepted.
#[derive(Debug)]
struct Admitted;

impl From<russh::SendError> for Admitted {
    fn from(_: russh::SendError) -> Admitted {
        panic!("sshd has gone")
    }
}

struct NeverSigns;

impl russh::Signer for NeverSigns {
    type Error = Admitted;

    async fn auth_sign(&mut self, _: &AgentIdentity, _: Option<HashAlg>, _: Vec<u8>) -> Result<Vec<u8>, Admitted> {
        Err(Admitted)
    }
}

impl Sshd {
    async fn start() -> Sshd {
        let directory = tempfile::tempdir().unwrap();
        let (host_key, keys) = (directory.path().join("host"), directory.path().join("authorized_keys"));
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&host_key).status();
        assert!(made.unwrap().success());
        let config = directory.path().join("sshd_config");
        let text = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPermitRootLogin yes\nUsePAM no\nLoginGraceTime 0\n\
             MaxAuthTries 1000000\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n",
            host_key.display(),
            keys.display()
        );
        fs::write(&config, text).unwrap();
        // A socket, because `from=` needs an address.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let far = OwnedFd::from(listener.accept().unwrap().0);
        let mut command = Command::new(SSHD);
        command.args(["-i", "-f"]).arg(&config).env("TZ", "UTC0");
        command.stdin(far.try_clone().unwrap()).stdout(far).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        drop(command);
        near.set_nonblocking(true).unwrap();
        near.set_nodelay(true).unwrap();
        let stream = tokio::net::TcpStream::from_std(near).unwrap();
        let client = client::connect_stream(Arc::default(), stream, Trusting).await.unwrap();
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        Sshd { client, user: user.trim().to_owned(), keys, process, _directory: directory }
    }

    /// Which of the keys sshd accepts with a file.
    async fn verdicts(&mut self, text: &str, pool: &Pool) -> Vec<bool> {
        fs::write(&self.keys, text).unwrap();
        let mut verdicts = Vec::new();
        for (key, _) in &pool.keys {
            let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha256);
            let mut signer = NeverSigns;
            let asked = self.client.authenticate_publickey_with(self.user.clone(), key.clone(), hash, &mut signer);
            let answer = tokio::time::timeout(LIMIT, asked).await.expect("sshd answers");
            assert!(!self.client.is_closed(), "sshd has gone");
            verdicts.push(answer.is_err());
        }
        verdicts
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn disk(text: &str) -> Disk {
    Disk { user: "root".into(), authorized_keys: text.into(), password_hash: None, password_login: false }
}

fn ours(disk: &Disk, pool: &Pool) -> Vec<bool> {
    let now_seconds = Clock::System.now_ms() / 1000;
    let conditions = Conditions { address: Some(Ipv4Addr::LOCALHOST.into()), now_seconds };
    let admits = |key: &PublicKey| disk.admits(&key.to_bytes().unwrap(), &conditions).is_some();
    pool.keys.iter().map(|(key, _)| admits(key)).collect()
}

/// The first difference in one case, in words.
async fn differs(sshd: &mut Sshd, case: &Case, pool: &Pool) -> Option<String> {
    let before = disk(&case.text);
    let (theirs, judged) = (sshd.verdicts(&case.text, pool).await, ours(&before, pool));
    if theirs != judged {
        return Some(format!("OpenSSH {theirs:?}, cvmd {judged:?}"));
    }
    let nobody = Login { user: "root".into(), keys: vec![], password_hash: None, password_login: false };
    let after = before.with_login(&nobody, &[pool.gone()]);
    let left = sshd.verdicts(&after.authorized_keys, pool).await;
    let expected: Vec<bool> = theirs.iter().enumerate().map(|(at, admitted)| at != 0 && *admitted).collect();
    if left != expected {
        return Some(format!("OpenSSH after the unbind {left:?}, before it {theirs:?}"));
    }
    let agreed = after.agrees_with(&nobody, &[pool.gone()]);
    agreed.err().or_else(|| (ours(&after, pool) != left).then(|| "cvmd after the unbind".into()))
}

/// Makes the directory that sshd needs, because its package creates it only at boot.
fn make_privilege_separation() {
    if !Path::new(PRIVILEGE_SEPARATION).exists()
        && let Err(error) = fs::DirBuilder::new().mode(0o755).create(PRIVILEGE_SEPARATION)
        && !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::PermissionDenied)
    {
        panic!("{PRIVILEGE_SEPARATION}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_admits_whom_openssh_admits_on_the_same_file() {
    if !Path::new(SSHD).exists() {
        eprintln!("skipped: no {SSHD} here; install openssh-server");
        return;
    }
    make_privilege_separation();
    let mut tasks = JoinSet::new();
    for worker in 0..SIDE_BY_SIDE {
        tasks.spawn(async move {
            let (pool, mut sshd) = (Pool::new(), Sshd::start().await);
            let (mut count, mut admitted, mut different) = (0, 0, Vec::new());
            for number in (worker..CASES).step_by(SIDE_BY_SIDE as usize) {
                let case = Case::of(number, &pool);
                count += 1;
                admitted += usize::from(ours(&disk(&case.text), &pool)[0]);
                if let Some(how) = differs(&mut sshd, &case, &pool).await {
                    different.push(format!("case {number}: {how}\n{:?}", case.text));
                }
            }
            (count, admitted, different)
        });
    }
    let outcomes = tasks.join_all().await;
    let different: Vec<&String> = outcomes.iter().flat_map(|(.., different)| different).collect();
    assert!(different.is_empty(), "{} differ, such as\n{}", different.len(), different[0]);
    let (count, admitted) = outcomes.iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    assert_eq!(count, CASES);
    // Both answers must occur often.
    assert!((CASES / 5..CASES * 4 / 5).contains(&(admitted as u64)), "{admitted} of {CASES} admit");
}
