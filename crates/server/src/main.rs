//! The program `cvmd`: a self-hosted server that speaks Tencent Cloud's CVM API and does what it says to machines.

mod accounts;
mod authority;
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
mod env;
mod house;
mod http;
mod log;
mod master_key;
mod metrics;
mod operator;
mod pipeline;
mod place;
mod random;
mod relay;
mod replays;
mod seed;
mod serve;
mod ssh;
mod ssh_settings;
mod tls;
mod websocket;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = config::Arguments::parse();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cvmd: {error:#}");
            ExitCode::FAILURE
        }
    }
}
