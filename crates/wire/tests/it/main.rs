//! The crate from outside: from received bytes to a request or to the reason for refusing it.

mod dialects;
mod parameters;
mod properties;
mod support;
mod tc3;
mod v1;
