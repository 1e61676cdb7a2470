//! ResetInstance: reinstalls an instance's system disk, from the same image or another one.
//!
//! <https://www.tencentcloud.com/document/api/213/33242>. Where the vendor is silent: the instance may be STOPPED or
//! RUNNING, and runs afterwards; a RUNNING one is shut down for it, by force if need be. Nothing of the old system disk
//! is left. Without LoginSettings a random password is set, which `cvmd messages` shows. Without a host name or user
//! data the old ones stay.

use super::declared;
use crate::{
    Action, Apply, Body, Context, Pace, Parameters, Product, Reason, batch,
    cvm::login_settings::LoginSettings,
    names, new_instance,
    source::{Source, image_id},
};
use cvmd_model::{Installed, Instance, InstanceId, Refusal};

/// Kinds of system disk on which Linux can be replaced by Windows, and the other way round.
const KINDS_OF_BOTH: [&str; 4] = ["CLOUD_BASIC", "CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD"];

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ResetInstance", prepare)
    .paced(Pace::Slow)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(&[
        "InvalidImageId.Malformed",
        "InvalidImageId.NotFound",
        "InvalidKeyPairId.Malformed",
        "InvalidParameter.ParameterConflict",
        "InvalidParameterValue.IllegalHostName",
        "InvalidParameterValue.InvalidImageIdForRetsetInstance",
        "InvalidParameterValue.InvalidImageState",
        "InvalidParameterValue.InvalidPassword",
        "InvalidParameterValue.InvalidUserDataFormat",
        "InvalidParameterValue.KeyPairNotFound",
        "InvalidParameterValue.LimitExceeded",
        "InvalidPassword",
        "UnsupportedOperation",
        "UnsupportedOperation.KeyPairUnsupportedWindows",
        "UnsupportedOperation.StoppedModeStopCharging",
    ])
    .without_effect_of(&[declared::SYSTEM_DISK_BUT_SIZE])
    .without_effect(&["EnhancedService"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let id: InstanceId = batch::one(parameters, "InstanceId")?;
    let image = image_id(parameters)?;
    let size_gib = system_disk(parameters)?;
    let login = LoginSettings::read(parameters, context)?;
    let host_name = names::given_host_name(parameters)?.filter(|name| !name.is_empty());
    host_name.as_ref().map_or(Ok(()), |name| names::host_name(name, false))?;
    let user_data = names::user_data(parameters)?;
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let instance = batch::instance(view, context, id)?;
        let image = Source::find(view, context, image.unwrap_or(instance.image))?;
        fits(instance, &image, size_gib)?;
        host_name.as_ref().map_or(Ok(()), |name| names::host_name(name, image.is_windows()))?;
        let before = instance.installed();
        let wanted = Installed {
            image: image.id,
            base_image: image.base(),
            host_name: host_name.unwrap_or(before.host_name),
            user_data: user_data.or(before.user_data),
            size_gib: size_gib.unwrap_or(before.size_gib),
            login: login.of(&image, view, context)?,
        };
        let mut changed = Instance::clone(instance);
        changed.reset(wanted, context.by(ACTION.name))?;
        tx.put_instance(changed);
        login.leave_message(tx, context, &[id]);
        Ok(Body::empty())
    }))
}

/// The size of `SystemDisk`. Its kind cannot be changed, so a given kind is ignored.
fn system_disk(parameters: &mut Parameters) -> Result<Option<u32>, Reason> {
    let Some(mut disk) = parameters.structure("SystemDisk")? else { return Ok(None) };
    let size_gib = disk.bounded("DiskSize", 1, new_instance::DISK_GIB_MAX)?;
    disk.finish()?;
    Ok(size_gib)
}

