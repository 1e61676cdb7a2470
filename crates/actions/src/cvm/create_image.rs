//! CreateImage: makes a custom image of an instance's system disk.
//!
//! <https://www.tencentcloud.com/document/api/213/33276>. Where the vendor is silent: a RUNNING instance that is shut
//! down for it (ForcePoweroff) is started again afterwards; without ForcePoweroff its disk is captured at one moment
//! while it runs. The image contains the login of its source, so the key pairs bound to the source are bound to the
//! image too. For each disk in the image, the system disk and those in DataDiskIds, a snapshot is made. Data disks are
//! empty here, so nothing else is stored for them; an image cannot be made of snapshots.

use super::{
    declared,
    images::{QUOTA, Texts, name_is_free},
};
use crate::{
    Action, Apply, Body, Context, Parameters, Product, Reason, Words, batch, cvm::login_settings::spelled_flag, names,
    shorten, snapshots,
};
use cvmd_model::{CustomImage, DiskId, DiskRefusal, ImageId, ImageLogin, ImageState, Instance, InstanceId, Refusal};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "CreateImage", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(&[
        "ImageQuotaLimitExceeded",
        "InvalidImageName.Duplicate",
        "InvalidParameter.DataDiskIdContainsRootDisk",
        "InvalidParameter.DataDiskNotBelongSpecifiedInstance",
        "InvalidParameter.SpecifyOneParameter",
        "InvalidParameter.ValueTooLarge",
        "InvalidParameterValue.DuplicateTags",
        "UnsupportedOperation",
        "UnsupportedOperation.StoppedModeStopCharging",
    ])
    .without_effect(&["Sysprep"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let texts = Texts::read(parameters)?;
    let id = parameters.text("InstanceId")?.filter(|id| !id.is_empty());
    let named = parameters.texts("SnapshotIds")?;
    if id.is_some() != named.is_empty() {
        return Err(Reason::SpecifyOne { names: "`InstanceId` and `SnapshotIds`" });
    }
    let Some(id) = id else {
        return Err(Reason::Unsupported { what: Words::name("SnapshotIds") });
    };
    let id: InstanceId = id.parse().map_err(|_| Reason::MalformedInstanceId { value: shorten(&id).into() })?;
    let disks: Vec<DiskId> =
        parameters.parsed("DataDiskIds", usize::MAX, |value| Reason::BadValue { name: "DataDiskIds".into(), value })?;
    let shut_down = spelled_flag(parameters, "ForcePoweroff")?;
    let tags = names::tags(parameters, "image")?;
    let dry_run = parameters.flag("DryRun")?.unwrap_or(false);
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let source = batch::instance(view, context, id)?;
        belong(&disks, source)?;
        let name = texts.name.unwrap_or_default();
        is_free(view, context, &name)?;
        let image = new_id(view, context);
        let mut changed = Instance::clone(source);
        changed.capture(image, shut_down, context.by(ACTION.name))?;
        let snapshots = snapshots::of_image(tx, context, source, &disks, (image, &name))?;
        let sequence = tx.next_sequence();
        tx.put(CustomImage {
            id: image,
            sequence,
            account: context.account,
            region: context.region,
            name,
            description: texts.description.unwrap_or_default(),
            family: texts.family.unwrap_or_default(),
            deprecated: false,
            base: source.system().map_or(source.image, cvmd_model::Image::id),
            source: id,
            size_gib: source.system_disk.size_gib,
            login: ImageLogin { keys: source.login.keys.clone(), password: false, password_login: false },
            state: ImageState::Creating,
            created_seconds: context.now_seconds,
            tags,
            snapshots: snapshots.iter().map(|snapshot| snapshot.id).collect(),
        });
        snapshots.into_iter().for_each(|snapshot| tx.put(snapshot));
        tx.put_instance(changed);
        Ok(Body::of(object! { ImageId: image }).or_dry(dry_run, tx))
    }))
}

/// Checks that there is room for one more image in the region, and that its name is free.
fn is_free(view: &View, context: &Context, name: &str) -> Result<(), Refusal> {
    if view.images_of(context.account, context.region).count() >= QUOTA {
        return Err(Refusal::ImageQuota { limit: QUOTA });
    }
    name_is_free(view, context, name, None)
}

fn new_id(view: &View, context: &Context) -> ImageId {
    let mut random = context.random(b'm');
    Context::new_id(&mut random, ImageId::from_random, |id| {
        view.custom_images().get(*id).is_none() && cvmd_model::Image::find(*id).is_none()
    })
}

