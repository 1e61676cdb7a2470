//! The nouns of the cloud and the rules they obey: no IO, no clock, no randomness.
//!
//! Everything here is a value. What is wanted ([`Instance`], [`KeyPair`]) and what is observed ([`Observed`]) are both
//! described, but nothing in this crate can bring the two together: `cvmd-operations` does.

mod account;
mod behaviour;
mod boot;
mod catalogue;
mod charge;
mod cidr;
mod created_tag;
mod custom_image;
mod disk;
mod geography;
mod id;
mod image;
mod installed;
mod instance;
mod instance_disks;
mod instance_extras;
mod instance_state;
mod instance_type;
mod internet;
mod key;
mod login;
mod lookup;
mod network;
mod operation;
mod password;
mod placement_group;
mod proof;
mod refusal;
mod reinstall;
mod reshape;
mod resource;
mod round_robin;
mod row_key;
mod security_group;
mod shape;
mod snapshot;
mod tag;
mod template;
mod term;
mod text;

pub use account::{Account, AccountNumber, Credential, lasting_number};
pub use behaviour::{Behaviour, GUEST_MS_MAX, GUEST_TAG};
pub use boot::BootId;
pub use catalogue::{Catalogue, Own};
pub use charge::{ChargeType, Prepaid, RenewFlag};
pub use cidr::{Cidr, MalformedCidr};
pub use created_tag::{CreatedTag, CreatedTagId};
pub use custom_image::{CustomImage, ImageLogin, ImageState};
pub use disk::{DataDisk, SystemDisk};
pub use geography::{Region, RegionId, Zone, ZoneId};
pub use id::{
    DisasterRecoverGroupId, DiskId, ImageId, InstanceId, KeyPairId, LaunchTemplateId, MalformedId, RequestId,
    RouteTableId, SecurityGroupId, SnapshotId, SubnetId, VpcId, is_id_of_other,
};
pub use image::{IMAGES, Image, Platform};
pub use installed::Installed;
pub use instance::{Associate, By, Instance, PowerLaw};
pub use instance_extras::{CpuTopology, InstanceExtras};
pub use instance_state::{InstanceState, StopType};
pub use instance_type::{InstanceType, InstanceTypeId};
pub use internet::InternetAccessible;
pub use key::{KeyBlob, KeyPair, MalformedKey, PublicKey};
pub use login::{Login, LoginWanted};
pub use network::{Subnet, Vpc};
pub use operation::{Goal, Latest, LatestState, Observed, Operation, Power, System, Trail};
pub use password::Password;
pub use placement_group::{DisasterRecoverGroup, GROUPS_MAX, GroupKind};
pub use proof::{AskedKey, KeyAnswer, OWED_MAX, OwedRefusal, Proof, ProofState};
pub use refusal::{DiskRefusal, Failure, GroupRefusal, Refusal, TemplateRefusal};
pub use reshape::Running;
pub use resource::Resource;
pub use round_robin::RoundRobin;
pub use row_key::RowKey;
pub use security_group::{Direction, Peer, RULES_MAX, Rule, SecurityGroup};
pub use shape::{Shape, Size};
pub use snapshot::Snapshot;
pub use tag::Tag;
pub use template::{
    LaunchTemplate, LaunchTemplateVersion, LaunchTemplateVersionId, TEMPLATE_VERSIONS_MAX, TemplateData,
};
