//! What few instances have. Boxed in the instance, so that the many pay one pointer for it and their rows nothing.

use crate::{DisasterRecoverGroupId, ImageId, Prepaid, Tag};
use serde::{Deserialize, Serialize};

/// Everything unset is left out of the row; when all of it is, the box is left out too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceExtras {
    /// Set exactly when the charge type is PREPAID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepaid: Option<Prepaid>,
    /// The public image that a custom `image` goes back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_image: Option<ImageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<DisasterRecoverGroupId>,
    /// In a group of partitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<u8>,
    /// `CamRoleName`: kept and answered; no role is known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Box<str>>,
    /// As it was given; nothing in the machine depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_topology: Option<CpuTopology>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jumbo_frame: Option<bool>,
    /// Keys and values that the guest may ask for, once there is somebody to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<[Tag]>>,
}

/// How the processors are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuTopology {
    pub cores: u32,
    pub threads_per_core: u32,
}

/// What an instance without a box has.
pub(crate) static NOTHING: InstanceExtras = InstanceExtras {
    prepaid: None,
    base_image: None,
    group: None,
    partition: None,
    role: None,
    cpu_topology: None,
    jumbo_frame: None,
    metadata: None,
};

impl InstanceExtras {
    /// `None` when nothing is set.
    #[must_use]
    pub fn boxed(self) -> Option<Box<InstanceExtras>> {
        (self != NOTHING).then(|| Box::new(self))
    }
}
