//! The operator's socket: one JSON line is the question, one JSON line the answer. Commands on the
//! server's own host use it.

use crate::{
    app::App,
    http::Presence,
    metrics::Bound,
    operator::{
        account_removal,
        accounts::{self, usable_of_first_account},
        journal::{NO_ACCOUNT, entry},
        question::{HELD_WITHIN, Question},
        requests, standing,
    },
    random,
};
use anyhow::{Context, bail};
use cvmd_actions::AccountBounds;
use cvmd_hypervisor::Endpoint;
use cvmd_model::InstanceId;
use cvmd_operations::Gate;
use cvmd_state::JournalEntry;
use cvmd_wire::Credentials as _;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream, unix::WriteHalf},
    sync::watch,
};

/// The maximum of machines in a list: each host key must be computed, and nobody needs a longer list for ssh.
const MACHINES_MAX: usize = 2_000;
/// The maximum of instances that one line of the journal names.
const INSTANCES_NAMED: usize = 100;
const LINE_BYTES_MAX: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);
/// The time limit for sending a question.
const ASKED_WITHIN: Duration = Duration::from_secs(5);
/// A client that comes while all places are busy gets this long to read the refusal.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
const ALL_AT_WORK: &[u8] = b"{\"Err\":\"as many commands as can be are being answered; try again in a moment\"}\n";
/// All clients of the socket are on this host.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The pause when there are no descriptors left.
const REST: Duration = Duration::from_millis(50);

/// Where clients reach a running server, and where it has written its first credential.
#[derive(Debug)]
pub(crate) struct Location {
    pub(crate) socket: PathBuf,
    pub(crate) credential_file: PathBuf,
    /// The API's endpoint, with its scheme.
    pub(crate) endpoint: String,
}

/// Answers on the socket until `stop` changes.
pub(crate) async fn listen(app: Arc<App>, location: Location, mut stop: watch::Receiver<bool>) {
    let location = Arc::new(location);
    let path = &location.socket;
    let _ = std::fs::remove_file(path);
    let listener = match UnixListener::bind(path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(
                %error,
                path = %path.display(),
                "the operator's socket cannot be made, so that no command reaches this server: a local file system such as ext4, xfs or tmpfs holds sockets, vfat and others do not"
            );
            return;
        }
    };
    // The directory admits only its owner; the socket's mode does the same.
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    tokio::time::sleep(REST).await;
                    continue;
                }
            },
            _ = stop.changed() => break,
        };
        // The connection that has taken longest to send its question makes room: commands send theirs at once.
        let (presence, met) = app.commands.admit(HERE);
        if met.is_some() {
            app.metrics.reached(Bound::Operator);
        }
        let Some(presence) = presence else {
            tokio::spawn(tokio::time::timeout(REFUSED_WITHIN, turn_away(stream)));
            continue;
        };
        let (app, location) = (Arc::clone(&app), Arc::clone(&location));
        tokio::spawn(async move {
            tokio::select! {
                _ = tokio::time::timeout(PATIENCE, converse(&app, &location, stream, &presence)) => {}
                () = presence.closed() => {}
            }
        });
    }
    let _ = std::fs::remove_file(path);
}

