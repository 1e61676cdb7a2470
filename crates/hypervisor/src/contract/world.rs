//! What the contract suite asks of a driver under test.

use crate::{Definition, Hypervisor};
use async_trait::async_trait;
use cvmd_model::InstanceId;
use std::sync::Arc;

/// A driver under test and what only its own tests can reach.
#[async_trait]
pub trait World: Send {
    fn hypervisor(&self) -> Arc<dyn Hypervisor>;

    /// A well-behaved Linux machine that no other test has.
    fn definition(&self) -> Definition;

    /// Drives the same machines from a new process's point of view: nothing in memory is left but what was durable.
    async fn reopen(&mut self);

    /// The text of the user's own `~/.ssh/authorized_keys`.
    async fn text(&self, id: InstanceId) -> String;

    /// Replaces that text, as the machine's owner may.
    async fn write_by_hand(&self, id: InstanceId, text: &str);
}
