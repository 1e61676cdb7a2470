//! The owners of machines: machines of one owner share the maximum of sessions.

use cvmd_model::InstanceId;
use std::{fmt, sync::Arc};

type OwnerOf = dyn Fn(InstanceId) -> Option<u32> + Send + Sync;

/// Returns the number of a machine's owner. By default there is none.
#[derive(Clone, Default)]
pub struct Owners(Option<Arc<OwnerOf>>);

impl Owners {
    #[must_use]
    pub fn new(owner_of: impl Fn(InstanceId) -> Option<u32> + Send + Sync + 'static) -> Owners {
        Owners(Some(Arc::new(owner_of)))
    }

    pub(crate) fn holder_of(&self, machine: InstanceId) -> Holder {
        let owner = self.0.as_ref().and_then(|owner_of| owner_of(machine));
        owner.map_or(Holder::Machine(machine), Holder::Owner)
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Owners").finish_non_exhaustive()
    }
}

/// The owner of a session, for the shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Owner(u32),
    /// A machine without a known owner.
    Machine(InstanceId),
}
