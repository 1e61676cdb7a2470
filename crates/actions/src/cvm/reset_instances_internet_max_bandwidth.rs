//! ResetInstancesInternetMaxBandwidth: sets the public bandwidth of instances.
//!
//! <https://www.tencentcloud.com/document/product/213/33241>. It takes effect at once, while they run; traffic is not
//! limited. Where the vendor is silent: bandwidth gives an instance without a public address one, and bandwidth 0
//! removes the address, unless it was requested at the launch.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all};
use cvmd_model::{InstanceId, Refusal};

/// In Mbit/s.
const BANDWIDTH_MAX: u32 = 2000;
/// Charge types that the vendor changes only for one instance at a time.
const ONE_BY_ONE: [&str; 2] = ["BANDWIDTH_PREPAID", "BANDWIDTH_POSTPAID_BY_HOUR"];

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ResetInstancesInternetMaxBandwidth", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE])
    .errors(&[
        "InvalidParameterValue.InstanceNotSupportedMixPricingModel",
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.StoppedModeStopCharging",
    ])
    .without_effect_of(&[declared::BANDWIDTH])
    .without_effect(&[
        "EndTime",
        "InternetAccessible.InternetChargeType",
        "InternetAccessible.PublicIpAssigned",
        "StartTime",
    ]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let missing = |name| Reason::Missing { name };
    let mut spec = parameters.structure("InternetAccessible")?.ok_or_else(|| missing("InternetAccessible".into()))?;
    let name = spec.path("InternetMaxBandwidthOut");
    let mbps = spec.bounded("InternetMaxBandwidthOut", 0, BANDWIDTH_MAX)?.ok_or_else(|| missing(name))?;
    spec.finish()?;
    Ok(Box::new(move |tx, context| {
        let by = context.by(ACTION.name);
        let instances = ids.find(tx.view(), context)?;
        if instances.windows(2).any(|pair| pair[0].internet.charge_type != pair[1].internet.charge_type) {
            return Err(Refusal::MixedInternetChargeTypes.into());
        }
        let one_by_one = ONE_BY_ONE.contains(&&*instances[0].internet.charge_type);
        if one_by_one && instances.len() > 1 {
            return Err(Reason::TooMany { name: "InstanceIds".into(), given: instances.len(), limit: 1 });
        }
        let mut addresses = Vec::new();
        for instance in &instances {
            let lacks = instance.public_address.is_none() && instance.wants_public_address(mbps);
            let free = lacks.then(|| tx.allocate_public_address(context.account, instance.zone)).transpose()?;
            addresses.push(free);
        }
        let mut addresses = addresses.into_iter();
        change_all(tx, &instances, |instance| instance.reset_bandwidth(mbps, addresses.next().flatten(), by))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-running1","ins-stopped1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."PublicIpAddresses":["127.64.0.14"],"InternetAccessible":{..."InternetMaxBandwidthOut":10...}..."InstanceState":"RUNNING"..."LatestOperation":"ResetInstancesInternetMaxBandwidth","LatestOperationState":"OPERATING"...
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."PublicIpAddresses":["127.64.0.15"]..."InstanceState":"STOPPED"...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-running1"],"InternetAccessible":{"InternetMaxBandwidthOut":20}}
< OperationDenied.InstanceOperationInProgress ...
>> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-running1"],"InternetAccessible":{"InternetMaxBandwidthOut":20}}
< InvalidInstance.NotSupported ...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-prepaid1"],"InternetAccessible":{"InternetMaxBandwidthOut":2001},"StartTime":"2026-11-24","EndTime":"2026-12-24"}
< InvalidParameterValue The value `2001` specified in the parameter `InternetAccessible.InternetMaxBandwidthOut` is not valid: 0 to 2000.
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-prepaid1"],"InternetAccessible":{}}
< MissingParameter The request is missing a required parameter `InternetAccessible.InternetMaxBandwidthOut`.
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-recycled"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< UnsupportedOperation.InstanceStateShutdown ...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-launchno"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-sleeping"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< UnsupportedOperation.StoppedModeStopCharging ...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-1122"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< InvalidInstanceId.Malformed ...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-foreign1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< InvalidInstanceId.NotFound ...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":[101*"ins-prepaid1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< InvalidParameterValue.LimitExceeded ...
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-prepaid1","ins-windows1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< InvalidParameterValue.InstanceNotSupportedMixPricingModel ...

ins-stopped1 is in RESCUE_MODE
> ResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-stopped1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
