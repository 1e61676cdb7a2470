//! Custom images as of one moment: which are to be seen, how far they have come, and what they hold on to.

use crate::View;
use cvmd_model::{AccountNumber, CustomImage, Goal, ImageId, ImageState, InstanceId, KeyPairId, Operation, RegionId};
use std::sync::Arc;

impl View {
    /// The account's custom images in that region, newest first; one that is being deleted is not there any more.
    pub fn images_of(&self, account: AccountNumber, region: RegionId) -> impl Iterator<Item = &Arc<CustomImage>> {
        self.custom_images().list(account, region).filter(|image| image.state != ImageState::Deleting)
    }

    #[must_use]
    pub fn image_of(&self, account: AccountNumber, region: RegionId, id: ImageId) -> Option<&Arc<CustomImage>> {
        self.custom_images().of(account, region, id).filter(|image| image.state != ImageState::Deleting)
    }

    /// How far the image has come. A capture whose operation was superseded has failed, though its row says nothing of
    /// that: nobody but the operation would have written it.
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

    /// Whether its disk may still be captured. That is so until what has superseded the capture has ended too: an effect
    /// that was begun is not taken back, and could leave a disk behind that nobody deletes any more.
    #[must_use]
    pub fn image_may_be_captured(&self, image: &CustomImage) -> bool {
        let operation = self.instance(image.source).and_then(|source| source.operation.as_ref());
        let ends = operation.is_some_and(|operation| matches!(operation.goal, Goal::Terminate | Goal::Isolate));
        self.image_state(image) == ImageState::Creating || (image.state == ImageState::Creating && ends)
    }

    /// The image, of any region of the account, whose disk has this key pair's line.
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

    /// An instance whose machine is still being made of the image.
    #[must_use]
    pub fn image_in_use(&self, id: ImageId) -> Option<InstanceId> {
        let uses = |instance: &InstanceId| {
            self.instance(*instance).is_some_and(|instance| {
                let goal = instance.operation.as_ref().map(|operation| &operation.goal);
                instance.image == id && matches!(goal, Some(Goal::Launch | Goal::Reset { .. }))
            })
        };
        self.operating().find(uses)
    }
}
