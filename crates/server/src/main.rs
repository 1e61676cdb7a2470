//! The program `cvmd`: a self-hosted server that speaks Tencent Cloud's CVM API and does what it says to machines.

// They panic when nobody can read what they print; see `print`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod access;
mod app;
mod authority;
mod bounded_file;
mod cli;
mod command;
mod config;
mod credentials;
mod data;
mod descriptors;
mod drivers;
mod epochs;
mod given_credential;
mod http;
mod lock;
mod log;
mod master_key;
#[cfg(target_os = "linux")]
mod memory;
mod metrics;
mod metrics_page;
mod misuse;
mod operator;
mod pace;
mod parent;
mod pipeline;
mod plain_words;
mod print;
mod random;
mod recovery;
mod repeats;
mod replays;
mod sealing;
mod seed;
mod seed_file;
mod serve;
mod settling;
mod summary;
mod tls;
mod truths;
mod tunnel;
mod under_way;
mod waiting;
mod work;

use nix::sys::signal::SigSet;
use print::Unprinted;
use std::{io::Write, process::ExitCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // What a parent had blocked is inherited: nothing but SIGKILL would end a server that hears no SIGTERM.
    let _ = SigSet::empty().thread_set_mask();
    let arguments = match cli::variables::parse() {
        Ok(arguments) => arguments,
        Err(error) => return show(&error),
    };
    let ended = cli::commands::run(arguments);
    log::end();
    ended.unwrap_or_else(|error| failure(&error))
}

/// Prints help, the version, or an error of the command line: clap adds colours where they are wanted.
fn show(error: &clap::Error) -> ExitCode {
    match error.print().and_then(|()| std::io::stdout().lock().flush()) {
        Ok(()) => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1)),
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
