//! The text of `~/.ssh/authorized_keys`, which belongs to the guest's owner: read as sshd reads it, and changed by whole lines.
//!
//! Pure: no IO. Every driver needs it; what a line's options permit is a matter of the sshd that reads it.

mod blob;
mod entry;
mod surgery;

pub use blob::{is_space, same_key};
pub use entry::Entry;
pub use surgery::{check, rewrite};
