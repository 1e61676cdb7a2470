//! The parameters of a request, whether they came as JSON or flattened.

use crate::{denied::Denied, form, json, value::Map};
use std::fmt;

/// All parameters of one request.
#[derive(Clone, Default, PartialEq)]
pub struct Params {
    pub root: Map,
    /// True for a form or a query, in which every value is text: then a leaf of any type may be text.
    pub textual: bool,
}

impl Params {
    pub fn empty() -> Params {
        Params::default()
    }

    /// Reads a JSON object.
    pub fn from_json(body: &[u8]) -> Result<Params, Denied> {
        Ok(Params { root: json::read(body)?, textual: false })
    }

    /// Reads decoded pairs whose names are flattened (`Filters.0.Values.1`).
    pub fn from_pairs<Name, Text>(pairs: Vec<(Name, Text)>) -> Result<Params, Denied>
    where
        Name: AsRef<str>,
        Text: Into<Box<str>>,
    {
        Ok(Params { root: form::unflatten(pairs)?, textual: true })
    }
}

/// Shows names without values, among which are passwords.
impl fmt::Debug for Params {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.root.iter().map(|(name, _)| name)).finish()
    }
}
