//! What an account owns: the number of instances, and the bytes of its rows. Updated with every change, so that the
//! rows need not be walked.

use crate::{AnyResource, ClientToken, Message, Usage};
use cvmd_model::{AccountNumber, DataDisk, Instance, InstanceExtras, KeyPair, SystemDisk, Tag};
use imbl::OrdMap;

/// The estimated stored size of an instance's row without the parts that a caller can make longer.
const INSTANCE_BYTES: usize = 1_400;
const DISK_BYTES: usize = 160;
const TAG_BYTES: usize = 24;
const ID_BYTES: usize = 16;
const MESSAGE_BYTES: usize = 256;
const CLIENT_TOKEN_BYTES: usize = 160;

/// Usage by account.
#[derive(Clone, Default)]
pub(crate) struct Usages(OrdMap<AccountNumber, Usage>);

impl Usages {
    pub(crate) fn get(&self, account: AccountNumber) -> Usage {
        self.0.get(&account).copied().unwrap_or_default()
    }

    /// All of it, by account.
    pub(crate) fn entries(&self) -> impl Iterator<Item = impl PartialEq + std::fmt::Debug> {
        self.0.iter()
    }

    /// A row was created, changed or deleted.
    pub(crate) fn follow<T: Weighed>(&mut self, old: Option<&T>, new: Option<&T>) {
        let Some(account) = new.or(old).map(Weighed::account) else { return };
        let usage = |row: Option<&T>| {
            row.map_or_else(Usage::default, |row| Usage { instances: T::INSTANCES, bytes: row.bytes() })
        };
        let (before, after) = (usage(old), usage(new));
        if before == after {
            return;
        }
        let held = self.0.entry(account).or_default();
        held.instances = (held.instances + after.instances).saturating_sub(before.instances);
        held.bytes = (held.bytes + after.bytes).saturating_sub(before.bytes);
        if *held == Usage::default() {
            self.0.remove(&account);
        }
    }
}

/// A row that takes room, and the account that owns it.
pub(crate) trait Weighed {
    /// The number of instances in the row.
    const INSTANCES: u64 = 0;

    fn account(&self) -> AccountNumber;

    /// Its estimated size in the store.
    fn bytes(&self) -> u64;
}

impl Weighed for Instance {
    const INSTANCES: u64 = 1;

    fn account(&self) -> AccountNumber {
        self.account
    }

    /// Computed without serializing: instances change all the time.
    fn bytes(&self) -> u64 {
        let InstanceExtras { role, metadata, .. } = self.extras();
        let SystemDisk { name, tags, .. } = &self.system_disk;
        let texts = self.name.len()
            + self.host_name.len()
            + name.len()
            + text(self.user_data.as_deref())
            + text(role.as_deref());
        let data = |disk: &DataDisk| DISK_BYTES + disk.name.len() + tagged(&disk.tags);
        let disks: usize = self.data_disks.iter().map(data).sum();
        let ids = (self.security_groups.len() + self.login.keys.len()) * ID_BYTES;
        let tags = tagged(&self.tags) + tagged(tags) + metadata.as_deref().map_or(0, tagged);
        (INSTANCE_BYTES + texts + disks + ids + tags) as u64
    }
}

impl Weighed for KeyPair {
    fn account(&self) -> AccountNumber {
        self.account
    }

    fn bytes(&self) -> u64 {
        // Invariant: rows hold strings, numbers and sequences only; serde_json cannot refuse them.
        serde_json::to_vec(self).expect("a row is plain data").len() as u64
    }
}

impl Weighed for AnyResource {
    fn account(&self) -> AccountNumber {
        self.account()
    }

    fn bytes(&self) -> u64 {
        self.body().len() as u64
    }
}

impl Weighed for ClientToken {
    fn account(&self) -> AccountNumber {
        self.account
    }

    fn bytes(&self) -> u64 {
        (CLIENT_TOKEN_BYTES + self.token.len() + self.instances.len() * ID_BYTES) as u64
    }
}

impl Weighed for Message {
    fn account(&self) -> AccountNumber {
        self.account
    }

    fn bytes(&self) -> u64 {
        (MESSAGE_BYTES + self.text_encrypted.len()) as u64
    }
}

fn text(text: Option<&str>) -> usize {
    text.map_or(0, str::len)
}

