//! Custom images: what the commit at the end of a capture writes into the image's row, and the deletion of images.

use crate::{
    retry::pause_ms,
    shared::{Alive, Shared},
};
use cvmd_hypervisor::Error;
use cvmd_model::{CustomImage, Goal, ImageId, ImageLogin, ImageState, Login, Trail};
use cvmd_state::Transaction;
use std::{convert::Infallible, sync::Arc};

/// The login of the captured disk; `None` when nothing was captured.
///
/// # Errors
/// When the hypervisor cannot read it now.
pub(crate) async fn captured(shared: &Shared, goal: &Goal, trail: &Trail) -> Result<Option<Login>, Error> {
    match goal {
        Goal::CaptureImage { image, .. } if trail.image_captured => {
            let login = shared.hypervisor.read_image(*image).await;
            login.map(Some).inspect_err(|error| tracing::warn!(%image, %error, "a captured image cannot be read"))
        }
        _ => Ok(None),
    }
}

/// Writes the outcome into the image's row: only now it is known whether the disk holds a password.
pub(crate) fn end(tx: &mut Transaction<'_>, image: ImageId, captured: Option<&Login>) {
    let Some(row) = tx.view().custom_images().get(image) else { return };
    let keys = row.login.keys.clone();
    let (state, login) = match captured {
        Some(disk) => {
            let password = disk.password_hash.is_some();
            (ImageState::Normal, ImageLogin { keys, password, password_login: disk.password_login })
        }
        None => (ImageState::CreateFailed, row.login.clone()),
    };
    tx.put(CustomImage { state, login, ..CustomImage::clone(row) });
}

/// Destroys the disks of deleted images, and then deletes their rows, as long as the engine lives.
pub(crate) async fn sweep(shared: Arc<Shared>, alive: Alive) {
    let mut changed = shared.state.images_changed();
    let mut failures = 0;
    while !shared.is_stopping() {
        changed.mark_unchanged();
        let view = shared.state.view();
        let mut left = false;
        for image in view.custom_images().all().filter(|image| image.state == ImageState::Deleting) {
            left |= !delete(&shared, image).await;
        }
        failures = if left { failures + 1 } else { 0 };
        let again_ms = shared.clock.now_ms().saturating_add(pause_ms(failures));
        tokio::select! {
            () = shared.stopped() => break,
            // The state outlives the engine, so the sender exists.
            _ = changed.changed() => {}
            () = shared.clock.sleep_until(again_ms), if left => {}
        }
    }
    drop(alive);
}

/// Deletes disk and row; returns whether both are gone. After a crash in between, the disk is deleted again.
async fn delete(shared: &Shared, image: &Arc<CustomImage>) -> bool {
    let id = image.id;
    if shared.unless_abandoned(shared.gate.opened()).await.is_none() {
        return false;
    }
    if let Err(error) = shared.hypervisor.delete_image(id).await {
        tracing::warn!(image = %id, %error, "an image cannot be deleted");
        return false;
    }
    let row = Arc::clone(image);
    let gone = shared.state.change_of(image.account, move |tx| {
        tx.delete(&row);
        Ok::<_, Infallible>(())
    });
    match gone.await {
        Ok(Ok(())) => {
            tracing::info!(image = %id, "image deleted");
            true
        }
        Err(error) => {
            tracing::error!(image = %id, %error, "an image's row cannot be removed");
            false
        }
    }
}
