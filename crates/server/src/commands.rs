//! The commands: `serve` and `demo` work by themselves, all others ask a running server over its socket.

use crate::{
    config::{AccountCommand, Arguments, Client, Command, Config, CredentialCommand, Data, Format},
    data, demo, env, log,
    operator::Question,
    serve, ssh,
};
use anyhow::Context;
use cvmd_model::RequestId;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    process::ExitCode,
};

/// Runs one command line.
#[expect(clippy::print_stdout, reason = "what a command prints is its result")]
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Serve(arguments) => {
            let config = Config::read(*arguments)?;
            log::begin(&config.log, config.log_format)?;
            serve::run(&config)?;
        }
        Command::Demo => return demo::run(),
        Command::Env { client, data } => print!("{}", environment(&data, client)?),
        Command::Ca { data } => print!("{}", authority(&data)?),
        Command::AtMachines(command) => return ssh::run(command),
        Command::Account { command: AccountCommand::Add { name, data, output } } => {
            print(&ask(&data, &Question::AddAccount { name })?, output.output);
        }
        Command::Account { command: AccountCommand::List { data, output } } => {
            print(&ask(&data, &Question::Accounts)?, output.output);
        }
        Command::Credential { command: CredentialCommand::Add { account, data, output } } => {
            print(&ask(&data, &Question::AddCredential { account })?, output.output);
        }
        Command::Credential { command: CredentialCommand::List { data, output } } => {
            print(&ask(&data, &Question::Credentials)?, output.output);
        }
        Command::Request { request, data, output } => {
            print(&ask(&data, &Question::Request { request: RequestId(request) })?, output.output);
        }
        Command::Messages { data, output } => print(&ask(&data, &Question::Messages)?, output.output),
    }
    Ok(ExitCode::SUCCESS)
}

/// The authority's certificate. It is no secret, and is there whether a server runs or not.
fn authority(data: &Data) -> anyhow::Result<String> {
    let path = data::ca_certificate(&data.directory()?);
    std::fs::read_to_string(&path)
        .with_context(|| format!("no cvmd has been started there ({}): start `cvmd serve`", path.display()))
}

/// Asks the server that runs on this data directory.
pub(crate) fn ask(data: &Data, question: &Question) -> anyhow::Result<Value> {
    let path = data::socket(&data.directory()?);
    let mut stream = UnixStream::connect(&path)
        .with_context(|| format!("no cvmd is running there ({}): start `cvmd serve`", path.display()))?;
    writeln!(stream, "{}", serde_json::to_string(question)?)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let answer: Result<Value, String> = serde_json::from_str(&line).context("the server's answer cannot be read")?;
    answer.map_err(|error| anyhow::anyhow!(error))
}

/// A table for people, JSON for programs.
#[expect(clippy::print_stdout, reason = "what a command prints is its result")]
fn print(answer: &Value, format: Format) {
    if format == Format::Json {
        println!("{answer}");
        return;
    }
    let rows: &[Value] = match answer {
        Value::Array(rows) => rows,
        row => std::slice::from_ref(row),
    };
    if rows.is_empty() {
        println!("nothing");
    }
    for (index, row) in rows.iter().enumerate() {
        if index > 0 && rows.iter().any(|row| row.as_object().is_some_and(|row| row.len() > 2)) {
            println!();
        }
        for (name, value) in row.as_object().into_iter().flatten() {
            println!("{name:<12} {}", cell(name, value));
        }
    }
}

fn cell(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(|item| cell("", item)).collect::<Vec<_>>().join(" "),
        Value::Number(seconds) if name == "Time" => cvmd_actions::time(seconds.as_u64().unwrap_or_default()),
        other => other.to_string(),
    }
}

fn environment(data: &Data, client: Option<Client>) -> anyhow::Result<String> {
    let answer = ask(data, &Question::Environment)?;
    // Clients run in directories of their own.
    let ca = std::path::absolute(data::ca_certificate(&data.directory()?))?;
    Ok(env::lines(&answer, client, &ca))
}
