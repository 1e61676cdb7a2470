//! The operator's socket: the questions, and the server's answers. The end that asks is `cli::ask`.

pub(crate) mod account_name;
pub(crate) mod account_removal;
pub(crate) mod accounts;
pub(crate) mod journal;
pub(crate) mod question;
pub(crate) mod requests;
pub(crate) mod socket;
pub(crate) mod standing;
