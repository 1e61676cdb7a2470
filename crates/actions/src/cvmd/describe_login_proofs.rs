//! DescribeLoginProofs: what each instance's own sshd has answered about its login, newest instance first.
//!
//! An action of cvmd's own. Well-formed ids that do not exist are no error.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, filters, page, reply};
use cvmd_model::{Instance, InstanceId, Proof};
use cvmd_state::View;
use std::{cmp::Reverse, sync::Arc};

pub(crate) const ACTION: Action = Action::query(Product::Cvmd, "DescribeLoginProofs", answer)
    .errors(&["InvalidInstanceId.Malformed", "InvalidParameterValue.LimitExceeded"]);

/// The state of an instance that was never asked.
const UNKNOWN: &str = "UNKNOWN";

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Option<Batch<InstanceId>> =
        parameters.has("InstanceIds").then(|| Batch::read(parameters, "InstanceIds")).transpose()?;
    let cut = filters::page(parameters)?;
    let (total_count, proofs) = match ids {
        Some(ids) => {
            let of_context = |id: &InstanceId| view.instance_of(context.account, context.region, *id);
            let mut found: Vec<&Arc<Instance>> = ids.iter().filter_map(of_context).collect();
            found.sort_by_key(|instance| Reverse(instance.sequence));
            (found.len(), page(found, cut, |instance| shown(instance)))
        }
        None => (
            view.instance_count(context.account, context.region),
            page(view.instances_of(context.account, context.region), cut, |instance| shown(instance)),
        ),
    };
    Ok(Body::of(object! { TotalCount: total_count, LoginProofSet: proofs }))
}

fn shown(instance: &Instance) -> impl serde::Serialize + use<> {
    let proof = instance.proof.as_deref();
    let asked = |proof: &Proof| {
        let key = |asked: &cvmd_model::AskedKey| {
            object! { KeyId: asked.key, Promised: asked.promised, Answer: asked.answer }
        };
        proof.asked.iter().map(key).collect::<Vec<_>>()
    };
    object! {
        InstanceId: instance.id,
        State: proof.map_or(UNKNOWN, |proof| proof.state.name()),
        Time: proof.map(|proof| reply::time(proof.at_ms / 1000)),
        BootId: proof.map(|proof| proof.boot).filter(|boot| !boot.0.is_nil()),
        User: proof.map(|proof| proof.user.clone()).filter(|user| !user.is_empty()),
        Keys: proof.map(asked).unwrap_or_default(),
        PasswordOffered: proof.and_then(|proof| proof.offers_password),
        Milliseconds: proof.and_then(|proof| proof.took_ms),
        Reason: proof.and_then(|proof| proof.why.clone()),
        OwedKeyIds: proof.map(|proof| proof.owed.iter().map(|owed| owed.key).collect::<Vec<_>>()).unwrap_or_default(),
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeLoginProofs {"InstanceIds":["ins-running1","ins-nowhere0","ins-foreign1"]}
< {"TotalCount":1,"LoginProofSet":[{"InstanceId":"ins-running1","State":"UNKNOWN","Time":null,...,"Keys":[],...}]}
> DescribeLoginProofs {"InstanceIds":["ins-stopped1"]}
< {"TotalCount":1,"LoginProofSet":[{"InstanceId":"ins-stopped1","State":"PROVEN","Time":"2026-11-24T00:00:00Z","BootId":null,"User":"root","Keys":[{"KeyId":"skey-bound001","Promised":"ACCEPTED","Answer":"ACCEPTED"}],...}]}
> DescribeLoginProofs {"Limit":1}
< {"TotalCount":10,"LoginProofSet":[{"InstanceId":"ins-recycled",...}]}
> DescribeLoginProofs {"InstanceIds":["ins-1122"]}
< InvalidInstanceId.Malformed ...
> DescribeLoginProofs {"Limit":0}
< InvalidParameterValue.LimitExceeded ...
"#;
