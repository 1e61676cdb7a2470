//! Tags: how requests name them, and what carries them.

pub(crate) mod tagged;
pub(crate) mod words;