/// Sends the reason, and waits until it was read.
async fn turn_away(mut stream: UnixStream) {
    let _ = stream.write_all(ALL_AT_WORK).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

async fn converse(app: &Arc<App>, location: &Location, mut stream: UnixStream, presence: &Presence) {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let read = tokio::io::AsyncReadExt::take(read, LINE_BYTES_MAX);
    let mut read = BufReader::new(read);
    let Ok(Ok(_)) = tokio::time::timeout(ASKED_WITHIN, read.read_line(&mut line)).await else { return };
    presence.begin();
    let outcome = match serde_json::from_str(&line) {
        Ok(Question::HoldEffects) => return hold_effects(app, read, write).await,
        Ok(question) => answer(app, location, question).await.map_err(|error| format!("{error:#}")),
        Err(error) => Err(format!("not a question: {error}")),
    };
    reply(&mut write, &outcome).await;
}

async fn reply(write: &mut WriteHalf<'_>, outcome: &Result<Value, String>) {
    let mut reply = json!(outcome).to_string();
    reply.push('\n');
    // A command that has gone away needs no answer.
    let _ = write.write_all(reply.as_bytes()).await;
}

/// Holds effects back until the command has noted what it copies; only then is its line answered.
async fn hold_effects(app: &App, mut read: impl AsyncBufRead + Unpin, mut write: WriteHalf<'_>) {
    let since_ms = app.clock.now_ms();
    let hold = app.gate.get().map(Gate::hold);
    reply(&mut write, &Ok(Value::Null)).await;
    let mut line = String::new();
    let noted = tokio::time::timeout(HELD_WITHIN, read.read_line(&mut line)).await;
    drop(hold);
    let held_ms = app.clock.now_ms().saturating_sub(since_ms);
    tracing::info!(held_ms, "effects on machines were held back for a backup");
    if matches!(noted, Ok(Ok(1..))) {
        reply(&mut write, &Ok(Value::Null)).await;
    }
}

async fn answer(app: &Arc<App>, location: &Location, question: Question) -> anyhow::Result<Value> {
    match question {
        Question::Environment => environment(app, &location.endpoint),
        Question::Endpoint { instance } => endpoint_of(app, instance).await,
        Question::Machines => Ok(machines(app).await),
        Question::AddAccount { name } => accounts::add(app, &name).await,
        Question::ForgetAccount { name } => account_removal::forget(app, &name).await.map(|()| Value::Null),
        Question::RemoveAccount { name, force } => account_removal::remove(app, &name, force).await,
        Question::Accounts => Ok(accounts(app)),
        Question::AddCredential { account } => accounts::add_credential(app, &account).await,
        Question::RevokeCredential { secret_id, force } => {
            account_removal::revoke(app, &location.credential_file, &secret_id, force).await
        }
        Question::Credentials => Ok(credentials(app)),
        Question::Request { request } => requests::trace(app, request).await,
        Question::Requests { account, instance, lines_max } => {
            requests::last(app, account.as_deref(), instance, lines_max).await
        }
        Question::Messages => Ok(messages(app)),
        Question::MessagesShown { sequences } => messages_shown(app, sequences).await,
        Question::HoldEffects => bail!("this is answered in two lines"),
    }
}

async fn endpoint_of(app: &App, id: InstanceId) -> anyhow::Result<Value> {
    let view = app.state.view();
    let instance = view.instance(id).with_context(|| format!("there is no instance {id}"))?;
    let mut answer = match app.hypervisor.endpoint(id).await {
        Ok(endpoint) => sshd(id, &endpoint),
        Err(_) => {
            let state = instance.state.name();
            json!({"Trouble": format!("{id} is {state} and has no machine that could be entered")})
        }
    };
    standing::add_to(&mut answer, instance);
    Ok(answer)
}

fn sshd(id: InstanceId, endpoint: &Endpoint) -> Value {
    json!({
        "InstanceId": id,
        "Address": endpoint.address.map(|address| address.ip()),
        "Port": endpoint.address.map(|address| address.port()),
        "User": endpoint.user,
        "HostKey": endpoint.host_key,
    })
}

async fn machines(app: &App) -> Value {
    let view = app.state.view();
    let mut newest: Vec<_> = view.all_instances().map(|instance| (instance.sequence, instance.id)).collect();
    newest.sort_unstable_by(|one, other| other.cmp(one));
    let mut answers = Vec::new();
    for (_, id) in newest.into_iter().take(MACHINES_MAX) {
        // Instances without a machine, or without an sshd, are not listed.
        if let Ok(endpoint) = app.hypervisor.endpoint(id).await {
            answers.push(sshd(id, &endpoint));
        }
    }
    answers.into()
}

fn environment(app: &App, endpoint: &str) -> anyhow::Result<Value> {
    let view = app.state.view();
    let newest = usable_of_first_account(app, &view)
        .max_by_key(|credential| credential.created_seconds)
        .context("the first account has no credential that signs: `cvmd credential add default` makes one")?;
    let key = app.master_key.open_sealed(&newest.secret_key_encrypted, (&**newest).into())?;
    Ok(json!({
        "Endpoint": endpoint,
        "SecretId": newest.secret_id,
        "SecretKey": key.expose(),
        "Region": app.policy.region,
        "SshPort": app.hypervisor.ssh_port(),
    }))
}

fn accounts(app: &App) -> Value {
    let view = app.state.view();
    let account = |account: &Arc<cvmd_model::Account>| {
        let (usage, seeded) = (view.usage(account.number), view.seeded(account.number));
        let AccountBounds { instances_max, bytes_max } = app.policy.account;
        json!({
            "AccountName": account.name,
            "Uin": account.uin.to_string(),
            "AppId": account.app_id,
            "Instances": usage.instances,
            "InstancesMax": instances_max.saturating_add(seeded.instances),
            "Bytes": usage.bytes,
            "BytesMax": bytes_max.saturating_add(seeded.bytes),
        })
    };
    view.accounts().map(account).collect()
}

fn credentials(app: &App) -> Value {
    let view = app.state.view();
    let credential = |credential: &Arc<cvmd_model::Credential>| {
        let account = view.account(credential.account).map_or("", |account| &account.name);
        let mut row = json!({"AccountName": account, "SecretId": credential.secret_id});
        if let Some(revoked) = credential.revoked_seconds {
            row["Revoked"] = cvmd_actions::time(revoked).into();
        } else if app.credentials.is_unreadable(&credential.secret_id) {
            row["Unusable"] = "its key cannot be decrypted".into();
        }
        row
    };
    view.credentials().map(credential).collect()
}

/// The decrypted messages, the numbers that acknowledge them, and those that cannot be decrypted.
fn messages(app: &App) -> Value {
    let view = app.state.view();
    let (mut shown, mut sequences, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for message in view.messages() {
        match app.master_key.open_sealed(&message.text_encrypted, (&**message).into()) {
            Ok(clear) => {
                shown.push(json!({
                    "AccountName": view.account(message.account).map_or("", |account| &account.name),
                    "InstanceId": message.instance,
                    "Password": clear.expose(),
                    "Time": cvmd_actions::time(message.created_seconds),
                }));
                sequences.push(message.sequence);
            }
            Err(error) => {
                tracing::warn!(instance = %message.instance, error = format!("{error:#}"), "a message cannot be shown");
                unreadable.push(message.instance);
            }
        }
    }
    json!({"Messages": shown, "Sequences": sequences, "Unreadable": unreadable})
}

async fn messages_shown(app: &App, sequences: Vec<u64>) -> anyhow::Result<Value> {
    let shown: HashSet<u64> = sequences.into_iter().collect();
    if shown.is_empty() {
        return Ok(Value::Null);
    }
    let view = app.state.view();
    let instances = view.messages().filter(|message| shown.contains(&message.sequence)).map(|message| message.instance);
    let entry = entry(app, random::request_id(), NO_ACCOUNT, "ShowMessages", None);
    let entry = JournalEntry { instances: instances.take(INSTANCES_NAMED).collect(), ..entry };
    let removed = app.state.commit(entry, move |tx| {
        let messages = tx.view().messages().filter(|message| shown.contains(&message.sequence));
        let messages: Vec<_> = messages.cloned().collect();
        messages.iter().for_each(|message| tx.remove_message(message));
        Ok::<_, accounts::Refused>(())
    });
    removed.await??;
    Ok(Value::Null)
}
