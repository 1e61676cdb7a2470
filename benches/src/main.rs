//! Measures cvmd: the numbers that count, most as a ratio to a yardstick measured in the same run, and each held to a
//! floor. A run with a number below its floor, or without one, fails.
//!
//! The yardsticks: a bare axum handler, the rows' JSON, reading and parsing it, OpenSSH's sshd, moto's server. Each
//! side runs as a process of its own, so that its CPU time is its own, and in alternating rounds, so that other load on
//! the computer affects both sides.

mod against;
mod bare;
mod client;
mod fleet;
mod floors;
mod idle;
mod launch;
mod logins;
mod moto;
mod options;
mod parallel;
mod process;
mod program;
mod random;
mod report;
mod rounds;
mod rows;
mod server;
mod signer;
mod snapshots;
mod start;

use clap::Parser;
use options::{Options, Role};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// The server's own allocator, for the yardstick too: only the work differs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.role {
        None => bench(&options),
        Some(Role::Bare) => bare::run(),
        Some(Role::Hold { database }) => start::hold(database),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> anyhow::Result<()> {
    // One thread makes the requests: the other core is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // On SIGTERM or SIGINT the future is dropped, and with it the processes and directories that it started.
    let rows = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            rows = rounds::run(options) => rows,
            _ = terminate.recv() => anyhow::bail!("ended by a signal"),
            _ = interrupt.recv() => anyhow::bail!("ended by a signal"),
        }
    });
    // Logins that are under way on their own threads are not waited for.
    runtime.shutdown_background();
    let (mut rows, pairs) = rows?;
    report::table(&mut rows, !options.quick)?;
    if let Some(older) = &options.against {
        against::table(older, &pairs)?;
    }
    report::outcome(&rows, !options.quick)
}
