//! Revoking credentials, and removing accounts with everything they own.
//!
//! What an account owns is removed as by its own requests: its instances are terminated by the API's action, and the
//! engine does the rest. So a removal takes as long as the machines do, and is requested again until nothing is left;
//! it may be interrupted at any time, and a later `cvmd account remove --force` continues.

use crate::{
    app::App,
    command::{self, Asked},
    operator::{
        accounts::{FIRST_ACCOUNT, Refused, named, usable_of_first_account},
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

pub(crate) const ACTION: &str = "RemoveAccount";
/// The maximum of instances that one question terminates, and of rows that one transaction deletes.
const INSTANCES_AT_ONCE: usize = 100;
const ROWS_AT_ONCE: usize = 200;

/// Revokes a credential, from now on and after every restart. If it is the one that the first start has made, its file
/// is removed too.
pub(crate) async fn revoke(app: &App, credential_file: &Path, secret_id: &str, force: bool) -> anyhow::Result<Value> {
    let view = app.state.view();
    let known = view.credential(secret_id).filter(|credential| credential.is_valid());
    let account = known.map(|credential| credential.account);
    let account = account.ok_or_else(|| Refused::NoCredential(secret_id.into()))?;
    let name = view.account(account).map(|account| account.name.clone()).unwrap_or_default();
    let mut usable = usable_of_first_account(app, &view).map(|credential| &*credential.secret_id);
    let is_last = usable.next() == Some(secret_id) && usable.next().is_none();
    if account == FIRST_ACCOUNT && is_last && !force {
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

/// Removes the file of a key that signs nothing any more.
fn forget_file(path: &Path, secret_id: &str) {
    let written = std::fs::read_to_string(path).unwrap_or_default();
    if written.lines().next() != Some(secret_id) {
        return;
    }
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "this file holds a credential that was revoked, and cannot be removed");
    }
}

/// From the start no new request is accepted that they sign. Commands under way check again before they write.
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
    // What was not made durable is undone.
    outcome.inspect_err(|_| taken.into_iter().for_each(|credential| app.credentials.put_back(credential)))
}

/// Removes an account that was just made and owns nothing.
pub(crate) async fn forget(app: &App, name: &str) -> anyhow::Result<()> {
    let view = app.state.view();
    let account = named(&view, name)?;
    if let Some(owned) = listed(&view.owned(account.number)) {
        bail!("the account {name} owns {owned} already");
    }
    remove_bare(app, account, random::request_id()).await
}

/// Removes an account that owns nothing, or, with `force`, removes a part of what it owns and returns what is left: to
/// be called again until the account is `Removed`.
pub(crate) async fn remove(app: &Arc<App>, name: &str, force: bool) -> anyhow::Result<Value> {
    let view = app.state.view();
    let account = named(&view, name)?;
    if account.number == FIRST_ACCOUNT {
        bail!("the first account, {name}, stays: the server itself works as it");
    }
    let owned = view.owned(account.number);
    let request = random::request_id();
    if let Some(owned) = listed(&owned) {
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

/// `3 instances, 1 key pair`; none for nothing.
fn listed(owned: &[(&str, usize)]) -> Option<String> {
    let listed: Vec<_> = owned.iter().map(|(kind, count)| plain_words::counted(count, kind)).collect();
    (!listed.is_empty()).then(|| listed.join(", "))
}

/// Credentials first, so that nothing is added; then machines; then rows, when no machine needs them any more.
async fn take_away(app: &Arc<App>, view: &View, account: &Account) -> anyhow::Result<()> {
    let valid = view.credentials().filter(|credential| credential.account == account.number && credential.is_valid());
    let ids: Vec<&str> = valid.map(|credential| &*credential.secret_id).collect();
    if !ids.is_empty() {
        let of_account = |action, target| entry(app, random::request_id(), account.number, action, target);
        revoke_all(app, &ids, of_account("RevokeCredential", format!("credentials {}", ids.join(" ")))).await?;
    }
    // Read again: it includes what was committed before the credentials were revoked.
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

/// As the account's own request would. An instance that is busy is no error: the next call tries again.
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
    let prepared = Asked { action, params, prepare }.prepare(&app.state.view(), &context);
    if let Err(refused) = command::commit(app, action, entry, prepared, context).await {
        tracing::info!(instance = %instance.id, action = action.name, code = refused.code, "not yet");
    }
    Ok(())
}

/// Removes the account and its credentials, when nothing else is left.
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
