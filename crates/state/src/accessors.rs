//! What a [`View`] answers about the kinds of row without an index of their own, about tags of all kinds, and about
//! what accounts own.

use crate::{Resources, Usage, View, any_resource::resource_kinds};
use cvmd_model::{AccountNumber, Tag};

macro_rules! accessors {
    ($($field:ident: $kind:ident in $table:ident,)*) => {
        impl View {
            $(#[must_use]
            pub fn $field(&self) -> Resources<'_, cvmd_model::$kind> {
                self.resources.of_kind()
            })*
        }
    };
}

resource_kinds!(accessors);

impl View {
    /// How many of the account's resources carry the tag. A snapshot of an image that could not be made counts until
    /// its row is deleted.
    #[must_use]
    pub fn tag_uses(&self, account: AccountNumber, tag: &Tag) -> u32 {
        self.tag_uses.count(account, tag)
    }

    /// Key and value of each tag that some resource of the account carries, sorted.
    pub fn carried_tags(&self, account: AccountNumber) -> impl Iterator<Item = (&str, &str)> {
        self.tag_uses.carried(account)
    }
}

impl View {
    /// What the account owns.
    #[must_use]
    pub fn usage(&self, account: AccountNumber) -> Usage {
        self.usages.get(account)
    }

    /// The part of it that a seed has made: that is the operator's, and does not count against the account's bounds.
    #[must_use]
    pub fn seeded(&self, account: AccountNumber) -> Usage {
        self.settings().seeded.filter(|(of, _)| *of == account).map_or_else(Usage::default, |(_, seeded)| seeded)
    }
}
