//! Which instance has which address, and which addresses are free: found and allocated without walking over the taken
//! ones.
//!
//! The data directory's block is one network, which all default VPCs share and which public addresses come from. Every
//! other VPC is a network of its own, so two of them may have instances with the same address.

use cvmd_model::{Instance, InstanceId, Refusal, Subnet, SubnetId, VpcId};
use imbl::OrdMap;
use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

/// `None` means the block.
pub(crate) type Network = Option<VpcId>;

/// The addresses of all instances, at one moment.
#[derive(Clone, Default)]
pub(crate) struct Addresses {
    block: OrdMap<Ipv4Addr, InstanceId>,
    private: OrdMap<(Ipv4Addr, VpcId), InstanceId>,
    taken: OrdMap<Network, Runs>,
    subnets: OrdMap<SubnetId, Occupancy>,
    last_in_block: Option<Ipv4Addr>,
}

/// The state of one subnet.
#[derive(Debug, Clone, Copy)]
struct Occupancy {
    instances: u32,
    /// The latest address given. The next search starts after it, so that a released address is not given to another
    /// instance at once.
    last: Ipv4Addr,
}

/// The taken numbers, as runs without a gap: first and last number of each. Two runs never touch.
#[derive(Debug, Clone, Default)]
struct Runs(OrdMap<u32, u32>);

impl Runs {
    fn run_with(&self, number: u32) -> Option<(u32, u32)> {
        self.0.get_prev(&number).map(|(first, last)| (*first, *last)).filter(|(_, last)| *last >= number)
    }

    fn take(&mut self, number: u32) {
        if self.run_with(number).is_some() {
            return;
        }
        let before = number.checked_sub(1).and_then(|before| self.run_with(before));
        let behind = number.checked_add(1).and_then(|behind| self.0.remove(&behind));
        self.0.insert(before.map_or(number, |(first, _)| first), behind.unwrap_or(number));
    }

    fn give_back(&mut self, number: u32) {
        let Some((first, last)) = self.run_with(number) else { return };
        if first < number {
            self.0.insert(first, number - 1);
        } else {
            self.0.remove(&first);
        }
        if number < last {
            self.0.insert(number + 1, last);
        }
    }

    /// The first free number from `from` to `last`.
    fn free(&self, from: u32, last: u32) -> Option<u32> {
        let free = self.run_with(from).map_or(Some(from), |(_, last)| last.checked_add(1))?;
        (free <= last).then_some(free)
    }
}

/// The number of an address in its network. In the block .0 and .255 are never given and have no number, so that a full
/// block is one run.
fn number(address: Ipv4Addr) -> u32 {
    let bits = u32::from(address);
    if address.is_loopback() { (bits >> 8) * 254 + (bits & 0xff).saturating_sub(1) } else { bits }
}

fn address(number: u32, in_block: bool) -> Ipv4Addr {
    Ipv4Addr::from(if in_block { (number / 254) << 8 | (number % 254 + 1) } else { number })
}

fn network(vpc: VpcId, address: Ipv4Addr) -> Network {
    (!address.is_loopback()).then_some(vpc)
}

fn of(instance: &Instance) -> impl Iterator<Item = (Network, Ipv4Addr)> {
    let all = instance.addresses().chain(instance.leaving_address());
    all.map(|address| (network(instance.vpc, address), address))
}

impl Addresses {
    /// Updates the addresses when an instance's row changes from `old` to `new`.
    pub(crate) fn follow(&mut self, old: Option<&Instance>, new: Option<&Instance>) {
        let place = |instance: &Instance| {
            (instance.private_address, instance.public_address, instance.subnet, instance.leaving_address())
        };
        if old.map(place) == new.map(place) {
            return;
        }
        let before: Vec<_> = old.into_iter().flat_map(of).collect();
        let after: Vec<_> = new.into_iter().flat_map(of).collect();
        // An address that stays is left alone: taking it again would move the search back to it.
        for (network, address) in before.iter().filter(|held| !after.contains(held)) {
            self.give_back(*network, *address);
        }
        for (network, address) in after.iter().filter(|held| !before.contains(held)) {
            new.into_iter().for_each(|new| self.take(*network, *address, new.id));
        }
        let home = |instance: &Instance| (instance.subnet, instance.private_address);
        if old.map(home) != new.map(home) {
            old.into_iter().for_each(|old| self.leave(old.subnet));
            new.into_iter().for_each(|new| self.enter(new.subnet, new.private_address));
        }
    }

    fn enter(&mut self, subnet: SubnetId, address: Ipv4Addr) {
        let instances = self.subnets.get(&subnet).map_or(0, |occupancy| occupancy.instances);
        self.subnets.insert(subnet, Occupancy { instances: instances + 1, last: address });
    }

    /// An empty subnet is remembered: its latest address must not be given to another instance at once.
    fn leave(&mut self, subnet: SubnetId) {
        if let Some(occupancy) = self.subnets.get_mut(&subnet) {
            occupancy.instances -= 1;
        }
    }

