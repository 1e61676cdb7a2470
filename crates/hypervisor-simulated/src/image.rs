//! A captured disk, as a row.

use crate::guest::disk::Disk;
use cvmd_model::ImageId;
use serde::{Deserialize, Serialize};

/// An image as its row holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    pub(crate) id: ImageId,
    pub(crate) disk: Disk,
}
