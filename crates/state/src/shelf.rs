//! A shelf: all rows of one kind that need no index but their id and their list.

use cvmd_model::{AccountNumber, Kept, RegionId};
use imbl::OrdMap;
use std::{cmp::Reverse, sync::Arc};

type Place = (AccountNumber, Option<RegionId>);

/// The rows of one kind, as of one moment.
#[derive(Debug, Clone)]
pub struct Shelf<T: Kept> {
    values: OrdMap<T::Id, Arc<T>>,
    lists: OrdMap<Place, OrdMap<Reverse<u64>, Arc<T>>>,
}

// Derived, it would ask the same of the kind.
impl<T: Kept> Default for Shelf<T> {
    fn default() -> Self {
        Shelf { values: OrdMap::new(), lists: OrdMap::new() }
    }
}

impl<T: Kept> Shelf<T> {
    /// Any account's row. Actions use [`Shelf::of`].
    #[must_use]
    pub fn get(&self, id: T::Id) -> Option<&Arc<T>> {
        self.values.get(&id)
    }

    /// All accounts' rows.
    pub fn all(&self) -> impl Iterator<Item = &Arc<T>> {
        self.values.values()
    }

    /// The account's row in that region; what is another's is not there. `None` for a kind without regions.
    #[must_use]
    pub fn of(&self, account: AccountNumber, region: impl Into<Option<RegionId>>, id: T::Id) -> Option<&Arc<T>> {
        let region = region.into();
        self.values.get(&id).filter(|value| value.account() == account && value.region() == region)
    }

