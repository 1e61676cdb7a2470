//! Accounts and their credentials: made by the first start, by the environment, and by the operator.

use crate::{
    app::{App, write},
    data::DataDirectory,
    given_credential,
    master_key::{Secret, write_private},
    operator::{
        account_name,
        journal::{NO_ACCOUNT, entry},
    },
    print, random,
};
use anyhow::bail;
use cvmd_actions::{Purpose, Seal};
use cvmd_model::{Account, AccountNumber, Credential};
use cvmd_state::{Transaction, View};
use cvmd_wire::Credentials as _;
use serde_json::{Value, json};
use std::{io::IsTerminal, sync::Arc};

/// The first account; others are made by `cvmd account add`.
pub(crate) const FIRST_ACCOUNT: AccountNumber = AccountNumber(1);
/// The maximum of credentials that one line of the log names.
const OTHERS_NAMED: usize = 3;

/// Why an account or a credential cannot be made or removed. The text is for the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("there is an account {0} already")]
    AccountExists(Box<str>),
    #[error("there is no account {0}; `cvmd account list` shows them")]
    NoAccount(Box<str>),
    #[error("there is no credential {0} that is valid; `cvmd credential list` shows them")]
    NoCredential(Box<str>),
    #[error("the account was given something new meanwhile; try again")]
    Busy,
}

impl cvmd_state::Decision for Refused {
    fn decision(&self) -> &'static str {
        match self {
            Refused::AccountExists(_) => "Refused.AccountExists",
            Refused::NoAccount(_) => "Refused.NoAccount",
            Refused::NoCredential(_) => "Refused.NoCredential",
            Refused::Busy => "Refused.Busy",
        }
    }
}

/// Formats usage and bounds, one line each.
pub(crate) fn for_people(row: &mut Value) {
    const MIB: f64 = 1_048_576.0;
    let Some(row) = row.as_object_mut() else { return };
    if let (Some(held), Some(limit)) = (row.remove("Instances"), row.remove("InstancesMax")) {
        row.insert("Instances".into(), format!("{held} of {limit}").into());
    }
    let mut mib = |name: &str| row.remove(name).and_then(|bytes| bytes.as_f64()).map(|bytes| bytes / MIB);
    if let (Some(held), Some(limit)) = (mib("Bytes"), mib("BytesMax")) {
        // As precisely as the limit is given.
        row.insert("Storage".into(), format!("{held:.2} of {} MiB", (limit * 100.0).round() / 100.0).into());
    }
}

/// Makes the first account, and makes sure that its credential is the configured one.
pub(crate) async fn first_account(
    app: &App,
    data: &DataDirectory,
    given: Option<&(String, Secret)>,
) -> anyhow::Result<()> {
    let view = app.state.view();
    if view.account(FIRST_ACCOUNT).is_none() {
        add_first_account(app).await?;
    }
    match given {
        Some((id, key)) => {
            if given_credential::is_short(key) {
                tracing::warn!(
                    secret_id = id,
                    "CVMD_SECRET_KEY is short enough to be guessed: keep it for tests on this host"
                );
            }
            match view.credential(id) {
                Some(known) if known.account != FIRST_ACCOUNT => {
                    bail!("CVMD_SECRET_ID {id} is another account's credential")
                }
                Some(known) if !known.is_valid() => {
                    bail!("CVMD_SECRET_ID {id} has been revoked: give another one, or none")
                }
                Some(known) => match app.master_key.open_sealed(&known.secret_key_encrypted, (&**known).into()) {
                    Ok(stored) if stored.expose() == key.expose() => {}
                    Ok(_) => tracing::warn!(
                        secret_id = id,
                        "CVMD_SECRET_KEY is another than before: the old key signs nothing any more"
                    ),
                    Err(_) => tracing::warn!(
                        secret_id = id,
                        "master.key is another than the one that sealed this credential, or its row was changed since: it is sealed \
                         anew; what else another key sealed, as the passwords of `cvmd messages`, can be read with that alone"
                    ),
                },
                None => log_that_others_stay(app, &view, id),
            }
            put_credential(app, FIRST_ACCOUNT, id.clone(), key.expose()).await
        }
        None if of_first_account(&view).next().is_some() => Ok(()),
        None => make_credential(app, data).await,
    }
}

/// The first account's credentials that are not revoked.
fn of_first_account(view: &View) -> impl Iterator<Item = &Arc<Credential>> {
    view.credentials().filter(|credential| credential.account == FIRST_ACCOUNT && credential.is_valid())
}

/// Those of them that can sign.
pub(crate) fn usable_of_first_account<'a>(app: &'a App, view: &'a View) -> impl Iterator<Item = &'a Arc<Credential>> {
    of_first_account(view).filter(|credential| !app.credentials.is_unreadable(&credential.secret_id))
}

/// A new SecretId does not replace earlier ones, which surprises a user who meant to replace one.
fn log_that_others_stay(app: &App, view: &View, id: &str) {
    let others: Vec<&str> =
        usable_of_first_account(app, view).map(|credential| &*credential.secret_id).take(OTHERS_NAMED).collect();
    if !others.is_empty() {
        tracing::warn!(
            secret_id = id,
            valid_too = others.join(" "),
            "CVMD_SECRET_ID is a new credential of the first account; earlier ones still sign: `cvmd credential revoke` ends them"
        );
    }
}

