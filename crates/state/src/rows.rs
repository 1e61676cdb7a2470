//! Rows that are not nouns of the cloud: settings of the data directory, client tokens, messages.

use cvmd_model::{AccountNumber, Cidr, InstanceId, RegionId, RequestId};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What a data directory keeps about itself; one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The first octet after 127 of the default VPC's block: 64, 128 or 192.
    pub block: u8,
    /// The port at which all simulated machines answer; the kept first choice at the next start.
    pub ssh_port: u16,
    pub seed: SeedState,
    /// Numbers up to this one have been given to accounts, some of which may be gone.
    #[serde(default)]
    pub last_account: u32,
    /// What the directory is called in its files, so that one of another directory is found out. Made at the first start
    /// that knows of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<uuid::Uuid>,
    /// What a seed has put there, and for whom; unknown of one that an earlier version has loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<(AccountNumber, Usage)>,
}

/// How far the loading of a seed has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeedState {
    None,
    /// Interrupted, if a start finds this: the same seed goes on.
    Begun,
    Done,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { block: 64, ssh_port: 22, seed: SeedState::None, last_account: 0, directory: None, seeded: None }
    }
}

impl Settings {
    /// The block, which all default VPCs share.
    #[must_use]
    pub fn block_cidr(&self) -> Cidr {
        Cidr::around(Ipv4Addr::new(127, self.block, 0, 0), 10)
    }
}

/// A RunInstances request that a client may send again within 24 hours and get the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientToken {
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub token: Box<str>,
    /// Hash of the parameters: the same token with others is refused.
    pub parameters: u128,
    pub instances: Vec<InstanceId>,
    pub created_seconds: u64,
}

/// What the vendor would send by station message: a random password, encrypted, kept until it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub sequence: u64,
    pub account: AccountNumber,
    pub instance: InstanceId,
    pub request: RequestId,
    /// Encrypted under the master key; base64.
    pub text_encrypted: Box<str>,
    pub created_seconds: u64,
}

/// Instances, and bytes of rows of all kinds. What an operation under way writes down for itself is not counted, so that an account
/// at its bound can still stop, start and terminate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    pub instances: u64,
    pub bytes: u64,
}
