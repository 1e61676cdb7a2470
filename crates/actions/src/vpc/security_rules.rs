//! Rules of security groups in requests.

use crate::{Body, Context, Parameters, Reason, Words, names, network, shorten};
use cvmd_model::{Cidr, Direction, Peer, Refusal, Rule, SecurityGroup, SecurityGroupId};
use cvmd_state::Transaction;
use std::net::{Ipv4Addr, Ipv6Addr};

const PROTOCOLS: [&str; 6] = ["TCP", "UDP", "ICMP", "ICMPV6", "GRE", "ALL"];
const DESCRIPTION_MAX: usize = 100;

/// `SecurityGroupPolicySet` of a request.
#[derive(Debug, Default)]
pub(crate) struct PolicySet {
    /// The version that the caller expects the rules to have.
    pub version: Option<u64>,
    pub ingress: Vec<Policy>,
    pub egress: Vec<Policy>,
}

/// One rule of a request, and its position.
#[derive(Debug)]
pub(crate) struct Policy {
    pub index: Option<usize>,
    /// `None` when only an index was given.
    pub rule: Option<Rule>,
}

impl PolicySet {
    pub(crate) fn read(parameters: &mut Parameters, name: &str, now_seconds: u64) -> Result<PolicySet, Reason> {
        let Some(mut set) = parameters.structure(name)? else { return Ok(PolicySet::default()) };
        let version = match set.text("Version")?.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| set.bad_value("Version", &text))?),
        };
        let mut policies = |name: &str| -> Result<Vec<Policy>, Reason> {
            set.structures(name)?.iter_mut().map(|policy| read_policy(policy, now_seconds)).collect()
        };
        let (ingress, egress) = (policies("Ingress")?, policies("Egress")?);
        set.finish()?;
        Ok(PolicySet { version, ingress, egress })
    }

    /// The only direction that a request may contain.
    pub(crate) fn one_direction(self) -> Result<(Direction, Vec<Policy>), Reason> {
        match (self.ingress.is_empty(), self.egress.is_empty()) {
            (false, true) => Ok((Direction::Ingress, self.ingress)),
            (true, false) => Ok((Direction::Egress, self.egress)),
            (true, true) => Err(Reason::NothingToDo { names: "`Ingress` and `Egress`" }),
            (false, false) => Err(Reason::Exclusive { names: "`Ingress` and `Egress`" }),
        }
    }
}

impl Policy {
    /// The rule, which must have more than an index.
    pub(crate) fn whole(self) -> Result<Rule, Reason> {
        self.rule.ok_or(Reason::NothingToDo { names: "`CidrBlock`, `Ipv6CidrBlock` and `SecurityGroupId`" })
    }
}

/// Changes a copy of the group and puts it, or refuses.
pub(crate) fn change(
    tx: &mut Transaction<'_>,
    context: &Context,
    id: SecurityGroupId,
    change: impl FnOnce(&mut SecurityGroup) -> Result<(), Refusal>,
) -> Result<Body, Reason> {
    let find = |id| network::found(tx.view().security_group_of(context.account, context.region, id), id);
    let mut group = SecurityGroup::clone(&*find(id)?);
    change(&mut group)?;
    for rule in group.ingress.iter().chain(&group.egress) {
        if let Peer::Group(named) = rule.peer {
            find(named)?;
        }
    }
    group.sequence = network::place(tx, group.sequence);
    tx.put(group);
    Ok(Body::empty())
}

/// Refuses when the rules have changed since the caller read them.
pub(crate) fn unchanged(group: &SecurityGroup, believed: Option<u64>) -> Result<(), Refusal> {
    match believed {
        Some(version) if version != group.version => Err(Refusal::RulesChanged { version: group.version }),
        _ => Ok(()),
    }
}

