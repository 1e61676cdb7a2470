//! What an action knows beside its parameters and the state: who asks, when, and where chance comes from.

use crate::{prices::Prices, seal::Seal};
use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use cvmd_model::{AccountNumber, Associate, By, RegionId, RequestId, StopType};
use cvmd_wire::{Dialect, Language};
use std::{net::SocketAddr, sync::Arc};

/// Settings of the operator that change what actions do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The region of a legacy request without one.
    pub region: RegionId,
    pub running_key_change: RunningKeyChange,
    pub associate: Associate,
    pub prices: Prices,
    pub account: AccountBounds,
    /// Where consoles are opened; `None` where the hypervisor has none.
    pub console: Option<ConsoleAt>,
}

/// Where the server takes WebSocket connections to machines' consoles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleAt {
    pub address: SocketAddr,
    /// Whether it is met by TLS alone.
    pub tls: bool,
}

/// What one account may hold at most, beside what a seed has put there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountBounds {
    pub instances_max: u64,
    /// Bytes of the rows of all kinds.
    pub bytes_max: u64,
}

impl Default for AccountBounds {
    fn default() -> Self {
        AccountBounds { instances_max: 100_000, bytes_max: 1 << 30 }
    }
}

/// What changing the login of a RUNNING instance without ForceStop comes to: its key pairs and its password alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunningKeyChange {
    /// It is refused: STOPPED only.
    #[default]
    Refuse,
    /// The guest is asked to shut down, changed, and started again; if it will not, the operation fails and nothing
    /// has changed.
    Shutdown,
}

impl Policy {
    /// As documented, with this region for legacy requests without one.
    #[must_use]
    pub fn documented(region: RegionId) -> Policy {
        Policy {
            region,
            running_key_change: RunningKeyChange::default(),
            associate: Associate::default(),
            prices: Prices::default(),
            account: AccountBounds::default(),
            console: None,
        }
    }

    /// How a RUNNING instance is stopped for a change of its login; `None` where it is not.
    #[must_use]
    pub fn stop_for_change(&self, force: bool) -> Option<StopType> {
        match self.running_key_change {
            _ if force => Some(StopType::SoftFirst),
            RunningKeyChange::Shutdown => Some(StopType::Soft),
            RunningKeyChange::Refuse => None,
        }
    }
}

/// One request's circumstances.
#[derive(Clone)]
pub struct Context {
    pub request: RequestId,
    pub dialect: Dialect,
    pub language: Language,
    pub account: AccountNumber,
    pub region: RegionId,
    pub now_seconds: u64,
    /// Of that second.
    pub microseconds: u32,
    /// All chance of this request comes from here, so that a test can repeat it.
    pub seed: [u8; 32],
    pub policy: Policy,
    pub seal: Arc<dyn Seal>,
}

impl Context {
    /// A generator of its own for each purpose.
    #[must_use]
    pub fn random(&self, purpose: u8) -> ChaCha20Rng {
        let mut seed = self.seed;
        seed[31] ^= purpose;
        ChaCha20Rng::from_seed(seed)
    }

    /// A number for a new id.
    pub(crate) fn id(random: &mut ChaCha20Rng) -> u64 {
        random.next_u64()
    }

    #[must_use]
    pub(crate) fn by(&self, action: &'static str) -> By {
        By { action, request: self.request }
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("request", &self.request)
            .field("dialect", &self.dialect)
            .field("account", &self.account)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
