//! Captured disks in memory: they have rows of their own.

use crate::image::Image;
use cvmd_hypervisor::Error;
use cvmd_model::ImageId;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// All images, in memory.
#[derive(Debug, Default)]
pub(crate) struct Images(Mutex<HashMap<ImageId, Arc<Image>>>);

impl Images {
    pub(crate) fn of(images: Vec<Image>) -> Images {
        Images(Mutex::new(images.into_iter().map(|image| (image.id, Arc::new(image))).collect()))
    }

    pub(crate) fn get(&self, id: ImageId) -> Result<Arc<Image>, Error> {
        self.0.lock().get(&id).cloned().ok_or(Error::NoImage(id))
    }

    pub(crate) fn put(&self, image: Image) {
        self.0.lock().insert(image.id, Arc::new(image));
    }

    pub(crate) fn remove(&self, id: ImageId) {
        self.0.lock().remove(&id);
    }
}
