//! What a machine is made from: a public image, or one of the account's own.

use crate::{Context, Parameters, Reason, shorten};
use cvmd_model::{CustomImage, Image, ImageId, ImageState, Platform, Refusal};
use cvmd_state::View;
use std::sync::Arc;

/// An image that machines can be made from.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: ImageId,
    /// The public image that it is, or is based on.
    pub system: &'static Image,
    /// The minimum size of a system disk, in GiB.
    pub size_gib: u32,
    pub custom: Option<Arc<CustomImage>>,
}

impl From<&'static Image> for Source {
    fn from(image: &'static Image) -> Source {
        Source { id: image.id(), system: image, size_gib: image.size_gib, custom: None }
    }
}

impl Source {
    /// The image, if it is public or the account's own in this region, and ready.
    pub(crate) fn find(view: &View, context: &Context, id: ImageId) -> Result<Source, Refusal> {
        if let Some(image) = Image::find(id) {
            return Ok(image.into());
        }
        let image = view.image_of(context.account, context.region, id).ok_or(Refusal::ImageNotFound(id))?;
        match view.image_state(image) {
            ImageState::Normal => {}
            state => return Err(Refusal::ImageNotReady { image: id, state }),
        }
        Ok(Source { id, system: image.system(), size_gib: image.size_gib, custom: Some(Arc::clone(image)) })
    }

    /// The value for the instance's row; `None` when the image itself is public.
    pub(crate) fn base(&self) -> Option<ImageId> {
        self.custom.as_ref().map(|_| self.system.id())
    }

    pub(crate) fn is_windows(&self) -> bool {
        self.system.platform == Platform::Windows
    }
}

/// The parameter `ImageId`.
pub(crate) fn image_id(parameters: &mut Parameters) -> Result<Option<ImageId>, Reason> {
    let Some(text) = parameters.text("ImageId")?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let malformed = |_| Reason::MalformedImageId { value: shorten(&text).into() };
    text.parse().map(Some).map_err(malformed)
}