    /// All instances were loaded, in any order: the latest addresses are those of the latest instances.
    pub(crate) fn loaded<'a>(&mut self, instances: impl Iterator<Item = &'a Instance>) {
        let (mut in_block, mut in_subnets) = ((0, None), HashMap::<SubnetId, (u64, Ipv4Addr)>::default());
        for instance in instances {
            let latest = in_subnets.entry(instance.subnet).or_insert((0, instance.private_address));
            *latest = (*latest).max((instance.sequence, instance.private_address));
            if instance.sequence > in_block.0 {
                let address = of(instance).filter(|(network, _)| network.is_none()).last();
                in_block = address.map_or(in_block, |(_, address)| (instance.sequence, Some(address)));
            }
        }
        self.last_in_block = in_block.1;
        for (subnet, (_, last)) in in_subnets {
            if let Some(occupancy) = self.subnets.get_mut(&subnet) {
                occupancy.last = last;
            }
        }
    }

    /// The subnet was deleted.
    pub(crate) fn forget(&mut self, subnet: SubnetId) {
        self.subnets.remove(&subnet);
    }

    fn take(&mut self, network: Network, address: Ipv4Addr, id: InstanceId) {
        match network {
            None => {
                self.block.insert(address, id);
                self.last_in_block = Some(address);
            }
            Some(vpc) => drop(self.private.insert((address, vpc), id)),
        }
        self.taken.entry(network).or_default().take(number(address));
    }

    /// Takes an address of the block that no instance has, so that none gets it.
    pub(crate) fn reserve(&mut self, address: Ipv4Addr) {
        self.taken.entry(None).or_default().take(number(address));
    }

    fn give_back(&mut self, network: Network, address: Ipv4Addr) {
        match network {
            None => drop(self.block.remove(&address)),
            Some(vpc) => drop(self.private.remove(&(address, vpc))),
        }
        if let Some(runs) = self.taken.get_mut(&network) {
            runs.give_back(number(address));
            if runs.0.is_empty() {
                self.taken.remove(&network);
            }
        }
    }

    pub(crate) fn holder(&self, vpc: VpcId, address: Ipv4Addr) -> Option<InstanceId> {
        match network(vpc, address) {
            None => self.block.get(&address).copied(),
            Some(vpc) => self.private.get(&(address, vpc)).copied(),
        }
    }

    pub(crate) fn holders(&self, address: Ipv4Addr) -> impl Iterator<Item = InstanceId> {
        let private = self.private.range((address, VpcId::MIN)..);
        let private = private.take_while(move |((held, _), _)| *held == address).map(|(_, id)| *id);
        self.block.get(&address).copied().into_iter().chain(private)
    }

    /// Who has which address, sorted.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Network, Ipv4Addr, InstanceId)> {
        let block = self.block.iter().map(|(address, id)| (None, *address, *id));
        block.chain(self.private.iter().map(|((address, vpc), id)| (Some(*vpc), *address, *id)))
    }

    /// The numbers of instances in subnets that have any, sorted.
    pub(crate) fn occupied(&self) -> impl Iterator<Item = (SubnetId, u32)> {
        self.subnets.iter().map(|(id, occupancy)| (*id, occupancy.instances)).filter(|(_, instances)| *instances > 0)
    }

    /// The number of instances in the subnet.
    pub(crate) fn instances_in(&self, subnet: SubnetId) -> u32 {
        self.subnets.get(&subnet).map_or(0, |occupancy| occupancy.instances)
    }

    /// The number of free addresses in the subnet; in the block, for a default subnet.
    pub(crate) fn free_in(&self, subnet: &Subnet) -> u32 {
        let taken = match subnet.cidr.first().is_loopback() {
            true => u32::try_from(self.block.len()).unwrap_or(u32::MAX),
            false => self.instances_in(subnet.id),
        };
        subnet.size().saturating_sub(taken)
    }
}

/// The addresses that one transaction has allocated itself: its view does not show its own puts.
#[derive(Debug, Default)]
pub(crate) struct Allocated {
    taken: BTreeMap<Network, Runs>,
    last: BTreeMap<Option<SubnetId>, Ipv4Addr>,
}

