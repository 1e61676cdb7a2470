//! ResetInstancesPassword: sets the password of instances and turns password login on; bound keys stay.
//!
//! <https://cloud.tencent.com/document/api/213/15736>. Where the vendor is silent: an instance that was RUNNING is
//! started again. `UserName` must be the image's own user. An empty password is refused like any that is too short: as
//! "no password" it would either open the machine to everybody or lock out users without a key, and nothing in the
//! vendor's API suggests that it is more than a mistake.

use super::declared;
use crate::{Action, Apply, Batch, Context, Pace, Parameters, Product, Reason, change_all, login, shorten};
use cvmd_model::InstanceId;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ResetInstancesPassword", prepare)
    .paced(Pace::Slow)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(&[
        "InvalidParameterValue.InvalidPassword",
        "InvalidParameterValue.LimitExceeded",
        "InvalidPassword",
        "UnsupportedOperation.InstanceStateRunning",
        "UnsupportedOperation.StoppedModeStopCharging",
    ]);

struct Reset {
    instances: Batch<InstanceId>,
    password: Box<str>,
    hash: Box<str>,
    user: Option<Box<str>>,
    /// A RUNNING instance is shut down, by force if need be, changed, and started again. Without it the setting
    /// `running_key_change` decides, as for key pairs.
    force: bool,
}

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let instances = Batch::read(parameters, "InstanceIds")?;
    let password = parameters.text("Password")?.unwrap_or_default();
    login::password(&password, false)?;
    let user = parameters.text("UserName")?;
    let force = parameters.flag("ForceStop")?.unwrap_or(false);
    let spec = Reset { instances, hash: login::hash(&password, context)?, password, user, force };
    Ok(Box::new(move |tx, context| {
        let instances = spec.instances.find(tx.view(), context)?;
        if instances.iter().any(|instance| instance.is_windows()) {
            // If one machine of the batch is a Windows, its stricter rule applies to all.
            login::password(&spec.password, true)?;
        }
        if let Some(user) = &spec.user
            && let Some(other) = instances.iter().find(|instance| instance.user() != &**user)
        {
            let given = shorten(user).into();
            return Err(Reason::UserName { given, instance: other.id, user: other.user() });
        }
        let by = context.by(ACTION.name);
        let how = context.policy.stop_for_change(spec.force);
        change_all(tx, &instances, |instance| instance.reset_password(&spec.hash, how, by))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ResetInstancesPassword {"InstanceIds":["ins-stopped1"],"Password":"Abcdefg1"}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."KeyIds":["skey-bound001"]..."LatestOperation":"ResetInstancesPassword","LatestOperationState":"OPERATING"...

> ResetInstancesPassword {"InstanceIds":["ins-running1"],"Password":"Abcdefg1","ForceStop":true,"UserName":"root"}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"STOPPING"...

running_key_change = shutdown
> ResetInstancesPassword {"InstanceIds":["ins-running1"],"Password":"Abcdefg1"}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"STOPPING"..."LatestOperationState":"OPERATING"...

> ResetInstancesPassword {"InstanceIds":["ins-stopped1"],"Password":""}
< InvalidParameterValue.InvalidPassword The password is not allowed: it is empty, and a password cannot be taken away, only replaced; to be rid of password logins, bind a key pair.
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."LatestOperation":null...
> ResetInstancesPassword {"InstanceIds":["ins-stopped1"],"Password":"abcdefgh"}
< InvalidParameterValue.InvalidPassword The password is not allowed: at least three of...
>> ResetInstancesPassword {"InstanceIds":["ins-stopped1"],"Password":"abcdefgh"}
< InvalidPassword ...
# One Windows machine in the batch: twelve characters for all.
> ResetInstancesPassword {"InstanceIds":["ins-stopped1","ins-windows1"],"Password":"Abcdefg1"}
< InvalidParameterValue.InvalidPassword ...
> ResetInstancesPassword {"InstanceIds":["ins-stopped1","ins-windows1"],"Password":"Abcdefg12345"}
< {}
> ResetInstancesPassword {"InstanceIds":["ins-stopped1"],"Password":"Abcdefg1","UserName":"ubuntu"}
< InvalidParameterValue The value `ubuntu` specified in the parameter `UserName` is not valid: `ins-stopped1` is entered as `root`.
> ResetInstancesPassword {"InstanceIds":["ins-running1"],"Password":"Abcdefg1"}
< UnsupportedOperation.InstanceStateRunning ...
>> ResetInstancesPassword {"InstanceIds":["ins-running1"],"Password":"Abcdefg1"}
< InvalidInstance.NotSupported ...
> ResetInstancesPassword {"InstanceIds":["ins-starting"],"Password":"Abcdefg1","ForceStop":true}
< UnsupportedOperation.InstanceStateStarting ...
> ResetInstancesPassword {"InstanceIds":["ins-stopping"],"Password":"Abcdefg1","ForceStop":true}
< UnsupportedOperation.InstanceStateStopping ...
> ResetInstancesPassword {"InstanceIds":["ins-sleeping"],"Password":"Abcdefg1"}
< UnsupportedOperation.StoppedModeStopCharging ...
> ResetInstancesPassword {"InstanceIds":["ins-busy0001"],"Password":"Abcdefg1"}
< OperationDenied.InstanceOperationInProgress ...
> ResetInstancesPassword {"InstanceIds":["ins-1122"],"Password":"Abcdefg1"}
< InvalidInstanceId.Malformed ...
> ResetInstancesPassword {"InstanceIds":["ins-foreign1"],"Password":"Abcdefg1"}
< InvalidInstanceId.NotFound ...
> ResetInstancesPassword {"InstanceIds":[101*"ins-stopped1"],"Password":"Abcdefg1"}
< InvalidParameterValue.LimitExceeded ...
> ResetInstancesPassword {"InstanceIds":["ins-recycled"],"Password":"Abcdefg1","ForceStop":true}
< UnsupportedOperation.InstanceStateShutdown ...
> ResetInstancesPassword {"InstanceIds":["ins-launchno"],"Password":"Abcdefg1","ForceStop":true}
< UnsupportedOperation.InstanceStateLaunchFailed ...

ins-stopped1 is in RESCUE_MODE
> ResetInstancesPassword {"InstanceIds":["ins-stopped1"],"Password":"Abcdefg1","ForceStop":true}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
