//! How many of an account's resources carry each tag, updated with every change, so that they need not be walked.

use crate::AnyResource;
use cvmd_model::{AccountNumber, Instance, KeyPair, Tag};
use imbl::OrdMap;

/// The counts, by account, key and value.
#[derive(Clone, Default)]
pub(crate) struct TagUses(OrdMap<(AccountNumber, Box<str>, Box<str>), u32>);

/// A row that carries tags, or that holds several resources with tags.
pub(crate) trait Carrier {
    fn account(&self) -> AccountNumber;
    fn tags(&self) -> impl Iterator<Item = &Tag>;
}

impl Carrier for Instance {
    fn account(&self) -> AccountNumber {
        self.account
    }

    /// The row's own tags, and those of each of its disks.
    fn tags(&self) -> impl Iterator<Item = &Tag> {
        let data = self.data_disks.iter().flat_map(|disk| &disk.tags);
        self.tags.iter().chain(&self.system_disk.tags).chain(data)
    }
}

impl Carrier for KeyPair {
    fn account(&self) -> AccountNumber {
        self.account
    }

    fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.iter()
    }
}

impl Carrier for AnyResource {
    fn account(&self) -> AccountNumber {
        self.account()
    }

    fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags().iter()
    }
}

impl TagUses {
    /// How many of the account's resources carry the tag.
    pub(crate) fn count(&self, account: AccountNumber, tag: &Tag) -> u32 {
        self.0.get(&(account, tag.key.clone(), tag.value.clone())).copied().unwrap_or(0)
    }

    /// Key and value of each tag that some resource of the account carries, sorted.
    pub(crate) fn carried(&self, account: AccountNumber) -> impl Iterator<Item = (&str, &str)> {
        let from: (AccountNumber, Box<str>, Box<str>) = (account, Box::default(), Box::default());
        let of_account = self.0.range(from..).take_while(move |((owner, ..), _)| *owner == account);
        of_account.map(|((_, key, value), _)| (&**key, &**value))
    }

    /// All counts, sorted.
    pub(crate) fn entries(&self) -> impl Iterator<Item = impl PartialEq + std::fmt::Debug> {
        self.0.iter()
    }

    /// Updates the counts when a row changes.
    pub(crate) fn follow<C: Carrier>(&mut self, before: Option<&C>, after: Option<&C>) {
        if tags(before).eq(tags(after)) {
            return;
        }
        let Some(account) = before.or(after).map(Carrier::account) else { return };
        let key = |tag: &Tag| (account, tag.key.clone(), tag.value.clone());
        for tag in tags(before) {
            let key = key(tag);
            match self.0.get_mut(&key) {
                Some(uses) if *uses > 1 => *uses -= 1,
                _ => drop(self.0.remove(&key)),
            }
        }
        for tag in tags(after) {
            *self.0.entry(key(tag)).or_default() += 1;
        }
    }
}

fn tags<C: Carrier>(row: Option<&C>) -> impl Iterator<Item = &Tag> {
    row.into_iter().flat_map(C::tags)
}
