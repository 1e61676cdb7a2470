//! The fixtures of the driver's tests: machines in a temporary directory, and a real OpenSSH client.

pub(crate) mod harness;

use cvmd_clock::Clock;
use cvmd_hypervisor::{Definition, Hypervisor, NetworkCard, VirtualDisk, contract};
use cvmd_hypervisor_simulated::{OwnPorts, Settings, SimulatedHypervisor, SshSettings};
use cvmd_model::{DiskId, InstanceId, Login, Observed, PublicKey, SubnetId, VpcId};
use cvmd_rows::{Engine, Options, SqliteEngine};
use serde_json::Value;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

/// The time limit of everything that a test waits for.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn settings(directory: &tempfile::TempDir, clock: Clock) -> Settings {
    let ssh = SshSettings { ports: vec![0], last_port: None, listen: true, ..SshSettings::default() };
    Settings { data: directory.path().to_owned(), clock, ssh }
}

/// The same, with a port of its own for each machine.
pub(crate) fn own_ports(mut settings: Settings) -> Settings {
    settings.ssh.own_ports = Some(OwnPorts { address: Ipv4Addr::LOCALHOST, range: None });
    settings
}

/// The machines of `directory` as the files hold them at this moment, unknown to the process that has them open: what
/// is left after `kill -9`.
pub(crate) fn after_a_crash(
    directory: &tempfile::TempDir,
    settings: fn(&tempfile::TempDir, Clock) -> Settings,
    clock: Clock,
) -> (tempfile::TempDir, Arc<SimulatedHypervisor>) {
    let copy = copy_of_the_files(directory);
    let driver = SimulatedHypervisor::open(settings(&copy, clock)).unwrap();
    (copy, driver)
}

fn copy_of_the_files(directory: &tempfile::TempDir) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().join("machines");
    std::fs::create_dir(&to).unwrap();
    for file in std::fs::read_dir(directory.path().join("machines")).unwrap() {
        let file = file.unwrap();
        // What SQLite shares between processes is made anew.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    copy
}

/// The machine's row in the files at this moment, read without the driver's code; `Null` if there is none.
pub(crate) fn on_disk(directory: &tempfile::TempDir, id: InstanceId) -> Value {
    let copy = copy_of_the_files(directory);
    let mut engine = SqliteEngine::open(&copy.path().join("machines"), Options::new(Vec::new())).unwrap();
    engine.load(&mut |_| Ok(())).unwrap();
    let body = engine.get("machines", id.to_u64()).unwrap();
    body.map_or(Value::Null, |body| serde_json::from_slice(&body).unwrap())
}

/// The text of `authorized_keys` in the files.
pub(crate) fn keys_on_disk(directory: &tempfile::TempDir, id: InstanceId) -> String {
    on_disk(directory, id)["disk"]["authorized_keys"].as_str().unwrap().to_owned()
}

/// A machine with an address of its own, so that tests that run at the same time do not collide.
pub(crate) fn definition(guest: &str) -> Definition {
    let random = uuid::Uuid::new_v4().as_u128();
    let id = InstanceId::from_random((random >> 64) as u64);
    let [.., second, third, fourth] = random.to_be_bytes();
    Definition {
        id,
        host_name: "VM-1-2".into(),
        cpu: 1,
        memory_gib: 1,
        base_image: cvmd_model::IMAGES[0].id(),
        image: None,
        os_name: "Debian 12".into(),
        user: "root".into(),
        has_sshd: true,
        disks: vec![disk(50)],
        network_cards: vec![card(Ipv4Addr::new(127, 64 | second & 63, third, fourth.clamp(1, 254)))],
        user_data: None,
        guest: guest.into(),
    }
}

/// A network card with that private address.
pub(crate) fn card(private_address: Ipv4Addr) -> NetworkCard {
    let (vpc, subnet) = (VpcId::from_random(1), SubnetId::from_random(1));
    NetworkCard { vpc, subnet, private_address, public_address: None }
}

pub(crate) fn disk(size_gib: u32) -> VirtualDisk {
    VirtualDisk { id: DiskId::from_random(u64::from(size_gib)), kind: "CLOUD_PREMIUM".into(), size_gib }
}

/// Waits until the machine is as wanted.
pub(crate) async fn until(
    driver: &SimulatedHypervisor,
    id: InstanceId,
    wanted: impl Fn(&Observed) -> bool,
) -> Observed {
    contract::until(driver, id, wanted).await
}

/// A key pair in files.
pub(crate) struct Key {
    pub(crate) file: PathBuf,
    pub(crate) public: PublicKey,
}

pub(crate) fn key(directory: &tempfile::TempDir, name: &str, kind: &[&str]) -> Key {
    let file = directory.path().join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-N", "", "-C", name]).args(kind).arg("-f").arg(&file).status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(file.with_extension("pub")).unwrap();
    Key { file, public: PublicKey::parse(&public).unwrap() }
}

