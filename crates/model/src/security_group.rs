//! Security groups: names for sets of rules. The rules are stored in order and answered; nothing enforces them.
//! <https://cloud.tencent.com/document/api/215/15808>

use crate::{AccountNumber, Refusal, RegionId, SecurityGroupId, Tag, lasting_number, resource::resource};
use serde::{Deserialize, Serialize};

/// The maximum of rules in one direction of a group.
pub const RULES_MAX: usize = 100;

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: SecurityGroupId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    /// At most 60 characters.
    pub name: Box<str>,
    /// At most 100 characters.
    pub description: Box<str>,
    pub project_id: u32,
    /// Counts the changes of its rules.
    pub version: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<Rule>,
    pub created_seconds: u64,
    pub updated_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

/// One rule of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `TCP`, `UDP`, `ICMP`, `ICMPV6`, `GRE` or `ALL`.
    pub protocol: Box<str>,
    /// `ALL`, or ports and ranges separated by commas.
    pub port: Box<str>,
    pub peer: Peer,
    pub accept: bool,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub description: Box<str>,
    pub modified_seconds: u64,
}

/// The other side of a rule's traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    /// An IPv4 address or a range of them.
    Ipv4(Box<str>),
    Ipv6(Box<str>),
    Group(SecurityGroupId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ingress,
    Egress,
}

impl Rule {
    /// Whether two rules are the same, whatever their dates and descriptions.
    #[must_use]
    pub fn is_same_as(&self, other: &Rule) -> bool {
        (&self.protocol, &self.port, &self.peer, self.accept)
            == (&other.protocol, &other.port, &other.peer, other.accept)
    }
}

impl SecurityGroup {
    /// The account's default group in that region before anybody changes it: all IPv4 traffic may pass.
    #[must_use]
    pub fn of_default(account: AccountNumber, region: RegionId, created_seconds: u64) -> SecurityGroup {
        let all = Rule {
            protocol: "ALL".into(),
            port: "ALL".into(),
            peer: Peer::Ipv4("0.0.0.0/0".into()),
            accept: true,
            description: "".into(),
            modified_seconds: created_seconds,
        };
        SecurityGroup {
            id: SecurityGroupId::of_default(account, region),
            sequence: 0,
            account,
            region,
            name: "default".into(),
            description: "".into(),
            project_id: 0,
            version: 0,
            ingress: vec![all.clone()],
            egress: vec![all],
            created_seconds,
            updated_seconds: created_seconds,
            tags: [].into(),
        }
    }

    #[must_use]
    pub fn is_default(&self) -> bool {
        self.id == SecurityGroupId::of_default(self.account, self.region)
    }

