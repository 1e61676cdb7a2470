//! What a system disk is made with.

use crate::{ImageId, LoginWanted};
use serde::{Deserialize, Serialize};

/// What a system disk is made with; ResetInstance replaces it as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    pub image: ImageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_image: Option<ImageId>,
    pub host_name: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<Box<str>>,
    pub size_gib: u32,
    pub login: LoginWanted,
}
