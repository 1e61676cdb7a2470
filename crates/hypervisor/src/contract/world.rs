//! What a driver's tests must provide for the contract suite.

use crate::{Definition, Hypervisor};
use async_trait::async_trait;
use cvmd_model::InstanceId;
use std::sync::Arc;

/// A driver under test, and what only its own tests can do.
#[async_trait]
pub trait World: Send {
    fn hypervisor(&self) -> Arc<dyn Hypervisor>;

    /// A well-behaved Linux machine that no other test has.
    fn definition(&self) -> Definition;

    /// Opens the same machines as a new process would: only what was durable is left.
    async fn reopen(&mut self);

    /// The text of the user's own `~/.ssh/authorized_keys`.
    async fn text(&self, id: InstanceId) -> String;

    /// Replaces that text, as the machine's owner can.
    async fn write_by_hand(&self, id: InstanceId, text: &str);
}