    #[must_use]
    pub fn rules(&self, direction: Direction) -> &Vec<Rule> {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// Whether a rule names that group.
    #[must_use]
    pub fn names(&self, id: SecurityGroupId) -> bool {
        self.ingress.iter().chain(&self.egress).any(|rule| rule.peer == Peer::Group(id))
    }

    /// Inserts rules before the one that has that index now, or after the last.
    ///
    /// # Errors
    /// [`Refusal::RuleTwice`], [`Refusal::RuleIndex`], [`Refusal::RulesQuota`].
    pub fn insert(
        &mut self,
        direction: Direction,
        at: Option<usize>,
        rules: Vec<Rule>,
        now_seconds: u64,
    ) -> Result<(), Refusal> {
        let stored = self.rules_mut(direction);
        let at = at.unwrap_or(stored.len());
        if at > stored.len() {
            return Err(Refusal::RuleIndex { index: at });
        }
        let mut all = stored.clone();
        all.splice(at..at, rules);
        *stored = checked(all)?;
        self.changed(now_seconds);
        Ok(())
    }

    /// Removes the rules that have those indexes now.
    ///
    /// # Errors
    /// [`Refusal::RuleIndex`].
    pub fn remove(&mut self, direction: Direction, indexes: &[usize], now_seconds: u64) -> Result<(), Refusal> {
        let stored = self.rules_mut(direction);
        if let Some(index) = indexes.iter().find(|index| **index >= stored.len()) {
            return Err(Refusal::RuleIndex { index: *index });
        }
        let mut index = 0..;
        stored.retain(|_| index.next().is_none_or(|index| !indexes.contains(&index)));
        self.changed(now_seconds);
        Ok(())
    }

    /// Replaces the rules that have these indexes now.
    ///
    /// # Errors
    /// [`Refusal::RuleIndex`], [`Refusal::RuleTwice`].
    pub fn replace(
        &mut self,
        direction: Direction,
        rules: Vec<(usize, Rule)>,
        now_seconds: u64,
    ) -> Result<(), Refusal> {
        let stored = self.rules_mut(direction);
        let mut all = stored.clone();
        for (index, rule) in rules {
            *all.get_mut(index).ok_or(Refusal::RuleIndex { index })? = rule;
        }
        *stored = checked(all)?;
        self.changed(now_seconds);
        Ok(())
    }

    /// Sets the rules of both directions.
    ///
    /// # Errors
    /// [`Refusal::RuleTwice`], [`Refusal::RulesQuota`].
    pub fn set(&mut self, ingress: Vec<Rule>, egress: Vec<Rule>, now_seconds: u64) -> Result<(), Refusal> {
        (self.ingress, self.egress) = (checked(ingress)?, checked(egress)?);
        self.changed(now_seconds);
        Ok(())
    }

    fn rules_mut(&mut self, direction: Direction) -> &mut Vec<Rule> {
        match direction {
            Direction::Ingress => &mut self.ingress,
            Direction::Egress => &mut self.egress,
        }
    }

    fn changed(&mut self, now_seconds: u64) {
        self.version += 1;
        self.updated_seconds = now_seconds;
    }
}

fn checked(rules: Vec<Rule>) -> Result<Vec<Rule>, Refusal> {
    if rules.len() > RULES_MAX {
        return Err(Refusal::RulesQuota { limit: RULES_MAX });
    }
    let twice = rules.iter().enumerate().any(|(index, rule)| rules[..index].iter().any(|other| other.is_same_as(rule)));
    if twice { Err(Refusal::RuleTwice) } else { Ok(rules) }
}

impl SecurityGroupId {
    #[must_use]
    pub fn of_default(account: AccountNumber, region: RegionId) -> SecurityGroupId {
        SecurityGroupId::from_random(lasting_number(account, region.name(), 3))
    }
}

resource!(SecurityGroup, SecurityGroupId, region: |group| Some(group.region), tags: |group| &group.tags);

#[cfg(test)]
mod test {
    use super::*;

    fn group() -> SecurityGroup {
        SecurityGroup::of_default(AccountNumber(1), RegionId::find("ap-guangzhou").unwrap(), 0)
    }

    fn rule(port: usize) -> Rule {
        Rule { protocol: "TCP".into(), port: port.to_string().into(), ..group().ingress[0].clone() }
    }

    fn ports(group: &SecurityGroup) -> Vec<&str> {
        group.ingress.iter().map(|rule| &*rule.port).collect()
    }

    #[test]
    fn rules_are_inserted_and_removed_by_index() {
        let mut group = group();
        group.insert(Direction::Ingress, None, vec![rule(1), rule(2)], 5).unwrap();
        group.insert(Direction::Ingress, Some(0), vec![rule(3)], 6).unwrap();
        assert_eq!(ports(&group), ["3", "ALL", "1", "2"]);
        group.replace(Direction::Ingress, vec![(2, rule(7))], 7).unwrap();
        group.remove(Direction::Ingress, &[3, 0, 0], 8).unwrap();
        assert_eq!(ports(&group), ["ALL", "7"]);
        assert_eq!((group.version, group.updated_seconds, group.egress.len()), (4, 8, 1));
    }

    #[test]
    fn a_refused_change_of_rules_changes_nothing() {
        let mut group = group();
        group.insert(Direction::Ingress, None, vec![rule(1)], 5).unwrap();
        let before = group.clone();
        let (all, described) = (Direction::Ingress, Rule { description: "again".into(), ..rule(1) });
        assert_eq!(group.insert(all, None, vec![rule(2), described], 6), Err(Refusal::RuleTwice));
        assert_eq!(group.insert(all, Some(3), vec![rule(2)], 6), Err(Refusal::RuleIndex { index: 3 }));
        let many = (10..10 + RULES_MAX).map(rule).collect();
        assert_eq!(group.insert(all, None, many, 6), Err(Refusal::RulesQuota { limit: RULES_MAX }));
        assert_eq!(group.remove(all, &[0, 2], 6), Err(Refusal::RuleIndex { index: 2 }));
        assert_eq!(group.replace(all, vec![(0, rule(2)), (2, rule(3))], 6), Err(Refusal::RuleIndex { index: 2 }));
        assert_eq!(group.set(vec![rule(2), rule(2)], vec![], 6), Err(Refusal::RuleTwice));
        assert_eq!(group, before);
    }
}