fn belong(disks: &[DiskId], source: &Instance) -> Result<(), Refusal> {
    let of_source = |disk: &DiskId| source.data_disks.iter().any(|data| data.id == *disk);
    match disks.iter().find(|disk| !of_source(disk)) {
        Some(disk) if *disk == source.system_disk.id => Err(Refusal::SystemDiskNamed(*disk)),
        Some(disk) => Err(Refusal::Disk(DiskRefusal::Elsewhere { disk: *disk, instance: source.id })),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# The instance goes on running; the image is there at once, and the key pair is bound to it too. Its disk has a snapshot.
> CreateImage {"InstanceId":"ins-running1","ImageName":"web","ImageDescription":"as of today","TagSpecification":[{"ResourceType":"image","Tags":[{"Key":"team","Value":"blue"}]}]}
< {"ImageId":"img-..."}
> DescribeImages {"Filters":[{"Name":"image-name","Values":["web"]}]}
< {"ImageSet":[{"ImageId":"img-...","OsName":"TencentOS Server 3.1 (TK4)","ImageType":"PRIVATE_IMAGE","CreatedTime":"2026-11-24T00:00:00Z","ImageName":"web","ImageDescription":"as of today","ImageSize":50,..."ImageState":"CREATING","Platform":"TencentOS","ImageCreator":"100000000001","ImageSource":"CREATE_IMAGE",..."Tags":[{"Key":"team","Value":"blue"}]...}],"TotalCount":1}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"RUNNING"..."LatestOperation":"CreateImage","LatestOperationState":"OPERATING"...
> cbs.DescribeSnapshots {}
< {"TotalCount":1,"SnapshotSet":[{"Placement":{"Zone":"ap-guangzhou-3",...},..."SnapshotState":"CREATING",..."SnapshotName":"web",..."Percent":0,"Images":[],..."DiskSize":50,"DiskId":"disk-tqruur6m",..."DiskUsage":"SYSTEM_DISK","SnapshotId":"snap-...}]}
> CreateImage {"InstanceId":"ins-running1","ImageName":"again"}
< OperationDenied.InstanceOperationInProgress ...
>> CreateImage {"InstanceId":"ins-running1","ImageName":"again"}
< InvalidInstance.NotSupported ...
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"web"}
< InvalidImageName.Duplicate An image named `web` exists already in this region.

> CreateImage {"InstanceId":"ins-running1","ImageName":"off","ForcePoweroff":"True","Sysprep":"False"}
< {"ImageId":"img-..."}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"STOPPING"...

> CreateImage {"InstanceId":"ins-stopped1","ImageName":"rehearsed","DryRun":true}
< {}
> DescribeImages {"Filters":[{"Name":"image-name","Values":["rehearsed"]}]}
< {"ImageSet":[],"TotalCount":0}
> cbs.DescribeSnapshots {"Filters":[{"Name":"snapshot-name","Values":["rehearsed"]}]}
< {"TotalCount":0,"SnapshotSet":[]}

# Every disk that is named has one too, once.
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"whole","DataDiskIds":["disk-data0001","disk-data0001"]}
< {"ImageId":"img-..."}
> DescribeImages {"Filters":[{"Name":"image-name","Values":["whole"]}]}
< {"ImageSet":[{..."SnapshotSet":[{"SnapshotId":"snap-...","DiskUsage":"SYSTEM_DISK","DiskSize":50},{"SnapshotId":"snap-...","DiskUsage":"DATA_DISK","DiskSize":20}],...}],"TotalCount":1}
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"x","DataDiskIds":["disk-nowhere0"]}
< InvalidParameter.DataDiskNotBelongSpecifiedInstance ...
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"x","DataDiskIds":["disk-1"]}
< InvalidParameterValue The value `disk-1` specified in the parameter `DataDiskIds` is not valid.
> CreateImage {"InstanceId":"ins-sleeping","ImageName":"x"}
< UnsupportedOperation.StoppedModeStopCharging ...
> CreateImage {"InstanceId":"ins-starting","ImageName":"x"}
< UnsupportedOperation.InstanceStateStarting ...
> CreateImage {"InstanceId":"ins-stopping","ImageName":"x"}
< UnsupportedOperation.InstanceStateStopping ...
> CreateImage {"InstanceId":"ins-recycled","ImageName":"x"}
< UnsupportedOperation.InstanceStateShutdown ...
> CreateImage {"InstanceId":"ins-launchno","ImageName":"x"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> CreateImage {"InstanceId":"ins-shanghai","ImageName":"x"}
< InvalidInstanceId.NotFound ...
> CreateImage {"InstanceId":"ins-1","ImageName":"x"}
< InvalidInstanceId.Malformed ...
> CreateImage {"ImageName":"x"}
< InvalidParameter.SpecifyOneParameter Exactly one of the parameters `InstanceId` and `SnapshotIds` is needed.
> CreateImage {"ImageName":"x","InstanceId":"ins-stopped1","SnapshotIds":["snap-11112222"]}
< InvalidParameter.SpecifyOneParameter ...
> CreateImage {"ImageName":"x","SnapshotIds":["snap-11112222"]}
< UnsupportedOperation ...
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"0123456789012345678901234567890123456789012345678901234567890"}
< InvalidParameter.ValueTooLarge The parameter `ImageName` is longer than 60 characters.
> CreateImage {"InstanceId":"ins-stopped1","ImageName":" "}
< InvalidParameterValue ...
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"x","ForcePoweroff":"perhaps"}
< InvalidParameterValue ...
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"x","ImageFamily":"f","TagSpecification":[{"ResourceType":"image","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...

ins-stopped1 has the system disk disk-system01
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"x","DataDiskIds":["disk-system01"]}
< InvalidParameter.DataDiskIdContainsRootDisk ...

as many snapshots as there may be
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"one too many"}
< ImageQuotaLimitExceeded The account has 10000 snapshots in this region, which is the limit; DeleteSnapshots deletes those whose image is gone.

as many images as there may be
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"one too many"}
< ImageQuotaLimitExceeded The account has 500 custom images in this region, which is the limit.

ins-stopped1 is in RESCUE_MODE
> CreateImage {"InstanceId":"ins-stopped1","ImageName":"x"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
