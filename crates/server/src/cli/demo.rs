//! `cvmd demo`: the whole story on a temporary directory and free ports, checked by ssh, one line per step.

use crate::{
    cli::{
        api_client::ApiClient,
        demo_ssh::{Attempt, Entrance, Ssh, Way},
        remote::Server,
    },
    master_key::write_private,
    print::{self, Unprinted},
    random, waiting,
};
use anyhow::{Context, bail};
use cvmd_actions::Product;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, IsTerminal},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the demo; fails when any step has another outcome than promised. However it ends, its server and its directory
/// are removed.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let directory = std::env::temp_dir().join(format!("cvmd-demo-{}", random::letters(8)));
    let stage = Arc::new(Belongings { directory, server: Mutex::new(Running::NotYet) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no async runtime")?;
    let ended = runtime.block_on(async {
        // Signals are handled before there is anything to remove.
        let signalled = signalled()?;
        let (end, ended) = oneshot::channel();
        let theirs = Arc::clone(&stage);
        std::thread::Builder::new().name("story".into()).spawn(move || {
            // The receiver is gone if a signal came first.
            let _ = end.send(play(&theirs));
        })?;
        tokio::select! {
            ended = ended => ended.context("the story broke off")?,
            number = signalled => Ok(ExitCode::from(128 + number)),
        }
    });
    stage.clear();
    ended
}

/// The number of the signal that asked us to end.
fn signalled() -> anyhow::Result<impl Future<Output = u8>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = hangup.recv() => 1,
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
        }
    })
}

fn play(belongings: &Belongings) -> anyhow::Result<ExitCode> {
    let stage = Stage::open(belongings)?;
    let mut story = Story { stage: &stage, step: 0, failed: 0, ours: std::io::stdout().is_terminal() };
    let ended = story.play();
    let failed = story.failed;
    match ended {
        Ok(()) if failed == 0 => {
            story.line(
                "\nEvery step is true: a removed key is dead, an old password works again, and no password means nobody.",
            )?;
            story.line("Now yours:  cvmd serve   then, in another shell:  eval \"$(cvmd env)\"")?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(()) => bail!("{failed} steps were not as promised; the server's log:\n{}", stage.log()),
        // The demo's output was closed: that is not the server's failure.
        Err(error) if error.is::<Unprinted>() => Err(error),
        Err(error) => Err(error.context(format!("the story broke off; the server's log:\n{}", stage.log()))),
    }
}

/// What must not outlive the demo: its directory, which is also the server's data directory, and the server. When the
/// demo is killed, the server removes both.
struct Belongings {
    directory: PathBuf,
    server: Mutex<Running>,
}

enum Running {
    NotYet,
    Server(Child),
    Cleared,
}

impl Belongings {
    /// Starts the server, unless everything was removed already; returns its first line.
    fn start(&self, secret_id: &str, secret_key: &str) -> anyhow::Result<String> {
        let mut running = self.server.lock();
        if matches!(*running, Running::Cleared) {
            bail!("the demo was asked to end");
        }
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
            .create(&self.directory)
            .with_context(|| format!("cannot make {}", self.directory.display()))?;
        let log = std::fs::File::create(self.directory.join("log"))?;
        let mut serve = Command::new(std::env::current_exe().context("where am I?")?);
        // The demo uses the default settings, whatever this shell has set.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CVMD_")) {
            serve.env_remove(name);
        }
        let mut server = serve
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "info", "--temporary-for"])
            .arg(std::process::id().to_string())
            .arg("--data")
            .arg(&self.directory)
            .env("CVMD_SECRET_ID", secret_id)
            .env("CVMD_SECRET_KEY", secret_key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cvmd serve cannot be started")?;
        let out = server.stdout.take();
        *running = Running::Server(server);
        // Whoever removes everything need not wait for the first line.
        drop(running);
        let mut first = String::new();
        BufReader::new(out.context("the server has no stdout")?).read_line(&mut first)?;
        Ok(first)
    }

    fn clear(&self) {
        let running = std::mem::replace(&mut *self.server.lock(), Running::Cleared);
        if let Running::Server(mut server) = running {
            // Its data is temporary, so it need not stop gracefully.
            let _ = server.kill();
            let _ = server.wait();
        }
        // Another thread may still be writing a file.
        waiting::within(Duration::from_secs(2), || {
            let _ = std::fs::remove_dir_all(&self.directory);
            (!self.directory.exists()).then_some(())
        });
    }
}

/// The demo's own server and its clients.
struct Stage<'a> {
    directory: &'a Path,
    client: ApiClient,
    ssh: Ssh,
}

