//! The security groups of an instance in requests.

use crate::{Parameters, Reason};
use cvmd_model::SecurityGroupId;

/// Security groups are stored and answered; cvmd sets up no firewall.
pub(super) fn security_groups(parameters: &mut Parameters, name: &str) -> Result<Box<[SecurityGroupId]>, Reason> {
    let path = parameters.path(name);
    let groups = parameters.parsed(name, usize::MAX, |value| Reason::BadValue { name: path.clone(), value })?;
    Ok(groups.into())
}

/// The vendor accepts one group per request.
pub(super) fn one_group(parameters: &mut Parameters) -> Result<SecurityGroupId, Reason> {
    let groups = security_groups(parameters, "SecurityGroupIds")?;
    match &*groups {
        [group] => Ok(*group),
        groups => Err(Reason::TooMany { name: "SecurityGroupIds".into(), given: groups.len(), limit: 1 }),
    }
}
