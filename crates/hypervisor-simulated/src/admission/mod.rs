//! What a line of `authorized_keys` lets its key do, by its options, as OpenSSH's sshd decides it. Pure.
//!
//! Its source is the reference: `auth-options.c`. A line that admits nobody here would otherwise admit somebody on a real
//! machine with the same file.

mod conditions;
mod options;
mod patterns;
mod times;

pub use conditions::{Admission, Conditions};
pub(crate) use options::Options;
