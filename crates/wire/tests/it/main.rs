//! The crate from outside: received bytes to a request or to the reason why they are none.

mod dialects;
mod parameters;
mod properties;
mod support;
mod tc3;
mod v1;
