//! A custom image: what the state knows of a disk that was captured from an instance.
//! <https://www.tencentcloud.com/document/api/213/33276>
//!
//! The disk itself belongs to the hypervisor, with everything on it. Here are only its name, the public image it is
//! based on, and the login that was wanted of its source.

use crate::{
    AccountNumber, Image, ImageId, InstanceId, KeyPairId, LoginWanted, Password, Platform, RegionId, SnapshotId, Tag,
    resource::resource, text::named,
};
use serde::{Deserialize, Serialize};

named! {
    /// The states of an image.
    pub enum ImageState {
        Creating = "CREATING",
        Normal = "NORMAL",
        /// The disk could not be captured.
        CreateFailed = "CREATEFAILED",
        /// No longer shown; the hypervisor still has its disk.
        Deleting = "DELETING",
    }
}

/// The login that an image carries, as far as it is known outside its disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageLogin {
    /// Key pairs that were bound to the source: the disk holds their lines.
    #[serde(default)]
    pub keys: Vec<KeyPairId>,
    /// The disk holds a password.
    #[serde(default)]
    pub password: bool,
    #[serde(default)]
    pub password_login: bool,
}

/// An image that an account has made of an instance, from which machines can be made. Its disk belongs to the
/// hypervisor.
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
    /// The public image it is based on; determines system and user.
    pub base: ImageId,
    pub source: InstanceId,
    /// The minimum size of a machine's system disk, in GiB.
    pub size_gib: u32,
    pub login: ImageLogin,
    pub state: ImageState,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
    /// The snapshots of its disks, the system disk's first; an image of an earlier version has none.
    #[serde(default, skip_serializing_if = "<[SnapshotId]>::is_empty")]
    pub snapshots: Box<[SnapshotId]>,
}

impl CustomImage {
    /// The public image it is based on. Images are never removed from that table, so it exists.
    #[must_use]
    pub fn system(&self) -> &'static Image {
        Image::find(self.base).unwrap_or(&crate::IMAGES[0])
    }

    /// The wanted login of a machine that keeps the image's login (`LoginSettings.KeepImageLogin`): its key pairs count
    /// as bound, and the guest, not cvmd, knows its password.
    #[must_use]
    pub fn image_login(&self) -> LoginWanted {
        let ImageLogin { keys, password, password_login } = self.login.clone();
        // How a Windows guest gets its password is the vendor's matter; it counts as set.
        let password = password || self.system().platform == Platform::Windows;
        let password = if password { Password::FromImage } else { Password::Never };
        LoginWanted { keys, password, password_login }
    }
}

resource!(
    CustomImage,
    ImageId,
    region: |image| Some(image.region),
    // One that is being deleted is not visible.
    tags: |image| if image.state == ImageState::Deleting { &[] } else { &image.tags }
);
