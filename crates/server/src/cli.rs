//! The command line and its commands. Those that only ask a running server are in `commands`, larger ones in files of their own.

pub(crate) mod api_client;
pub(crate) mod arguments;
pub(crate) mod ask;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod command_line;
pub(crate) mod commands;
pub(crate) mod demo;
pub(crate) mod demo_ssh;
pub(crate) mod directory;
pub(crate) mod env;
pub(crate) mod http_client;
pub(crate) mod program;
pub(crate) mod remote;
pub(crate) mod ssh;
pub(crate) mod ssh_line;
pub(crate) mod state;
pub(crate) mod variables;