/// The file is written before the row: if the start is killed in between, the next one uses the file's credential.
async fn make_credential(app: &App, data: &DataDirectory) -> anyhow::Result<()> {
    let path = data.credential();
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lines = written.lines();
    let (id, key) = match (lines.next(), lines.next()) {
        // A revoked credential is not used again.
        (Some(id), Some(key)) if app.state.view().credential(id).is_none() => (id.to_string(), key.to_string().into()),
        _ => new_credential(),
    };
    write_private(&path, &format!("{id}\n{}", key.expose()))?;
    put_credential(app, FIRST_ACCOUNT, id.clone(), key.expose()).await?;
    if std::io::stderr().is_terminal() {
        print::remark(&format!(
            "credential of the first account, kept in {}:\n  SecretId  {id}\n  SecretKey {}",
            path.display(),
            key.expose()
        ));
    }
    Ok(())
}

/// A credential in the form of the vendor's: 36 and 32 characters.
pub(crate) fn new_credential() -> (String, Secret) {
    (format!("AKID{}", random::letters(32)), random::letters(32).into())
}

/// Makes an account with a credential: both or neither.
pub(crate) async fn add(app: &App, name: &str) -> anyhow::Result<Value> {
    account_name::check(name)?;
    let (id, key) = new_credential();
    let (name, created_seconds) = (Box::<str>::from(name), app.now_seconds());
    let put_credential = putting(app, &id, key.expose());
    let request = random::request_id();
    let entry = entry(app, request, NO_ACCOUNT, "AddAccount", format!("account {name}, credential {id}"));
    // Checked inside the transaction: otherwise two commands at once could take the same number.
    let added = app.state.commit(entry, move |tx| {
        if tx.view().accounts().any(|account| account.name == name) {
            return Err(Refused::AccountExists(name));
        }
        let last = tx.view().accounts().map(|account| account.number.0).max().unwrap_or(0);
        let number = AccountNumber(last.max(tx.view().settings().last_account) + 1);
        let account = new_account(number, &name, created_seconds);
        tx.put_account(account.clone());
        put_credential(tx, number);
        Ok(account)
    });
    let account = added.await??;
    app.credentials.put(account.number.0, &id, key.expose());
    Ok(json!({
        "AccountName": account.name,
        "Uin": account.uin.to_string(),
        "AppId": account.app_id,
        "SecretId": id,
        "SecretKey": key.expose(),
        "RequestId": request,
    }))
}

pub(crate) async fn add_credential(app: &App, account: &str) -> anyhow::Result<Value> {
    let (id, key) = new_credential();
    let put_credential = putting(app, &id, key.expose());
    let number = named(&app.state.view(), account)?.number;
    let (name, request): (Box<str>, _) = (account.into(), random::request_id());
    let entry = entry(app, request, number, "AddCredential", format!("credential {id}"));
    let added = app.state.commit(entry, move |tx| {
        // Checked again: it may have been removed meanwhile.
        let number = named(tx.view(), &name)?.number;
        put_credential(tx, number);
        Ok::<_, Refused>(number)
    });
    let number = added.await??;
    app.credentials.put(number.0, &id, key.expose());
    Ok(json!({"AccountName": account, "SecretId": id, "SecretKey": key.expose(), "RequestId": request}))
}

async fn add_first_account(app: &App) -> anyhow::Result<()> {
    let row = new_account(FIRST_ACCOUNT, "default", app.now_seconds());
    Ok(write(&app.state, move |tx| tx.put_account(row)).await?)
}

fn new_account(number: AccountNumber, name: &str, created_seconds: u64) -> Account {
    Account {
        number,
        name: name.into(),
        uin: uin(number),
        app_id: 1_250_000_000 + u64::from(number.0),
        created_seconds,
    }
}

/// The vendor's account number: it is computed from ours, so that it is known for a removed account too.
pub(crate) fn uin(number: AccountNumber) -> u64 {
    100_000_000_000 + u64::from(number.0)
}

/// Puts a credential's row where its account is known, for which its key is sealed.
fn putting(app: &App, id: &str, key: &str) -> impl FnOnce(&mut Transaction<'_>, AccountNumber) + Send + use<> {
    let (master_key, created_seconds) = (Arc::clone(&app.master_key), app.now_seconds());
    let (secret_id, key) = (Box::<str>::from(id), Secret::from(key.to_owned()));
    move |tx, account| {
        let known = tx.view().credential(&secret_id).map(|known| known.sequence);
        let sequence = known.unwrap_or_else(|| tx.next_sequence());
        let purpose = Purpose::SecretKey { account, secret_id: &secret_id };
        tx.put_credential(Credential {
            sequence,
            account,
            secret_key_encrypted: master_key.seal(key.expose(), purpose),
            secret_id,
            created_seconds,
            revoked_seconds: None,
        });
    }
}

pub(crate) fn named<'a>(view: &'a View, name: &str) -> Result<&'a Arc<Account>, Refused> {
    view.accounts().find(|account| &*account.name == name).ok_or_else(|| Refused::NoAccount(name.into()))
}

/// Stores a credential, encrypted, and accepts requests signed with it at once.
pub(crate) async fn put_credential(app: &App, account: AccountNumber, id: String, key: &str) -> anyhow::Result<()> {
    let put_credential = putting(app, &id, key);
    write(&app.state, move |tx| put_credential(tx, account)).await?;
    app.credentials.put(account.0, &id, key);
    Ok(())
}