/// Checks that the image fits onto the instance's system disk, which may only grow.
fn fits(instance: &Instance, image: &Source, size_gib: Option<u32>) -> Result<(), Reason> {
    let disk = &instance.system_disk;
    if instance.is_windows() != image.is_windows() && !KINDS_OF_BOTH.contains(&&*disk.kind) {
        return Err(Refusal::OtherSystem { instance: instance.id }.into());
    }
    let size = size_gib.unwrap_or(disk.size_gib);
    let least = image.size_gib.max(disk.size_gib);
    if size < least { Err(new_instance::too_small(size, least)) } else { Ok(()) }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# The key pair is bound no more when this answers, but the old disk may still have it.
only ins-stopped1 holds a key
> ResetInstance {"InstanceId":"ins-stopped1","ImageId":"img-pi0ii46r","LoginSettings":{"KeyIds":["skey-spare001"]},"SystemDisk":{"DiskSize":80},"HostName":"anew","EnhancedService":{"MonitorService":{"Enabled":true}}}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."SystemDisk":{..."DiskSize":80,..."ImageId":"img-pi0ii46r"..."OsName":"Ubuntu Server 18.04.1 LTS 64bit"..."LoginSettings":{"KeyIds":["skey-spare001"],...},"InstanceState":"STOPPED"..."LatestOperation":"ResetInstance","LatestOperationState":"OPERATING"..."HostName":"anew","DefaultLoginUser":"ubuntu"...
> DeleteImages {"ImageIds":["img-golden01"]}
< {}
> DeleteKeyPairs {"KeyIds":["skey-bound001"]}
< InvalidParameterValue.KeyPairNotSupported The key pair `skey-bound001` is still being taken off the instance `ins-stopped1`; try again when that is done.
> ResetInstance {"InstanceId":"ins-stopped1"}
< OperationDenied.InstanceOperationInProgress ...
>> ResetInstance {"InstanceId":"ins-stopped1"}
< InvalidInstance.NotSupported ...

# From a custom image, with its login: during the reset the image cannot be deleted.
> ResetInstance {"InstanceId":"ins-running1","ImageId":"img-golden01","LoginSettings":{"KeepImageLogin":"TRUE"},"SystemDisk":{"DiskSize":60},"UserData":"ZWNobw=="}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."ImageId":"img-golden01"..."LoginSettings":{"KeyIds":["skey-bound001"],...},"InstanceState":"STOPPING"...
> DeleteImages {"ImageIds":["img-golden01"]}
< InvalidImageId.IncorrectState ...

# From Linux to Windows on the usual disk, with a random password.
> ResetInstance {"InstanceId":"ins-running1","ImageId":"img-bhvhr6pr"}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."LoginSettings":{"KeyIds":null,...}..."DefaultLoginUser":"Administrator"...

a local system disk for ins-running1
> ResetInstance {"InstanceId":"ins-running1","ImageId":"img-bhvhr6pr"}
< InvalidParameterValue.InvalidImageIdForRetsetInstance ...

> ResetInstance {"InstanceId":"ins-stopped1","ImageId":"img-golden01"}
< InvalidParameterValue The value `50` specified in the parameter `SystemDisk.DiskSize` is not valid: 60 to 32000.
> ResetInstance {"InstanceId":"ins-stopped1","SystemDisk":{"DiskSize":40}}
< InvalidParameterValue The value `40` specified in the parameter `SystemDisk.DiskSize` is not valid: 50 to 32000.
> ResetInstance {"InstanceId":"ins-stopped1","ImageId":"img-failed01"}
< InvalidParameterValue.InvalidImageState ...
> ResetInstance {"InstanceId":"ins-stopped1","ImageId":"img-nowhere0"}
< InvalidImageId.NotFound ...
> ResetInstance {"InstanceId":"ins-stopped1","ImageId":"img-1"}
< InvalidImageId.Malformed ...
> ResetInstance {"InstanceId":"ins-stopped1","LoginSettings":{"KeepImageLogin":"TRUE"}}
< UnsupportedOperation This is not supported here: LoginSettings.KeepImageLogin with a public image.
> ResetInstance {"InstanceId":"ins-stopped1","LoginSettings":{"Password":"Abcdefg1","KeepImageLogin":"true"}}
< InvalidParameter.ParameterConflict ...
> ResetInstance {"InstanceId":"ins-stopped1","LoginSettings":{"Password":"short"}}
< InvalidParameterValue.InvalidPassword ...
>> ResetInstance {"InstanceId":"ins-stopped1","LoginSettings":{"Password":"short"}}
< InvalidPassword ...
> ResetInstance {"InstanceId":"ins-windows1","LoginSettings":{"Password":"Abcdefg1"}}
< InvalidParameterValue.InvalidPassword ...
> ResetInstance {"InstanceId":"ins-windows1","LoginSettings":{"KeyIds":["skey-spare001"]}}
< UnsupportedOperation.KeyPairUnsupportedWindows ...
> ResetInstance {"InstanceId":"ins-stopped1","LoginSettings":{"KeyIds":["skey-foreign1"]}}
< InvalidParameterValue.KeyPairNotFound ...
> ResetInstance {"InstanceId":"ins-stopped1","LoginSettings":{"KeyIds":["skey-1"]}}
< InvalidKeyPairId.Malformed ...
> ResetInstance {"InstanceId":"ins-stopped1","LoginSettings":{"KeyIds":[101*"skey-spare001"]}}
< InvalidParameterValue.LimitExceeded ...
> ResetInstance {"InstanceId":"ins-stopped1","HostName":"a..b"}
< InvalidParameterValue.IllegalHostName ...
> ResetInstance {"InstanceId":"ins-stopped1","UserData":"!!!"}
< InvalidParameterValue.InvalidUserDataFormat ...
> ResetInstance {"InstanceId":"ins-sleeping"}
< UnsupportedOperation.StoppedModeStopCharging ...
> ResetInstance {"InstanceId":"ins-starting"}
< UnsupportedOperation.InstanceStateStarting ...
> ResetInstance {"InstanceId":"ins-stopping"}
< UnsupportedOperation.InstanceStateStopping ...
> ResetInstance {"InstanceId":"ins-recycled"}
< UnsupportedOperation.InstanceStateShutdown ...
> ResetInstance {"InstanceId":"ins-launchno"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> ResetInstance {"InstanceId":"ins-shanghai"}
< InvalidInstanceId.NotFound ...
> ResetInstance {"InstanceId":"ins-1"}
< InvalidInstanceId.Malformed ...

ins-stopped1 is in RESCUE_MODE
> ResetInstance {"InstanceId":"ins-stopped1"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
