//! A change of the key pairs of instances, as AssociateInstancesKeyPairs and DisassociateInstancesKeyPairs ask for it.

use crate::{Apply, Batch, Context, Parameters, Reason, change_all};
use cvmd_model::{By, Instance, InstanceId, KeyPairId, Refusal, StopType};

/// The codes of both, beside those of any change of instances.
pub(super) const ERRORS: &[&str] = &[
    "InvalidKeyPairId.Malformed",
    "InvalidKeyPairId.NotFound",
    "InvalidParameterValue.LimitExceeded",
    "UnsupportedOperation.InstanceOsWindows",
    "UnsupportedOperation.InstanceStateRunning",
    "UnsupportedOperation.StoppedModeStopCharging",
];

/// The change of one instance: the key pairs named, how it is stopped if it is RUNNING, and who asks.
type Change = fn(&mut Instance, &[KeyPairId], &Context, Option<StopType>, By) -> Result<(), Refusal>;

/// Changes all instances that the action of that name is called for.
pub(super) fn prepare(parameters: &mut Parameters, action: &'static str, change: Change) -> Result<Apply, Reason> {
    let instances: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let keys: Batch<KeyPairId> = Batch::read(parameters, "KeyIds")?;
    // A RUNNING instance is shut down, by force if need be, changed, and started again. Without it, the setting
    // `running_key_change` decides.
    let force = parameters.flag("ForceStop")?.unwrap_or(false);
    Ok(Box::new(move |tx, context| {
        let instances = instances.find(tx.view(), context)?;
        keys.find(tx.view(), context)?;
        let (how, by) = (context.policy.stop_for_change(force), context.by(action));
        change_all(tx, &instances, |instance| change(instance, &keys, context, how, by))
    }))
}