pub(crate) fn login(keys: &[&Key], password: Option<&str>) -> Login {
    use sha_crypt::{PasswordHasher, ShaCrypt};
    let hash = |password: &str| {
        let salt = uuid::Uuid::new_v4();
        ShaCrypt::SHA512.hash_password_with_salt(password.as_bytes(), &salt.as_bytes()[..12]).unwrap()
    };
    Login {
        user: "root".into(),
        keys: keys.iter().map(|key| key.public.clone()).collect(),
        password_hash: password.map(|password| hash(password).as_str().into()),
        password_login: password.is_some(),
    }
}

/// How a machine's sshd is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// At its own address.
    Address,
    /// At a port of its own.
    OwnPort,
    /// By the driver's `connect`, behind a socket of the test.
    Connection,
}

/// A real `ssh` at a machine's sshd.
pub(crate) struct Ssh<'a> {
    pub(crate) driver: &'a Arc<SimulatedHypervisor>,
    pub(crate) id: InstanceId,
    pub(crate) way: Way,
}

impl Ssh<'_> {
    /// The beginning of a client's command line.
    fn client(name: &str) -> Command {
        // A session without a terminal: ssh must not ask anybody.
        let mut command = Command::new("setsid");
        command.args(["-w", name, "-F", "none"]);
        command.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
        command.args(["-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=10"]);
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
        command
    }

    /// The user and address to log in to.
    async fn place(&self) -> (String, SocketAddr) {
        let endpoint = self.driver.endpoint(self.id).await.unwrap();
        let address = match self.way {
            Way::Address | Way::OwnPort => endpoint.address.unwrap(),
            Way::Connection => relayed(self.driver, self.id).await,
        };
        (format!("{}@{}", endpoint.user, address.ip()), address)
    }

    pub(crate) async fn command(&self, options: &[&str]) -> Command {
        let (whom, address) = self.place().await;
        let mut command = Self::client("ssh");
        command.args(options).arg("-p").arg(address.port().to_string()).arg(whom);
        command
    }

    /// OpenSSH's `scp -O`, the old protocol; a word that begins with a colon is a path in the machine.
    pub(crate) async fn copy(&self, key: &Key, options: &[&str], paths: &[&str]) -> Seen {
        self.scp(key, &[&["-O"], options].concat(), paths).await
    }

    /// OpenSSH's `sftp`, with a batch file.
    pub(crate) async fn sftp(&self, key: &Key, batch: &Path) -> Seen {
        let (whom, address) = self.place().await;
        let mut command = Self::client("sftp");
        command.arg("-b").arg(batch).arg("-i").arg(&key.file).arg("-P").arg(address.port().to_string()).arg(whom);
        seen(command).await
    }

    /// OpenSSH's `scp` by default, which uses sftp.
    pub(crate) async fn scp(&self, key: &Key, options: &[&str], paths: &[&str]) -> Seen {
        let (whom, address) = self.place().await;
        let mut command = Self::client("scp");
        command.args(["-o", "BatchMode=yes"]).args(options).arg("-i").arg(&key.file);
        command.arg("-P").arg(address.port().to_string());
        let full = |path: &&str| if path.starts_with(':') { format!("{whom}{path}") } else { (*path).to_owned() };
        command.args(paths.iter().map(full));
        seen(command).await
    }

    pub(crate) async fn run(&self, options: &[&str], words: &[&str]) -> Seen {
        let mut command = self.command(options).await;
        command.args(words);
        seen(command).await
    }

    pub(crate) async fn with_key(&self, key: &Key, words: &[&str]) -> Seen {
        self.run(&["-o", "BatchMode=yes", "-i", key.file.to_str().unwrap()], words).await
    }

    pub(crate) async fn with_password(&self, directory: &tempfile::TempDir, password: &str, words: &[&str]) -> Seen {
        let script = directory.path().join("askpass");
        std::fs::write(&script, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let options = ["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"];
        let mut command = self.command(&options).await;
        command.env("SSH_ASKPASS", &script).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", "none").args(words);
        seen(command).await
    }
}

/// An address whose next connection is relayed to the machine by `connect`; if that is refused, it is closed.
async fn relayed(driver: &Arc<SimulatedHypervisor>, id: InstanceId) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let driver = Arc::clone(driver);
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        if let Ok(mut machine) = driver.connect(id, None).await {
            // Client and machine decide how it ends.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut machine).await;
        }
    });
    address
}

/// What a client printed and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Seen {
    pub(crate) fn refused(&self) -> bool {
        self.status == Some(255) && self.err.contains("Permission denied")
    }
}

pub(crate) async fn seen(mut command: Command) -> Seen {
    let output: Output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Seen {
        status: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
