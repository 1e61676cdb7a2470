//! One consistent moment of everything that the API answers: immutable, cheap to clone, never waits, reads no disk.

mod compare;

use crate::{
    AnyResource, ClientToken, Message, Settings, addresses::Addresses, changes::Put, resources::AllResources,
    tag_uses::TagUses, usage::Usages,
};
use cvmd_model::{
    Account, AccountNumber, Credential, DisasterRecoverGroupId, DiskId, Goal, Instance, InstanceId, KeyBlob, KeyPair,
    KeyPairId, RegionId, SecurityGroupId, SnapshotId,
};
use imbl::{OrdMap, OrdSet};
use std::{cmp::Reverse, sync::Arc};

/// How a key pair is tied to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Shown in `AssociatedInstanceIds`.
    Bound,
    /// No longer associated, but the guest may still accept it: the key pair cannot be deleted yet.
    Leaving,
}

type ByAge<Id> = OrdMap<Reverse<u64>, Id>;
type TokenKey = (AccountNumber, RegionId, Box<str>);

/// One moment of the state.
#[derive(Clone, Default)]
pub struct View {
    settings: Arc<Settings>,
    accounts: OrdMap<AccountNumber, Arc<Account>>,
    credentials: OrdMap<Box<str>, Arc<Credential>>,
    instances: OrdMap<InstanceId, Arc<Instance>>,
    instance_lists: OrdMap<(AccountNumber, RegionId), ByAge<InstanceId>>,
    key_pairs: OrdMap<KeyPairId, Arc<KeyPair>>,
    key_pair_lists: OrdMap<AccountNumber, ByAge<KeyPairId>>,
    key_names: OrdMap<(AccountNumber, Box<str>), KeyPairId>,
    key_blobs: OrdMap<(AccountNumber, KeyBlob), KeyPairId>,
    bindings: OrdMap<(KeyPairId, InstanceId), Binding>,
    operating: OrdSet<InstanceId>,
    pub(crate) addresses: Addresses,
    /// The number of instances that each security group is bound to.
    pub(crate) group_uses: OrdMap<SecurityGroupId, u32>,
    grouped: OrdSet<(DisasterRecoverGroupId, InstanceId)>,
    disks: OrdMap<DiskId, InstanceId>,
    pub(crate) disk_snapshots: OrdSet<(DiskId, SnapshotId)>,
    pub(crate) tag_uses: TagUses,
    pub(crate) usages: Usages,
    client_tokens: OrdMap<TokenKey, Arc<ClientToken>>,
    client_tokens_by_age: OrdMap<u64, TokenKey>,
    messages: OrdMap<u64, Arc<Message>>,
    pub(crate) resources: AllResources,
    last_sequence: u64,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("accounts", &self.accounts.len())
            .field("instances", &self.instances.len())
            .field("key_pairs", &self.key_pairs.len())
            .finish_non_exhaustive()
    }
}

