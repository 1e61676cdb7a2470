//! All rows of the kinds that need no index but their id and their list, at one moment.

use crate::any_resource::{AnyResource, Kind, ResourceKind};
use cvmd_model::{AccountNumber, RegionId, RowKey};
use imbl::OrdMap;
use std::{cmp::Reverse, marker::PhantomData, sync::Arc};

type Place = (AccountNumber, Option<RegionId>);

/// The rows of one kind.
// One type of map serves all kinds: with a type for each, this crate had two thirds more code.
#[derive(Debug, Clone, Default)]
struct Rows {
    by_key: OrdMap<RowKey, AnyResource>,
    lists: OrdMap<Place, OrdMap<Reverse<u64>, AnyResource>>,
}

impl Rows {
    fn put(&mut self, row: &AnyResource) {
        self.remove(row.key());
        self.by_key.insert(row.key(), row.clone());
        let list = self.lists.entry((row.account(), row.region())).or_default();
        list.insert(Reverse(row.sequence()), row.clone());
    }

    fn remove(&mut self, key: RowKey) {
        let Some(old) = self.by_key.remove(&key) else { return };
        let place = (old.account(), old.region());
        let Some(list) = self.lists.get_mut(&place) else { return };
        list.remove(&Reverse(old.sequence()));
        if list.is_empty() {
            self.lists.remove(&place);
        }
    }

    /// The account's lists, one per region.
    fn lists_of(&self, account: AccountNumber) -> impl Iterator<Item = &OrdMap<Reverse<u64>, AnyResource>> {
        let first = (account, None);
        self.lists.range(first..).take_while(move |((owner, _), _)| *owner == account).map(|(_, list)| list)
    }
}

/// Rows of all kinds.
#[derive(Debug, Clone)]
pub(crate) struct AllResources(Vec<Rows>);

impl Default for AllResources {
    fn default() -> Self {
        AllResources(vec![Rows::default(); ResourceKind::ALL.len()])
    }
}

impl AllResources {
    pub(crate) fn of_kind<T: Kind>(&self) -> Resources<'_, T> {
        Resources { rows: self.rows(T::KIND), kind: PhantomData }
    }

    fn rows(&self, kind: ResourceKind) -> &Rows {
        &self.0[kind as usize]
    }

    pub(crate) fn put(&mut self, row: &AnyResource) {
        self.0[row.kind() as usize].put(row);
    }

    pub(crate) fn remove(&mut self, row: &AnyResource) {
        self.0[row.kind() as usize].remove(row.key());
    }

    /// The stored row with the same key.
    pub(crate) fn current(&self, row: &AnyResource) -> Option<&AnyResource> {
        self.rows(row.kind()).by_key.get(&row.key())
    }

    /// All rows.
    pub(crate) fn all(&self) -> impl Iterator<Item = &AnyResource> {
        self.0.iter().flat_map(|rows| rows.by_key.values())
    }

    /// The rows of all lists: kind, place, sequence and key, sorted.
    pub(crate) fn listed(&self) -> impl Iterator<Item = impl PartialEq + std::fmt::Debug> {
        let lists = self.0.iter().flat_map(|rows| &rows.lists);
        lists.flat_map(|(place, list)| list.iter().map(|(age, row)| (row.kind(), *place, *age, row.key())))
    }

    /// How many rows of each kind the account owns.
    pub(crate) fn owned(&self, account: AccountNumber) -> impl Iterator<Item = (&'static str, usize)> {
        let count = move |kind| self.rows(kind).lists_of(account).map(OrdMap::len).sum();
        ResourceKind::ALL.iter().map(move |kind| (kind.name(), count(*kind)))
    }

    /// The account's rows of all kinds.
    pub(crate) fn all_of(&self, account: AccountNumber) -> impl Iterator<Item = &AnyResource> {
        self.0.iter().flat_map(move |rows| rows.lists_of(account)).flat_map(|list| list.values())
    }
}

/// The rows of one kind, at one moment.
#[derive(Debug)]
pub struct Resources<'a, T: Kind> {
    rows: &'a Rows,
    kind: PhantomData<T>,
}

impl<'a, T: Kind> Resources<'a, T> {
    /// Any account's row. Actions use [`Resources::of`].
    #[must_use]
    pub fn get(&self, id: T::Id) -> Option<&'a Arc<T>> {
        self.rows.by_key.get(&id.into()).and_then(T::of)
    }

    /// All accounts' rows.
    pub fn all(&self) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        self.rows.by_key.values().filter_map(T::of)
    }

    /// The account's row in that region; `None` if it is another account's. For a kind without regions `region` is
    /// `None`.
    #[must_use]
    pub fn of(&self, account: AccountNumber, region: impl Into<Option<RegionId>>, id: T::Id) -> Option<&'a Arc<T>> {
        let region = region.into();
        self.get(id).filter(|value| value.account() == account && value.region() == region)
    }

    /// The account's rows in that region, newest first. For a kind without regions `region` is `None`.
    pub fn list<R: Into<Option<RegionId>>>(
        &self,
        account: AccountNumber,
        region: R,
    ) -> impl DoubleEndedIterator<Item = &'a Arc<T>> + use<'a, T, R> {
        let list = self.rows.lists.get(&(account, region.into()));
        list.into_iter().flat_map(|list| list.values()).filter_map(T::of)
    }

    /// The length of [`Resources::list`], without walking it.
    #[must_use]
    pub fn count(&self, account: AccountNumber, region: impl Into<Option<RegionId>>) -> usize {
        self.rows.lists.get(&(account, region.into())).map_or(0, OrdMap::len)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{
        State, View,
        fixtures::{change, vpc},
        store::{MemoryStore, Store, Table},
    };
    use cvmd_model::{SecurityGroup, SecurityGroupId, VpcId};

    const OWNER: AccountNumber = AccountNumber(1);
    const OTHER: AccountNumber = AccountNumber(2);

    fn region(name: &str) -> RegionId {
        RegionId::find(name).unwrap()
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
            change(&state, move |tx| tx.put(vpc(sequence, account, region, &format!("v{sequence}")))).await;
        }
        // Replaced in place: neither the order nor the number of rows changes.
        change(&state, move |tx| tx.put(vpc(2, OWNER, here, "renamed"))).await;
        change(&state, |tx| tx.delete(tx.view().vpcs().get(VpcId::from_random(1)).unwrap())).await;
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
            tx.put(vpc(1, OWNER, here, "first"));
            tx.put(vpc(1, OWNER, here, "second"));
            assert_eq!(tx.view().vpcs().count(OWNER, here), 0);
        })
        .await;
        assert_eq!(names(&state.view(), OWNER, here), ["second"]);
        change(&state, move |tx| {
            tx.put(vpc(1, OWNER, here, "third"));
            tx.delete(&Arc::clone(tx.view().vpcs().get(VpcId::from_random(1)).unwrap()));
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
            tx.put(vpc(1, OWNER, here, "vpc"));
            tx.put(SecurityGroup {
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
    fn every_table_has_a_name_of_its_own_and_these_kinds_come_last() {
        let mut names: Vec<&str> = Table::all().map(Table::name).collect();
        assert_eq!(names.last(), ResourceKind::ALL.last().map(|kind| kind.name()).as_ref());
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