    /// The account's rows in that region, newest first. `None` for a kind without regions.
    pub fn list(
        &self,
        account: AccountNumber,
        region: impl Into<Option<RegionId>>,
    ) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.lists.get(&(account, region.into())).into_iter().flat_map(|list| list.values())
    }

    /// How many there are in [`Shelf::list`], without walking them.
    #[must_use]
    pub fn count(&self, account: AccountNumber, region: impl Into<Option<RegionId>>) -> usize {
        self.lists.get(&(account, region.into())).map_or(0, OrdMap::len)
    }

    /// The account's rows in all regions.
    pub(crate) fn all_of(&self, account: AccountNumber) -> impl Iterator<Item = &Arc<T>> {
        let first = (account, None);
        let lists = self.lists.range(first..).take_while(move |((owner, _), _)| *owner == account);
        lists.flat_map(|(_, list)| list.values())
    }

    pub(crate) fn count_of(&self, account: AccountNumber) -> usize {
        let first = (account, None);
        self.lists.range(first..).take_while(|((owner, _), _)| *owner == account).map(|(_, list)| list.len()).sum()
    }

    pub(crate) fn put(&mut self, value: &Arc<T>) {
        self.remove(value.id());
        self.values.insert(value.id(), Arc::clone(value));
        let list = self.lists.entry((value.account(), value.region())).or_default();
        list.insert(Reverse(value.sequence()), Arc::clone(value));
    }

    pub(crate) fn remove(&mut self, id: T::Id) {
        let Some(old) = self.values.remove(&id) else { return };
        let place = (old.account(), old.region());
        let Some(list) = self.lists.get_mut(&place) else { return };
        list.remove(&Reverse(old.sequence()));
        if list.is_empty() {
            self.lists.remove(&place);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{
        State, Transaction, View,
        store::{MemoryStore, Store, Table},
    };
    use cvmd_model::{RouteTableId, SecurityGroup, SecurityGroupId, Vpc, VpcId};
    use std::convert::Infallible;

    const OWNER: AccountNumber = AccountNumber(1);
    const OTHER: AccountNumber = AccountNumber(2);

    fn region(name: &str) -> RegionId {
        RegionId::find(name).unwrap()
    }

    fn vpc(sequence: u64, account: AccountNumber, region: RegionId, name: &str) -> Vpc {
        Vpc {
            id: VpcId::from_random(sequence),
            sequence,
            account,
            region,
            name: name.into(),
            cidr: "10.0.0.0/16".parse().unwrap(),
            route_table: RouteTableId::from_random(1),
            dns_servers: [].into(),
            domain_name: "".into(),
            multicast: false,
            created_seconds: 0,
            tags: [].into(),
        }
    }

    async fn change(state: &State, apply: impl FnOnce(&mut Transaction<'_>) + Send + 'static) {
        let done = state.change(move |tx| {
            apply(tx);
            Ok::<_, Infallible>(())
        });
        done.await.unwrap().unwrap();
    }

    fn names(view: &View, account: AccountNumber, region: RegionId) -> Vec<String> {
        view.vpcs().list(account, region).map(|vpc| vpc.name.to_string()).collect()
    }

    #[tokio::test]
    async fn rows_are_found_by_their_owner_and_listed_newest_first_also_after_a_restart() {
        let store = MemoryStore::default();
        let state = State::open(Box::new(store.clone())).unwrap();
        let (here, there) = (region("ap-guangzhou"), region("ap-shanghai"));
        let all = [(1, OWNER, here), (2, OWNER, here), (3, OWNER, there), (4, OTHER, here), (9, OWNER, here)];
        for (sequence, account, region) in all {
            change(&state, move |tx| tx.keep(vpc(sequence, account, region, &format!("v{sequence}")))).await;
        }
        // In place: neither its order nor the number of rows changes.
        change(&state, move |tx| tx.keep(vpc(2, OWNER, here, "renamed"))).await;
        change(&state, |tx| tx.discard(tx.view().vpcs().get(VpcId::from_random(1)).unwrap())).await;
        let check = |view: &View| {
            assert_eq!(names(view, OWNER, here), ["v9", "renamed"]);
            assert_eq!(names(view, OWNER, there), ["v3"]);
            assert_eq!((view.vpcs().count(OWNER, here), view.vpcs().count(OTHER, there)), (2, 0));
            let id = VpcId::from_random(4);
            assert!(view.vpcs().get(id).is_some() && view.vpcs().of(OTHER, here, id).is_some());
            assert!(view.vpcs().of(OWNER, here, id).is_none() && view.vpcs().of(OTHER, there, id).is_none());
            assert!(view.vpcs().get(VpcId::from_random(1)).is_none());
            assert_eq!(view.last_sequence(), 9, "the next row comes behind all of them");
        };
        check(&state.view());
        drop(state);
        check(&State::open(Box::new(store)).unwrap().view());
    }

    #[tokio::test]
    async fn a_command_does_not_see_its_own_puts_and_the_last_one_of_a_row_counts() {
        let store = MemoryStore::default();
        let state = State::open(Box::new(store.clone())).unwrap();
        let here = region("ap-guangzhou");
        change(&state, move |tx| {
            tx.keep(vpc(1, OWNER, here, "first"));
            tx.keep(vpc(1, OWNER, here, "second"));
            assert_eq!(tx.view().vpcs().count(OWNER, here), 0);
        })
        .await;
        assert_eq!(names(&state.view(), OWNER, here), ["second"]);
        change(&state, move |tx| {
            tx.keep(vpc(1, OWNER, here, "third"));
            tx.discard(&Arc::clone(tx.view().vpcs().get(VpcId::from_random(1)).unwrap()));
        })
        .await;
        assert!(names(&state.view(), OWNER, here).is_empty());
        let mut tables = Vec::new();
        let mut take = |table, _, _: &[u8]| {
            tables.push(table);
            Ok(())
        };
        MemoryStore::load(&mut { store }, &mut take).unwrap();
        assert!(tables.is_empty(), "{tables:?}");
    }

    #[tokio::test]
    async fn kinds_do_not_mix_though_their_sequences_may_be_the_same() {
        let store = MemoryStore::default();
        let state = State::open(Box::new(store.clone())).unwrap();
        let here = region("ap-guangzhou");
        change(&state, move |tx| {
            tx.keep(vpc(1, OWNER, here, "vpc"));
            tx.keep(SecurityGroup {
                id: SecurityGroupId::from_random(1),
                sequence: 1,
                account: OWNER,
                region: here,
                name: "group".into(),
                ..SecurityGroup::of_default(OWNER, here, 0)
            });
        })
        .await;
        drop(state);
        let view = State::open(Box::new(store)).unwrap().view();
        assert_eq!((view.vpcs().count(OWNER, here), view.security_groups().count(OWNER, here)), (1, 1));
    }

    #[test]
    fn every_table_has_a_name_of_its_own_and_shelves_come_last() {
        let mut names: Vec<&str> = Table::all().map(Table::name).collect();
        assert_eq!(names.last(), crate::ShelfName::ALL.last().map(|shelf| shelf.name()).as_ref());
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
