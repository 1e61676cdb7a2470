//! A queue that serves its keys in turn, and within one key first come, first served.

use foldhash::HashMap;
use std::{collections::VecDeque, hash::Hash};

/// A queue per key, served in turn: a key with a thousand entries delays the first entry of another key by one entry.
///
/// Invariant: `order` holds each key of `by_key` once.
#[derive(Debug, Clone)]
pub struct RoundRobin<K, V> {
    by_key: HashMap<K, VecDeque<V>>,
    order: VecDeque<K>,
}

impl<K, V> Default for RoundRobin<K, V> {
    fn default() -> RoundRobin<K, V> {
        RoundRobin { by_key: HashMap::default(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash, V> RoundRobin<K, V> {
    /// Adds an entry at the end of its key's queue.
    pub fn push(&mut self, key: K, value: V) {
        let RoundRobin { by_key, order } = self;
        let queue = by_key.entry(key.clone()).or_insert_with(|| {
            order.push_back(key);
            VecDeque::new()
        });
        queue.push_back(value);
    }

    /// Takes the first entry of the key whose turn it is.
    pub fn pop(&mut self) -> Option<(K, V)> {
        self.pop_of(|_| true)
    }

    /// Takes the first entry of the next key that `may` accepts. The other keys keep their entries and their place.
    pub fn pop_of(&mut self, mut may: impl FnMut(&K) -> bool) -> Option<(K, V)> {
        while let Some(place) = self.order.iter().position(&mut may) {
            let key = self.order.remove(place)?;
            let queue = self.by_key.get_mut(&key)?;
            let value = queue.pop_front();
            if queue.is_empty() {
                self.by_key.remove(&key);
            } else {
                self.order.push_back(key.clone());
            }
            if let Some(value) = value {
                return Some((key, value));
            }
        }
        None
    }

    /// Removes entries of a key.
    pub fn retain(&mut self, key: &K, keep: impl FnMut(&V) -> bool) {
        if let Some(queue) = self.by_key.get_mut(key) {
            queue.retain(keep);
        }
    }

    /// How many entries of one key wait.
    #[must_use]
    pub fn len_of(&self, key: &K) -> usize {
        self.by_key.get(key).map_or(0, VecDeque::len)
    }

    /// How many entries wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.values().map(VecDeque::len).sum()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn filled() -> RoundRobin<char, &'static str> {
        let mut waiting = RoundRobin::default();
        for name in ["a1", "a2", "a3", "b1", "b2", "c1"] {
            waiting.push(name.chars().next().unwrap(), name);
        }
        waiting
    }

    #[test]
    fn keys_take_turns_and_each_keeps_its_order() {
        let mut waiting = filled();
        assert_eq!((waiting.len(), waiting.len_of(&'a'), waiting.len_of(&'d')), (6, 3, 0));
        let order: Vec<_> = std::iter::from_fn(|| waiting.pop()).map(|(_, name)| name).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert!(
            waiting.is_empty() && waiting.by_key.is_empty() && waiting.order.is_empty(),
            "nothing is left of a key"
        );
    }

    #[test]
    fn a_key_that_may_not_keeps_what_it_has_and_holds_nobody_up() {
        let mut waiting = filled();
        let order: Vec<_> = std::iter::from_fn(|| waiting.pop_of(|key| *key != 'a')).map(|(_, name)| name).collect();
        assert_eq!(order, ["b1", "c1", "b2"]);
        assert_eq!((waiting.len_of(&'a'), waiting.pop()), (3, Some(('a', "a1"))));
    }

    #[test]
    fn a_key_that_was_passed_over_is_the_next_one() {
        let mut waiting = filled();
        assert_eq!(waiting.pop_of(|key| *key == 'b'), Some(('b', "b1")));
        assert_eq!(waiting.pop_of(|key| *key == 'b'), Some(('b', "b2")));
        assert_eq!(waiting.pop(), Some(('a', "a1")));
        assert_eq!(waiting.pop(), Some(('c', "c1")));
    }

    #[test]
    fn what_gives_up_is_passed_over() {
        let mut waiting = filled();
        waiting.retain(&'a', |_| false);
        waiting.retain(&'d', |_| false);
        waiting.push('a', "a4");
        let order: Vec<_> = std::iter::from_fn(|| waiting.pop()).map(|(_, name)| name).collect();
        assert_eq!(order, ["a4", "b1", "c1", "b2"]);
        let mut waiting = filled();
        waiting.retain(&'a', |_| false);
        assert_eq!(waiting.pop(), Some(('b', "b1")));
        assert!(!waiting.by_key.contains_key(&'a') && !waiting.order.contains(&'a'));
    }
}
