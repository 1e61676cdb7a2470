//! Parameters as a tree.

use crate::denied::{Denied, excerpt};

/// The maximum depth of nested parameters, the root included.
pub(crate) const DEPTH_MAX: usize = 32;

/// The maximum number of values (or pairs of a form) in one request. 100 instances times 100 keys fit.
pub(crate) const VALUES_MAX: usize = 20_000;

/// One parameter. From a form or a query every leaf is [`Value::Text`]: only the reader that knows the parameter's type
/// can convert it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    /// Only above `i64::MAX`.
    Unsigned(u64),
    Float(f64),
    Text(Box<str>),
    List(Vec<Value>),
    Map(Map),
}

/// Named values.
// Invariant: sorted by name, no name twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: Vec<(Box<str>, Value)>,
}

impl Map {
    /// Refuses a name that occurs twice.
    pub fn from_entries(mut entries: Vec<(Box<str>, Value)>) -> Result<Map, Denied> {
        entries.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(Denied::DuplicateParameter { name: excerpt(&pair[0].0) }),
            None => Ok(Map { entries }),
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).ok().map(|position| &self.entries[position].1)
    }

    /// Removes a value, so that unknown parameters are left over at the end.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.position(name).ok().map(|position| self.entries.remove(position).1)
    }

    /// Sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(name, value)| (&**name, value))
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(entry, _)| (**entry).cmp(name))
    }
}

impl IntoIterator for Map {
    type Item = (Box<str>, Value);
    type IntoIter = std::vec::IntoIter<(Box<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
