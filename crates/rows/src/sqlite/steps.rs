//! The moments at which a crash would leave something else behind. Tests stop at each of them; otherwise nothing
//! happens there.

/// What has just happened, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A group's transaction is about to be committed.
    Committing,
    Committed,
    /// A snapshot's file is there, without content.
    SnapshotBegun,
    SnapshotWritten,
    SnapshotSynced,
    /// Its name in the directory is durable too.
    DirectorySynced,
    /// The transaction that names it is about to be committed.
    Naming,
    Named,
    /// Groups that it covers are about to be deleted.
    Deleting,
    Deleted,
    /// All that was written is in the database itself.
    WrittenBack,
    /// A file of an older snapshot is gone.
    OlderRemoved,
}

#[cfg(test)]
pub(crate) type Hook = std::sync::Arc<dyn Fn(Step) + Send + Sync>;

/// Tells a test of each step.
#[derive(Clone, Default)]
pub(crate) struct Steps {
    #[cfg(test)]
    pub(crate) hook: Option<Hook>,
}

impl Steps {
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "only tests listen"))]
    pub(crate) fn at(&self, step: Step) {
        #[cfg(test)]
        if let Some(hook) = &self.hook {
            hook(step);
        }
        #[cfg(not(test))]
        let _ = step;
    }
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Steps")
    }
}
