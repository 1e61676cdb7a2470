//! AssociateInstancesKeyPairs: binds SSH key pairs to instances in place of those bound before, and turns password
//! login off.
//!
//! <https://cloud.tencent.com/document/api/213/15698>. Where the vendor is silent: binding exactly what is bound
//! already is a success at once, without a power cycle. With the setting `associate = "add"` the keys bound before stay.

use crate::{
    Action, Apply, Context, Parameters, Product, Reason,
    batch::{Batch, change_all},
};
use cvmd_model::{InstanceId, KeyPairId};

pub(crate) const ACTION: Action = Action::command(
    Product::Cvm,
    "AssociateInstancesKeyPairs",
    &[
        "InvalidInstance.NotSupported",
        "InvalidInstanceId.Malformed",
        "InvalidInstanceId.NotFound",
        "InvalidKeyPairId.Malformed",
        "InvalidKeyPairId.NotFound",
        "InvalidParameterValue.LimitExceeded",
        "OperationDenied.InstanceOperationInProgress",
        "UnsupportedOperation.InstanceOsWindows",
        "UnsupportedOperation.InstanceStateLaunchFailed",
        "UnsupportedOperation.InstanceStateRescueMode",
        "UnsupportedOperation.InstanceStateRunning",
        "UnsupportedOperation.InstanceStateShutdown",
        "UnsupportedOperation.InstanceStateStarting",
        "UnsupportedOperation.InstanceStateStopping",
        "UnsupportedOperation.StoppedModeStopCharging",
    ],
    prepare,
)
.touching(&["InstanceIds"], &["KeyIds"]);

struct Associate {
    instances: Batch<InstanceId>,
    keys: Batch<KeyPairId>,
    /// A RUNNING instance is shut down, by force if need be, changed, and started again. Without it, the setting
    /// `running_key_change` decides.
    force: bool,
}

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let spec = Associate {
        instances: Batch::read(parameters, "InstanceIds")?,
        keys: Batch::read(parameters, "KeyIds")?,
        force: parameters.flag("ForceStop")?.unwrap_or(false),
    };
    Ok(Box::new(move |tx, context| {
        let instances = spec.instances.find(tx.view(), context)?;
        spec.keys.find(tx.view(), context)?;
        let by = context.by(ACTION.name);
        let (mode, how) = (context.policy.associate, context.policy.stop_for_change(spec.force));
        change_all(tx, &instances, |instance| instance.associate(&spec.keys, mode, how, by))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# With `associate = "add"` they join those bound before; then there is nothing left to do.
associate = add
> AssociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-spare001"]}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."KeyIds":["skey-bound001","skey-spare001"]..."LatestOperationState":"OPERATING"...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-bound001"],"ForceStop":true}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"RUNNING"..."LatestOperationState":"SUCCESS"...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-spare001"]}
< UnsupportedOperation.InstanceStateRunning ...

# With `running_key_change = "shutdown"` a RUNNING instance is shut down for it, without ForceStop too.
running_key_change = shutdown
> AssociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-spare001"]}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."KeyIds":["skey-spare001"]..."InstanceState":"STOPPING"..."LatestOperationState":"OPERATING"...

# The keys named replace those bound before.
> AssociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-spare001","skey-spare001"]}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."KeyIds":["skey-spare001"]..."LatestOperationState":"OPERATING"...
> DescribeKeyPairs {"KeyIds":["skey-spare001"]}
< ..."AssociatedInstanceIds":["ins-stopped1"]...

# Forced on a running instance: it shows STOPPING before the reply leaves.
> AssociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-spare001"],"ForceStop":true}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."KeyIds":["skey-spare001"]..."InstanceState":"STOPPING"..."LatestOperationState":"OPERATING"...

# Bound already, and password login off: nothing to do.
> AssociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"]}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."LatestOperation":"AssociateInstancesKeyPairs","LatestOperationState":"SUCCESS"...

> AssociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-bound001"]}
< UnsupportedOperation.InstanceStateRunning ...
>> AssociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-bound001"]}
< InvalidInstance.NotSupported ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-windows1"],"KeyIds":["skey-bound001"]}
< UnsupportedOperation.InstanceOsWindows ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-busy0001"],"KeyIds":["skey-bound001"]}
< OperationDenied.InstanceOperationInProgress ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-starting"],"KeyIds":["skey-bound001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateStarting ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-stopping"],"KeyIds":["skey-bound001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateStopping ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-sleeping"],"KeyIds":["skey-spare001"]}
< UnsupportedOperation.StoppedModeStopCharging ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-1122"],"KeyIds":["skey-bound001"]}
< InvalidInstanceId.Malformed ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-nowhere0"],"KeyIds":["skey-bound001"]}
< InvalidInstanceId.NotFound ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-1122"]}
< InvalidKeyPairId.Malformed ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-foreign1"]}
< InvalidKeyPairId.NotFound ...
> AssociateInstancesKeyPairs {"InstanceIds":[101*"ins-stopped1"],"KeyIds":["skey-bound001"]}
< InvalidParameterValue.LimitExceeded ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-recycled"],"KeyIds":["skey-spare001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateShutdown ...
> AssociateInstancesKeyPairs {"InstanceIds":["ins-launchno"],"KeyIds":["skey-spare001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateLaunchFailed ...

ins-stopped1 is in RESCUE_MODE
> AssociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
