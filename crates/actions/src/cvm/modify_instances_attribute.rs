//! ModifyInstancesAttribute: changes one attribute of instances: name, user data, security groups, host name, or
//! protection against termination.
//!
//! <https://cloud.tencent.com/document/api/213/15739>. For a new host name a RUNNING instance is shut down, by force if
//! need be, and started again; with AutoReboot=false its guest gets the name at its next boot.

use super::{declared, security_groups::security_groups};
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all, names, network};
use cvmd_model::{InstanceId, SecurityGroupId};

const NAME_MAX: usize = 60;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ModifyInstancesAttribute", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(&[
        "InvalidInstanceName.TooLong",
        "InvalidParameterValue.IllegalHostName",
        "InvalidParameterValue.InvalidUserDataFormat",
        "InvalidParameterValue.LimitExceeded",
        "InvalidSecurityGroupId.NotFound",
        "UnsupportedOperation.StoppedModeStopCharging",
    ])
    .without_effect(&["CamRoleType", "EnableJumboFrame"]);

/// The given attributes; the others do not change.
struct Modify {
    name: Option<Box<str>>,
    user_data: Option<Box<str>>,
    security_groups: Option<Box<[SecurityGroupId]>>,
    host_name: Option<Box<str>>,
    /// Reboots at once for a new host name.
    reboot: bool,
    protected: Option<bool>,
    /// An empty role removes the role.
    role: Option<Box<str>>,
}

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let name = parameters.text_within("InstanceName", NAME_MAX, Reason::InstanceNameTooLong { limit: NAME_MAX })?;
    let user_data = names::user_data(parameters)?;
    let security_groups =
        parameters.has("SecurityGroups").then(|| security_groups(parameters, "SecurityGroups")).transpose()?;
    let host_name = names::given_host_name(parameters)?;
    if let Some(name) = &host_name {
        names::host_name(name, false)?;
    }
    let modify = Modify {
        name,
        user_data,
        security_groups,
        host_name,
        reboot: parameters.flag("AutoReboot")?.unwrap_or(true),
        protected: parameters.flag("DisableApiTermination")?,
        role: parameters.text("CamRoleName")?,
    };
    Ok(Box::new(move |tx, context| {
        let by = context.by(ACTION.name);
        network::exist(tx.view(), context, modify.security_groups.as_deref().unwrap_or_default())?;
        let instances = ids.find(tx.view(), context)?;
        if let Some(name) = modify.host_name.as_ref().filter(|_| instances.iter().any(|instance| instance.is_windows()))
        {
            names::host_name(name, true)?;
        }
        change_all(tx, &instances, |instance| {
            instance.is_idle()?;
            instance.outside_recycle_bin()?;
            if let Some(name) = &modify.name {
                instance.name.clone_from(name);
            }
            if let Some(user_data) = &modify.user_data {
                instance.user_data = Some(user_data.clone());
            }
            if let Some(groups) = &modify.security_groups {
                instance.security_groups.clone_from(groups);
            }
            if let Some(role) = &modify.role {
                let role = Some(role.clone()).filter(|role| !role.is_empty());
                instance.change_extras(|extras| extras.role = role);
            }
            if let Some(protected) = modify.protected {
                instance.disable_api_termination = protected;
            }
            match &modify.host_name {
                Some(name) => instance.rename_host(name, modify.reboot, by),
                None => Ok(()),
            }
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"InstanceName":"new name","HostName":"web-1","UserData":"aGVsbG8=","SecurityGroups":["sg-mine0001"],"DisableApiTermination":true}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."InstanceName":"new name"..."SecurityGroupIds":["sg-mine0001"]..."DisableApiTermination":true,"HostName":"web-1"...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"InstanceName":"0123456789012345678901234567890123456789012345678901234567890"}
< InvalidInstanceName.TooLong ...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"HostName":"-"}
< InvalidParameterValue.IllegalHostName ...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"UserData":"!!!"}
< InvalidParameterValue.InvalidUserDataFormat ...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"SecurityGroups":["nonsense"]}
< InvalidParameterValue The value `nonsense` specified in the parameter `SecurityGroups` is not valid.
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"SecurityGroups":["sg-mine0001","sg-foreign1"]}
< InvalidSecurityGroupId.NotFound The security group `sg-foreign1` does not exist.
> ModifyInstancesAttribute {"InstanceIds":["ins-busy0001"],"InstanceName":"x"}
< OperationDenied.InstanceOperationInProgress ...
>> ModifyInstancesAttribute {"InstanceIds":["ins-busy0001"],"InstanceName":"x"}
< InvalidInstance.NotSupported ...
> ModifyInstancesAttribute {"InstanceIds":["ins-1122"],"InstanceName":"x"}
< InvalidInstanceId.Malformed ...
> ModifyInstancesAttribute {"InstanceIds":["ins-nowhere0"],"InstanceName":"x"}
< InvalidInstanceId.NotFound ...
> ModifyInstancesAttribute {"InstanceIds":[101*"ins-running1"],"InstanceName":"x"}
< InvalidParameterValue.LimitExceeded ...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"AutoReboot":"yes"}
< InvalidParameter The value type of parameter `AutoReboot` is not valid: ...
> ModifyInstancesAttribute {"InstanceIds":["ins-recycled"],"InstanceName":"x"}
< UnsupportedOperation.InstanceStateShutdown ...

# A role is stored and answered, until an empty one removes it.
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"CamRoleName":"reader"}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."CamRoleName":"reader"...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"CamRoleName":""}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."CamRoleName":""...

# A new host name needs a boot, by default at once; the present name needs none.
> ModifyInstancesAttribute {"InstanceIds":["ins-running1"],"HostName":"web-1"}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"STOPPING"..."LatestOperation":"ModifyInstancesAttribute","LatestOperationState":"OPERATING"..."HostName":"web-1"...
> ModifyInstancesAttribute {"InstanceIds":["ins-prepaid1"],"HostName":"web-2","AutoReboot":false}
< {}
> DescribeInstances {"InstanceIds":["ins-prepaid1"]}
< ..."InstanceState":"RUNNING"..."LatestOperationState":"OPERATING"..."HostName":"web-2"...
> ModifyInstancesAttribute {"InstanceIds":["ins-launchno"],"HostName":"web-1"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> ModifyInstancesAttribute {"InstanceIds":["ins-starting"],"HostName":"web-1"}
< UnsupportedOperation.InstanceStateStarting ...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopping"],"HostName":"web-1"}
< UnsupportedOperation.InstanceStateStopping ...
> ModifyInstancesAttribute {"InstanceIds":["ins-sleeping"],"HostName":"web-1"}
< UnsupportedOperation.StoppedModeStopCharging ...
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1","ins-windows1"],"HostName":"more-than-fifteen"}
< InvalidParameterValue.IllegalHostName ...

ins-stopped1 is in RESCUE_MODE
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"HostName":"web-1"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
