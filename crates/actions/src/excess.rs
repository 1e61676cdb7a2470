//! What is refused because it is more than this server takes, writes or answers at once, or than an account may hold.

use cvmd_state::TooLarge;

/// A bound of our own, for what the vendor has none or no code of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    #[error("The parameter `{name}` has {given} bytes; at most {limit} are allowed.")]
    Text { name: Box<str>, given: usize, limit: usize },
    #[error("The parameter `{name}` has {given} values; at most {limit} are allowed.")]
    List { name: Box<str>, given: usize, limit: usize },
    #[error(
        "The parameters of the request have {given} bytes, `{longest}` the most of them; at most {limit} are allowed."
    )]
    Request { given: usize, longest: Box<str>, limit: usize },
    #[error("{0}")]
    Written(#[from] TooLarge),
    #[error(
        "The account has {held} instances, and at most {limit} are allowed: terminate some, or ask the operator for more."
    )]
    Instances { held: u64, limit: u64 },
    #[error("The reply would have {bytes} bytes; at most {limit} are sent. Ask for fewer with `Limit` or by id.")]
    Reply { bytes: usize, limit: usize },
}
