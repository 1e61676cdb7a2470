//! ModifyDisasterRecoverGroupAttribute: renames a placement group, or allows more of its members on one host.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ModifyDisasterRecoverGroupAttribute>.
//! The affinity can only grow.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, Untaken, batch, cvm::groups};
use cvmd_model::{DisasterRecoverGroup, DisasterRecoverGroupId};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ModifyDisasterRecoverGroupAttribute", prepare)
    .errors(&["FailedOperation.DisasterRecoverGroupNotFound", "InvalidParameterValue.DisasterRecoverGroupIdMalformed"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: DisasterRecoverGroupId = batch::one(parameters, "DisasterRecoverGroupId")?;
    let name = groups::name(parameters)?;
    let affinity = groups::affinity(parameters)?;
    Ok(Box::new(move |tx, context| {
        let mut group = DisasterRecoverGroup::clone(groups::find(tx.view(), context, id)?);
        if let Some(less) = affinity.filter(|affinity| *affinity < group.affinity) {
            let [value, least, most] = [less, group.affinity, groups::AFFINITY_MAX].map(i128::from);
            return Err(Untaken::Range { name: "Affinity".into(), value, least, most }.into());
        }
        group.affinity = affinity.unwrap_or(group.affinity);
        group.name = name;
        tx.put(group);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyDisasterRecoverGroupAttribute {"DisasterRecoverGroupId":"ps-grouped1","Name":"renamed","Affinity":3}
< {}
> DescribeDisasterRecoverGroups {"Name":"renamed"}
< {"DisasterRecoverGroupSet":[{..."Affinity":3...}],"TotalCount":1}
> ModifyDisasterRecoverGroupAttribute {"DisasterRecoverGroupId":"ps-grouped1","Name":"renamed","Affinity":2}
< InvalidParameterValue The value `2` specified in the parameter `Affinity` is not valid: 3 to 10.
> ModifyDisasterRecoverGroupAttribute {"DisasterRecoverGroupId":"ps-1","Name":"renamed"}
< InvalidParameterValue.DisasterRecoverGroupIdMalformed ...
> ModifyDisasterRecoverGroupAttribute {"DisasterRecoverGroupId":"ps-nowhere0","Name":"renamed"}
< FailedOperation.DisasterRecoverGroupNotFound ...
"#;
