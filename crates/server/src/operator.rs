//! The operator's socket: one JSON line asks, one JSON line answers. The commands other than `serve` and `demo` use it.

use crate::{
    account_removal,
    accounts::{self, FIRST_ACCOUNT, of_first_account},
    house::House,
    http::Presence,
    metrics::Bound,
    operator_journal::entry,
    random, requests, standing,
};
use anyhow::Context;
use cvmd_hypervisor::Endpoint;
use cvmd_model::{InstanceId, RequestId};
use cvmd_state::JournalEntry;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
};

/// What can be asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Endpoint, region and the first account's credential.
    Environment,
    /// Where an instance's sshd answers.
    Endpoint {
        instance: InstanceId,
    },
    /// Where the newest instances' sshd answer.
    Machines,
    AddAccount {
        name: String,
    },
    /// Takes back an account that was just added, because nobody has seen its key.
    ForgetAccount {
        name: String,
    },
    Accounts,
    AddCredential {
        account: String,
    },
    Credentials,
    /// With `force` also the last one of the first account.
    RevokeCredential {
        secret_id: String,
        force: bool,
    },
    /// With `force` to be asked again until it is removed.
    RemoveAccount {
        name: String,
        force: bool,
    },
    Request {
        request: RequestId,
    },
    /// The journal's last lines.
    Requests {
        account: Option<String>,
        instance: Option<InstanceId>,
        lines_max: u32,
    },
    /// The messages, which stay until they have been shown.
    Messages,
    MessagesShown {
        sequences: Vec<u64>,
    },
}

impl Question {
    /// Whether it changes nothing, or the same once and twice: then it is asked again of a server that hung up.
    pub(crate) fn may_be_repeated(&self) -> bool {
        match self {
            Question::Environment
            | Question::Endpoint { .. }
            | Question::Machines
            | Question::Accounts
            | Question::Credentials
            | Question::Request { .. }
            | Question::Requests { .. }
            | Question::Messages => true,
            Question::AddAccount { .. }
            | Question::ForgetAccount { .. }
            | Question::AddCredential { .. }
            | Question::RevokeCredential { .. }
            | Question::RemoveAccount { .. }
            | Question::MessagesShown { .. } => false,
        }
    }
}

/// Machines that are listed at most: each host key is worked out, and a list for ssh of more than that helps nobody.
const MACHINES_MAX: usize = 2_000;
/// Instances that one line of the journal names.
const INSTANCES_NAMED: usize = 100;
/// A question is a short line.
const LINE_BYTES_MAX: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a question may take to be asked.
const ASKED_WITHIN: Duration = Duration::from_secs(5);
/// Whoever comes while all places are at work is told so, and has this long to read it.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
const ALL_AT_WORK: &[u8] = b"{\"Err\":\"as many commands as can be are being answered; try again in a moment\"}\n";
/// Everybody at the socket is this host's.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Between two tries, when there are no descriptors left.
const REST: Duration = Duration::from_millis(50);

/// Answers on the socket until `stop` changes.
pub(crate) async fn listen(
    house: Arc<House>,
    (path, credential_file): (PathBuf, PathBuf),
    endpoint: String,
    mut stop: watch::Receiver<bool>,
) {
    let _ = std::fs::remove_file(&path);
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, path = %path.display(), "the operator's socket cannot be made");
            return;
        }
    };
    // The directory lets nobody else in; the socket's own mode says the same.
    let _ = std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600));
    let (endpoint, credential_file): (Arc<str>, Arc<Path>) = (endpoint.into(), credential_file.into());
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
        // Who has been asking for the longest makes room: a command asks at once.
        let (presence, met) = house.commands.admit(HERE);
        if met.is_some() {
            house.metrics.reached(Bound::Operator);
        }
        let Some(presence) = presence else {
            tokio::spawn(tokio::time::timeout(TOLD_WITHIN, turn_away(stream)));
            continue;
        };
        let (house, endpoint, credential_file) =
            (Arc::clone(&house), Arc::clone(&endpoint), Arc::clone(&credential_file));
        tokio::spawn(async move {
            tokio::select! {
                _ = tokio::time::timeout(PATIENCE, converse(house, (endpoint, credential_file), stream, &presence)) => {}
                () = presence.closed() => {}
            }
        });
    }
    let _ = std::fs::remove_file(&path);
}

