//! Networks as an account sees them: those that it made, and its default ones, which have no row until they are changed.

use crate::View;
use cvmd_model::{
    AccountNumber, Cidr, InstanceId, RegionId, SecurityGroup, SecurityGroupId, Subnet, SubnetId, Vpc, VpcId, ZONES,
    ZoneId,
};
use std::{net::Ipv4Addr, sync::Arc};

impl View {
    /// The account's VPC in that region; what is another's is not there.
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
            Some(self.default_subnet(account, zone))
        })
    }

    /// The account's subnets in that region, newest first; the default ones are the oldest.
    pub fn subnets_of(&self, account: AccountNumber, region: RegionId) -> impl Iterator<Item = Arc<Subnet>> {
        let default = move |zone| self.subnet_of(account, region, SubnetId::of_default(account, zone));
        let made = self.subnets().list(account, region).filter(|subnet| !subnet.is_default()).cloned();
        made.chain(zones(region).filter_map(default))
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

    /// All instances that have the address, private or public, whosever they are: two VPCs may use the same range.
    pub fn instances_at(&self, address: Ipv4Addr) -> impl Iterator<Item = InstanceId> {
        self.addresses.holders(address)
    }

    /// Which instance has the address in that VPC. In a default VPC it may be another account's.
    #[must_use]
    pub fn address_holder(&self, vpc: VpcId, address: Ipv4Addr) -> Option<InstanceId> {
        self.addresses.holder(vpc, address)
    }

    /// How many instances are in the subnet, without walking them.
    #[must_use]
    pub fn instances_in(&self, subnet: SubnetId) -> u32 {
        self.addresses.instances_in(subnet)
    }

    /// How many addresses of the subnet are free. All default subnets share one block.
    #[must_use]
    pub fn free_addresses(&self, subnet: &Subnet) -> u32 {
        self.addresses.free_in(subnet)
    }

    /// How many instances the group is bound to, without walking them.
    #[must_use]
    pub fn instances_with(&self, group: SecurityGroupId) -> u32 {
        self.group_uses.get(&group).copied().unwrap_or_default()
    }

    pub(crate) fn default_subnet(&self, account: AccountNumber, zone: ZoneId) -> Arc<Subnet> {
        Arc::new(Subnet::of_default(account, zone, self.block(), self.account_created(account)))
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
    ZONES.iter().filter_map(|(name, ..)| ZoneId::find(name)).filter(move |zone| zone.region() == region)
}