impl Allocated {
    /// Allocates the wanted address, or the first free one after the latest.
    ///
    /// # Errors
    /// [`Refusal::AddressNotInSubnet`], [`Refusal::AddressTaken`]; [`Refusal::SubnetExhausted`], or
    /// [`Refusal::AddressesExhausted`] for the block.
    pub(crate) fn allocate(
        &mut self,
        addresses: &Addresses,
        subnet: &Subnet,
        wanted: Option<Ipv4Addr>,
    ) -> Result<Ipv4Addr, Refusal> {
        let in_block = subnet.cidr.first().is_loopback();
        let (network, pointer) = if in_block { (None, None) } else { (Some(subnet.vpc), Some(subnet.id)) };
        let runs =
            self.taken.entry(network).or_insert_with(|| addresses.taken.get(&network).cloned().unwrap_or_default());
        let given = match wanted {
            Some(address) if !subnet.allows(address) => {
                return Err(Refusal::AddressNotInSubnet { address, subnet: subnet.id });
            }
            Some(address) if runs.run_with(number(address)).is_some() => return Err(Refusal::AddressTaken { address }),
            Some(address) => address,
            None => {
                let first = number(subnet.cidr.first()) + if in_block { 1 } else { 2 };
                let last = number(subnet.cidr.last()) - 1;
                let before = self.last.get(&pointer).copied().or_else(|| match pointer {
                    None => addresses.last_in_block,
                    Some(id) => addresses.subnets.get(&id).map(|occupancy| occupancy.last),
                });
                let from = before.map_or(first, |address| number(address) + 1);
                let free =
                    runs.free(from.max(first), last).or_else(|| runs.free(first, last)).ok_or(match pointer {
                        None => Refusal::AddressesExhausted,
                        Some(id) => Refusal::SubnetExhausted(id),
                    })?;
                address(free, in_block)
            }
        };
        runs.take(number(given));
        self.last.insert(pointer, given);
        Ok(given)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_model::{AccountNumber, ZoneId};
    use std::collections::BTreeSet;

    fn subnet(cidr: &str) -> Subnet {
        let (account, zone) = (AccountNumber(1), ZoneId::find("ap-guangzhou-3").unwrap());
        let default = Subnet::of_default(account, zone, "127.64.0.0/10".parse().unwrap(), 0);
        let (id, vpc) = (SubnetId::from_random(1), VpcId::from_random(1));
        if cidr.starts_with("127") { default } else { Subnet { id, vpc, cidr: cidr.parse().unwrap(), ..default } }
    }

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn runs_agree_with_a_plain_set_whatever_comes_and_goes() {
        let (mut runs, mut plain) = (Runs::default(), BTreeSet::new());
        let mut state: u32 = 1;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (number, take) = ((state >> 8) % 200, state >> 31 == 0);
            if take {
                runs.take(number);
                plain.insert(number);
            } else {
                runs.give_back(number);
                plain.remove(&number);
            }
            let from = (state >> 16) % 200;
            assert_eq!(runs.free(from, 199), (from..200).find(|number| !plain.contains(number)));
            assert_eq!(runs.run_with(number).is_some(), take);
        }
        let touching = runs.0.iter().zip(runs.0.iter().skip(1)).any(|((_, last), (first, _))| last + 1 >= *first);
        assert!(!touching, "{runs:?}");
    }

    #[test]
    fn a_number_is_an_address_and_skips_what_is_nobodys_in_the_block() {
        for text in ["127.64.0.1", "127.64.0.254", "127.64.1.1", "127.127.255.254"] {
            assert_eq!(address(number(ip(text)), true), ip(text));
        }
        assert_eq!(number(ip("127.64.1.1")), number(ip("127.64.0.254")) + 1);
        assert_eq!(address(number(ip("10.0.0.255")), false), ip("10.0.0.255"));
    }

    #[test]
    fn a_subnet_is_given_out_from_its_third_address_to_its_last_but_one_and_then_refuses() {
        let (addresses, mut allocated, small) = (Addresses::default(), Allocated::default(), subnet("10.0.0.8/29"));
        assert_eq!(allocated.allocate(&addresses, &small, Some(ip("10.0.0.12"))), Ok(ip("10.0.0.12")));
        let rest: Vec<_> = (0..4).map(|_| allocated.allocate(&addresses, &small, None).unwrap().octets()[3]).collect();
        assert_eq!(rest, [13, 14, 10, 11], "behind the last one, then from the beginning");
        assert_eq!(allocated.allocate(&addresses, &small, None), Err(Refusal::SubnetExhausted(small.id)));
        let taken = Refusal::AddressTaken { address: ip("10.0.0.12") };
        assert_eq!(allocated.allocate(&addresses, &small, Some(ip("10.0.0.12"))), Err(taken));
        for reserved in ["10.0.0.8", "10.0.0.9", "10.0.0.15", "10.0.0.16"] {
            let outside = Refusal::AddressNotInSubnet { address: ip(reserved), subnet: small.id };
            assert_eq!(allocated.allocate(&addresses, &small, Some(ip(reserved))), Err(outside));
        }
    }

    #[test]
    fn the_block_is_walked_from_its_second_address_over_the_ends_of_its_parts() {
        let (mut addresses, block) = (Addresses::default(), subnet("127"));
        let first = Allocated::default().allocate(&addresses, &block, None).unwrap();
        assert_eq!(first, ip("127.64.0.2"));
        for (given, next) in [("127.64.0.254", "127.64.1.1"), ("127.127.255.254", "127.64.0.2")] {
            addresses.take(None, ip(given), InstanceId::MIN);
            assert_eq!(Allocated::default().allocate(&addresses, &block, None), Ok(ip(next)));
        }
    }
}
