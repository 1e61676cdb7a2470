//! Tags: their form in requests, and the resources that have them.

pub(crate) mod tagged;
pub(crate) mod words;
