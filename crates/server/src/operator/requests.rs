//! The journal for the operator: the lines of one request, and the latest ones.

use crate::{
    app::App,
    operator::{account_removal, accounts, journal::NO_ACCOUNT, question::LINES_MAX},
};
use anyhow::bail;
use cvmd_model::{AccountNumber, InstanceId, RequestId};
use cvmd_state::{JournalFilter, JournalLine, View};
use serde_json::{Value, json};
use std::sync::Arc;

/// All lines of one request, oldest first.
pub(crate) async fn trace(app: &App, request: RequestId) -> anyhow::Result<Value> {
    let lines = app.state.lines_of(request).await?;
    if lines.is_empty() {
        bail!("the journal has no command with the RequestId {request}; queries leave no line");
    }
    let names = Names::of(app, &lines).await?;
    Ok(lines.iter().map(|line| row(&names, line)).collect())
}

/// The latest lines, oldest first, filtered by account or instance.
pub(crate) async fn last(
    app: &App,
    account: Option<&str>,
    instance: Option<InstanceId>,
    lines_max: u32,
) -> anyhow::Result<Value> {
    let accounts = match account {
        Some(name) => numbers_of(app, name).await?,
        None => Vec::new(),
    };
    let filter = JournalFilter { accounts, instance, action: None };
    let lines = app.state.last_lines(filter, lines_max.min(LINES_MAX) as usize).await?;
    let names = Names::of(app, &lines).await?;
    let shown = |line: &JournalLine| {
        let mut row = row(&names, line);
        row["RequestId"] = json!(line.request);
        row
    };
    Ok(lines.iter().map(shown).collect())
}

/// All accounts that have or had this name.
async fn numbers_of(app: &App, name: &str) -> anyhow::Result<Vec<AccountNumber>> {
    let removed = removed(app).await?;
    let view = app.state.view();
    let present = view.accounts().filter(|account| *account.name == *name).map(|account| account.number);
    let gone = removed.iter().filter(|(_, gone)| **gone == *name).map(|(number, _)| *number);
    let numbers: Vec<_> = present.chain(gone).collect();
    if numbers.is_empty() {
        bail!("there is no account {name}, nor was one removed: `cvmd account list` shows those there are");
    }
    Ok(numbers)
}

/// The accounts whose removal is in the journal, oldest first.
async fn removed(app: &App) -> anyhow::Result<Vec<(AccountNumber, Box<str>)>> {
    let removals = JournalFilter { action: Some(account_removal::ACTION), ..JournalFilter::default() };
    let lines = app.state.last_lines(removals, LINES_MAX as usize).await?;
    let accepted = lines.into_iter().filter(|line| &*line.decision == "accepted");
    let named = accepted.filter_map(|line| Some((line.account, line.target?.strip_prefix("account ")?.into())));
    Ok(named.collect())
}

/// The names of the accounts of some lines, removed ones included.
struct Names {
    view: Arc<View>,
    removed: Vec<(AccountNumber, Box<str>)>,
}

impl Names {
    async fn of(app: &App, lines: &[JournalLine]) -> anyhow::Result<Names> {
        let view = app.state.view();
        let is_there = |line: &JournalLine| line.account == NO_ACCOUNT || view.account(line.account).is_some();
        let is_all_there = lines.iter().all(is_there);
        let removed = if is_all_there { Vec::new() } else { removed(app).await? };
        Ok(Names { view, removed })
    }

    /// The name of a line's account, and whether that was removed. If its removal is no longer in the journal, only its number
    /// is known.
    fn whose(&self, account: AccountNumber) -> (&str, bool) {
        if let Some(present) = self.view.account(account) {
            return (&present.name, false);
        }
        let gone = self.removed.iter().find(|(number, _)| *number == account);
        (gone.map_or("", |(_, name)| &**name), true)
    }
}

fn row(names: &Names, line: &JournalLine) -> Value {
    let mut row = json!({
        "Time": cvmd_actions::time_with_milliseconds(line.at_seconds, line.microseconds),
        "Action": line.action,
        "Decision": line.decision,
        "InstanceIds": line.instances,
    });
    if line.dry_run {
        row["DryRun"] = json!(true);
    }
    // A command of the operator's may be about no account.
    if line.account != NO_ACCOUNT {
        let (name, is_removed) = names.whose(line.account);
        row["AccountName"] = json!(name);
        row["Uin"] = json!(accounts::uin(line.account).to_string());
        if is_removed {
            row["Removed"] = json!(true);
        }
    }
    if let Some(message) = &line.message {
        row["Message"] = json!(message);
    }
    // The outcome of an operation has no credential.
    if !line.credential.is_empty() {
        row["SecretId"] = json!(line.credential);
    }
    if let Some(target) = &line.target {
        row["Target"] = json!(target);
    }
    row
}

/// The same line for people: members that are flags for programs become a word beside the value they describe.
pub(crate) fn for_people(row: &mut Value) {
    let Some(row) = row.as_object_mut() else { return };
    let members = [("Removed", "AccountName", "removed"), ("DryRun", "Decision", "dry run: nothing is done")];
    for (member, beside, word) in members {
        if row.remove(member) == Some(json!(true)) {
            let text = row.get(beside).and_then(Value::as_str).unwrap_or_default();
            let text = format!("{text} ({word})").trim_start().to_owned();
            row.insert(beside.into(), text.into());
        }
    }
}
