//! Revoking credentials, and removing accounts with all that they own.
//!
//! What an account owns goes the way that its own requests would take it: its instances are terminated by the API's
//! action, and the engine does the rest. So removing takes as long as the machines do, and is asked for again until nothing
//! is left; it can be interrupted anywhere, and a later `cvmd account remove --force` goes on.

use crate::{
    app::App,
    command,
    operator::{
        accounts::{FIRST_ACCOUNT, Refused, named, of_first_account},
        journal::entry,
    },
    plain_words, random,
};
use anyhow::{Context as _, bail};
use cvmd_actions::{ACTIONS, Action, Effect, Product};
use cvmd_model::{Account, AccountNumber, Credential, Goal, Instance, RequestId};
use cvmd_state::{JournalEntry, View};
use cvmd_wire::{Dialect, Language, Params};
use serde_json::{Map, Value, json};
use std::{path::Path, sync::Arc};

/// What the journal calls the removal of an account.
pub(crate) const ACTION: &str = "RemoveAccount";
/// Instances that one asking terminates, and rows that one transaction takes away.
const INSTANCES_AT_ONCE: usize = 100;
const ROWS_AT_ONCE: usize = 200;

/// Makes a credential sign nothing any more, from this moment on and after every restart. Where it is the one that the first
/// start has made, its file goes too.
pub(crate) async fn revoke(app: &App, credential_file: &Path, secret_id: &str, force: bool) -> anyhow::Result<Value> {
    let view = app.state.view();
    let known = view.credential(secret_id).filter(|credential| credential.is_valid());
    let account = known.map(|credential| credential.account);
    let account = account.ok_or_else(|| Refused::NoCredential(secret_id.into()))?;
    let name = view.account(account).map(|account| account.name.clone()).unwrap_or_default();
    if account == FIRST_ACCOUNT && of_first_account(&view).count() == 1 && !force {
        bail!(
            "{secret_id} is the last credential of the first account: without one `cvmd env` has nothing to print, and who uses it is \
             refused. `cvmd credential add {name}` makes another one before; or say --force"
        );
    }
    let request = random::request_id();
    revoke_all(app, &[secret_id], entry(app, request, account, "RevokeCredential", format!("credential {secret_id}")))
        .await?;
    forget_file(credential_file, secret_id);
    Ok(json!({"AccountName": name, "SecretId": secret_id, "RequestId": request}))
}

/// A key that signs nothing is not left lying about as if it did.
fn forget_file(path: &Path, secret_id: &str) {
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept.lines().next() != Some(secret_id) {
        return;
    }
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "this file holds a credential that was revoked, and cannot be removed");
    }
}

/// From the first line on no new request is signed by them. Commands under way ask once more before they write.
async fn revoke_all(app: &App, ids: &[&str], entry: JournalEntry) -> anyhow::Result<()> {
    let taken: Vec<_> = ids.iter().filter_map(|id| app.credentials.remove(id)).collect();
    let ids: Vec<Box<str>> = ids.iter().map(|id| Box::from(*id)).collect();
    let now_seconds = app.now_seconds();
    let revoked = app.state.commit(entry, move |tx| {
        for id in ids {
            let credential = tx.view().credential(&id).ok_or(Refused::NoCredential(id))?;
            tx.put_credential(Credential { revoked_seconds: Some(now_seconds), ..Credential::clone(credential) });
        }
        Ok::<_, Refused>(())
    });
    let outcome = revoked.await.map_err(anyhow::Error::from).and_then(|decided| decided.map_err(anyhow::Error::from));
    // What is not durable is not so.
    outcome.inspect_err(|_| taken.into_iter().for_each(|credential| app.credentials.put_back(credential)))
}

/// Takes back an account that was made a moment ago and owns nothing.
pub(crate) async fn forget(app: &App, name: &str) -> anyhow::Result<()> {
    let view = app.state.view();
    let account = named(&view, name)?;
    if let Some(owned) = says(&view.owned(account.number)) {
        bail!("the account {name} owns {owned} already");
    }
    remove_bare(app, account, random::request_id()).await
}

/// Removes an account that owns nothing, or, with `force`, takes away a part of what it owns and tells what is left: to be
/// asked again until the account is `Removed`.
pub(crate) async fn remove(app: &Arc<App>, name: &str, force: bool) -> anyhow::Result<Value> {
    let view = app.state.view();
    let account = named(&view, name)?;
    if account.number == FIRST_ACCOUNT {
        bail!("the first account, {name}, stays: the server itself works as it");
    }
    let owned = view.owned(account.number);
    let request = random::request_id();
    if let Some(owned) = says(&owned) {
        if !force {
            bail!(
                "the account {name} owns {owned}: delete them as it would, or say --force, which revokes its credentials, terminates \
                 its instances and takes the rest away"
            );
        }
        take_away(app, &view, account).await?;
    } else {
        remove_bare(app, account, request).await?;
    }
    let owned: Map<String, Value> = owned.into_iter().map(|(kind, count)| (kind.into(), count.into())).collect();
    let removed = app.state.view().account(account.number).is_none();
    Ok(json!({"AccountName": name, "RequestId": request, "Removed": removed, "Owned": owned}))
}

