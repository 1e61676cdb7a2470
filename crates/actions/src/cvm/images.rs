//! What actions on images share: their reply, and their maximum.

use crate::{
    Context, Parameters, Reason,
    names::bounded_text,
    reply::{Unset, time},
};
use cvmd_model::{CustomImage, Image, ImageId, Refusal, SnapshotId, Tag};
use cvmd_state::View;
use serde::Serialize;
use std::{borrow::Cow, sync::Arc};

/// The maximum of custom images of an account in a region.
pub(super) const QUOTA: usize = 500;

const NAME_MAX: usize = 60;
const DESCRIPTION_MAX: usize = 256;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImageReply<'a> {
    pub(super) image_id: String,
    os_name: &'static str,
    pub(super) image_type: &'static str,
    created_time: Cow<'static, str>,
    pub(super) image_name: &'a str,
    image_description: &'a str,
    image_size: u32,
    architecture: &'static str,
    image_state: &'static str,
    pub(super) platform: &'static str,
    image_creator: String,
    image_source: &'static str,
    sync_percent: Option<u32>,
    is_support_cloudinit: bool,
    snapshot_set: Vec<SnapshotOf>,
    pub(super) tags: &'a [Tag],
    license_type: &'static str,
    image_family: &'a str,
    image_deprecated: bool,
    cdc_cache_status: Unset,
    create_percent: Unset,
    #[serde(rename = "GPUDriverList")]
    gpu_driver_list: [(); 0],
    image_format: &'static str,
    #[serde(rename = "IsSupportAutoInstallGPUDriver")]
    is_support_auto_install_gpu_driver: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SnapshotOf {
    snapshot_id: SnapshotId,
    disk_usage: &'static str,
    disk_size: u32,
}

pub(super) fn of_public<'a>(image: &'static Image) -> ImageReply<'a> {
    ImageReply {
        image_id: image.id_text.into(),
        os_name: image.os_name,
        image_type: "PUBLIC_IMAGE",
        created_time: image.created.into(),
        image_name: image.os_name,
        image_description: "",
        image_size: image.size_gib,
        architecture: "x86_64",
        image_state: "NORMAL",
        platform: image.distribution,
        image_creator: String::new(),
        image_source: "OFFICIAL",
        sync_percent: None,
        is_support_cloudinit: true,
        snapshot_set: Vec::new(),
        tags: &[],
        license_type: "TencentCloud",
        image_family: "",
        image_deprecated: false,
        cdc_cache_status: (),
        create_percent: (),
        gpu_driver_list: [],
        image_format: "QCOW2",
        is_support_auto_install_gpu_driver: false,
    }
}

/// The account's number, as in `ImageCreator`.
pub(super) fn creator(view: &View, context: &Context) -> String {
    view.account(context.account).map_or(String::new(), |account| account.uin.to_string())
}

pub(super) fn of_custom<'a>(view: &View, image: &'a CustomImage, creator: &str) -> ImageReply<'a> {
    let system = image.system();
    let snapshots = image.snapshots.iter().filter_map(|id| view.snapshots().get(*id));
    let snapshots = snapshots.map(|snapshot| SnapshotOf {
        snapshot_id: snapshot.id,
        disk_usage: snapshot.usage(),
        disk_size: snapshot.size_gib,
    });
    ImageReply {
        image_id: image.id.to_string(),
        image_type: "PRIVATE_IMAGE",
        created_time: time(image.created_seconds).into(),
        image_name: &image.name,
        image_description: &image.description,
        image_size: image.size_gib,
        image_state: view.image_state(image).name(),
        image_creator: creator.into(),
        image_source: "CREATE_IMAGE",
        snapshot_set: snapshots.collect(),
        tags: &image.tags,
        image_family: &image.family,
        image_deprecated: image.deprecated,
        ..of_public(system)
    }
}

/// Name, description and family, each if given.
pub(super) struct Texts {
    pub name: Option<Box<str>>,
    pub description: Option<Box<str>>,
    pub family: Option<Box<str>>,
}

impl Texts {
    pub(super) fn read(parameters: &mut Parameters) -> Result<Texts, Reason> {
        let name = bounded_text(parameters, "ImageName", NAME_MAX)?;
        let description = bounded_text(parameters, "ImageDescription", DESCRIPTION_MAX)?;
        let family = bounded_text(parameters, "ImageFamily", NAME_MAX)?;
        match &name {
            Some(name) if name.trim().is_empty() => {
                Err(Reason::BadValue { name: "ImageName".into(), value: name.clone() })
            }
            _ => Ok(Texts { name, description, family }),
        }
    }
}

/// Refuses a name that another image than `own` has in the region.
pub(super) fn name_is_free(view: &View, context: &Context, name: &str, own: Option<ImageId>) -> Result<(), Refusal> {
    let mut others = view.images_of(context.account, context.region).filter(|image| Some(image.id) != own);
    if others.any(|image| &*image.name == name) { Err(Refusal::ImageNameTaken(name.into())) } else { Ok(()) }
}

/// The account's own image in this region, not a public one.
pub(super) fn own<'a>(view: &'a View, context: &Context, id: ImageId) -> Result<&'a Arc<CustomImage>, Refusal> {
    match view.image_of(context.account, context.region, id) {
        Some(image) => Ok(image),
        None if Image::find(id).is_some() => Err(Refusal::PublicImage(id)),
        None => Err(Refusal::ImageNotFound(id)),
    }
}
