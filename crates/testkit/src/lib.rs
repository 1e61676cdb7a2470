//! What the tests of several crates, the benches and xtask share: where a started server listens, and waiting.
//!
//! Architecture invariant: no crate that is part of `cvmd` depends on this one.

mod listening;
mod waiting;

pub use listening::{first_line, listening_address};
pub use waiting::{at, until, within};