/// `3 instances, 1 key pair`; nothing for nothing.
fn says(owned: &[(&str, usize)]) -> Option<String> {
    let listed: Vec<_> = owned.iter().map(|(kind, count)| plain_words::counted(count, kind)).collect();
    (!listed.is_empty()).then(|| listed.join(", "))
}

/// Credentials first, so that nothing is added meanwhile; then machines; and rows when no machine needs them any more.
async fn take_away(app: &Arc<App>, view: &View, account: &Account) -> anyhow::Result<()> {
    let valid = view.credentials().filter(|credential| credential.account == account.number && credential.is_valid());
    let ids: Vec<&str> = valid.map(|credential| &*credential.secret_id).collect();
    if !ids.is_empty() {
        let of_account = |action, target| entry(app, random::request_id(), account.number, action, target);
        revoke_all(app, &ids, of_account("RevokeCredential", format!("credentials {}", ids.join(" ")))).await?;
    }
    // A new look: what was committed before the credentials went is in it.
    let view = app.state.view();
    let mut instances = view.instances_of_account(account.number).peekable();
    if instances.peek().is_some() {
        let ending = |goal: &Goal| matches!(goal, Goal::Terminate | Goal::Isolate);
        let idle =
            |instance: &&Arc<Instance>| !instance.operation.as_ref().is_some_and(|under_way| ending(&under_way.goal));
        for instance in instances.filter(idle).take(INSTANCES_AT_ONCE) {
            terminate(app, instance).await?;
        }
        return Ok(());
    }
    take_rows(app, account.number).await
}

async fn take_rows(app: &App, number: AccountNumber) -> anyhow::Result<()> {
    loop {
        let taken = app.state.change(move |tx| Ok::<_, Refused>(tx.remove_rows_of(number, ROWS_AT_ONCE))).await??;
        if taken < ROWS_AT_ONCE {
            return Ok(());
        }
    }
}

/// As the account's own request would. Being in the middle of something is no trouble: the next asking tries again.
async fn terminate(app: &Arc<App>, instance: &Instance) -> anyhow::Result<()> {
    let ids = json!([instance.id]);
    if instance.disable_api_termination {
        let unprotect = json!({"InstanceIds": ids, "DisableApiTermination": false});
        act(app, instance, "ModifyInstancesAttribute", &unprotect).await?;
    }
    act(app, instance, "TerminateInstances", &json!({"InstanceIds": ids})).await
}

async fn act(app: &Arc<App>, instance: &Instance, name: &str, parameters: &Value) -> anyhow::Result<()> {
    let is_it = |action: &&&Action| action.product == Product::Cvm && action.name == name;
    let action = ACTIONS.iter().find(is_it).context("there is no such action")?;
    let Effect::Command(prepare, _) = action.effect else { bail!("{name} is no command") };
    let request = random::request_id();
    let region = instance.zone.region();
    let context = app.context(request, Dialect::Api3, Language::English, instance.account, region);
    let params =
        Params::from_json(parameters.to_string().as_bytes()).map_err(|denied| anyhow::anyhow!("{denied:?}"))?;
    let entry =
        JournalEntry { instances: vec![instance.id], ..self::entry(app, request, instance.account, action.name, None) };
    let prepared = command::prepare_now(action, params, prepare, (&app.state.view(), &context));
    if let Err(refused) = command::commit(app, action, entry, prepared, context).await {
        tracing::info!(instance = %instance.id, action = action.name, code = refused.code, "not yet");
    }
    Ok(())
}

/// The account and its credentials, when nothing of it is left.
async fn remove_bare(app: &App, account: &Account, request: RequestId) -> anyhow::Result<()> {
    let number = account.number;
    let credentials = app.state.view();
    let credentials = credentials.credentials().filter(|credential| credential.account == number);
    let taken: Vec<_> = credentials.filter_map(|credential| app.credentials.remove(&credential.secret_id)).collect();
    take_rows(app, number).await?;
    let removed =
        app.state.commit(entry(app, request, number, ACTION, format!("account {}", account.name)), move |tx| {
            let view = tx.view();
            let account = view.account(number).filter(|_| view.owned(number).is_empty()).ok_or(Refused::Busy)?;
            view.credentials()
                .filter(|credential| credential.account == number)
                .for_each(|credential| tx.remove_credential(credential));
            tx.remove_account(account);
            Ok::<_, Refused>(())
        });
    let outcome = removed.await.map_err(anyhow::Error::from).and_then(|decided| decided.map_err(anyhow::Error::from));
    outcome.inspect_err(|_| taken.into_iter().for_each(|credential| app.credentials.put_back(credential)))
}
