//! What the journal tells an operator: the lines of one request, and the last ones of all.

use crate::house::House;
use anyhow::{Context, bail};
use cvmd_model::{InstanceId, RequestId};
use cvmd_state::{JournalFilter, JournalLine, View};
use serde_json::{Value, json};

/// Lines that are shown at a time, at most.
pub(crate) const LINES_MAX: u32 = 1_000;

/// Everything about one request, oldest first.
pub(crate) async fn trace(house: &House, request: RequestId) -> anyhow::Result<Value> {
    let lines = house.state.lines_of(request).await?;
    if lines.is_empty() {
        bail!("the journal has no command with the RequestId {request}; queries leave no line");
    }
    let view = house.state.view();
    Ok(lines.iter().map(|line| row(&view, line)).collect())
}

/// The last lines, oldest first: of one account or about one instance, where those are named.
pub(crate) async fn last(
    house: &House,
    account: Option<&str>,
    instance: Option<InstanceId>,
    lines_max: u32,
) -> anyhow::Result<Value> {
    let view = house.state.view();
    let named = |name: &str| {
        let account = view.accounts().find(|account| *account.name == *name);
        account.with_context(|| format!("there is no account {name}: `cvmd account list` shows those there are"))
    };
    let account = account.map(named).transpose()?.map(|account| account.number);
    let lines = house.state.last_lines(JournalFilter { account, instance }, lines_max.min(LINES_MAX) as usize).await?;
    let told = |line: &JournalLine| {
        let mut row = row(&view, line);
        row["RequestId"] = json!(line.request);
        row
    };
    Ok(lines.iter().map(told).collect())
}

fn row(view: &View, line: &JournalLine) -> Value {
    let mut row = json!({
        "Time": cvmd_actions::time(line.at_seconds),
        "AccountName": view.account(line.account).map_or("", |account| &account.name),
        "Action": line.action,
        "Decision": line.decision,
        "InstanceIds": line.instances,
    });
    // What came of an operation is nobody's signature.
    if !line.credential.is_empty() {
        row["SecretId"] = json!(line.credential);
    }
    if let Some(target) = &line.target {
        row["Target"] = json!(target);
    }
    row
}
