//! The networks of the transcripts' world, and how they are filled up.
//!
//! Our account has two VPCs of the same range, three subnets in them, and two security groups, one of which a rule of the
//! other names; another account has one of each.

use cvmd_model::{AccountNumber, Cidr, Peer, RULES_MAX, RegionId, Rule, SecurityGroup, Subnet, Vpc, VpcId, ZoneId};
use cvmd_state::Transaction;

fn region() -> RegionId {
    RegionId::find("ap-guangzhou").unwrap()
}

fn block() -> Cidr {
    "127.64.0.0/10".parse().unwrap()
}

fn vpc(tx: &mut Transaction<'_>, account: AccountNumber, name: &str, now: u64) -> Vpc {
    Vpc {
        id: format!("vpc-{name}").parse().unwrap(),
        sequence: tx.next_sequence(),
        name: name.into(),
        cidr: "10.0.0.0/16".parse().unwrap(),
        route_table: format!("rtb-{name}").parse().unwrap(),
        ..Vpc::of_default(account, region(), block(), now)
    }
}

fn subnet(tx: &mut Transaction<'_>, vpc: &Vpc, name: &str, zone: &str, cidr: &str) -> Subnet {
    Subnet {
        id: format!("subnet-{name}").parse().unwrap(),
        sequence: tx.next_sequence(),
        vpc: vpc.id,
        route_table: vpc.route_table,
        name: name.into(),
        cidr: cidr.parse().unwrap(),
        ..Subnet::of_default(vpc.account, ZoneId::find(zone).unwrap(), block(), vpc.created_seconds)
    }
}

fn group(tx: &mut Transaction<'_>, account: AccountNumber, id: &str, now: u64) -> SecurityGroup {
    let default = SecurityGroup::of_default(account, region(), now);
    SecurityGroup {
        id: format!("sg-{id}").parse().unwrap(),
        sequence: tx.next_sequence(),
        name: id.trim_end_matches(|character: char| character.is_ascii_digit()).into(),
        ingress: vec![Rule { protocol: "TCP".into(), port: "22".into(), ..default.ingress[0].clone() }],
        egress: vec![],
        ..default
    }
}

pub(crate) fn fill(tx: &mut Transaction<'_>, us: AccountNumber, others: AccountNumber, now: u64) {
    let mine = vpc(tx, us, "mine0001", now);
    let (twin, foreign) = (vpc(tx, us, "twin0001", now), vpc(tx, others, "foreign1", now));
    for (vpc, name, zone, cidr) in [
        (&mine, "mine0001", "ap-guangzhou-3", "10.0.1.0/28"),
        (&mine, "mine0002", "ap-guangzhou-4", "10.0.2.0/24"),
        (&twin, "twin0001", "ap-guangzhou-3", "10.0.1.0/24"),
        (&foreign, "foreign1", "ap-guangzhou-3", "10.0.1.0/24"),
    ] {
        let subnet = subnet(tx, vpc, name, zone, cidr);
        tx.put(subnet);
    }
    [mine, twin, foreign].into_iter().for_each(|vpc| tx.put(vpc));
    let first = group(tx, us, "mine0001", now);
    let mut second = group(tx, us, "mine0002", now);
    second.ingress[0].peer = Peer::Group(first.id);
    let foreign = group(tx, others, "foreign1", now);
    [first, second, foreign].into_iter().for_each(|group| tx.put(group));
}

/// As many of each as an account may have: VPCs, subnets of the first, groups, and rules of the first.
pub(crate) fn fill_up(tx: &mut Transaction<'_>, us: AccountNumber, now: u64) {
    for number in 3..=20 {
        let vpc = vpc(tx, us, &format!("filler{number:02}"), now);
        tx.put(vpc);
    }
    let mine = tx.view().vpcs().get(vpc_id("mine0001")).unwrap();
    for number in 3..=100 {
        let cidr = format!("10.0.{}.0/24", 100 + number % 100);
        let subnet = subnet(tx, mine, &format!("fill{number:04}"), "ap-guangzhou-3", &cidr);
        tx.put(subnet);
    }
    for number in 3..=50 {
        let group = group(tx, us, &format!("filler{number:02}"), now);
        tx.put(group);
    }
    let mut first = SecurityGroup::clone(tx.view().security_groups().get("sg-mine0001".parse().unwrap()).unwrap());
    let rule = first.ingress[0].clone();
    first.ingress = (1..=RULES_MAX).map(|port| Rule { port: port.to_string().into(), ..rule.clone() }).collect();
    tx.put(first);
}

/// JSON with one rule more than a group accepts.
pub(crate) fn many_rules() -> String {
    let rule = |port| format!(r#"{{"Protocol":"TCP","Port":"{port}","CidrBlock":"10.0.0.6","Action":"ACCEPT"}}"#);
    (1..=RULES_MAX + 1).map(rule).collect::<Vec<_>>().join(",")
}

fn vpc_id(name: &str) -> VpcId {
    format!("vpc-{name}").parse().unwrap()
}