fn tagged(tags: &[Tag]) -> usize {
    tags.iter().map(|tag| TAG_BYTES + tag.key.len() + tag.value.len()).sum()
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{
        State, TooLarge,
        fixtures::{self, change},
        store::MemoryStore,
    };
    use cvmd_model::{CreatedTag, DiskId, InstanceId, RegionId, Vpc};
    use serde_json::json;

    const OURS: AccountNumber = AccountNumber(1);
    const OTHERS: AccountNumber = AccountNumber(2);

    fn instance(number: u64, account: AccountNumber, user_data_bytes: usize) -> Instance {
        let row = json!({
            "id": InstanceId::from_random(number), "sequence": number, "account": account, "zone": "ap-guangzhou-3", "name": "",
            "host_name": "", "project_id": 0, "image": "img-487zeit5", "instance_type": "S5.SMALL1",
            "charge_type": "POSTPAID_BY_HOUR", "private_address": "127.64.0.2", "vpc": "vpc-11112222",
            "system_disk": {"id": DiskId::from_random(number), "kind": "CLOUD_PREMIUM", "size_gib": 50},
            "internet": {"charge_type": "", "max_bandwidth_out": 0, "public_ip_assigned": false},
            "subnet": "subnet-11112222", "security_groups": [], "created_seconds": 0, "uuid": uuid::Uuid::nil(),
            "login": {"keys": [], "password": "Never", "password_login": false}, "state": "RUNNING",
            "user_data": "x".repeat(user_data_bytes),
        });
        serde_json::from_value(row).unwrap()
    }

    fn vpc(sequence: u64, account: AccountNumber, name_bytes: usize) -> Vpc {
        fixtures::vpc(sequence, account, RegionId::find("ap-guangzhou").unwrap(), &"x".repeat(name_bytes))
    }

    #[tokio::test]
    async fn what_an_account_holds_follows_every_change_and_is_the_same_after_a_restart() {
        let store = MemoryStore::default();
        let state = State::open(Box::new(store.clone())).unwrap();
        change(&state, |tx| {
            tx.put_instance(instance(1, OURS, 100));
            tx.put_instance(instance(2, OURS, 100));
            tx.put(vpc(3, OURS, 100));
            tx.put(vpc(4, OTHERS, 10));
            tx.put(CreatedTag { sequence: 5, account: OURS, key: "k".into(), value: "v".into() });
        })
        .await;
        let before = state.view().usage(OURS);
        assert_eq!((before.instances, state.view().usage(OTHERS).instances), (2, 0));
        change(&state, |tx| {
            tx.put_instance(instance(1, OURS, 1_100));
            tx.put(vpc(3, OURS, 50));
        })
        .await;
        let view = state.view();
        assert_eq!(view.usage(OURS), Usage { bytes: before.bytes + 1_000 - 50, ..before });
        assert_eq!(State::open(Box::new(store)).unwrap().view().usage(OURS), view.usage(OURS));
        change(&state, |tx| {
            let view = tx.view();
            view.all_instances().for_each(|row| tx.remove_instance(row));
            view.vpcs().all().for_each(|row| tx.delete(row));
            view.created_tags().all().for_each(|row| tx.delete(row));
        })
        .await;
        assert_eq!((state.view().usage(OURS), state.view().usage(OTHERS)), Default::default());
    }

    #[tokio::test]
    async fn an_account_at_its_bound_can_shrink_and_stay_but_not_grow_and_others_are_free() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        change(&state, |tx| tx.put(vpc(1, OURS, 10_000))).await;
        let held = state.view().usage(OURS).bytes;
        let put = async |account, sequence, bytes, limit| {
            let done = state.change(move |tx| {
                tx.put(vpc(sequence, account, bytes));
                tx.within_account(account, limit)
            });
            done.await.unwrap()
        };
        assert!(
            matches!(put(OURS, 2, 10, held + 100).await, Err(TooLarge::Account { limit, .. }) if limit == held + 100)
        );
        assert_eq!(state.view().vpcs().all().count(), 1, "nothing was written");
        put(OTHERS, 3, 10, held + 100).await.unwrap();
        // Below what it owns already, as an operator may set it.
        put(OURS, 1, 9_000, 10).await.unwrap();
        put(OURS, 1, 9_000, 10).await.unwrap();
        assert!(put(OURS, 1, 9_001, 10).await.is_err());
        let seeded = state.view().usage(OURS);
        change(&state, move |tx| {
            let settings = crate::Settings { seeded: Some((OURS, seeded)), ..tx.view().settings().clone() };
            tx.put_settings(settings);
        })
        .await;
        put(OURS, 2, 10, 1_000).await.unwrap();
        assert!(put(OURS, 4, 1_000, 1_000).await.is_err());
    }
}
