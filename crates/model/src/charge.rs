//! How an instance is paid for.

use serde::{Deserialize, Serialize};

/// How an instance is paid for, by the vendor's words: by the hour, in advance, or as a spot instance
/// (<https://cloud.tencent.com/document/api/213/15753#Instance>). Nothing is charged here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChargeType {
    PostpaidByHour,
    Prepaid,
    Spotpaid,
}

impl ChargeType {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChargeType::PostpaidByHour => "POSTPAID_BY_HOUR",
            ChargeType::Prepaid => "PREPAID",
            ChargeType::Spotpaid => "SPOTPAID",
        }
    }
}

/// What happens when the term ends. It is stored and answered; nothing is renewed automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RenewFlag {
    NotifyAndAutoRenew,
    #[default]
    NotifyAndManualRenew,
    DisableNotifyAndManualRenew,
}

impl RenewFlag {
    pub const ALL: [RenewFlag; 3] =
        [RenewFlag::NotifyAndAutoRenew, RenewFlag::NotifyAndManualRenew, RenewFlag::DisableNotifyAndManualRenew];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RenewFlag::NotifyAndAutoRenew => "NOTIFY_AND_AUTO_RENEW",
            RenewFlag::NotifyAndManualRenew => "NOTIFY_AND_MANUAL_RENEW",
            RenewFlag::DisableNotifyAndManualRenew => "DISABLE_NOTIFY_AND_MANUAL_RENEW",
        }
    }
}

/// A term paid in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepaid {
    pub renew: RenewFlag,
    /// `ExpiredTime`, unix seconds.
    pub expires_seconds: u64,
}
