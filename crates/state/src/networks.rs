//! Networks as an account sees them: those that it made, and its default ones, which have no row until they are
//! changed.

use crate::View;
use cvmd_model::{
    AccountNumber, Cidr, InstanceId, RegionId, SecurityGroup, SecurityGroupId, Subnet, SubnetId, Vpc, VpcId, ZoneId,
};
use std::{net::Ipv4Addr, sync::Arc};

impl View {
    /// The account's VPC in that region; `None` if it is another account's.
    #[must_use]
    pub fn vpc_of(&self, account: AccountNumber, region: RegionId, id: VpcId) -> Option<Arc<Vpc>> {
        let made = self.vpcs().of(account, region, id).cloned();
        made.or_else(|| (id == VpcId::of_default(account, region)).then(|| self.default_vpc(account, region)))
    }

    /// The account's VPCs in that region, newest first; the default one is the oldest.
    pub fn vpcs_of(&self, account: AccountNumber, region: RegionId) -> impl Iterator<Item = Arc<Vpc>> {
        let default = self.vpc_of(account, region, VpcId::of_default(account, region));
        self.vpcs().list(account, region).filter(|vpc| !vpc.is_default()).cloned().chain(default)
    }

    /// The account's subnet in that region.
    #[must_use]
    pub fn subnet_of(&self, account: AccountNumber, region: RegionId, id: SubnetId) -> Option<Arc<Subnet>> {
        let made = self.subnets().of(account, region, id).cloned();
        made.or_else(|| {
            let zone = zones(region).find(|zone| id == SubnetId::of_default(account, *zone))?;
            Some(self.default_subnet_of(account, zone))
        })
    }

    /// The account's subnets in that region, newest first; the default ones are the oldest.
    pub fn subnets_of(&self, account: AccountNumber, region: RegionId) -> impl Iterator<Item = Arc<Subnet>> {
        let made = self.subnets().list(account, region).filter(|subnet| !subnet.is_default()).cloned();
        made.chain(zones(region).map(move |zone| self.default_subnet_of(account, zone)))
    }

    /// The account's default subnet in that zone.
    #[must_use]
    pub fn default_subnet_of(&self, account: AccountNumber, zone: ZoneId) -> Arc<Subnet> {
        let changed =
            self.subnets().get(SubnetId::of_default(account, zone)).filter(|subnet| subnet.account == account);
        let created = || self.account_created(account);
        changed.cloned().unwrap_or_else(|| Arc::new(Subnet::of_default(account, zone, self.block(), created())))
    }

    /// The account's security group in that region.
    #[must_use]
    pub fn security_group_of(
        &self,
        account: AccountNumber,
        region: RegionId,
        id: SecurityGroupId,
    ) -> Option<Arc<SecurityGroup>> {
        let made = self.security_groups().of(account, region, id).cloned();
        made.or_else(|| {
            let default = || Arc::new(SecurityGroup::of_default(account, region, self.account_created(account)));
            (id == SecurityGroupId::of_default(account, region)).then(default)
        })
    }

    /// The account's security groups in that region, newest first; the default one is the oldest.
    pub fn security_groups_of(
        &self,
        account: AccountNumber,
        region: RegionId,
    ) -> impl Iterator<Item = Arc<SecurityGroup>> {
        let default = self.security_group_of(account, region, SecurityGroupId::of_default(account, region));
        self.security_groups().list(account, region).filter(|group| !group.is_default()).cloned().chain(default)
    }

    /// All instances with the address, private or public, of any account: two VPCs may use the same range.
    pub fn instances_at(&self, address: Ipv4Addr) -> impl Iterator<Item = InstanceId> {
        self.addresses.holders(address)
    }

    /// The instance with the address in that VPC. In a default VPC it may be another account's.
    #[must_use]
    pub fn address_holder(&self, vpc: VpcId, address: Ipv4Addr) -> Option<InstanceId> {
        self.addresses.holder(vpc, address)
    }

    /// The number of instances in the subnet, without walking them.
    #[must_use]
    pub fn instances_in(&self, subnet: SubnetId) -> u32 {
        self.addresses.instances_in(subnet)
    }

