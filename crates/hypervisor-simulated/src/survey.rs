//! What is known of a directory's machines before they run.

use uuid::Uuid;

/// The findings of [`crate::StoredMachines::survey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Survey {
    /// The data directory that the machines belong to; unknown for those of older versions.
    pub directory: Option<Uuid>,
    /// The last epoch that was written down with them; 0 where none was.
    pub epoch: u64,
    /// There are neither machines nor images.
    pub is_empty: bool,
    /// One of the machines is of an instance that is known, or there are none (images alone show nothing).
    pub has_known: bool,
}
