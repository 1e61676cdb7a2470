//! The program `cvmd`: a self-hosted server that speaks Tencent Cloud's CVM API and does what it says to machines.

// They panic when nobody can take what they print; see `print`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod access;
mod account_name;
mod account_removal;
mod accounts;
mod arguments;
mod asking;
mod authority;
mod bounded_file;
mod client;
mod command;
mod commands;
mod config;
mod connect;
mod console;
mod credentials;
mod data;
mod demo;
mod demo_ssh;
mod descriptors;
mod env;
mod given_credential;
mod house;
mod http;
mod listen_address;
mod log;
mod master_key;
mod metrics;
mod misuse;
mod operator;
mod operator_journal;
mod pace;
mod parent;
mod pipeline;
mod place;
mod plain_words;
mod print;
mod program;
mod random;
mod recovery;
mod relay;
mod replays;
mod requests;
mod said;
mod seed;
mod seed_file;
mod serve;
mod settling;
mod slots;
mod ssh;
mod ssh_line;
mod ssh_settings;
mod standing;
mod tls;
mod truths;
mod under_way;
mod waiting;
mod websocket;
mod work;

use print::Unprinted;
use std::{io::Write, process::ExitCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(told) => return tell(&told),
    };
    let ended = commands::run(arguments);
    log::end();
    ended.unwrap_or_else(|error| failure(&error))
}

/// Help, the version, or what is wrong with the command line: clap prints in colours where they are wanted.
fn tell(told: &clap::Error) -> ExitCode {
    match told.print().and_then(|()| std::io::stdout().lock().flush()) {
        Ok(()) => ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(1)),
        Err(error) => failure(&Unprinted::from(error).into()),
    }
}

fn failure(error: &anyhow::Error) -> ExitCode {
    if let Some(Unprinted::Closed) = error.downcast_ref() {
        return ExitCode::from(print::CLOSED_PIPE);
    }
    print::remark(&format!("cvmd: {}", plain_words::chain(error)));
    if error.is::<misuse::Misuse>() { ExitCode::from(misuse::STATUS) } else { ExitCode::FAILURE }
}
