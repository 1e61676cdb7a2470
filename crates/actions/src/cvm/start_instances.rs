//! StartInstances: starts instances that are STOPPED.
//!
//! <https://cloud.tencent.com/document/api/213/15735>. An instance that was stopped without charging gets another
//! public address, if it had one.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all};
use cvmd_model::{InstanceId, PowerLaw};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "StartInstances", prepare)
    .errors_of(&[declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(&[
        "InvalidInstance.NotSupported",
        "InvalidInstanceId.NotFound",
        "InvalidParameterValue.InstanceIdMalformed",
        "InvalidParameterValue.LimitExceeded",
        "OperationDenied.InstanceOperationInProgress",
        "UnsupportedOperation.InstanceStateRunning",
    ]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    Ok(Box::new(move |tx, context| {
        let by = context.by(ACTION.name);
        let instances = ids.find(tx.view(), context)?;
        let mut addresses = Vec::with_capacity(instances.len());
        for instance in &instances {
            let lacks = instance.lacks_public_address() && instance.allows(PowerLaw::Start).is_ok();
            addresses.push(lacks.then(|| tx.allocate_public_address(context.account, instance.zone)).transpose()?);
        }
        let mut addresses = addresses.into_iter();
        change_all(tx, &instances, |instance| instance.start(addresses.next().flatten(), by))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> StartInstances {"InstanceIds":["ins-stopped1","ins-sleeping"]}
< {}
> DescribeInstancesStatus {"InstanceIds":["ins-stopped1"]}
< {"TotalCount":1,"InstanceStatusSet":[{"InstanceId":"ins-stopped1","InstanceState":"STARTING"}]}
> StartInstances {"InstanceIds":["ins-running1"]}
< UnsupportedOperation.InstanceStateRunning ...
>> StartInstances {"InstanceIds":["ins-running1"]}
< InvalidInstance.NotSupported ...
> StartInstances {"InstanceIds":["ins-starting"]}
< UnsupportedOperation.InstanceStateStarting ...
> StartInstances {"InstanceIds":["ins-stopping"]}
< UnsupportedOperation.InstanceStateStopping ...
> StartInstances {"InstanceIds":["ins-busy0001"]}
< OperationDenied.InstanceOperationInProgress ...
# So the service answers `ins-abc`, whatever its documents say first.
> StartInstances {"InstanceIds":["ins-1122"]}
< InvalidParameterValue.InstanceIdMalformed ...
> StartInstances {"InstanceIds":["ins-nowhere0"]}
< InvalidInstanceId.NotFound ...
> StartInstances {"InstanceIds":[101*"ins-stopped1"]}
< InvalidParameterValue.LimitExceeded ...
> StartInstances {"InstanceIds":["ins-recycled"]}
< UnsupportedOperation.InstanceStateShutdown ...
> StartInstances {"InstanceIds":["ins-launchno"]}
< UnsupportedOperation.InstanceStateLaunchFailed ...

# Public addresses went with the stop; the first free one comes with the start.
ins-sleeping has 5 Mbit/s and no public address
> DescribeInstances {"InstanceIds":["ins-sleeping"]}
< ..."PublicIpAddresses":null,"InternetAccessible":{"InternetChargeType":null,"InternetMaxBandwidthOut":5...,"InstanceState":"STOPPED"..."StopChargingMode":"STOP_CHARGING"...
> StartInstances {"InstanceIds":["ins-sleeping"]}
< {}
> DescribeInstances {"InstanceIds":["ins-sleeping"]}
< ..."PublicIpAddresses":["127.64.0.14"],"InternetAccessible":{"InternetChargeType":"TRAFFIC_POSTPAID_BY_HOUR"...,"InstanceState":"STARTING"...

ins-stopped1 is in RESCUE_MODE
> StartInstances {"InstanceIds":["ins-stopped1"]}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
