//! The journal entries of the operator's commands: one for each change, with its target, never a secret.

use crate::app::App;
use cvmd_model::{AccountNumber, RequestId};
use cvmd_state::JournalEntry;

/// The credential column of these entries.
const OPERATOR: &str = "operator";

/// The account of a command that is about none, or about one that is not there yet.
pub(crate) const NO_ACCOUNT: AccountNumber = AccountNumber(0);

/// A command's entry. The account is the one that the command is about, or [`NO_ACCOUNT`].
pub(crate) fn entry(
    app: &App,
    request: RequestId,
    account: AccountNumber,
    action: &'static str,
    target: impl Into<Option<String>>,
) -> JournalEntry {
    let (at_seconds, microseconds) = app.clock.second_and_microseconds();
    JournalEntry {
        request,
        account,
        credential: OPERATOR.into(),
        action,
        at_seconds,
        microseconds,
        instances: Vec::new(),
        target: target.into().map(Into::into),
        dry_run: false,
        replay: None,
    }
}
