//! Decides what makes room when all places are taken: the oldest, or longest idle, of the owner with the most.

use std::{cmp::Reverse, collections::HashMap, hash::Hash};

/// Something that has a place, or wants one: its owner, its part of the owner's, and since when.
#[derive(Debug, Clone, Copy)]
pub struct Holding<O, P> {
    pub owner: O,
    pub part: P,
    pub since: u64,
}

/// The one that must go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Largest<N> {
    pub number: N,
    /// Whether its owner, or with the same owner its part, has more than the new one's will have. Otherwise nobody has
    /// more than a fair share.
    pub has_more: bool,
}

/// Of all that have places: the oldest one of the owner, and of the owner's part, with the most, counting the new one.
/// None if there are none.
pub fn largest<N: Copy + Ord, O: Copy + Eq + Hash, P: Copy + Eq + Hash>(
    held: impl Iterator<Item = (N, Holding<O, P>)> + Clone,
    new: Holding<O, P>,
) -> Option<Largest<N>> {
    let (mut of_owner, mut of_part) = (HashMap::<O, usize>::new(), HashMap::<(O, P), usize>::new());
    for one in held.clone().map(|(_, one)| one).chain([new]) {
        *of_owner.entry(one.owner).or_default() += 1;
        *of_part.entry((one.owner, one.part)).or_default() += 1;
    }
    let count = |one: &Holding<O, P>| (of_owner[&one.owner], of_part[&(one.owner, one.part)]);
    let (number, one) = held.max_by_key(|(number, one)| (count(one), Reverse((one.since, *number))))?;
    let ((of_owner, of_part), (of_new_owner, of_new_part)) = (count(&one), count(&new));
    let has_more = if one.owner == new.owner { of_part > of_new_part } else { of_owner > of_new_owner };
    Some(Largest { number, has_more })
}

#[cfg(test)]
mod test {
    use super::*;

    fn goes(held: &[(char, u8, u64)], new: (char, u8)) -> Option<(usize, bool)> {
        let holding = |(owner, part, since)| Holding { owner, part, since };
        let held = held.iter().map(|one| holding(*one)).enumerate();
        largest(held, holding((new.0, new.1, u64::MAX))).map(|Largest { number, has_more }| (number, has_more))
    }

    #[test]
    fn whoever_has_the_most_pays_with_the_longest_idle_one_and_nobody_for_an_equal() {
        assert_eq!(goes(&[], ('a', 1)), None);
        let held = [('b', 1, 1), ('a', 1, 5), ('a', 2, 2), ('a', 1, 4), ('c', 1, 3)];
        assert_eq!(goes(&held, ('d', 1)), Some((3, true)));
        assert_eq!(goes(&held, ('a', 2)), Some((2, false)), "each part has two then, and the earliest goes");
        assert_eq!(goes(&held, ('a', 3)), Some((3, true)));
        assert_eq!(goes(&held, ('a', 1)), Some((3, false)));
        assert_eq!(goes(&[('a', 1, 2), ('b', 1, 1)], ('c', 1)), Some((1, false)));
    }
}
