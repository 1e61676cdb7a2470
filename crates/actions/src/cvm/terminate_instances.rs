//! TerminateInstances: ends instances and any operation on them.
//!
//! <https://cloud.tencent.com/document/api/213/15723>. Instances paid by the hour are deleted. One that was paid in
//! advance is powered off and goes into the recycle bin (SHUTDOWN), from which RenewInstances brings it back; a second
//! call destroys it. Where the vendor is silent: the first call supersedes an operation that only changes power, but
//! not one that changes the disk; an instance that was never RUNNING is destroyed at once. Unlike upstream, an instance
//! whose launch failed can be terminated, because nothing else would remove it, and data disks are always deleted with
//! their instance.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all};
use cvmd_model::{Instance, InstanceId, Refusal};
use cvmd_state::JournalLine;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "TerminateInstances", prepare)
    .errors_of(&[declared::CHANGE])
    .errors(&[
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceMixedPricingModel",
        "UnsupportedOperation.InstanceStateIsolating",
        "UnsupportedOperation.InstanceStateTerminating",
        "UnsupportedOperation.InstancesProtected",
    ])
    .without_effect(&["ReleaseAddress", "ReleasePrepaidDataDisks"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    Ok(Box::new(move |tx, context| {
        let by = context.by(ACTION.name);
        let instances = ids.find(tx.view(), context)?;
        if instances.windows(2).any(|pair| pair[0].charge_type != pair[1].charge_type) {
            return Err(Refusal::MixedChargeTypes.into());
        }
        let answer = change_all(tx, &instances, |instance| instance.terminate(by))?;
        instances.iter().filter_map(|instance| superseded(instance, context)).for_each(|line| tx.write_line(line));
        Ok(answer)
    }))
}

/// The journal line for the outcome of the operation that was under way.
fn superseded(instance: &Instance, context: &Context) -> Option<JournalLine> {
    let operation = instance.operation.as_ref()?;
    Some(JournalLine {
        request: operation.request,
        account: instance.account,
        credential: "".into(),
        action: instance.latest.as_ref().map_or("", |latest| &latest.action).into(),
        at_seconds: context.now_seconds,
        microseconds: context.microseconds,
        decision: format!("SUPERSEDED: by {} {}", ACTION.name, context.request).into(),
        instances: vec![instance.id],
        message: None,
        target: None,
        dry_run: false,
        replay: None,
    })
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# Whatever is under way is superseded.
> TerminateInstances {"InstanceIds":["ins-busy0001","ins-running1","ins-stopped1","ins-launchno"],"ReleaseAddress":true}
< {}
> DescribeInstancesStatus {"InstanceIds":["ins-busy0001"]}
< ..."InstanceState":"TERMINATING"...
> TerminateInstances {"InstanceIds":["ins-busy0001"]}
< UnsupportedOperation.InstanceStateTerminating ...
>> TerminateInstances {"InstanceIds":["ins-busy0001"]}
< InvalidInstance.NotSupported ...
> ModifyInstancesAttribute {"InstanceIds":["ins-running1"],"DisableApiTermination":true}
< OperationDenied.InstanceOperationInProgress ...

# Paid in advance: into the recycle bin first, out of which the second call throws it.
> TerminateInstances {"InstanceIds":["ins-prepaid1"],"ReleasePrepaidDataDisks":true}
< {}
> DescribeInstances {"InstanceIds":["ins-prepaid1"]}
< ..."InstanceState":"STOPPING"..."LatestOperation":"TerminateInstances","LatestOperationState":"OPERATING"...
> TerminateInstances {"InstanceIds":["ins-prepaid1"]}
< UnsupportedOperation.InstanceStateIsolating ...
> DescribeInstances {"InstanceIds":["ins-recycled"]}
< ..."RestrictState":"PROTECTIVELY_ISOLATED"..."InstanceState":"SHUTDOWN"..."IsolatedSource":"MANMADE"...
> TerminateInstances {"InstanceIds":["ins-recycled"]}
< {}
> DescribeInstancesStatus {"InstanceIds":["ins-recycled"]}
< ..."InstanceState":"TERMINATING"...

> ResetInstancesPassword {"InstanceIds":["ins-prepaid1"],"Password":"Abcdefg1","ForceStop":true}
< {}
> TerminateInstances {"InstanceIds":["ins-prepaid1"]}
< OperationDenied.InstanceOperationInProgress ...
> TerminateInstances {"InstanceIds":["ins-running1","ins-prepaid1"]}
< UnsupportedOperation.InstanceMixedPricingModel ...
>> TerminateInstances {"InstanceIds":["ins-running1","ins-prepaid1"]}
< InvalidInstance.NotSupported ...
> ModifyInstancesAttribute {"InstanceIds":["ins-running1"],"DisableApiTermination":true}
< {}
> TerminateInstances {"InstanceIds":["ins-stopped1","ins-running1"]}
< UnsupportedOperation.InstancesProtected ...
> TerminateInstances {"InstanceIds":["ins-1122"]}
< InvalidInstanceId.Malformed ...
> TerminateInstances {"InstanceIds":["ins-foreign1"]}
< InvalidInstanceId.NotFound ...
> TerminateInstances {"InstanceIds":[101*"ins-running1"]}
< InvalidParameterValue.LimitExceeded ...
"#;