fn read_policy(policy: &mut Parameters, now_seconds: u64) -> Result<Policy, Reason> {
    let index = policy.bounded("PolicyIndex", 0, i64::from(u32::MAX))?;
    let index = index.and_then(|index| usize::try_from(index).ok());
    for (name, what) in
        [("ServiceTemplate", Words::name("ServiceTemplate")), ("AddressTemplate", Words::name("AddressTemplate"))]
    {
        if let Some(mut template) = policy.structure(name)? {
            let fields = if name == "ServiceTemplate" {
                ["ServiceId", "ServiceGroupId"]
            } else {
                ["AddressId", "AddressGroupId"]
            };
            for field in fields {
                if template.text(field)?.is_some_and(|id| !id.is_empty()) {
                    return Err(Reason::Unsupported { what });
                }
            }
        }
    }
    let peer = peer(policy)?;
    let protocol = protocol(policy)?;
    let port = port(policy, protocol)?;
    let accept = accept(policy)?;
    let description = names::bounded_text(policy, "PolicyDescription", DESCRIPTION_MAX)?.unwrap_or_default();
    policy.finish()?;
    let Some(peer) = peer else { return Ok(Policy { index, rule: None }) };
    let accept = accept.ok_or_else(|| Reason::Missing { name: policy.path("Action") })?;
    let protocol = protocol.into();
    Ok(Policy { index, rule: Some(Rule { protocol, port, peer, accept, description, modified_seconds: now_seconds }) })
}

/// The rule's other side: one of three parameters; an empty text counts as absent.
fn peer(policy: &mut Parameters) -> Result<Option<Peer>, Reason> {
    let mut given = |name: &str| policy.text(name).map(|text| text.filter(|text| !text.is_empty()));
    let (ipv4, ipv6, group) = (given("CidrBlock")?, given("Ipv6CidrBlock")?, given("SecurityGroupId")?);
    let malformed = |name: &str, text: &str| Reason::Malformed { name: policy.path(name), value: shorten(text).into() };
    match (ipv4, ipv6, group) {
        (None, None, None) => Ok(None),
        (Some(text), None, None) => match ipv4_range(&text) {
            Some(range) => Ok(Some(Peer::Ipv4(range))),
            None => Err(malformed("CidrBlock", &text)),
        },
        (None, Some(text), None) if is_ipv6_range(&text) => Ok(Some(Peer::Ipv6(text))),
        (None, Some(text), None) => Err(malformed("Ipv6CidrBlock", &text)),
        (None, None, Some(text)) => match text.parse() {
            Ok(id) => Ok(Some(Peer::Group(id))),
            Err(_) => Err(malformed("SecurityGroupId", &text)),
        },
        _ => Err(Reason::Exclusive { names: "`CidrBlock`, `Ipv6CidrBlock` and `SecurityGroupId`" }),
    }
}

/// An address, or a range; bits after the prefix are ignored, as upstream.
fn ipv4_range(text: &str) -> Option<Box<str>> {
    let Some((address, prefix)) = text.split_once('/') else {
        return text.parse::<Ipv4Addr>().ok().map(|address| address.to_string().into());
    };
    let prefix = prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 32)?;
    Some(Cidr::around(address.parse().ok()?, prefix).to_string().into())
}

fn is_ipv6_range(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "128"));
    address.parse::<Ipv6Addr>().is_ok() && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= 128)
}

/// The protocol; without one, all.
fn protocol(policy: &mut Parameters) -> Result<&'static str, Reason> {
    let text = policy.text("Protocol")?.filter(|text| !text.is_empty()).unwrap_or_else(|| "ALL".into());
    let known = PROTOCOLS.into_iter().find(|protocol| text.eq_ignore_ascii_case(protocol));
    known.ok_or_else(|| policy.no_such_word("Protocol", &text, PROTOCOLS.into_iter()))
}

/// `ALL`, or ports and ranges separated by commas, which only TCP and UDP have.
fn port(policy: &mut Parameters, protocol: &str) -> Result<Box<str>, Reason> {
    let text = policy.text("Port")?.filter(|text| !text.is_empty()).unwrap_or_else(|| "ALL".into());
    if text.eq_ignore_ascii_case("all") {
        return Ok("ALL".into());
    }
    let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    let is_range = |part: &str| match part.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| first <= last),
        None => number(part).is_some(),
    };
    let fits = matches!(protocol, "TCP" | "UDP") && text.split(',').all(is_range);
    if fits { Ok(text) } else { Err(policy.bad_value("Port", &text)) }
}

fn accept(policy: &mut Parameters) -> Result<Option<bool>, Reason> {
    let Some(text) = policy.text("Action")?.filter(|text| !text.is_empty()) else { return Ok(None) };
    match () {
        () if text.eq_ignore_ascii_case("accept") => Ok(Some(true)),
        () if text.eq_ignore_ascii_case("drop") => Ok(Some(false)),
        () => Err(policy.no_such_word("Action", &text, ["ACCEPT", "DROP"].into_iter())),
    }
}
