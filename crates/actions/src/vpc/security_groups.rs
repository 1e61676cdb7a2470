//! What actions on security groups share.

use super::security_rules::{Policy, PolicySet, change, unchanged};
use crate::{Apply, Parameters, Reason, names};
use cvmd_model::{Rule, SecurityGroupId};

const DESCRIPTION_MAX: usize = 100;

pub(super) fn description(parameters: &mut Parameters) -> Result<Option<Box<str>>, Reason> {
    names::bounded_text(parameters, "GroupDescription", DESCRIPTION_MAX)
}

pub(super) fn replace(id: SecurityGroupId, set: PolicySet) -> Result<Apply, Reason> {
    let version = set.version;
    let (direction, policies) = set.one_direction()?;
    let rules = policies.into_iter().map(indexed).collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(move |tx, context| {
        change(tx, context, id, |group| {
            unchanged(group, version)?;
            group.replace(direction, rules, context.now_seconds)
        })
    }))
}

fn indexed(policy: Policy) -> Result<(usize, Rule), Reason> {
    let index = policy.index.ok_or(Reason::Missing { name: "PolicyIndex".into() })?;
    Ok((index, policy.whole()?))
}
