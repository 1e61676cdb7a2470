//! DeleteImages: deletes custom images, all or none.
//!
//! <https://www.tencentcloud.com/document/api/213/33275>. Machines that were made from an image stay; while one is
//! being made from it, it cannot be deleted. The image is no longer visible after the reply; its disk is deleted later.
//! Its snapshots stay, unless DeleteBindedSnap deletes them too.

use super::images::own;
use crate::{Action, Apply, Batch, Body, Context, Parameters, Product, Reason, snapshots};
use cvmd_model::{CustomImage, ImageId, ImageState, Refusal};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DeleteImages", prepare).errors(&[
    "InvalidImageId.IncorrectState",
    "InvalidImageId.Malformed",
    "InvalidImageId.NotFound",
    "InvalidParameterValue.InvalidImageId",
    "InvalidParameterValue.LimitExceeded",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<ImageId> = Batch::read(parameters, "ImageIds")?;
    let with_snapshots = parameters.flag("DeleteBindedSnap")?.unwrap_or(false);
    let dry_run = parameters.flag("DryRun")?.unwrap_or(false);
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let images: Vec<_> = ids.iter().map(|id| own(view, context, *id)).collect::<Result<_, _>>()?;
        for image in &images {
            if view.image_may_be_captured(image) {
                return Err(Refusal::ImageStillMade(image.id).into());
            }
            if let Some(instance) = view.image_in_use(image.id) {
                return Err(Refusal::ImageInUse { image: image.id, instance }.into());
            }
        }
        for image in &images {
            snapshots::discard(tx, image, with_snapshots);
            tx.put(CustomImage { state: ImageState::Deleting, ..CustomImage::clone(image) });
        }
        Ok(Body::empty().or_dry(dry_run, tx))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# Gone at once, and its name and its key pair are free.
only ins-stopped1 holds a key
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"]}
< {}
> DeleteImages {"ImageIds":["img-golden01","img-golden01"],"DryRun":true}
< {}
> DescribeImages {"ImageIds":["img-golden01"]}
< {"ImageSet":[{...}],"TotalCount":1}
> DeleteImages {"ImageIds":["img-golden01","img-failed01"],"DeleteBindedSnap":true}
< {}
> DescribeImages {"Filters":[{"Name":"image-type","Values":["PRIVATE_IMAGE"]}]}
< {"ImageSet":[],"TotalCount":0}
> DeleteImages {"ImageIds":["img-golden01"]}
< InvalidImageId.NotFound The image `img-golden01` does not exist.
> CreateImage {"InstanceId":"ins-running1","ImageName":"golden"}
< {"ImageId":"img-..."}

# Snapshots stay without their image, or go with it. A failed one has left none.
img-golden01 has the snapshot snap-golden01
img-failed01 has the snapshot snap-failed01
> cbs.DescribeSnapshots {}
< {"TotalCount":1,"SnapshotSet":[{..."SnapshotState":"NORMAL"..."Percent":100,"Images":[{"ImageId":"img-golden01","ImageName":"golden"}],..."ImageCount":1,..."SnapshotId":"snap-golden01",...}]}
> DeleteImages {"ImageIds":["img-golden01","img-failed01"],"DryRun":true,"DeleteBindedSnap":true}
< {}
> DeleteImages {"ImageIds":["img-golden01","img-failed01"]}
< {}
> cbs.DescribeSnapshots {}
< {"TotalCount":1,"SnapshotSet":[{..."SnapshotState":"NORMAL"..."Images":[],..."ImageCount":0,..."SnapshotId":"snap-golden01",...}]}

img-golden01 has the snapshot snap-golden01
> DeleteImages {"ImageIds":["img-golden01"],"DeleteBindedSnap":true}
< {}
> cbs.DescribeSnapshots {}
< {"TotalCount":0,"SnapshotSet":[]}

# Not while a machine is being made of it; one refusal, and nothing has changed.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01"}
< {"InstanceIdSet":["ins-..."]}
> DeleteImages {"ImageIds":["img-failed01","img-golden01"]}
< InvalidImageId.IncorrectState The instance `ins-...` is still being made of the image `img-golden01`; try again when that is done.
> DescribeImages {"Filters":[{"Name":"image-type","Values":["PRIVATE_IMAGE"]}]}
< {"ImageSet":[{...},{...}],"TotalCount":2}

ins-stopped1 is being captured as img-failed01
> DeleteImages {"ImageIds":["img-failed01"]}
< InvalidImageId.IncorrectState The image `img-failed01` is still being created.
# What ends the capture may find it half-way.
> TerminateInstances {"InstanceIds":["ins-stopped1"]}
< {}
> DescribeImages {"ImageIds":["img-failed01"]}
< ..."ImageState":"CREATEFAILED"...
> DeleteImages {"ImageIds":["img-failed01"]}
< InvalidImageId.IncorrectState The image `img-failed01` is still being created.

> DeleteImages {"ImageIds":["img-487zeit5"]}
< InvalidParameterValue.InvalidImageId The image `img-487zeit5` is public: it can be neither changed nor deleted.
> DeleteImages {"ImageIds":["img-foreign1"]}
< InvalidImageId.NotFound ...
> DeleteImages {"ImageIds":["img-1"]}
< InvalidImageId.Malformed ...
> DeleteImages {"ImageIds":[101*"img-golden01"]}
< InvalidParameterValue.LimitExceeded ...
"#;
