//! By whom a setting was said, for the message about a value that makes no sense.

use crate::cli::arguments::Sources;
use anyhow::Context;
use std::path::Path;

/// What may be said in several ways: a message about it tells by whom it was.
pub(crate) struct Said<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) file: Option<&'a Path>,
}

impl Said<'_> {
    /// Reads what counts: what a flag or its variable says, else what the file says.
    pub(crate) fn read<S, T>(
        &self,
        flag: &str,
        argument: Option<S>,
        of_file: Option<S>,
        read: impl FnOnce(Option<S>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let by = self.sources.name(flag, argument.is_some(), self.file);
        read(argument.or(of_file)).with_context(|| by)
    }
}
