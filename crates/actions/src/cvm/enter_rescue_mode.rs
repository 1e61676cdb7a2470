//! EnterRescueMode: boots an instance into the rescue system, in which its disk can be repaired: the way back in after
//! a lock-out.
//!
//! <https://cloud.tencent.com/document/api/213/109044>. Unlike upstream, the password needs three of the four classes
//! of characters, as everywhere here. Where the vendor is silent: RUNNING and STOPPED only, Linux only, and the key
//! pairs and the password of the instance are not accepted meanwhile.

use super::{declared, stop_type::stop_type};
use crate::{Action, Apply, Batch, Context, Pace, Parameters, Product, Reason, login};
use cvmd_model::Login;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "EnterRescueMode", prepare)
    .paced(Pace::Slow)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(&[
        "InvalidParameterCombination",
        "InvalidParameterValue.InvalidPassword",
        "InvalidPassword",
        "UnsupportedOperation.InstanceOsWindows",
        "UnsupportedOperation.StoppedModeStopCharging",
    ]);

const USER_MAX: usize = 32;

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let instance = Batch::of_one(parameters, "InstanceId")?;
    let password = parameters.text("Password")?.unwrap_or_default();
    login::password(&password, false)?;
    let user = user(parameters)?;
    let how = stop_type(parameters, "ForceStop", "`ForceStop` and `StopType`")?;
    let password_hash = Some(login::hash(&password, context)?);
    let login = Login { user, keys: Vec::new(), password_hash, password_login: true };
    let by = context.by(ACTION.name);
    instance.change(move |instance| instance.enter_rescue(how, login.clone(), by))
}

/// The rescue system's one user: a valid name of a Linux user, root by default.
fn user(parameters: &mut Parameters) -> Result<Box<str>, Reason> {
    let Some(user) = parameters.text("Username")? else { return Ok("root".into()) };
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let starts = user.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    if starts && user.len() <= USER_MAX && user.bytes().all(inner) {
        return Ok(user);
    }
    Err(parameters.bad_value("Username", &user))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> EnterRescueMode {"InstanceId":"ins-stopped1","Password":"Rescue-me-1"}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."KeyIds":["skey-bound001"]..."InstanceState":"ENTER_RESCUE_MODE"..."LatestOperation":"EnterRescueMode","LatestOperationState":"OPERATING"...
> EnterRescueMode {"InstanceId":"ins-stopped1","Password":"Rescue-me-1"}
< OperationDenied.InstanceOperationInProgress ...

> EnterRescueMode {"InstanceId":"ins-running1","Password":"Rescue-me-1","Username":"medic","StopType":"HARD"}
< {}
> DescribeInstances {"Filters":[{"Name":"instance-state","Values":["ENTER_RESCUE_MODE"]}]}
< {"TotalCount":1..."InstanceId":"ins-running1"...

> EnterRescueMode {"InstanceId":"ins-running1","Password":"Rescue-me-1","ForceStop":true}
< {}

> EnterRescueMode {"InstanceId":"ins-running1","Password":"Rescue-me-1","ForceStop":true,"StopType":"HARD"}
< InvalidParameterCombination ...
> EnterRescueMode {"InstanceId":"ins-running1","Password":"Rescue-me-1","StopType":"GENTLE"}
< InvalidParameterValue ...
> EnterRescueMode {"InstanceId":"ins-running1","Password":"short"}
< InvalidParameterValue.InvalidPassword ...
>> EnterRescueMode {"InstanceId":"ins-running1","Password":"short"}
< InvalidPassword ...
> EnterRescueMode {"InstanceId":"ins-running1","Password":"Rescue-me-1","Username":"Root"}
< InvalidParameterValue The value `Root` specified in the parameter `Username` is not valid.
> EnterRescueMode {"InstanceId":"ins-running1","Password":"Rescue-me-1","Username":""}
< InvalidParameterValue ...
> EnterRescueMode {"InstanceId":"ins-running1"}
< MissingParameter ...
> EnterRescueMode {"InstanceId":"ins-1122","Password":"Rescue-me-1"}
< InvalidInstanceId.Malformed ...
> EnterRescueMode {"InstanceId":"ins-foreign1","Password":"Rescue-me-1"}
< InvalidInstanceId.NotFound ...
> EnterRescueMode {"InstanceId":"ins-windows1","Password":"Rescue-me-1"}
< UnsupportedOperation.InstanceOsWindows ...
>> EnterRescueMode {"InstanceId":"ins-windows1","Password":"Rescue-me-1"}
< InvalidInstance.NotSupported ...
> EnterRescueMode {"InstanceId":"ins-recycled","Password":"Rescue-me-1"}
< UnsupportedOperation.InstanceStateShutdown ...
> EnterRescueMode {"InstanceId":"ins-launchno","Password":"Rescue-me-1"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> EnterRescueMode {"InstanceId":"ins-starting","Password":"Rescue-me-1"}
< UnsupportedOperation.InstanceStateStarting ...
> EnterRescueMode {"InstanceId":"ins-stopping","Password":"Rescue-me-1"}
< UnsupportedOperation.InstanceStateStopping ...
> EnterRescueMode {"InstanceId":"ins-sleeping","Password":"Rescue-me-1"}
< UnsupportedOperation.StoppedModeStopCharging ...

ins-stopped1 is in RESCUE_MODE
> EnterRescueMode {"InstanceId":"ins-stopped1","Password":"Rescue-me-1"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
