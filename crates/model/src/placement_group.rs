//! Placement groups, which the vendor's API calls disaster recover groups: their members run on different hosts.
//! <https://cloud.tencent.com/document/api/213/17810>
//!
//! Nothing is placed here: membership is stored and answered, and a full group refuses members.

use crate::{
    AccountNumber, DisasterRecoverGroupId, GroupRefusal, Instance, InstanceState, Refusal, RegionId, Tag,
    resource::resource, text::named,
};
use serde::{Deserialize, Serialize};

/// The maximum of groups of one account in one region.
pub const GROUPS_MAX: usize = 50;

named! {
    /// What the members of a group must not share.
    pub enum GroupKind {
        Host = "HOST",
        /// A switch.
        Sw = "SW",
        Rack = "RACK",
    }
}

impl GroupKind {
    /// The maximum of instances in one group.
    #[must_use]
    pub const fn members_max(self) -> usize {
        match self {
            GroupKind::Host => 50,
            GroupKind::Sw => 20,
            GroupKind::Rack => 30,
        }
    }
}

/// One group. Membership is stored on the instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisasterRecoverGroup {
    pub id: DisasterRecoverGroupId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub name: Box<str>,
    pub kind: GroupKind,
    /// 1 to 10: the number of members that may share what the others must not.
    pub affinity: u8,
    /// 2 to 30 partitions; `None` for a group that spreads its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<u8>,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

impl DisasterRecoverGroup {
    #[must_use]
    pub const fn strategy(&self) -> &'static str {
        if self.partitions.is_some() { "PARTITION" } else { "SPREAD" }
    }

    /// Whether `joining` more instances fit beside the existing `members`.
    ///
    /// # Errors
    /// [`GroupRefusal::Full`].
    pub fn takes(&self, members: usize, joining: usize) -> Result<(), Refusal> {
        let limit = self.kind.members_max();
        if members + joining > limit {
            Err(Refusal::Group(GroupRefusal::Full { group: self.id, limit }))
        } else {
            Ok(())
        }
    }
}

resource!(DisasterRecoverGroup, DisasterRecoverGroupId, region: |group| Some(group.region));

impl Instance {
    /// Puts the instance into the group, and removes it from its earlier one.
    ///
    /// # Errors
    /// [`GroupRefusal::HasInstance`], or the [`Refusal`] of an operation under way or of the recycle bin.
    pub fn join(&mut self, group: DisasterRecoverGroupId, partition: Option<u8>) -> Result<(), Refusal> {
        self.allows_regrouping()?;
        if self.extras().group == Some(group) && self.extras().partition == partition {
            return Err(Refusal::Group(GroupRefusal::HasInstance { instance: self.id, group }));
        }
        self.change_extras(|extras| (extras.group, extras.partition) = (Some(group), partition));
        Ok(())
    }

    /// # Errors
    /// [`GroupRefusal::LacksInstance`], or the [`Refusal`] of an operation under way or of the recycle bin.
    pub fn leave(&mut self, groups: &[DisasterRecoverGroupId]) -> Result<(), Refusal> {
        self.allows_regrouping()?;
        if !self.extras().group.is_some_and(|group| groups.contains(&group)) {
            return Err(Refusal::Group(GroupRefusal::LacksInstance(self.id)));
        }
        self.change_extras(|extras| (extras.group, extras.partition) = (None, None));
        Ok(())
    }

    fn allows_regrouping(&self) -> Result<(), Refusal> {
        self.is_idle()?;
        if self.state == InstanceState::LaunchFailed { Err(self.in_state()) } else { self.outside_recycle_bin() }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{Password, instance::test::instance as any};

    #[test]
    fn an_instance_is_in_one_group_and_leaves_no_box_behind() {
        let [first, second] = ["ps-11112222", "ps-33334444"].map(|text| text.parse().unwrap());
        let mut instance = any(InstanceState::Running, &[], Password::Never);
        instance.join(first, None).unwrap();
        assert_eq!(
            instance.join(first, None),
            Err(Refusal::Group(GroupRefusal::HasInstance { instance: instance.id, group: first }))
        );
        instance.join(second, Some(2)).unwrap();
        assert_eq!(instance.leave(&[first]), Err(Refusal::Group(GroupRefusal::LacksInstance(instance.id))));
        instance.leave(&[first, second]).unwrap();
        assert_eq!(instance.extras, None);
    }
}
