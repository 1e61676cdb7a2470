//! DisassociateInstancesKeyPairs: unbinds SSH key pairs from instances.
//!
//! <https://cloud.tencent.com/document/api/213/15697>. Where the vendor is silent: the whole batch is checked before
//! anything changes; a key that is not bound is no error; the association is gone before the reply is sent, and the
//! guest is changed later.

use super::{declared, key_change};
use crate::{Action, Apply, Context, Parameters, Product, Reason};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DisassociateInstancesKeyPairs", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(key_change::ERRORS);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    key_change::prepare(parameters, ACTION.name, |instance, keys, _, how, by| instance.disassociate(keys, how, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# With `running_key_change = "shutdown"` a RUNNING instance is shut down for it, without ForceStop too.
running_key_change = shutdown
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-bound001"]}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."KeyIds":null..."InstanceState":"STOPPING"..."LatestOperationState":"OPERATING"...

# A stopped instance loses the key at once; the guest follows.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"]}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."KeyIds":null..."LatestOperation":"DisassociateInstancesKeyPairs","LatestOperationState":"OPERATING"...
> DescribeKeyPairs {"KeyIds":["skey-bound001"]}
< ..."AssociatedInstanceIds":["ins-running1","ins-sleeping"]...

# While the guest may still accept it, the key pair cannot be deleted.
> DeleteKeyPairs {"KeyIds":["skey-bound001"]}
< InvalidParameterValue.KeyPairNotSupported ...

# A running instance must be forced, even when the key is not bound to it.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-spare001"]}
< UnsupportedOperation.InstanceStateRunning The instance `ins-running1` is RUNNING...
>> DisassociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-bound001"],"ForceStop":"FALSE"}
< InvalidInstance.NotSupported The instance `ins-running1` is RUNNING...

# Nothing to do on a running instance with ForceStop: a success at once.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-running1"],"KeyIds":["skey-spare001"],"ForceStop":true}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."KeyIds":["skey-bound001"]..."InstanceState":"RUNNING"..."LatestOperationState":"SUCCESS"...

# One instance of a batch that may not be changed refuses all of it, and nothing has changed.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1","ins-windows1"],"KeyIds":["skey-bound001"]}
< UnsupportedOperation.InstanceOsWindows The instance `ins-windows1` runs Windows, which takes no SSH key pair.
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."KeyIds":["skey-bound001"]..."LatestOperation":null...

# Windows is looked at before an operation under way, that before the state.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-busy0001"],"KeyIds":["skey-bound001"]}
< OperationDenied.InstanceOperationInProgress ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-starting"],"KeyIds":["skey-bound001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateStarting ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopping"],"KeyIds":["skey-bound001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateStopping ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-sleeping"],"KeyIds":["skey-bound001"]}
< UnsupportedOperation.StoppedModeStopCharging ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-launchno"],"KeyIds":["skey-bound001"]}
< UnsupportedOperation.InstanceStateLaunchFailed ...

# Presence, then form and count in the order of the tables, then existence.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-1122"]}
< MissingParameter The request is missing a required parameter `KeyIds`.
> DisassociateInstancesKeyPairs {"InstanceIds":[],"KeyIds":["skey-1122"]}
< MissingParameter The request is missing a required parameter `InstanceIds`.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-1122"],"KeyIds":["skey-1122"]}
< InvalidInstanceId.Malformed The instance id `ins-1122` is malformed...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-nowhere0"],"KeyIds":["skey-1122"]}
< InvalidKeyPairId.Malformed The key pair id `skey-1122` is malformed...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-nowhere0"],"KeyIds":["skey-nowhere0"]}
< InvalidInstanceId.NotFound The instance `ins-nowhere0` does not exist.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-nowhere0"]}
< InvalidKeyPairId.NotFound The key pair `skey-nowhere0` does not exist.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":"skey-bound001"}
< InvalidParameter The value type of parameter `KeyIds` is not valid: ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"],"ForceStop":"maybe"}
< InvalidParameter The value type of parameter `ForceStop` is not valid: ...
>> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"],"ForceStop":"maybe"}
< InvalidParameterValue The value type of parameter `ForceStop` is not valid: ...
> DisassociateInstancesKeyPairs {"InstanceIds":[101*"ins-stopped1"],"KeyIds":["skey-bound001"]}
< InvalidParameterValue.LimitExceeded The parameter `InstanceIds` has 101 values; at most 100 are allowed.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":[101*"skey-bound001"]}
< InvalidParameterValue.LimitExceeded The parameter `KeyIds` has 101 values; at most 100 are allowed.
> DisassociateInstancesKeyPairs {"InstanceIds":[100*"ins-stopped1"],"KeyIds":[100*"skey-bound001"]}
< {}

# What is another account's is not there.
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-foreign1"],"KeyIds":["skey-bound001"]}
< InvalidInstanceId.NotFound ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-foreign1"]}
< InvalidKeyPairId.NotFound ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-shanghai"],"KeyIds":["skey-bound001"]}
< InvalidInstanceId.NotFound ...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-recycled"],"KeyIds":["skey-bound001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateShutdown ...

ins-stopped1 is in RESCUE_MODE
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"],"ForceStop":true}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;