impl View {
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.values()
    }

    #[must_use]
    pub fn account(&self, number: AccountNumber) -> Option<&Arc<Account>> {
        self.accounts.get(&number)
    }

    pub fn credentials(&self) -> impl Iterator<Item = &Arc<Credential>> {
        self.credentials.values()
    }

    #[must_use]
    pub fn credential(&self, secret_id: &str) -> Option<&Arc<Credential>> {
        self.credentials.get(secret_id)
    }

    /// Whether putting the instance asks something of its machine: an operation of another request, or other tags, which
    /// the guest of one that is there may have to hear of.
    pub(crate) fn is_news(&self, instance: &Instance) -> bool {
        let request = |instance: &Instance| instance.operation.as_ref().map(|operation| operation.request);
        match (self.instance(instance.id), request(instance)) {
            (Some(row), Some(asked)) => request(row) != Some(asked) || row.tags != instance.tags,
            (Some(row), None) => row.tags != instance.tags,
            (None, asked) => asked.is_some(),
        }
    }

    /// An instance of any account, for the engine. Actions use [`View::instance_of`].
    #[must_use]
    pub fn instance(&self, id: InstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(&id)
    }

    /// The account's instance in that region; `None` if it is another account's.
    #[must_use]
    pub fn instance_of(&self, account: AccountNumber, region: RegionId, id: InstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(&id).filter(|instance| instance.account == account && instance.zone.region() == region)
    }

    /// All instances of all accounts.
    pub fn all_instances(&self) -> impl Iterator<Item = &Arc<Instance>> {
        self.instances.values()
    }

    #[must_use]
    pub fn instance_total(&self) -> usize {
        self.instances.len()
    }

    /// The account's instances in that region, newest first.
    pub fn instances_of(&self, account: AccountNumber, region: RegionId) -> impl Iterator<Item = &Arc<Instance>> {
        self.instance_lists
            .get(&(account, region))
            .into_iter()
            .flat_map(|list| list.values())
            .filter_map(|id| self.instances.get(id))
    }

    /// The length of [`View::instances_of`], without walking it.
    #[must_use]
    pub fn instance_count(&self, account: AccountNumber, region: RegionId) -> usize {
        self.instance_lists.get(&(account, region)).map_or(0, OrdMap::len)
    }

    /// A key pair of any account, for the engine. Actions use [`View::key_pair_of`].
    #[must_use]
    pub fn key_pair(&self, id: KeyPairId) -> Option<&Arc<KeyPair>> {
        self.key_pairs.get(&id)
    }

    pub(crate) fn all_key_pairs(&self) -> impl Iterator<Item = &Arc<KeyPair>> {
        self.key_pairs.values()
    }

    #[must_use]
    pub fn key_pair_of(&self, account: AccountNumber, id: KeyPairId) -> Option<&Arc<KeyPair>> {
        self.key_pairs.get(&id).filter(|key| key.account == account)
    }

    /// The account's key pairs, newest first.
    pub fn key_pairs_of(&self, account: AccountNumber) -> impl Iterator<Item = &Arc<KeyPair>> {
        self.key_pair_lists
            .get(&account)
            .into_iter()
            .flat_map(|list| list.values())
            .filter_map(|id| self.key_pairs.get(id))
    }

    #[must_use]
    pub fn key_pair_count(&self, account: AccountNumber) -> usize {
        self.key_pair_lists.get(&account).map_or(0, OrdMap::len)
    }

    #[must_use]
    pub fn key_pair_named(&self, account: AccountNumber, name: &str) -> Option<KeyPairId> {
        self.key_names.get(&(account, name.into())).copied()
    }

    #[must_use]
    pub fn key_pair_with_blob(&self, account: AccountNumber, blob: &KeyBlob) -> Option<KeyPairId> {
        self.key_blobs.get(&(account, blob.clone())).copied()
    }

    /// The instances that the key pair is tied to, including those from which it is being removed.
    pub fn bindings(&self, key: KeyPairId) -> impl Iterator<Item = (InstanceId, Binding)> {
        let zero = (key, InstanceId::MIN);
        self.bindings
            .range(zero..)
            .take_while(move |((bound, _), _)| *bound == key)
            .map(|((_, instance), binding)| (*instance, *binding))
    }

    /// The instance, of any account, with that disk.
    #[must_use]
    pub fn disk_holder(&self, id: DiskId) -> Option<&Arc<Instance>> {
        self.instances.get(self.disks.get(&id)?)
    }

    /// The account's instance in that region with that disk; `None` if it is another account's.
    #[must_use]
    pub fn disk_holder_of(&self, account: AccountNumber, region: RegionId, id: DiskId) -> Option<&Arc<Instance>> {
        self.disk_holder(id).filter(|holder| holder.account == account && holder.zone.region() == region)
    }

    /// The instances of a placement group.
    pub fn members(&self, group: DisasterRecoverGroupId) -> impl Iterator<Item = InstanceId> {
        self.grouped.range((group, InstanceId::MIN)..).take_while(move |(of, _)| *of == group).map(|(_, id)| *id)
    }

    /// Instances with an operation under way.
    pub fn operating(&self) -> impl Iterator<Item = InstanceId> {
        self.operating.iter().copied()
    }

    /// How many these are. Walks over none of them.
    #[must_use]
    pub fn operating_count(&self) -> usize {
        self.operating.len()
    }

    #[must_use]
    pub fn client_token(&self, account: AccountNumber, region: RegionId, token: &str) -> Option<&Arc<ClientToken>> {
        self.client_tokens.get(&(account, region, token.into()))
    }

    pub(crate) fn oldest_client_tokens(&self) -> impl Iterator<Item = &Arc<ClientToken>> {
        self.client_tokens_by_age.values().filter_map(|key| self.client_tokens.get(key))
    }

    pub fn messages(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.messages.values()
    }

    /// The account's instances in all regions.
    pub fn instances_of_account(&self, account: AccountNumber) -> impl Iterator<Item = &Arc<Instance>> {
        let lists = self.instance_lists.iter().filter(move |((owner, _), _)| *owner == account);
        lists.flat_map(|(_, list)| list.values()).filter_map(|id| self.instances.get(id))
    }

    /// How many resources of each kind the account has made; kinds without any are left out.
    #[must_use]
    pub fn owned(&self, account: AccountNumber) -> Vec<(&'static str, usize)> {
        let instances = self.instance_lists.iter().filter(|((owner, _), _)| *owner == account);
        let instances = instances.map(|(_, list)| list.len()).sum();
        let mut owned = vec![("instances", instances), ("key_pairs", self.key_pair_count(account))];
        owned.extend(self.resources.owned(account));
        owned.retain(|(_, count)| *count > 0);
        owned
    }

    /// The deletions of the account's rows, except its instances, its credentials and itself.
    pub(crate) fn rows_gone_with(&self, account: AccountNumber) -> impl Iterator<Item = Put> {
        let keys = self.key_pairs_of(account).map(|key| Put::KeyPairGone(Arc::clone(key)));
        let tokens = self.client_tokens.values().filter(move |token| token.account == account);
        let messages = self.messages.values().filter(move |message| message.account == account);
        let resources = self.resources.all_of(account).cloned().map(Put::ResourceGone);
        keys.chain(resources)
            .chain(tokens.map(|token| Put::ClientTokenGone(Arc::clone(token))))
            .chain(messages.map(|message| Put::MessageGone(Arc::clone(message))))
    }

    #[must_use]
    pub(crate) fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// Applies one change to this moment and its indexes.
    pub(crate) fn apply(&mut self, put: &Put) {
        match put {
            Put::Settings(settings) => self.settings = Arc::clone(settings),
            Put::Account(account) => {
                self.saw(u64::from(account.number.0));
                self.accounts.insert(account.number, Arc::clone(account));
            }
            Put::AccountGone(account) => {
                self.accounts.remove(&account.number);
            }
            Put::CredentialGone(credential) => {
                self.credentials.remove(&credential.secret_id);
            }
            Put::Credential(credential) => {
                self.saw(credential.sequence);
                self.credentials.insert(credential.secret_id.clone(), Arc::clone(credential));
            }
            Put::Instance(instance) => self.put_instance(instance),
            Put::InstanceGone(instance) => self.remove_instance(instance),
            Put::KeyPair(key) => self.put_key_pair(key),
            Put::KeyPairGone(key) => self.remove_key_pair(key),
            Put::ClientToken(token) => self.put_client_token(token),
            Put::ClientTokenGone(token) => self.remove_client_token(token),
            Put::Message(message) => {
                self.saw(message.sequence);
                let old = self.messages.insert(message.sequence, Arc::clone(message));
                self.usages.follow(old.as_deref(), Some(&**message));
            }
            Put::MessageGone(message) => {
                let old = self.messages.remove(&message.sequence);
                self.usages.follow(old.as_deref(), None);
            }
            Put::Resource(row) => {
                self.saw(row.sequence());
                if let AnyResource::Snapshot(snapshot) = row {
                    self.disk_snapshots.insert((snapshot.disk, snapshot.id));
                }
                let old = self.resources.current(row);
                self.tag_uses.follow(old, Some(row));
                self.usages.follow(old, Some(row));
                self.resources.put(row);
            }
            Put::ResourceGone(row) => {
                if let AnyResource::Subnet(subnet) = row {
                    self.addresses.forget(subnet.id);
                }
                if let AnyResource::Snapshot(snapshot) = row {
                    self.disk_snapshots.remove(&(snapshot.disk, snapshot.id));
                }
                let old = self.resources.current(row);
                self.tag_uses.follow(old, None);
                self.usages.follow(old, None);
                self.resources.remove(row);
            }
        }
    }

    /// All rows were applied, in any order.
    pub(crate) fn loaded(&mut self) {
        self.addresses.loaded(self.instances.values().map(|instance| &**instance));
    }

    fn saw(&mut self, sequence: u64) {
        self.last_sequence = self.last_sequence.max(sequence);
    }

    fn put_client_token(&mut self, token: &Arc<ClientToken>) {
        self.saw(token.sequence);
        let key = (token.account, token.region, token.token.clone());
        self.client_tokens_by_age.insert(token.sequence, key.clone());
        let old = self.client_tokens.insert(key, Arc::clone(token));
        self.usages.follow(old.as_deref(), Some(&**token));
        if let Some(old) = old {
            self.client_tokens_by_age.remove(&old.sequence);
        }
    }

    fn remove_client_token(&mut self, token: &Arc<ClientToken>) {
        self.client_tokens_by_age.remove(&token.sequence);
        let key = (token.account, token.region, token.token.clone());
        if self.client_tokens.get(&key).is_some_and(|stored| stored.sequence == token.sequence) {
            self.client_tokens.remove(&key);
            self.usages.follow(Some(&**token), None);
        }
    }

    fn put_instance(&mut self, instance: &Arc<Instance>) {
        self.saw(instance.sequence);
        let old = self.instances.insert(instance.id, Arc::clone(instance));
        if old.is_none() {
            let list = (instance.account, instance.zone.region());
            self.instance_lists.entry(list).or_default().insert(Reverse(instance.sequence), instance.id);
        }
        if instance.operation.is_some() {
            self.operating.insert(instance.id);
        } else if old.as_ref().is_some_and(|old| old.operation.is_some()) {
            self.operating.remove(&instance.id);
        }
        if !old.as_deref().is_some_and(|old| old.disk_ids().eq(instance.disk_ids())) {
            for disk in old.iter().flat_map(|old| old.disk_ids()) {
                self.disks.remove(&disk);
            }
            self.disks.extend(instance.disk_ids().map(|disk| (disk, instance.id)));
        }
        self.tag_uses.follow(old.as_deref(), Some(instance));
        self.usages.follow(old.as_deref(), Some(&**instance));
        self.addresses.follow(old.as_deref(), Some(instance));
        self.regroup(old.as_deref(), Some(instance));
        self.follow_group(old.as_deref(), Some(instance));
        self.rebind(old.as_deref(), Some(instance));
    }

    fn remove_instance(&mut self, instance: &Arc<Instance>) {
        let Some(old) = self.instances.remove(&instance.id) else { return };
        if let Some(list) = self.instance_lists.get_mut(&(old.account, old.zone.region())) {
            list.remove(&Reverse(old.sequence));
        }
        self.tag_uses.follow(Some(&*old), None);
        self.usages.follow(Some(&*old), None);
        self.addresses.follow(Some(&old), None);
        self.regroup(Some(&old), None);
        for disk in old.disk_ids() {
            self.disks.remove(&disk);
        }
        self.operating.remove(&old.id);
        self.follow_group(Some(&old), None);
        self.rebind(Some(&old), None);
    }

    /// Updates the number of each security group's instances.
    fn regroup(&mut self, old: Option<&Instance>, new: Option<&Instance>) {
        let before = old.map_or(&[][..], |instance| &instance.security_groups);
        let after = new.map_or(&[][..], |instance| &instance.security_groups);
        if before == after {
            return;
        }
        for group in before {
            if let Some(uses) = self.group_uses.get_mut(group) {
                *uses -= 1;
                if *uses == 0 {
                    self.group_uses.remove(group);
                }
            }
        }
        for group in after {
            *self.group_uses.entry(*group).or_default() += 1;
        }
    }

    /// Updates the index from placement group to instance.
    fn follow_group(&mut self, old: Option<&Instance>, new: Option<&Instance>) {
        let place = |instance: &Instance| instance.extras().group.map(|group| (group, instance.id));
        let (before, after) = (old.and_then(place), new.and_then(place));
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.grouped.remove(&before);
        }
        if let Some(after) = after {
            self.grouped.insert(after);
        }
    }

    /// Updates the index from key pair to instance; the binding itself is stored in the instance's row.
    fn rebind(&mut self, old: Option<&Instance>, new: Option<&Instance>) {
        let (before, after) = (old.map(ties).unwrap_or_default(), new.map(ties).unwrap_or_default());
        if before == after {
            return;
        }
        let Some(id) = old.or(new).map(|instance| instance.id) else { return };
        for (key, _) in &before {
            if !after.iter().any(|(other, _)| other == key) {
                self.bindings.remove(&(*key, id));
            }
        }
        for tie in after {
            if !before.contains(&tie) {
                self.bindings.insert((tie.0, id), tie.1);
            }
        }
    }

    fn put_key_pair(&mut self, key: &Arc<KeyPair>) {
        self.saw(key.sequence);
        let old = self.key_pairs.insert(key.id, Arc::clone(key));
        self.tag_uses.follow(old.as_deref(), Some(key));
        self.usages.follow(old.as_deref(), Some(&**key));
        if let Some(old) = old {
            self.key_names.remove(&(old.account, old.name.clone()));
        } else {
            self.key_pair_lists.entry(key.account).or_default().insert(Reverse(key.sequence), key.id);
        }
        self.key_names.insert((key.account, key.name.clone()), key.id);
        self.key_blobs.insert((key.account, key.public_key.blob().clone()), key.id);
    }

    fn remove_key_pair(&mut self, key: &Arc<KeyPair>) {
        let Some(old) = self.key_pairs.remove(&key.id) else { return };
        self.tag_uses.follow(Some(&*old), None);
        self.usages.follow(Some(&*old), None);
        if let Some(list) = self.key_pair_lists.get_mut(&old.account) {
            list.remove(&Reverse(old.sequence));
        }
        self.key_names.remove(&(old.account, old.name.clone()));
        self.key_blobs.remove(&(old.account, old.public_key.blob().clone()));
    }
}

