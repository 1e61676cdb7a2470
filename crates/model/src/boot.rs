//! The boots of a machine.

use serde::{Deserialize, Serialize};

/// The id of one boot of a machine. It changes with every boot and never otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub uuid::Uuid);
