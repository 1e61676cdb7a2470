//! What a [`View`] tells of the kinds of row that have no index of their own, of the tags of all kinds, and of what accounts hold.

use crate::{Resources, Usage, View, any_resource::resource_kinds};
use cvmd_model::{
    AccountNumber, CreatedTag, CustomImage, DisasterRecoverGroup, LaunchTemplate, LaunchTemplateVersion, SecurityGroup,
    Snapshot, Subnet, Tag, Vpc,
};

macro_rules! accessors {
    ($($field:ident: $kind:ident in $table:ident,)*) => {
        impl View {
            $(#[must_use]
            pub fn $field(&self) -> Resources<'_, $kind> {
                self.resources.of_kind()
            })*
        }
    };
}

resource_kinds!(accessors);

impl View {
    /// How many of the account's resources carry the tag. A snapshot of an image that could not be made counts until it goes.
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
    /// What the account holds.
    #[must_use]
    pub fn usage(&self, account: AccountNumber) -> Usage {
        self.usages.get(account)
    }

    /// What of that a seed has put there, which is the operator's and beside every bound of the account's.
    #[must_use]
    pub fn seeded(&self, account: AccountNumber) -> Usage {
        self.settings().seeded.filter(|(of, _)| *of == account).map_or_else(Usage::default, |(_, seeded)| seeded)
    }
}
