//! The operator's socket: one JSON line asks, one JSON line answers. The commands other than `serve` and `demo` use it.

use crate::{
    accounts::{self, FIRST_ACCOUNT},
    house::House,
};
use anyhow::{Context, bail};
use cvmd_hypervisor::Endpoint;
use cvmd_model::{AccountNumber, InstanceId, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{convert::Infallible, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration};
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
    Accounts,
    AddCredential {
        account: String,
    },
    Credentials,
    Request {
        request: RequestId,
    },
    /// Takes the messages: each is answered once.
    Messages,
}

/// Machines that are listed at most: each host key is worked out, and a list for ssh of more than that helps nobody.
const MACHINES_MAX: usize = 2_000;
/// A question is a short line.
const LINE_BYTES_MAX: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers on the socket until `stop` changes.
pub(crate) async fn listen(house: Arc<House>, path: PathBuf, endpoint: String, mut stop: watch::Receiver<bool>) {
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
    let endpoint: Arc<str> = endpoint.into();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                tokio::spawn(tokio::time::timeout(PATIENCE, converse(Arc::clone(&house), Arc::clone(&endpoint), stream)));
            },
            _ = stop.changed() => break,
        }
    }
    let _ = std::fs::remove_file(&path);
}

async fn converse(house: Arc<House>, endpoint: Arc<str>, mut stream: UnixStream) {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let read = tokio::io::AsyncReadExt::take(read, LINE_BYTES_MAX);
    if BufReader::new(read).read_line(&mut line).await.is_err() {
        return;
    }
    let outcome = match serde_json::from_str(&line) {
        Ok(question) => answer(&house, &endpoint, question).await.map_err(|error| format!("{error:#}")),
        Err(error) => Err(format!("not a question: {error}")),
    };
    let mut reply = json!(outcome).to_string();
    reply.push('\n');
    // A command that has gone away needs no answer.
    let _ = write.write_all(reply.as_bytes()).await;
}

async fn answer(house: &House, endpoint: &str, question: Question) -> anyhow::Result<Value> {
    match question {
        Question::Environment => environment(house, endpoint),
        Question::Endpoint { instance } => Ok(sshd(instance, &house.hypervisor.endpoint(instance).await?)),
        Question::Machines => Ok(machines(house).await),
        Question::AddAccount { name } => add_account(house, &name).await,
        Question::Accounts => Ok(accounts(house)),
        Question::AddCredential { account } => {
            let number = account_named(house, &account)?;
            let (id, key) = accounts::new_credential();
            accounts::put_credential(house, number, id.clone(), key.expose()).await?;
            Ok(json!({"AccountName": account, "SecretId": id, "SecretKey": key.expose()}))
        }
        Question::Credentials => Ok(credentials(house)),
        Question::Request { request } => trace(house, request).await,
        Question::Messages => messages(house).await,
    }
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
    let newest = view
        .credentials()
        .filter(|credential| credential.account == FIRST_ACCOUNT)
        .max_by_key(|credential| credential.created_seconds)
        .context("the first account has no credential")?;
    let key = house.master_key.open_sealed(&newest.secret_key_encrypted)?;
    Ok(json!({
        "Endpoint": endpoint,
        "SecretId": newest.secret_id,
        "SecretKey": key.expose(),
        "Region": house.policy.region,
    }))
}

async fn add_account(house: &House, name: &str) -> anyhow::Result<Value> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
        bail!("an account's name is 1 to 64 letters, digits, `-`, `_` and `.`");
    }
    let view = house.state.view();
    if view.accounts().any(|account| &*account.name == name) {
        bail!("there is an account {name} already");
    }
    let last = view.accounts().map(|account| account.number.0).max().unwrap_or(0);
    let account = accounts::add_account(house, AccountNumber(last + 1), name).await?;
    let (id, key) = accounts::new_credential();
    accounts::put_credential(house, account.number, id.clone(), key.expose()).await?;
    Ok(json!({
        "AccountName": account.name,
        "Uin": account.uin.to_string(),
        "AppId": account.app_id,
        "SecretId": id,
        "SecretKey": key.expose(),
    }))
}

fn account_named(house: &House, name: &str) -> anyhow::Result<AccountNumber> {
    let view = house.state.view();
    let found = view.accounts().find(|account| &*account.name == name).map(|account| account.number);
    found.with_context(|| format!("there is no account {name}"))
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
        json!({"AccountName": account, "SecretId": credential.secret_id})
    };
    view.credentials().map(credential).collect()
}

async fn trace(house: &House, request: RequestId) -> anyhow::Result<Value> {
    let lines = house.state.lines_of(request).await?;
    if lines.is_empty() {
        bail!("the journal has no command with the RequestId {request}; queries leave no line");
    }
    let view = house.state.view();
    let line = |line: &cvmd_state::JournalLine| {
        json!({
            "Time": line.at_seconds,
            "AccountName": view.account(line.account).map_or("", |account| &account.name),
            "SecretId": line.credential,
            "Action": line.action,
            "Decision": line.decision,
            "InstanceIds": line.instances,
        })
    };
    Ok(lines.iter().map(line).collect())
}

async fn messages(house: &House) -> anyhow::Result<Value> {
    let taken = house
        .state
        .change(|tx| {
            let messages: Vec<_> = tx.view().messages().cloned().collect();
            messages.iter().for_each(|message| tx.remove_message(message));
            Ok::<_, Infallible>(messages)
        })
        .await?;
    let Ok(messages) = taken;
    let view = house.state.view();
    let message = |message: &Arc<cvmd_state::Message>| {
        let clear = house.master_key.open_sealed(&message.text_encrypted)?;
        Ok(json!({
            "AccountName": view.account(message.account).map_or("", |account| &account.name),
            "InstanceId": message.instance,
            "Password": clear.expose(),
            "Time": message.created_seconds,
        }))
    };
    messages.iter().map(message).collect()
}
