//! Tags: how requests name them, what carries them, and why one is refused.

pub(crate) mod refusal;
pub(crate) mod tagged;
pub(crate) mod words;
