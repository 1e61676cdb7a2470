//! Which events an export holds, and by which numbers it shows that none is missing.

use crate::{Event, Fingerprint};
use cvmd_model::{AccountNumber, InstanceId};
use serde::{Deserialize, Serialize};

/// Events that all of the filters let pass. Without any it is the whole ledger.
///
/// Of these, all from the first one at `since_ms` or later to the last one before `until_ms`. One between them may be outside
/// of that time, when the clock was set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    pub account: Option<AccountNumber>,
    pub instance: Option<InstanceId>,
    pub key: Option<Fingerprint>,
    /// Unix milliseconds.
    pub since_ms: Option<u64>,
    /// Unix milliseconds.
    pub until_ms: Option<u64>,
}

impl Selection {
    /// Whether the event passes the filters other than time.
    #[must_use]
    pub fn holds(&self, event: &Event) -> bool {
        self.account.is_none_or(|account| event.account == Some(account))
            && self.instance.is_none_or(|instance| event.instance == Some(instance))
            && self.key.is_none_or(|key| event.key.as_ref().is_some_and(|of| of.fingerprint == key))
    }

    /// Whether an export may begin with this event.
    #[must_use]
    pub fn may_begin(&self, event: &Event) -> bool {
        self.since_ms.is_none_or(|since| event.time_ms >= since)
    }

    /// Whether an export may end with this event.
    #[must_use]
    pub fn may_end(&self, event: &Event) -> bool {
        self.until_ms.is_none_or(|until| event.time_ms < until)
    }

    /// The number that an export counts by: within the instance, or else the account, where one is selected. An export
    /// of one key, or of the whole ledger, counts by the ledger's sequence.
    #[must_use]
    pub fn number_of(&self, event: &Event) -> u64 {
        match (self.key, self.instance, self.account) {
            (None, Some(_), _) => event.in_instance.map_or(0, |link| link.number),
            (None, None, Some(_)) => event.in_account.number,
            _ => event.sequence,
        }
    }

    /// Whether every event of the ledger is in it, from the first one in its time to the last one.
    pub(crate) fn is_whole_ledger(&self) -> bool {
        self.is_whole_in_accounts() && self.account.is_none()
    }

    /// Whether of each account that it holds an event of no other is missing between two of them.
    pub(crate) fn is_whole_in_accounts(&self) -> bool {
        self.is_whole_in_instances() && self.instance.is_none()
    }

    /// Whether of each instance that it holds an event of no other is missing between two of them.
    pub(crate) fn is_whole_in_instances(&self) -> bool {
        self.key.is_none()
    }
}
