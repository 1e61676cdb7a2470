//! What an action gets beside its parameters and the state: the caller, the time and randomness.

use crate::{prices::Prices, seal::Seal};
use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use cvmd_model::{AccountNumber, Associate, By, RegionId, RequestId, StopType};
use cvmd_wire::{Dialect, Language};
use std::{net::SocketAddr, sync::Arc};

/// Settings of the operator that affect actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The region of a legacy request without one.
    pub region: RegionId,
    pub running_key_change: RunningKeyChange,
    pub associate: Associate,
    pub prices: Prices,
    pub account: AccountBounds,
    /// Where consoles are opened; `None` if the hypervisor has none.
    pub console: Option<ConsoleAt>,
}

/// Where the server accepts WebSocket connections to consoles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleAt {
    pub address: SocketAddr,
    /// Whether it accepts TLS only.
    pub tls: bool,
}

/// The bounds of one account, not counting what a seed has made.
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

/// What happens when a request without ForceStop changes the login (key pairs or password) of a RUNNING instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunningKeyChange {
    /// It is refused: the instance must be STOPPED.
    #[default]
    Refuse,
    /// The guest is asked to shut down, changed, and started again; if it does not shut down, the operation fails and
    /// nothing has changed.
    Shutdown,
}

impl Policy {
    /// The documented behaviour, with this region for legacy requests without one.
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

    /// How a RUNNING instance is stopped for a change of its login; `None` if it is not.
    #[must_use]
    pub fn stop_for_change(&self, force: bool) -> Option<StopType> {
        match self.running_key_change {
            _ if force => Some(StopType::SoftFirst),
            RunningKeyChange::Shutdown => Some(StopType::Soft),
            RunningKeyChange::Refuse => None,
        }
    }
}

/// The circumstances of one request.
#[derive(Clone)]
pub struct Context {
    pub request: RequestId,
    pub dialect: Dialect,
    pub language: Language,
    pub account: AccountNumber,
    pub region: RegionId,
    pub now_seconds: u64,
    /// Within that second.
    pub microseconds: u32,
    /// The source of all randomness of this request, so that a test can repeat it.
    pub seed: [u8; 32],
    pub policy: Policy,
    pub seal: Arc<dyn Seal>,
}

impl Context {
    /// A separate generator for each purpose.
    #[must_use]
    pub fn random(&self, purpose: u8) -> ChaCha20Rng {
        let mut seed = self.seed;
        seed[31] ^= purpose;
        ChaCha20Rng::from_seed(seed)
    }

    /// A new id, of those that are free, made of random bits.
    pub(crate) fn new_id<Id>(random: &mut ChaCha20Rng, id: fn(u64) -> Id, is_free: impl Fn(&Id) -> bool) -> Id {
        loop {
            let id = id(random.next_u64());
            if is_free(&id) {
                return id;
            }
        }
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
