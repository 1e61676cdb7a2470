//! What actions on images share: their reply, and their maximum.

use crate::{Context, EMPTY, NULL, Parameters, Reason, names::bounded_text, time};
use cvmd_model::{CustomImage, Image, ImageId, Refusal, Tag};
use cvmd_state::View;
use serde::Serialize;
use std::sync::Arc;

/// The maximum of custom images of an account in a region.
pub(super) const QUOTA: usize = 500;

const NAME_MAX: usize = 60;
const DESCRIPTION_MAX: usize = 256;

/// An image in a list: a public one, or the account's own with the public one that it is based on.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) system: &'static Image,
    pub(super) own: Option<&'a CustomImage>,
}

impl<'a> Listed<'a> {
    pub(super) fn of(own: &'a CustomImage) -> Listed<'a> {
        Listed { system: own.system(), own: Some(own) }
    }

    pub(super) fn id(self) -> String {
        self.own.map_or_else(|| self.system.id_text.into(), |own| own.id.to_string())
    }

    pub(super) fn kind(self) -> &'static str {
        if self.own.is_some() { "PRIVATE_IMAGE" } else { "PUBLIC_IMAGE" }
    }

    pub(super) fn name(self) -> &'a str {
        self.own.map_or(self.system.os_name, |own| &own.name)
    }

    pub(super) fn tags(self) -> &'a [Tag] {
        self.own.map_or(&[], |own| &own.tags)
    }

    pub(super) fn reply(self, view: &View) -> impl Serialize + use<'a> {
        let Listed { system, own } = self;
        let creator = own.and_then(|own| view.account(own.account)).map(|account| account.uin.to_string());
        let snapshots = own.into_iter().flat_map(|own| &own.snapshots).filter_map(|id| view.snapshots().get(*id));
        let snapshots = snapshots.map(|snapshot| {
            object! { SnapshotId: snapshot.id, DiskUsage: snapshot.usage(), DiskSize: snapshot.size_gib }
        });
        object! {
            ImageId: self.id(),
            OsName: system.os_name,
            ImageType: self.kind(),
            CreatedTime: own.map_or_else(|| system.created.into(), |own| time(own.created_seconds)),
            ImageName: self.name(),
            ImageDescription: own.map_or("", |own| &own.description),
            ImageSize: own.map_or(system.size_gib, |own| own.size_gib),
            Architecture: "x86_64",
            ImageState: own.map_or("NORMAL", |own| view.image_state(own).name()),
            Platform: system.distribution,
            ImageCreator: creator.unwrap_or_default(),
            ImageSource: if own.is_some() { "CREATE_IMAGE" } else { "OFFICIAL" },
            SyncPercent: NULL,
            IsSupportCloudinit: true,
            SnapshotSet: snapshots.collect::<Vec<_>>(),
            Tags: self.tags(),
            LicenseType: "TencentCloud",
            ImageFamily: own.map_or("", |own| &own.family),
            ImageDeprecated: own.is_some_and(|own| own.deprecated),
            CdcCacheStatus: NULL,
            CreatePercent: NULL,
            GPUDriverList: EMPTY,
            ImageFormat: "QCOW2",
            IsSupportAutoInstallGPUDriver: false,
        }
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