    /// The number of free addresses in the subnet. All default subnets share one block.
    #[must_use]
    pub fn free_addresses(&self, subnet: &Subnet) -> u32 {
        self.addresses.free_in(subnet)
    }

    /// The number of instances that the group is bound to, without walking them.
    #[must_use]
    pub fn instances_with(&self, group: SecurityGroupId) -> u32 {
        self.group_uses.get(&group).copied().unwrap_or_default()
    }

    fn default_vpc(&self, account: AccountNumber, region: RegionId) -> Arc<Vpc> {
        Arc::new(Vpc::of_default(account, region, self.block(), self.account_created(account)))
    }

    fn block(&self) -> Cidr {
        self.settings().block_cidr()
    }

    fn account_created(&self, account: AccountNumber) -> u64 {
        self.account(account).map_or(0, |account| account.created_seconds)
    }
}

fn zones(region: RegionId) -> impl Iterator<Item = ZoneId> {
    // Nothing can be launched in a closed zone, so it has no default subnet.
    ZoneId::all().filter(move |zone| zone.region() == region && zone.get().is_open)
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{State, Transaction, store::MemoryStore};
    use cvmd_model::{By, Instance, Refusal, RequestId};
    use serde_json::json;

    const OWNER: AccountNumber = AccountNumber(1);

    fn zone() -> ZoneId {
        ZoneId::find("ap-guangzhou-3").unwrap()
    }

    fn subnet(vpc: u64) -> Subnet {
        Subnet {
            id: SubnetId::from_random(vpc),
            sequence: vpc,
            vpc: VpcId::from_random(vpc),
            cidr: "10.0.0.0/28".parse().unwrap(),
            ..Subnet::of_default(OWNER, zone(), "127.64.0.0/10".parse().unwrap(), 0)
        }
    }

    fn instance(number: u64, subnet: &Subnet, address: Ipv4Addr, public: Option<Ipv4Addr>, groups: &[u64]) -> Instance {
        let groups: Vec<_> = groups.iter().map(|group| SecurityGroupId::from_random(*group)).collect();
        let body = json!({
            "id": InstanceId::from_random(number), "sequence": number, "account": 1, "zone": zone(), "name": "",
            "host_name": "", "project_id": 0, "image": "img-487zeit5", "instance_type": "S5.SMALL1",
            "charge_type": "POSTPAID_BY_HOUR", "private_address": address, "public_address": public,
            "system_disk": {"id": "disk-11112222", "kind": "CLOUD_PREMIUM", "size_gib": 50}, "vpc": subnet.vpc,
            "internet": {"charge_type": "", "max_bandwidth_out": 0, "public_ip_assigned": false},
            "subnet": subnet.id, "security_groups": groups, "created_seconds": 0, "uuid": uuid::Uuid::nil(),
            "login": {"keys": [], "password": "Never", "password_login": false}, "state": "RUNNING",
        });
        serde_json::from_value(body).unwrap()
    }

    async fn change<T: Send + 'static>(
        state: &State,
        apply: impl FnOnce(&mut Transaction<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        state.change(apply).await.unwrap()
    }

    /// Puts an instance, with allocated addresses.
    async fn run(state: &State, number: u64, subnet: &Subnet, wanted: Option<&str>) -> Result<Ipv4Addr, Refusal> {
        let (subnet, wanted) = (subnet.clone(), wanted.map(|text| text.parse().unwrap()));
        change(state, move |tx| {
            let address = tx.allocate_address(&subnet, wanted)?;
            let public = tx.allocate_public_address(OWNER, zone())?;
            tx.put_instance(instance(number, &subnet, address, Some(public), &[7]));
            Ok(address)
        })
        .await
    }

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn two_vpcs_have_the_same_address_and_the_block_is_everybodys_also_after_a_restart() {
        let store = MemoryStore::default();
        let state = State::open(Box::new(store.clone())).unwrap();
        let (left, right) = (subnet(100), subnet(200));
        for subnet in [left.clone(), right.clone()] {
            let keep = |tx: &mut Transaction<'_>| {
                tx.put(subnet);
                Ok(())
            };
            change(&state, keep).await.unwrap();
        }
        assert_eq!(run(&state, 301, &left, Some("10.0.0.5")).await, Ok(ip("10.0.0.5")));
        assert_eq!(run(&state, 302, &right, Some("10.0.0.5")).await, Ok(ip("10.0.0.5")));
        let taken = Refusal::AddressTaken { address: ip("10.0.0.5") };
        assert_eq!(run(&state, 303, &left, Some("10.0.0.5")).await, Err(taken));
        assert_eq!(run(&state, 303, &left, None).await, Ok(ip("10.0.0.6")), "behind the last one");
        let check = |view: &View| {
            let at = |address| view.instances_at(ip(address)).collect::<Vec<_>>();
            // Sorted by the ids of their VPCs.
            assert_eq!(at("10.0.0.5"), [302, 301].map(InstanceId::from_random));
            assert_eq!(at("127.64.0.3"), [InstanceId::from_random(302)]);
            assert_eq!(at("10.0.0.7"), []);
            assert_eq!(view.address_holder(right.vpc, ip("10.0.0.5")), Some(InstanceId::from_random(302)));
            assert_eq!(view.address_holder(right.vpc, ip("10.0.0.6")), None);
            assert_eq!([&left, &right].map(|subnet| view.free_addresses(subnet)), [11, 12]);
            assert_eq!([&left, &right].map(|subnet| view.instances_in(subnet.id)), [2, 1]);
            assert_eq!(view.free_addresses(&view.default_subnet_of(OWNER, zone())), 4_161_532);
            assert_eq!(view.instances_with(SecurityGroupId::from_random(7)), 3);
        };
        check(&state.view());
        drop(state);
        let state = State::open(Box::new(store)).unwrap();
        check(&state.view());
        assert_eq!(run(&state, 304, &left, None).await, Ok(ip("10.0.0.7")), "the pointer is where it was");
    }

    #[tokio::test]
    async fn a_public_address_that_is_given_up_is_free_when_the_machine_has_let_go_of_it() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        run(&state, 301, &subnet(100), None).await.unwrap();
        let id = InstanceId::from_random(301);
        let by = By { action: "ResetInstancesInternetMaxBandwidth", request: RequestId(uuid::Uuid::nil()) };
        let edit = async |edit: fn(&mut Instance, By)| {
            let edited = change(&state, move |tx| {
                let mut instance = Instance::clone(tx.view().instance(id).unwrap());
                edit(&mut instance, by);
                tx.put_instance(instance);
                Ok(())
            });
            edited.await.unwrap();
        };
        let holder = || state.view().instances_at(ip("127.64.0.2")).next();
        edit(|instance, by| instance.reset_bandwidth(0, None, by).unwrap()).await;
        assert_eq!(state.view().instance(id).unwrap().public_address, None);
        assert_eq!(holder(), Some(id), "the machine has it still");
        edit(|instance, _| instance.operation = None).await;
        assert_eq!(holder(), None);
        run(&state, 302, &subnet(100), None).await.unwrap();
        assert_eq!(state.view().instance(InstanceId::from_random(302)).unwrap().public_address, Some(ip("127.64.0.3")));
    }

    #[tokio::test]
    async fn an_address_that_changes_sets_no_search_back_and_an_empty_subnet_goes_on_behind_its_last_one() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        let subnet = subnet(100);
        let same = subnet.clone();
        let keep = |tx: &mut Transaction<'_>| {
            tx.put(same);
            Ok(())
        };
        change(&state, keep).await.unwrap();
        for number in [301, 302] {
            run(&state, number, &subnet, None).await.unwrap();
        }
        let bare = subnet.clone();
        let gives_up = move |tx: &mut Transaction<'_>| {
            tx.put_instance(instance(301, &bare, ip("10.0.0.2"), None, &[]));
            Ok(())
        };
        change(&state, gives_up).await.unwrap();
        let gone = |number| {
            change(&state, move |tx: &mut Transaction<'_>| {
                tx.remove_instance(tx.view().instance(InstanceId::from_random(number)).unwrap());
                Ok(())
            })
        };
        gone(302).await.unwrap();
        assert_eq!(run(&state, 303, &subnet, None).await, Ok(ip("10.0.0.4")));
        for number in [301, 303] {
            gone(number).await.unwrap();
        }
        assert_eq!(state.view().instances_in(subnet.id), 0);
        assert_eq!(run(&state, 304, &subnet, None).await, Ok(ip("10.0.0.5")));
        gone(304).await.unwrap();
        let ended = |tx: &mut Transaction<'_>| {
            tx.delete(tx.view().subnets().get(SubnetId::from_random(100)).unwrap());
            Ok(())
        };
        change(&state, ended).await.unwrap();
        assert_eq!(run(&state, 305, &subnet, None).await, Ok(ip("10.0.0.2")), "a subnet that is gone is forgotten");
    }

    #[tokio::test]
    async fn an_address_comes_back_with_its_instance_and_is_not_given_again_at_once() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        let subnet = subnet(100);
        for number in 301..=303 {
            run(&state, number, &subnet, None).await.unwrap();
        }
        let gone = |tx: &mut Transaction<'_>| {
            tx.remove_instance(tx.view().instance(InstanceId::from_random(302)).unwrap());
            Ok(())
        };
        change(&state, gone).await.unwrap();
        let view = state.view();
        assert_eq!((view.instances_in(subnet.id), view.free_addresses(&subnet)), (2, 11));
        assert_eq!(view.address_holder(subnet.vpc, ip("10.0.0.3")), None);
        assert_eq!(view.instances_at(ip("127.64.0.3")).count(), 0);
        assert_eq!(view.instances_with(SecurityGroupId::from_random(7)), 2);
        assert_eq!(run(&state, 304, &subnet, None).await, Ok(ip("10.0.0.5")));
        for number in 305..=313 {
            run(&state, number, &subnet, None).await.unwrap();
        }
        assert_eq!(run(&state, 314, &subnet, None).await, Ok(ip("10.0.0.3")), "the last one that is free");
        assert_eq!(run(&state, 315, &subnet, None).await, Err(Refusal::SubnetExhausted(subnet.id)));
    }

    #[tokio::test]
    async fn a_row_that_changes_moves_its_address_and_its_groups() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        let subnet = subnet(100);
        run(&state, 301, &subnet, None).await.unwrap();
        let other = subnet.clone();
        let put = move |tx: &mut Transaction<'_>| {
            tx.put_instance(instance(301, &other, ip("10.0.0.9"), None, &[8]));
            Ok(())
        };
        change(&state, put).await.unwrap();
        let view = state.view();
        assert_eq!(view.address_holder(subnet.vpc, ip("10.0.0.2")), None);
        assert_eq!(view.address_holder(subnet.vpc, ip("10.0.0.9")), Some(InstanceId::from_random(301)));
        assert_eq!(view.instances_at(ip("127.64.0.2")).count(), 0);
        let uses = [7, 8].map(|group| view.instances_with(SecurityGroupId::from_random(group)));
        assert_eq!((view.instances_in(subnet.id), uses), (1, [0, 1]));
    }

    #[tokio::test]
    async fn default_networks_need_no_row_and_a_changed_one_stands_where_it_stood() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        let region = zone().region();
        let ids = |view: &View| view.vpcs_of(OWNER, region).map(|vpc| vpc.id).collect::<Vec<_>>();
        let default = VpcId::of_default(OWNER, region);
        assert_eq!(ids(&state.view()), [default]);
        assert_eq!(state.view().subnets_of(OWNER, region).count(), 5, "one an open zone");
        assert!(state.view().vpc_of(AccountNumber(2), region, default).is_none(), "another's");
        let changes = move |tx: &mut Transaction<'_>| {
            let vpc = Vpc::clone(&*tx.view().vpc_of(OWNER, region, default).unwrap());
            tx.put(Vpc { id: VpcId::from_random(5), sequence: 5, ..vpc.clone() });
            tx.put(Vpc { sequence: 6, name: "renamed".into(), ..vpc });
            Ok(())
        };
        change(&state, changes).await.unwrap();
        let view = state.view();
        assert_eq!(ids(&view), [VpcId::from_random(5), default], "the default one is the oldest for ever");
        assert_eq!(&*view.vpc_of(OWNER, region, default).unwrap().name, "renamed");
    }
}
