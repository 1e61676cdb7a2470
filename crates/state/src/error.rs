//! Why a command was not carried out although nothing is wrong with it, and why a state cannot be opened.

use crate::store::StoreError;
use std::sync::Arc;

/// A command was not carried out, and the fault is ours. Nothing of it is stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    #[error("the store failed: {0}")]
    Store(Arc<str>),
    #[error("a refused command had written already: {0}")]
    WroteBeforeRefusing(Box<str>),
    #[error("{waiting} commands of this account wait already")]
    TooManyWait { waiting: usize },
    #[error("the state is closed")]
    Closed,
}

/// The state could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the writer's thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}