fn ties(instance: &Instance) -> Vec<(KeyPairId, Binding)> {
    let mut ties: Vec<_> = instance.login.keys.iter().map(|key| (*key, Binding::Bound)).collect();
    let gone: &[KeyPairId] = match instance.operation.as_ref().map(|operation| &operation.goal) {
        Some(Goal::ChangeLogin { gone, .. }) => gone,
        // Until the old disk is erased, it admits these keys.
        Some(Goal::Reset { before, .. }) => &before.login.keys,
        _ => &[],
    };
    let leaving = gone.iter().filter(|key| !instance.login.keys.contains(key));
    ties.extend(leaving.map(|key| (*key, Binding::Leaving)));
    ties
}

#[cfg(test)]
mod test {
    use super::*;
    use serde_json::json;

    pub(super) fn instance(system: &str, data: &[&str]) -> Arc<Instance> {
        let disk = |id: &&str| json!({"id": id, "kind": "CLOUD_SSD", "size_gib": 20, "delete_with_instance": true});
        let data: Vec<_> = data.iter().map(disk).collect();
        let body = json!({
            "id": "ins-1e4r6y8i", "sequence": 1, "account": 1, "zone": "ap-guangzhou-3", "name": "", "host_name": "",
            "project_id": 0, "image": "img-487zeit5", "instance_type": "S5.SMALL1",
            "charge_type": "POSTPAID_BY_HOUR", "private_address": "127.64.0.2", "vpc": "vpc-11112222",
            "system_disk": {"id": system, "kind": "CLOUD_PREMIUM", "size_gib": 50}, "data_disks": data,
            "internet": {"charge_type": "", "max_bandwidth_out": 0, "public_ip_assigned": false},
            "subnet": "subnet-11112222", "security_groups": [], "created_seconds": 0, "uuid": uuid::Uuid::nil(),
            "login": {"keys": [], "password": "Never", "password_login": false}, "state": "RUNNING",
        });
        Arc::new(serde_json::from_value(body).unwrap())
    }

