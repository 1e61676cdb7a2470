//! What an action knows beside its parameters and the state: who asks, when, and where chance comes from.

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use cvmd_model::{AccountNumber, By, RegionId, RequestId};
use cvmd_wire::{Door, Language};
use std::sync::Arc;

/// Settings of the operator that change what actions do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The region of a legacy request without one.
    pub region: RegionId,
}

/// Encrypts under the master key, which actions never see.
pub trait Seal: Send + Sync {
    /// Base64 of the encrypted text.
    fn seal(&self, clear: &str) -> Box<str>;
}

/// One request's circumstances.
#[derive(Clone)]
pub struct Context {
    pub request: RequestId,
    pub door: Door,
    pub language: Language,
    pub account: AccountNumber,
    pub region: RegionId,
    pub now_seconds: u64,
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
            .field("door", &self.door)
            .field("account", &self.account)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
