//! How an instance is reached from outside its network.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// An instance's bandwidth and public address (<https://cloud.tencent.com/document/api/213/15753#InternetAccessible>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetAccessible {
    pub charge_type: Cow<'static, str>,
    /// In Mbit/s.
    pub max_bandwidth_out: u32,
    pub public_ip_assigned: bool,
    /// True when the request wanted bandwidth without a public address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public_ip_declined: bool,
}

impl InternetAccessible {
    /// Whether the instance gets a public address with this bandwidth (in Mbit/s).
    #[must_use]
    pub fn wants_public_address(&self, max_bandwidth_out: u32) -> bool {
        max_bandwidth_out > 0 && !self.public_ip_declined || self.public_ip_assigned
    }
}
