//! How many of an account's resources carry each tag, kept in step with every change: nobody has to look through them all.

use crate::{Shelved, View};
use cvmd_model::{AccountNumber, ImageState, Instance, KeyPair, Tag};
use imbl::OrdMap;

/// By account, key and value.
#[derive(Clone, Default)]
pub(crate) struct TagUses(OrdMap<(AccountNumber, Box<str>, Box<str>), u32>);

/// A row that carries tags, or several resources that do.
pub(crate) trait Carrier {
    fn account(&self) -> AccountNumber;
    fn tags(&self) -> impl Iterator<Item = &Tag>;
}

impl Carrier for Instance {
    fn account(&self) -> AccountNumber {
        self.account
    }

    /// Its own, and those of each of its disks.
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

impl Carrier for Shelved {
    fn account(&self) -> AccountNumber {
        self.owner()
    }

    fn tags(&self) -> impl Iterator<Item = &Tag> {
        let tags: &[Tag] = match self {
            Shelved::Vpc(vpc) => &vpc.tags,
            Shelved::Subnet(subnet) => &subnet.tags,
            Shelved::SecurityGroup(group) => &group.tags,
            // Nobody sees one that is being deleted.
            Shelved::CustomImage(image) if image.state == ImageState::Deleting => &[],
            Shelved::CustomImage(image) => &image.tags,
            Shelved::Snapshot(snapshot) => &snapshot.tags,
            // The tag product knows nothing of these.
            Shelved::LaunchTemplate(_)
            | Shelved::LaunchTemplateVersion(_)
            | Shelved::DisasterRecoverGroup(_)
            | Shelved::CreatedTag(_) => &[],
        };
        tags.iter()
    }
}

impl TagUses {
    /// A row that was so is so from now on.
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

impl View {
    /// How many of the account's resources carry the tag. A snapshot of an image that could not be made counts until it goes.
    #[must_use]
    pub fn tag_uses(&self, account: AccountNumber, tag: &Tag) -> u32 {
        self.tag_uses.0.get(&(account, tag.key.clone(), tag.value.clone())).copied().unwrap_or(0)
    }

    /// Key and value of each tag that some resource of the account carries, sorted.
    pub fn carried_tags(&self, account: AccountNumber) -> impl Iterator<Item = (&str, &str)> {
        let from: (AccountNumber, Box<str>, Box<str>) = (account, Box::default(), Box::default());
        let of_account = self.tag_uses.0.range(from..).take_while(move |((owner, ..), _)| *owner == account);
        of_account.map(|((_, key, value), _)| (&**key, &**value))
    }
}
