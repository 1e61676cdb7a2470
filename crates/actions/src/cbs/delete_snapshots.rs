//! DeleteSnapshots: deletes snapshots, all or none.
//!
//! <https://cloud.tencent.com/document/api/362/15651>. A snapshot that belongs to an image is refused, unless
//! DeleteBindImages deletes the image too; that is refused while a machine is being made from it.

use crate::{Action, Apply, Batch, Body, Context, Parameters, Product, Reason, snapshots};
use cvmd_model::{CustomImage, ImageState, Refusal, Snapshot, SnapshotId};
use cvmd_state::{SnapshotState, View};
use std::sync::Arc;

pub(crate) const ACTION: Action = Action::command(Product::Cbs, "DeleteSnapshots", prepare).errors(&[
    "InvalidParameterValue.LimitExceeded",
    "InvalidSnapshotId.NotFound",
    "ResourceUnavailable.SnapshotCreating",
    "UnsupportedOperation.SnapshotHasBindedImage",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<SnapshotId> = Batch::read(parameters, "SnapshotIds")?;
    let with_images = parameters.flag("DeleteBindImages")?.unwrap_or(false);
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let find = |id: &SnapshotId| {
            let found = view.snapshot_of(context.account, context.region, *id);
            found
                .ok_or(Refusal::SnapshotNotFound(*id))
                .and_then(|found| may_go(view, found, with_images).map(|()| found))
        };
        let found: Vec<&Arc<Snapshot>> = ids.iter().map(find).collect::<Result<_, _>>()?;
        let mut images: Vec<&CustomImage> =
            found.iter().filter_map(|snapshot| snapshots::image(view, snapshot)).collect();
        images.sort_by_key(|image| image.id);
        images.dedup_by_key(|image| image.id);
        for image in images {
            tx.put(CustomImage { state: ImageState::Deleting, ..image.clone() });
        }
        found.into_iter().for_each(|snapshot| tx.delete(snapshot));
        Ok(Body::empty())
    }))
}

fn may_go(view: &View, snapshot: &Snapshot, with_images: bool) -> Result<(), Refusal> {
    if view.snapshot_state(snapshot) == Some(SnapshotState::Creating) {
        return Err(Refusal::SnapshotStillMade(snapshot.id));
    }
    match snapshots::image(view, snapshot) {
        Some(image) if !with_images || view.image_in_use(image.id).is_some() => {
            Err(Refusal::SnapshotOfImage { snapshot: snapshot.id, image: image.id })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# That of an image goes with it or not at all.
img-golden01 has the snapshot snap-golden01
> DeleteSnapshots {"SnapshotIds":["snap-golden01"]}
< UnsupportedOperation.SnapshotHasBindedImage The snapshot `snap-golden01` belongs to the image `img-golden01`; delete that first, or with it (DeleteBindImages).
> DeleteSnapshots {"SnapshotIds":["snap-golden01","snap-11112222"],"DeleteBindImages":true}
< InvalidSnapshotId.NotFound The snapshot `snap-11112222` does not exist.
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01"}
< {"InstanceIdSet":["ins-..."]}
> DeleteSnapshots {"SnapshotIds":["snap-golden01"],"DeleteBindImages":true}
< UnsupportedOperation.SnapshotHasBindedImage ...
> cvm.DescribeImages {"ImageIds":["img-golden01"]}
< ..."TotalCount":1}

img-golden01 has the snapshot snap-golden01
> DeleteSnapshots {"SnapshotIds":["snap-golden01"],"DeleteBindImages":true}
< {}
> cvm.DescribeImages {"ImageIds":["img-golden01"]}
< {"ImageSet":[],"TotalCount":0}
> DescribeSnapshots {}
< {"TotalCount":0,"SnapshotSet":[]}

# One that was left behind goes alone.
img-golden01 has the snapshot snap-golden01
> cvm.DeleteImages {"ImageIds":["img-golden01"]}
< {}
> DeleteSnapshots {"SnapshotIds":["snap-golden01"]}
< {}
> DescribeSnapshots {}
< {"TotalCount":0,"SnapshotSet":[]}

img-failed01 has the snapshot snap-failed01
> DeleteSnapshots {"SnapshotIds":["snap-failed01"],"DeleteBindImages":true}
< InvalidSnapshotId.NotFound ...
ins-stopped1 is being captured as img-failed01
> DeleteSnapshots {"SnapshotIds":["snap-failed01"],"DeleteBindImages":true}
< ResourceUnavailable.SnapshotCreating The snapshot `snap-failed01` is still being created.
> DeleteSnapshots {"SnapshotIds":["snap-1"]}
< InvalidParameterValue ...
> DeleteSnapshots {"SnapshotIds":[101*"snap-11112222"]}
< InvalidParameterValue.LimitExceeded ...
"#;
