//! The command line, and the commands that ask a running server: one file per command.

pub(crate) mod api_client;
pub(crate) mod arguments;
pub(crate) mod ask;
pub(crate) mod command_line;
pub(crate) mod commands;
pub(crate) mod demo;
pub(crate) mod demo_ssh;
pub(crate) mod env;
pub(crate) mod http_client;
pub(crate) mod program;
pub(crate) mod remote;
pub(crate) mod ssh;
pub(crate) mod ssh_line;
pub(crate) mod variables;