    #[test]
    fn a_disk_leads_to_its_instance_as_long_as_that_has_it() {
        let mut view = View::default();
        let known = |view: &View| {
            let all = ["disk-system01", "disk-system02", "disk-data0001", "disk-data0002"];
            let known = all.into_iter().filter(|id| view.disk_holder(id.parse().unwrap()).is_some());
            (known.collect::<Vec<_>>(), view.disks.len())
        };
        view.apply(&Put::Instance(instance("disk-system01", &["disk-data0001", "disk-data0002"])));
        assert_eq!(known(&view), (vec!["disk-system01", "disk-data0001", "disk-data0002"], 3));
        let changed = instance("disk-system02", &["disk-data0002"]);
        view.apply(&Put::Instance(Arc::clone(&changed)));
        assert_eq!(known(&view), (vec!["disk-system02", "disk-data0002"], 2));
        view.apply(&Put::InstanceGone(changed));
        assert_eq!(known(&view), (vec![], 0));
    }
    /// The next address is searched behind the latest instance's, also after a start.
    #[test]
    fn the_latest_address_is_the_latest_instances_in_whatever_order_rows_are_loaded() {
        let at = |sequence: u64, address: &str| {
            let disk = format!("disk-system0{sequence}");
            let (id, private_address) = (cvmd_model::InstanceId::from_random(sequence), address.parse().unwrap());
            Put::Instance(Arc::new(Instance {
                id,
                sequence,
                private_address,
                ..Instance::clone(&instance(&disk, &[]))
            }))
        };
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let rows = [at(1, "127.64.0.2"), at(2, "127.64.0.9"), at(3, "127.64.0.5")];
            let mut view = View::default();
            order.into_iter().for_each(|place| view.apply(&rows[place]));
            view.loaded();
            let zone = cvmd_model::ZoneId::find("ap-guangzhou-3").unwrap();
            let next = crate::Transaction::new(&view).allocate_public_address(AccountNumber(1), zone);
            assert_eq!(next.unwrap().to_string(), "127.64.0.6");
        }
    }
}
