//! How an instance is paid for.

use crate::text::named;
use serde::{Deserialize, Serialize};

named! {
    /// How an instance is paid for, by the vendor's words: by the hour, in advance, or as a spot instance
    /// (<https://cloud.tencent.com/document/api/213/15753#Instance>). Nothing is charged here.
    pub enum ChargeType {
        PostpaidByHour = "POSTPAID_BY_HOUR",
        Prepaid = "PREPAID",
        Spotpaid = "SPOTPAID",
    }
}

named! {
    /// What happens when the term ends. It is stored and answered; nothing is renewed automatically.
    #[derive(Default)]
    pub enum RenewFlag {
        NotifyAndAutoRenew = "NOTIFY_AND_AUTO_RENEW",
        #[default]
        NotifyAndManualRenew = "NOTIFY_AND_MANUAL_RENEW",
        DisableNotifyAndManualRenew = "DISABLE_NOTIFY_AND_MANUAL_RENEW",
    }
}

/// A term paid in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepaid {
    pub renew: RenewFlag,
    /// `ExpiredTime`, unix seconds.
    pub expires_seconds: u64,
}
