//! A custom image: what the state knows of a disk that was captured from an instance.
//!
//! The disk itself is the hypervisor's, with whatever stands on it; here are only its name, what it goes back to, and
//! the ways in that were wanted of its source.

use crate::{
    AccountNumber, Image, ImageId, InstanceId, KeyPairId, LoginWanted, Password, Platform, RegionId, SnapshotId, Tag,
    resource::resource,
};
use serde::{Deserialize, Serialize};

/// How far an image has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImageState {
    Creating,
    Normal,
    /// The disk could not be captured.
    #[serde(rename = "CREATEFAILED")]
    CreateFailed,
    /// Nobody sees it any more; the hypervisor still has its disk.
    Deleting,
}

impl ImageState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ImageState::Creating => "CREATING",
            ImageState::Normal => "NORMAL",
            ImageState::CreateFailed => "CREATEFAILED",
            ImageState::Deleting => "DELETING",
        }
    }
}

/// The ways in that an image carries, as far as they are known outside its disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageLogin {
    /// Key pairs that were bound to the source: their lines stand on the disk.
    #[serde(default)]
    pub keys: Vec<KeyPairId>,
    /// The disk holds a password.
    #[serde(default)]
    pub password: bool,
    #[serde(default)]
    pub password_login: bool,
}

/// An image that an account has made of an instance: what machines that are made of it begin with. Its disk itself is the
/// hypervisor's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomImage {
    pub id: ImageId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub name: Box<str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub description: Box<str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub family: Box<str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// The public image that it goes back to: tells its system and its user.
    pub base: ImageId,
    pub source: InstanceId,
    /// A machine's system disk is at least as large.
    pub size_gib: u32,
    pub login: ImageLogin,
    pub state: ImageState,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
    /// Of the disks that it holds, the system disk's first; an image of an earlier version has none.
    #[serde(default, skip_serializing_if = "<[SnapshotId]>::is_empty")]
    pub snapshots: Box<[SnapshotId]>,
}

impl CustomImage {
    /// The public image that it goes back to. The table of those only grows, so there is one.
    #[must_use]
    pub fn system(&self) -> &'static Image {
        Image::find(self.base).unwrap_or(&crate::IMAGES[0])
    }

    /// What is wanted of a machine that keeps the image's login (`LoginSettings.KeepImageLogin`): its key pairs count
    /// as bound, and its password is known to the guest, not to us.
    #[must_use]
    pub fn kept_login(&self) -> LoginWanted {
        let ImageLogin { keys, password, password_login } = self.login.clone();
        // A Windows guest's password is the vendor's matter, and counts as set.
        let password = password || self.system().platform == Platform::Windows;
        let password = if password { Password::FromImage } else { Password::Never };
        LoginWanted { keys, password, password_login }
    }
}

resource!(CustomImage, ImageId, |image| Some(image.region));
