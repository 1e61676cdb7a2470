//! Compares the indexes of a view with those that its rows give when they are put one by one.

use super::{ByAge, View};
use crate::changes::Put;
use imbl::OrdMap;
use std::{cmp::Reverse, fmt::Debug, sync::Arc};

impl View {
    /// The indexes that say something else than the rows, one line each. Empty subnets and reserved addresses, which no row
    /// tells of, are left out.
    #[must_use]
    pub fn index_faults(&self) -> Vec<String> {
        let mut anew = View::default();
        self.rows().for_each(|put| anew.apply(&put));
        anew.loaded();
        // Every field is named, so that an index that is added does not compile before it is compared.
        let View {
            settings: _,
            accounts: _,
            credentials: _,
            instances: _,
            instance_lists,
            key_pairs: _,
            key_pair_lists,
            key_names,
            key_blobs,
            bindings,
            operating,
            addresses,
            group_uses,
            grouped,
            disks,
            disk_snapshots,
            tag_uses,
            usages,
            client_tokens: _,
            client_tokens_by_age,
            messages: _,
            resources,
            last_sequence: _,
        } = &anew;
        [
            differs("instances by account and region", listed(&self.instance_lists), listed(instance_lists)),
            differs("key pairs by account", listed(&self.key_pair_lists), listed(key_pair_lists)),
            differs("key pairs by name", self.key_names.iter(), key_names.iter()),
            differs("key pairs by public key", self.key_blobs.iter(), key_blobs.iter()),
            differs("instances by key pair", self.bindings.iter(), bindings.iter()),
            differs("operations under way", self.operating.iter(), operating.iter()),
            differs("addresses", self.addresses.entries(), addresses.entries()),
            differs("instances in subnets", self.addresses.occupied(), addresses.occupied()),
            differs("instances of security groups", self.group_uses.iter(), group_uses.iter()),
            differs("instances of placement groups", self.grouped.iter(), grouped.iter()),
            differs("instances by disk", self.disks.iter(), disks.iter()),
            differs("snapshots by disk", self.disk_snapshots.iter(), disk_snapshots.iter()),
            differs("tags", self.tag_uses.entries(), tag_uses.entries()),
            differs("usage", self.usages.entries(), usages.entries()),
            differs("client tokens by age", self.client_tokens_by_age.iter(), client_tokens_by_age.iter()),
            differs("resources by account and region", self.resources.listed(), resources.listed()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// All rows.
    fn rows(&self) -> impl Iterator<Item = Put> {
        let settings = std::iter::once(Put::Settings(Arc::clone(&self.settings)));
        let accounts = self.accounts.values().cloned().map(Put::Account);
        let credentials = self.credentials.values().cloned().map(Put::Credential);
        let instances = self.instances.values().cloned().map(Put::Instance);
        let key_pairs = self.key_pairs.values().cloned().map(Put::KeyPair);
        let tokens = self.client_tokens.values().cloned().map(Put::ClientToken);
        let messages = self.messages.values().cloned().map(Put::Message);
        let resources = self.resources.all().cloned().map(Put::Resource);
        let first = settings.chain(accounts).chain(credentials).chain(instances);
        first.chain(key_pairs).chain(tokens).chain(messages).chain(resources)
    }
}

/// The entries of lists; a list that became empty is as one that never was.
fn listed<Place: Ord, Id>(lists: &OrdMap<Place, ByAge<Id>>) -> impl Iterator<Item = (&Place, &Reverse<u64>, &Id)> {
    lists.iter().flat_map(|(place, list)| list.iter().map(move |(age, id)| (place, age, id)))
}

/// The first entry in which the two differ, in words.
fn differs<T: PartialEq + Debug>(
    index: &str,
    mut found: impl Iterator<Item = T>,
    mut expected: impl Iterator<Item = T>,
) -> Option<String> {
    let shown = |entry: Option<T>| entry.map_or_else(|| "nothing more".to_owned(), |entry| format!("{entry:?}"));
    loop {
        match (found.next(), expected.next()) {
            (None, None) => return None,
            (found, expected) if found == expected => {}
            (found, expected) => {
                let (found, expected) = (shown(found), shown(expected));
                return Some(format!("the index of {index} has {found} where the rows give {expected}"));
            }
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{Usage, addresses::Addresses, fixtures::vpc, tag_uses::TagUses, usage::Usages, view::test::instance};
    use cvmd_model::{AccountNumber, DiskId, Instance, InstanceId, RegionId, SnapshotId, Tag};

    type Break = (fn(&mut View), &'static str);

    fn of_disk() -> (DiskId, SnapshotId) {
        ("disk-11112222".parse().unwrap(), "snap-11112222".parse().unwrap())
    }

    /// A view whose instance was changed once.
    fn view() -> View {
        let mut view = View::default();
        view.apply(&Put::Instance(instance("disk-system01", &["disk-data0001"])));
        let mut changed = Instance::clone(&instance("disk-system02", &["disk-data0001", "disk-data0002"]));
        changed.private_address = "127.64.0.9".parse().unwrap();
        changed.security_groups = ["sg-11112222".parse().unwrap()].into();
        changed.login.keys = vec!["skey-11112222".parse().unwrap()];
        changed.change_extras(|extras| extras.group = Some("ps-11112222".parse().unwrap()));
        changed.tags = [Tag { key: "key".into(), value: "value".into() }].into();
        view.apply(&Put::Instance(Arc::new(changed)));
        let region = RegionId::find("ap-guangzhou").unwrap();
        for name in ["one", "two"] {
            view.apply(&Put::Resource(crate::AnyResource::Vpc(Arc::new(vpc(7, AccountNumber(1), region, name)))));
        }
        view
    }

    #[test]
    fn each_index_that_says_something_else_than_the_rows_is_named() {
        assert_eq!(view().index_faults(), [""; 0]);
        let breaks: &[Break] = &[
            (|view| view.instance_lists.clear(), "instances by account and region"),
            (|view| view.bindings.clear(), "instances by key pair"),
            (|view| view.operating.extend([InstanceId::MIN]), "operations under way"),
            (|view| view.addresses = Addresses::default(), "addresses"),
            (|view| view.group_uses.clear(), "instances of security groups"),
            (|view| view.grouped.clear(), "instances of placement groups"),
            (|view| view.disks.clear(), "instances by disk"),
            (|view| view.disk_snapshots.extend([of_disk()]), "snapshots by disk"),
            (|view| view.tag_uses = TagUses::default(), "tags"),
            (|view| view.usages = Usages::default(), "usage"),
        ];
        for (break_it, index) in breaks {
            let mut view = view();
            break_it(&mut view);
            let faults = view.index_faults();
            assert!(
                faults.iter().any(|fault| fault.starts_with(&format!("the index of {index} has "))),
                "{index}: {faults:?}"
            );
        }
        assert_ne!(view().usage(AccountNumber(1)), Usage::default());
    }
}