/// Says why, and waits until that is read.
async fn turn_away(mut stream: UnixStream) {
    let _ = stream.write_all(ALL_AT_WORK).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

async fn converse(
    house: Arc<House>,
    (endpoint, credential_file): (Arc<str>, Arc<Path>),
    mut stream: UnixStream,
    presence: &Presence,
) {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let read = tokio::io::AsyncReadExt::take(read, LINE_BYTES_MAX);
    let mut read = BufReader::new(read);
    let Ok(Ok(_)) = tokio::time::timeout(ASKED_WITHIN, read.read_line(&mut line)).await else { return };
    presence.begin();
    let outcome = match serde_json::from_str(&line) {
        Ok(question) => {
            answer(&house, (&endpoint, &credential_file), question).await.map_err(|error| format!("{error:#}"))
        }
        Err(error) => Err(format!("not a question: {error}")),
    };
    let mut reply = json!(outcome).to_string();
    reply.push('\n');
    // A command that has gone away needs no answer.
    let _ = write.write_all(reply.as_bytes()).await;
}

async fn answer(
    house: &Arc<House>,
    (endpoint, credential_file): (&str, &Path),
    question: Question,
) -> anyhow::Result<Value> {
    match question {
        Question::Environment => environment(house, endpoint),
        Question::Endpoint { instance } => endpoint_of(house, instance).await,
        Question::Machines => Ok(machines(house).await),
        Question::AddAccount { name } => accounts::add(house, &name).await,
        Question::ForgetAccount { name } => account_removal::forget(house, &name).await.map(|()| Value::Null),
        Question::RemoveAccount { name, force } => account_removal::remove(house, &name, force).await,
        Question::Accounts => Ok(accounts(house)),
        Question::AddCredential { account } => accounts::add_credential(house, &account).await,
        Question::RevokeCredential { secret_id, force } => {
            account_removal::revoke(house, credential_file, &secret_id, force).await
        }
        Question::Credentials => Ok(credentials(house)),
        Question::Request { request } => requests::trace(house, request).await,
        Question::Requests { account, instance, lines_max } => {
            requests::last(house, account.as_deref(), instance, lines_max).await
        }
        Question::Messages => Ok(messages(house)),
        Question::MessagesShown { sequences } => messages_shown(house, sequences).await,
    }
}

async fn endpoint_of(house: &House, id: InstanceId) -> anyhow::Result<Value> {
    let view = house.state.view();
    let instance = view.instance(id).with_context(|| format!("there is no instance {id}"))?;
    let mut answer = match house.hypervisor.endpoint(id).await {
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

async fn machines(house: &House) -> Value {
    let view = house.state.view();
    let mut newest: Vec<_> = view.all_instances().map(|instance| (instance.sequence, instance.id)).collect();
    newest.sort_unstable_by(|one, other| other.cmp(one));
    let mut answers = Vec::new();
    for (_, id) in newest.into_iter().take(MACHINES_MAX) {
        // What has no machine yet, or none with an sshd, has no place in the list.
        if let Ok(endpoint) = house.hypervisor.endpoint(id).await {
            answers.push(sshd(id, &endpoint));
        }
    }
    answers.into()
}

fn environment(house: &House, endpoint: &str) -> anyhow::Result<Value> {
    let view = house.state.view();
    let newest = of_first_account(&view)
        .max_by_key(|credential| credential.created_seconds)
        .context("the first account has no credential: `cvmd credential add default` makes one")?;
    let key = house.master_key.open_sealed(&newest.secret_key_encrypted)?;
    Ok(json!({
        "Endpoint": endpoint,
        "SecretId": newest.secret_id,
        "SecretKey": key.expose(),
        "Region": house.policy.region,
    }))
}

fn accounts(house: &House) -> Value {
    let view = house.state.view();
    let account = |account: &Arc<cvmd_model::Account>| json!({"AccountName": account.name, "Uin": account.uin.to_string(), "AppId": account.app_id});
    view.accounts().map(account).collect()
}

fn credentials(house: &House) -> Value {
    let view = house.state.view();
    let credential = |credential: &Arc<cvmd_model::Credential>| {
        let account = view.account(credential.account).map_or("", |account| &account.name);
        let mut row = json!({"AccountName": account, "SecretId": credential.secret_id});
        if let Some(revoked) = credential.revoked_seconds {
            row["Revoked"] = cvmd_actions::time(revoked).into();
        }
        row
    };
    view.credentials().map(credential).collect()
}

/// Messages in clear, the numbers by which they are acknowledged, and those that another master key has sealed.
fn messages(house: &House) -> Value {
    let view = house.state.view();
    let (mut shown, mut sequences, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for message in view.messages() {
        match house.master_key.open_sealed(&message.text_encrypted) {
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

async fn messages_shown(house: &House, sequences: Vec<u64>) -> anyhow::Result<Value> {
    let shown: HashSet<u64> = sequences.into_iter().collect();
    if shown.is_empty() {
        return Ok(Value::Null);
    }
    let view = house.state.view();
    let instances = view.messages().filter(|message| shown.contains(&message.sequence)).map(|message| message.instance);
    let entry = entry(house, random::request_id(), FIRST_ACCOUNT, "ShowMessages", None);
    let entry = JournalEntry { instances: instances.take(INSTANCES_NAMED).collect(), ..entry };
    let removed = house.state.commit(entry, move |tx| {
        let messages = tx.view().messages().filter(|message| shown.contains(&message.sequence));
        let messages: Vec<_> = messages.cloned().collect();
        messages.iter().for_each(|message| tx.remove_message(message));
        Ok::<_, accounts::Refused>(())
    });
    removed.await??;
    Ok(Value::Null)
}
