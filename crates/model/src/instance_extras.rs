//! Fields that few instances have. They are boxed, so that an instance without them pays one pointer, and its row
//! nothing.

use crate::{DisasterRecoverGroupId, ImageId, Prepaid, Tag};
use serde::{Deserialize, Serialize};

/// Unset fields are left out of the row, and so is the box when all are unset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceExtras {
    /// Set exactly when the charge type is PREPAID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepaid: Option<Prepaid>,
    /// The public image that a custom `image` is based on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_image: Option<ImageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<DisasterRecoverGroupId>,
    /// The number of its partition, in a group of partitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<u8>,
    /// `CamRoleName`: stored and answered; cvmd has no roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Box<str>>,
    /// As it was given; the machine does not depend on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_topology: Option<CpuTopology>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jumbo_frame: Option<bool>,
    /// Keys and values that the guest could ask for; there is no metadata service yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<[Tag]>>,
}

/// The layout of the processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuTopology {
    pub cores: u32,
    pub threads_per_core: u32,
}

/// The values of an instance without a box.
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
