//! AssociateInstancesKeyPairs: binds SSH key pairs to instances in place of those bound before, and turns password
//! login off.
//!
//! <https://cloud.tencent.com/document/api/213/15698>. Where the vendor is silent: binding exactly what is bound
//! already is a success at once, without a power cycle. With the setting `associate = "add"` the keys bound before stay.

use super::{declared, key_change};
use crate::{Action, Apply, Context, Parameters, Product, Reason};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "AssociateInstancesKeyPairs", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(key_change::ERRORS);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    key_change::prepare(parameters, ACTION.name, |instance, keys, context, how, by| {
        instance.associate(keys, context.policy.associate, how, by)
    })
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
