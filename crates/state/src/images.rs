//! Custom images at one moment: which are visible, their state, and what depends on them.

use crate::View;
use cvmd_model::{AccountNumber, CustomImage, Goal, ImageId, ImageState, InstanceId, KeyPairId, Operation, RegionId};
use std::sync::Arc;

impl View {
    /// The account's custom images in that region, newest first, without those that are being deleted.
    pub fn images_of(&self, account: AccountNumber, region: RegionId) -> impl Iterator<Item = &Arc<CustomImage>> {
        self.custom_images().list(account, region).filter(|image| image.state != ImageState::Deleting)
    }

    #[must_use]
    pub fn image_of(&self, account: AccountNumber, region: RegionId, id: ImageId) -> Option<&Arc<CustomImage>> {
        self.custom_images().of(account, region, id).filter(|image| image.state != ImageState::Deleting)
    }

    /// The state of the image. A capture whose operation was superseded has failed, though its row does not show it:
    /// only the operation would have written it.
    #[must_use]
    pub fn image_state(&self, image: &CustomImage) -> ImageState {
        let captures = |operation: &Operation| match operation.goal {
            Goal::CaptureImage { image: captured, .. } => captured == image.id,
            _ => false,
        };
        match image.state {
            ImageState::Creating => {
                let source = self.instance(image.source).and_then(|source| source.operation.as_ref());
                if source.is_some_and(captures) { ImageState::Creating } else { ImageState::CreateFailed }
            }
            state => state,
        }
    }

    /// Whether its disk may still be captured. That lasts until the operation that superseded the capture has ended
    /// too: an effect that has begun cannot be taken back, and could leave a disk that nobody deletes.
    #[must_use]
    pub fn image_may_be_captured(&self, image: &CustomImage) -> bool {
        let operation = self.instance(image.source).and_then(|source| source.operation.as_ref());
        let ends = operation.is_some_and(|operation| matches!(operation.goal, Goal::Terminate | Goal::Isolate));
        self.image_state(image) == ImageState::Creating || (image.state == ImageState::Creating && ends)
    }

    /// The image, in any region of the account, whose disk holds this key pair's line.
    #[must_use]
    pub fn image_with_key(&self, account: AccountNumber, key: KeyPairId) -> Option<ImageId> {
        let mut images = RegionId::all().flat_map(|region| self.custom_images().list(account, region));
        images
            .find(|image| {
                image.login.keys.contains(&key)
                    && matches!(self.image_state(image), ImageState::Creating | ImageState::Normal)
            })
            .map(|image| image.id)
    }

    /// An instance whose machine is still being made from the image.
    #[must_use]
    pub fn image_in_use(&self, id: ImageId) -> Option<InstanceId> {
        let uses = |instance: &InstanceId| {
            self.instance(*instance).is_some_and(|instance| {
                let goal = instance.operation.as_ref().map(|operation| &operation.goal);
                instance.image == id && matches!(goal, Some(Goal::Launch | Goal::Create | Goal::Reset { .. }))
            })
        };
        self.operating().find(uses)
    }
}
