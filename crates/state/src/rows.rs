//! Rows that are no resources of the API: settings of the data directory, client tokens, messages; and an account's usage.

use cvmd_model::{AccountNumber, Cidr, InstanceId, RegionId, RequestId};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The settings of a data directory; one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The first octet after 127 of the default VPC's block: 64, 128 or 192.
    pub block: u8,
    /// The port at which all simulated machines answer; tried first at the next start.
    pub ssh_port: u16,
    pub seed: SeedState,
    /// The highest number given to an account, deleted ones included.
    #[serde(default)]
    pub last_account: u32,
    /// A random name of the directory, which its files hold too, so that a file of another directory is recognised.
    /// Made at the first start of a version that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<uuid::Uuid>,
    /// Grows with each start and stop, and while there are changes; the machines have it too. So halves of different times
    /// are recognised.
    #[serde(default, skip_serializing_if = "is_none")]
    pub epoch: u64,
    /// What the seed's file held whose loading has begun, as a hash: another file does not go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed_hash: Option<uuid::Uuid>,
    /// The seed that was loaded, and for which account; unknown if an earlier version loaded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<(AccountNumber, Usage)>,
    /// Nothing that an earlier version sealed for no row of its own is left: from now on none is taken as that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed_for_rows: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(epoch: &u64) -> bool {
    *epoch == 0
}

/// The progress of loading a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeedState {
    None,
    /// An earlier version began to load it, and made the machines itself: which of them are made is not known.
    Begun,
    /// Loading has begun. If a start finds this, it was interrupted: the same seed goes on. What is left are the instances
    /// with an operation, and those that are not there yet.
    UnderWay,
    Done,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            block: 64,
            ssh_port: 22,
            seed: SeedState::None,
            last_account: 0,
            directory: None,
            epoch: 0,
            seed_hash: None,
            seeded: None,
            sealed_for_rows: false,
        }
    }
}

impl Settings {
    /// The block of addresses that all default VPCs share.
    #[must_use]
    pub fn block_cidr(&self) -> Cidr {
        Cidr::around(Ipv4Addr::new(127, self.block, 0, 0), 10)
    }
}

/// A RunInstances request that a client may repeat within 24 hours and get the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientToken {
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub token: Box<str>,
    /// Hash of the parameters: the same token with other parameters is refused.
    pub parameters: u128,
    pub instances: Vec<InstanceId>,
    pub created_seconds: u64,
}

/// A message that the vendor would send to the account: a random password, encrypted, stored until it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub sequence: u64,
    pub account: AccountNumber,
    pub instance: InstanceId,
    pub request: RequestId,
    /// Encrypted under the master key, for this account and request.
    pub text_encrypted: Box<str>,
    pub created_seconds: u64,
}

/// Instances, and bytes of rows of all kinds. What an operation under way adds to its row is not counted, so that an
/// account at its bound can still stop, start and terminate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    pub instances: u64,
    pub bytes: u64,
}
