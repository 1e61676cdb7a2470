//! The maximum size of one group of the writer, and of one account's share in it.

use crate::jobs::Owner;
use std::{collections::HashSet, time::Duration};

/// The maximum of commands in one group.
const COMMANDS_MAX: usize = 256;
/// Rows and bytes with which a group is full.
const GROUP_ROWS: usize = 512;
const GROUP_BYTES: usize = 512 * 1024;
/// So many times as much fits into the group of one who is served alone: what a group changes of a View is copied once.
const TIMES_ALONE: usize = 4;
/// An account's share of a group. When it is used up, its next command waits for the next group. One command may cost
/// more, and is then the account's only one.
const SHARE: Cost = Cost { rows: 64, bytes: 64 * 1024, time: SHARE_TIME };
/// In this crate's tests a command is not heavy because the machine was busy with something else.
const SHARE_TIME: Duration = if cfg!(test) { Duration::from_secs(3600) } else { Duration::from_millis(2) };

/// What commands have cost the writer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

impl Cost {
    fn add(&mut self, other: Cost) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.time += other.time;
    }

    fn is_a_share(self) -> bool {
        self.rows >= SHARE.rows || self.bytes >= SHARE.bytes || self.time >= SHARE.time
    }
}

/// What the gathering group has cost so far. An account with heavy commands gets one of them into a group, so that
/// another account's light command is in the same group or the next.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    commands: usize,
    total: Cost,
    /// One entry per owner with a command in this group: few.
    by_owner: Vec<(Owner, Cost)>,
}

impl Shares {
    /// Adds a command's cost.
    pub(crate) fn add(&mut self, owner: Owner, cost: Cost) {
        self.commands += 1;
        self.total.add(cost);
        match self.by_owner.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, of_owner)) => of_owner.add(cost),
            None => self.by_owner.push((owner, cost)),
        }
    }

    /// Whether the group takes no more commands. A group of one who is served alone may be larger: nobody waits for it.
    pub(crate) fn is_full(&self, alone: bool) -> bool {
        let times = if alone { TIMES_ALONE } else { 1 };
        self.commands >= COMMANDS_MAX * times
            || self.total.rows >= GROUP_ROWS * times
            || self.total.bytes >= GROUP_BYTES * times
    }

    /// Whether the group takes one more command of the owner.
    pub(crate) fn has_room_for(&self, owner: &Owner) -> bool {
        !self.by_owner.iter().any(|(known, cost)| known == owner && cost.is_a_share())
    }
}

/// Owners whose latest command was heavy: it cost more than a share. The next one is expected to be heavy too, so it
/// must begin a group, where it delays nobody who came before it; and after such a group others go first.
#[derive(Debug, Default)]
pub(crate) struct Heavy {
    owners: HashSet<Owner>,
    was_last: bool,
}

impl Heavy {
    /// Records what an owner's command has cost.
    pub(crate) fn learn(&mut self, owner: Owner, cost: Cost) {
        if cost.is_a_share() {
            self.owners.insert(owner);
            self.was_last = true;
        } else {
            self.owners.remove(&owner);
        }
    }

    /// Whether the owner may begin the next group if another one waits.
    pub(crate) fn may_begin(&self, owner: &Owner) -> bool {
        !self.was_last || !self.owners.contains(owner)
    }

    pub(crate) fn begins(&mut self) {
        self.was_last = false;
    }

    /// Whether the owner may join a group that has begun.
    pub(crate) fn may_join(&self, owner: &Owner) -> bool {
        !self.owners.contains(owner)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_model::AccountNumber;

    #[test]
    fn who_has_had_a_share_waits_for_the_next_group_and_others_do_not() {
        let [busy, other] = [1, 2].map(|number| Owner::Account(AccountNumber(number)));
        for heavy in [
            Cost { rows: SHARE.rows, ..Cost::default() },
            Cost { bytes: SHARE.bytes, ..Cost::default() },
            Cost { time: SHARE.time, ..Cost::default() },
        ] {
            let mut shares = Shares::default();
            assert!(shares.has_room_for(&busy));
            shares.add(busy, heavy);
            assert!(!shares.has_room_for(&busy) && shares.has_room_for(&other) && !shares.is_full(false));
        }
        let mut shares = Shares::default();
        (1..SHARE.rows).for_each(|_| shares.add(busy, Cost { rows: 1, ..Cost::default() }));
        assert!(shares.has_room_for(&busy), "light ones go together");
        shares.add(busy, Cost { rows: 1, ..Cost::default() });
        assert!(!shares.has_room_for(&busy));
    }

    #[test]
    fn a_group_is_full_at_some_time() {
        for cost in [Cost { rows: GROUP_ROWS, ..Cost::default() }, Cost { bytes: GROUP_BYTES, ..Cost::default() }] {
            let mut shares = Shares::default();
            shares.add(Owner::Ours, cost);
            assert!(shares.is_full(false));
        }
        let mut shares = Shares::default();
        (1..COMMANDS_MAX).for_each(|_| shares.add(Owner::Ours, Cost::default()));
        assert!(!shares.is_full(false));
        shares.add(Owner::Ours, Cost::default());
        assert!(shares.is_full(false));
    }
}