impl Stage<'_> {
    fn open(belongings: &Belongings) -> anyhow::Result<Stage<'_>> {
        let secret_key = random::letters(32);
        let secret_id = format!("AKID{}", random::letters(32));
        let first = belongings.start(&secret_id, &secret_key)?;
        let directory = &belongings.directory;
        let ssh = Ssh::find(directory)?;
        let address = first.trim().strip_prefix("listening on http://").unwrap_or_default().to_owned();
        let client = ApiClient { address, secret_id, secret_key: secret_key.into(), region: "ap-guangzhou".into() };
        let stage = Stage { directory, client, ssh };
        if stage.client.address.is_empty() {
            bail!("the server did not start:\n{}", stage.log());
        }
        Ok(stage)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

struct Story<'a> {
    stage: &'a Stage<'a>,
    step: u32,
    failed: u32,
    /// Whether to print colours, for a person at a terminal.
    ours: bool,
}

#[derive(Clone, Copy)]
enum Expected<'a> {
    Enters,
    Refused,
    /// Refused, and this method is not even offered.
    NotOffered(&'a str),
}

impl Story<'_> {
    fn play(&mut self) -> anyhow::Result<()> {
        self.line(&format!("cvmd demo: a cloud at http://{}, machines that ssh can enter", self.stage.client.address))?;
        if matches!(self.stage.ssh, Ssh::Own) {
            self.line("There is no ssh in PATH: the demo logs in with a client of its own.")?;
        }
        let first = password();
        let key = self.key_pair()?;
        let key_file = self.stage.directory.join("key.pem");
        let with_password = self.launch("Instance A runs, entered by a password", &json!({"Password": first}))?;
        let entrance = self.entrance(&with_password)?;
        self.login("The password enters A", &entrance, Way::Password(&first), Expected::Enters)?;
        let keys = json!({"KeyIds": [key]});
        let sentence = "The key is associated with A (ForceStop: off, changed, on again)";
        self.change(sentence, "AssociateInstancesKeyPairs", &with_password, &keys)?;
        self.login("The key enters A", &entrance, Way::Key(&key_file), Expected::Enters)?;
        let sentence = "The password is refused as long as the key is bound";
        self.login(sentence, &entrance, Way::Password(&first), Expected::NotOffered("password"))?;
        self.unforced(&with_password, &key)?;
        let sentence = "The key is disassociated from A with ForceStop";
        self.change(sentence, "DisassociateInstancesKeyPairs", &with_password, &keys)?;
        self.proven(&with_password, &key)?;
        self.login("The removed key is refused", &entrance, Way::Key(&key_file), Expected::Refused)?;
        self.login("The password set earlier enters again", &entrance, Way::Password(&first), Expected::Enters)?;

        let with_key = self.launch("Instance B runs, with the key and never a password", &json!({"KeyIds": [key]}))?;
        let entrance = self.entrance(&with_key)?;
        self.login("The key enters B", &entrance, Way::Key(&key_file), Expected::Enters)?;
        let sentence = "The key is disassociated from B with ForceStop";
        self.change(sentence, "DisassociateInstancesKeyPairs", &with_key, &keys)?;
        self.proven(&with_key, &key)?;
        self.login("The removed key is refused", &entrance, Way::Key(&key_file), Expected::Refused)?;
        let sentence = "B admits nobody: no password is even asked for";
        self.login(sentence, &entrance, Way::Nothing, Expected::NotOffered("password"))?;
        let second = password();
        let (sentence, password) = ("ResetInstancesPassword gives B a password", json!({"Password": second}));
        self.change(sentence, "ResetInstancesPassword", &with_key, &password)?;
        self.login("The new password enters B", &entrance, Way::Password(&second), Expected::Enters)?;
        self.login("The removed key stays refused", &entrance, Way::Key(&key_file), Expected::Refused)?;
        self.delete(&key)?;
        Ok(())
    }

    fn key_pair(&mut self) -> anyhow::Result<String> {
        let reply = self.stage.client.call("CreateKeyPair", &json!({"KeyName": "demo", "ProjectId": 0}))?;
        let private = reply["KeyPair"]["PrivateKey"].as_str().context("no private key")?;
        write_private(&self.stage.directory.join("key.pem"), private.trim())?;
        let id = reply["KeyPair"]["KeyId"].as_str().context("no key id")?.to_string();
        self.report(&format!("A key pair is created: {id}"), None, true)?;
        Ok(id)
    }

    fn launch(&mut self, sentence: &str, login: &Value) -> anyhow::Result<String> {
        let request =
            json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5", "LoginSettings": login});
        let reply = self.stage.client.call("RunInstances", &request)?;
        let id = reply["InstanceIdSet"][0].as_str().context("no instance id")?.to_string();
        let outcome = self.settle(&id)?;
        self.report(&format!("{sentence}: {id}"), None, outcome == "SUCCESS RUNNING")?;
        Ok(id)
    }

    fn change(&mut self, sentence: &str, action: &str, id: &str, more: &Value) -> anyhow::Result<()> {
        let mut request = json!({"InstanceIds": [id], "ForceStop": true});
        for (name, value) in more.as_object().into_iter().flatten() {
            request[name] = value.clone();
        }
        self.stage.client.call(action, &request)?;
        let outcome = self.settle(id)?;
        self.report(sentence, None, outcome == "SUCCESS RUNNING")?;
        Ok(())
    }

    /// Shows what the machine's own sshd has answered about the removed key.
    fn proven(&mut self, id: &str, key: &str) -> anyhow::Result<()> {
        let request = json!({"InstanceIds": [id]});
        let reply = self.stage.client.call_of(Product::Cvmd, "DescribeLoginProofs", &request)?;
        let proof = &reply["LoginProofSet"][0];
        let is_refused = proof["Keys"]
            .as_array()
            .is_some_and(|keys| keys.iter().any(|asked| asked["KeyId"] == key && asked["Answer"] == "REFUSED"));
        let state = proof["State"].as_str().unwrap_or("?");
        let sentence = format!("{state}: its own sshd was asked, and refuses the key");
        self.report(&sentence, None, is_refused && state == "PROVEN")?;
        Ok(())
    }

    fn unforced(&mut self, id: &str, key: &str) -> anyhow::Result<()> {
        let refused =
            self.stage.client.call("DisassociateInstancesKeyPairs", &json!({"InstanceIds": [id], "KeyIds": [key]}));
        let code = refused.err().map(|error| error.to_string()).unwrap_or_default();
        let promised = code.starts_with("UnsupportedOperation.InstanceStateRunning");
        self.report("Without ForceStop the running instance is left alone (InstanceStateRunning)", None, promised)?;
        Ok(())
    }

    fn delete(&mut self, key: &str) -> anyhow::Result<()> {
        self.stage.client.call("DeleteKeyPairs", &json!({"KeyIds": [key]}))?;
        let left = self.stage.client.call("DescribeKeyPairs", &json!({"KeyIds": [key]}))?;
        self.report("The key pair, bound to nothing any more, is deleted", None, left["TotalCount"] == 0)?;
        Ok(())
    }

    fn login(
        &mut self,
        sentence: &str,
        entrance: &Entrance,
        way: Way<'_>,
        expected: Expected<'_>,
    ) -> anyhow::Result<()> {
        let attempt = self.stage.ssh.enter(entrance, way, "whoami")?;
        let refused = attempt.status == 255 && attempt.complained.contains("Permission denied");
        let promised = match expected {
            Expected::Enters => attempt.status == 0 && attempt.output == entrance.user,
            Expected::Refused => refused,
            Expected::NotOffered(method) => refused && !attempt.complained.contains(method),
        };
        self.report(sentence, Some(&attempt), promised)?;
        Ok(())
    }

    /// Waits for the end of the operation; returns `LatestOperationState InstanceState`.
    fn settle(&self, id: &str) -> anyhow::Result<String> {
        let settled = waiting::within(PATIENCE, || {
            let instance = match self.describe(id) {
                Ok(instance) => instance,
                Err(error) => return Some(Err(error)),
            };
            let latest = instance["LatestOperationState"].as_str().unwrap_or_default();
            let state = instance["InstanceState"].as_str().unwrap_or_default();
            (latest != "OPERATING").then(|| Ok(format!("{latest} {state}")))
        });
        settled.unwrap_or_else(|| bail!("{id} is still OPERATING after {} s", PATIENCE.as_secs()))
    }

    fn describe(&self, id: &str) -> anyhow::Result<Value> {
        Ok(self.stage.client.call("DescribeInstances", &json!({"InstanceIds": [id]}))?["InstanceSet"][0].take())
    }

    fn entrance(&self, id: &str) -> anyhow::Result<Entrance> {
        // The server knows best whether a machine has an address or a port of its own.
        let sshd = Server::in_directory(self.stage.directory.to_owned()).sshd(id.parse()?)?;
        let (address, port) = sshd.address.context("no address")?;
        Ok(Entrance { user: sshd.user, address: address.parse()?, port })
    }

    fn report(&mut self, sentence: &str, attempt: Option<&Attempt>, promised: bool) -> Result<(), Unprinted> {
        self.step += 1;
        let ssh = attempt.map_or(String::new(), |attempt| format!("ssh {:>3}", attempt.status));
        let verdict = match (promised, self.ours) {
            (true, true) => "\x1b[32mok\x1b[0m",
            (true, false) => "ok",
            (false, true) => "\x1b[31mFAILED\x1b[0m",
            (false, false) => "FAILED",
        };
        self.line(&format!("{:>2}  {sentence:<76} {ssh:<8} {verdict}", self.step))?;
        if !promised {
            self.failed += 1;
            if let Some(attempt) = attempt {
                self.line(&format!("      ssh said: {} {}", attempt.output, attempt.complained))?;
            }
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "reads as the story's own voice")]
    fn line(&self, text: &str) -> Result<(), Unprinted> {
        print::result(&format!("{text}\n"))
    }
}

/// A password with characters of all four classes.
fn password() -> String {
    format!("Aa1_{}", random::letters(12))
}
