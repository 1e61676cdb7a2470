//! The commands. `serve`, `demo` and `ca` work by themselves; the others ask a running server, over its socket or, with
//! `--endpoint`, over HTTP.

use crate::{
    cli::{
        arguments::{Asking, Client, Data, Format},
        ask::ask,
        backup,
        command_line::{AccountCommand, Arguments, Command, CredentialCommand},
        demo, env, ssh, state,
        variables::unread,
    },
    config::Config,
    data, given_credential, log, misuse,
    operator::{account_name, accounts, question::Question, requests},
    plain_words,
    print::{self, Destination},
    serve, waiting,
};
use anyhow::Context;
use cvmd_model::RequestId;
use serde_json::Value;
use std::{io::IsTerminal, process::ExitCode, time::Duration};

/// How long machines may take to be removed with their account.
const REMOVED_WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Serve(arguments) => {
            let config = misuse::checked(Config::read(*arguments))?;
            #[cfg(target_os = "linux")]
            if config.file_is_lasting {
                crate::memory::suit(&config.data, config.seed.as_deref());
            }
            log::begin(&config.log, config.log_format)?;
            for variable in unread() {
                tracing::warn!(
                    variable,
                    "nobody reads this variable: `cvmd serve --help` names those that mean something"
                );
            }
            serve::run(&config)?;
        }
        Command::Demo => return demo::run(),
        Command::Env { client, data } => {
            let lines = environment(&data, client).inspect_err(|_| {
                // Otherwise a shell that evals nothing would go on with the variables of an earlier server.
                if !std::io::stdout().is_terminal() {
                    let _ = print::result(env::nothing(client));
                }
            });
            print::result(&lines?)?;
        }
        Command::Ca { data } => print::result(&authority(&data)?)?,
        Command::AtMachines(command) => return ssh::run(command),
        Command::Account { command } => account(command)?,
        Command::Credential { command } => credential(command)?,
        Command::Request { request, asking } => {
            let lines = ask(&asking.data, &Question::Request { request: RequestId(request) })?;
            show_lines(lines, asking.output, "nothing")?;
        }
        Command::Requests { account, instance, lines, asking } => {
            misuse::checked(account.as_deref().map_or(Ok(()), account_name::check))?;
            let of_which = if account.is_some() || instance.is_some() { " of those that were asked for" } else { "" };
            let lines = ask(&asking.data, &Question::Requests { account, instance, lines_max: lines })?;
            let none = format!("the journal has no lines{of_which}: commands leave them, queries do not");
            show_lines(lines, asking.output, &none)?;
        }
        Command::State { command } => return state::run(command),
        Command::Backup { to, with_keys, asking } => {
            let made = backup::make(&asking.data, &to, with_keys)?;
            show(&made.about, asking.output)?;
            made.faults.iter().for_each(|fault| print::remark(fault));
            if !made.faults.is_empty() {
                let faults = plain_words::counted(made.faults.len(), "faults");
                anyhow::bail!("{} has {faults}, as what was copied has: keep the backups before it", to.display());
            }
        }
        Command::Messages { delete, asking } => messages(&asking, delete)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn account(command: AccountCommand) -> anyhow::Result<()> {
    match command {
        AccountCommand::Add { name, asking } => {
            misuse::checked(account_name::check(&name))?;
            let added = ask(&asking.data, &Question::AddAccount { name: name.clone() })?;
            let undo = Question::ForgetAccount { name: name.clone() };
            show_key(&added, &asking, &undo, &format!("the account {name}"))
        }
        AccountCommand::Remove { name, force, asking } => {
            misuse::checked(account_name::check(&name))?;
            remove_account(&name, force, &asking)
        }
        AccountCommand::List { asking } => {
            let mut accounts = ask(&asking.data, &Question::Accounts)?;
            if asking.output == Format::Text {
                accounts.as_array_mut().into_iter().flatten().for_each(accounts::for_people);
            }
            show(&accounts, asking.output)
        }
    }
}

fn credential(command: CredentialCommand) -> anyhow::Result<()> {
    match command {
        CredentialCommand::Add { account, asking } => {
            misuse::checked(account_name::check(&account))?;
            let added = ask(&asking.data, &Question::AddCredential { account })?;
            let id = added["SecretId"].as_str().unwrap_or_default().to_owned();
            let what = format!("the credential {id}");
            show_key(&added, &asking, &Question::RevokeCredential { secret_id: id, force: true }, &what)
        }
        CredentialCommand::Revoke { secret_id, force, asking } => {
            misuse::checked(given_credential::check_id(&secret_id))?;
            show(&ask(&asking.data, &Question::RevokeCredential { secret_id, force })?, asking.output)
        }
        CredentialCommand::List { asking } => show(&ask(&asking.data, &Question::Credentials)?, asking.output),
    }
}

/// Removes an account: prints what is removed, and asks again until everything is gone.
fn remove_account(name: &str, force: bool, Asking { data, output }: &Asking) -> anyhow::Result<()> {
    let question = Question::RemoveAccount { name: name.to_owned(), force };
    let first = ask(data, &question)?;
    let owned = cell(&first["Owned"]);
    if !owned.is_empty() {
        print::remark(&format!("removing the account {name} with {owned}"));
    }
    let mut latest = Ok(first.clone());
    let removed = waiting::within(REMOVED_WITHIN, || {
        if latest.as_ref().is_ok_and(|answer| answer["Removed"] != true) {
            latest = ask(data, &question);
        }
        latest.as_ref().map_or(true, |answer| answer["Removed"] == true).then_some(())
    });
    let mut latest = latest?;
    if removed.is_none() {
        anyhow::bail!(
            "{name} is still being removed, and owns {}: run the same again to go on",
            cell(&latest["Owned"])
        );
    }
    // From the first answer: what was removed. From the last: the request that removed the account.
    latest["Owned"] = first["Owned"].clone();
    show(&latest, *output)
}

/// Prints a key that cannot be shown again. If printing fails, the key is useless, and the credential is removed again.
fn show_key(added: &Value, asking: &Asking, undo: &Question, what: &str) -> anyhow::Result<()> {
    let Err(unprinted) = print::result_for_good(&text(added, asking.output, "")) else { return Ok(()) };
    ask(&asking.data, undo).with_context(|| format!("{unprinted}: nobody has seen its key, but {what} is there"))?;
    // Printed even after a closed pipe, which usually ends quietly: the account or credential that was asked for does
    // not exist.
    anyhow::bail!("{unprinted}: {what} was not kept, because nobody has seen its key")
}

/// Deletes each message that was written to a lasting place, even if a later one fails. Messages in a pipe, whose reader may
/// stop after three lines, and in /dev/null stay.
fn messages(Asking { data, output }: &Asking, delete: bool) -> anyhow::Result<()> {
    let answer = ask(data, &Question::Messages)?;
    let sequences: Vec<u64> = serde_json::from_value(answer["Sequences"].clone())?;
    let rows = answer["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parts = match output {
        Format::Json => vec![text(&answer["Messages"], Format::Json, "")],
        Format::Text => records(rows),
    };
    let (written, outcome) = print::parts_for_good(&parts);
    let all = sequences.len();
    let shown = if written == parts.len() { all } else { written.min(all) };
    let stay_because = match print::destination() {
        _ if delete => None,
        Destination::Lasting => None,
        Destination::Pipe => Some("nobody can tell what becomes of it in a pipe"),
        Destination::Device => Some("a device that is no terminal, such as /dev/null, shows it to nobody"),
    };
    if stay_because.is_none() {
        ask(data, &Question::MessagesShown { sequences: sequences[..shown].to_vec() })?;
    }
    outcome?;
    match stay_because {
        _ if *output == Format::Json => {}
        // On stderr: a file that messages are printed into holds only messages.
        _ if all == 0 => print::remark(
            "no messages: passwords that are made for instances at launch come here, and leave once they were shown",
        ),
        Some(why) => print::remark(&format!(
            "kept: {}, as {why}. `cvmd messages --delete` deletes what it writes there.",
            plain_words::counted(all, "messages")
        )),
        None => {}
    }
    let unreadable: Vec<_> = answer["Unreadable"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !unreadable.is_empty() {
        anyhow::bail!(
            "the passwords of {} cannot be shown: they were sealed with another master.key, for whose return they are kept, or their \
             rows were changed since; ResetInstancesPassword gives others",
            unreadable.join(", ")
        );
    }
    Ok(())
}

/// The authority's certificate. It is not secret, and exists whether a server runs or not.
fn authority(data: &Data) -> anyhow::Result<String> {
    let path = data::ca_certificate(&data.directory()?);
    std::fs::read_to_string(&path)
        .with_context(|| format!("no cvmd has been started there ({}): start `cvmd serve`", path.display()))
}

fn show(answer: &Value, output: Format) -> anyhow::Result<()> {
    Ok(print::result(&text(answer, output, "nothing"))?)
}

/// Prints lines of the journal, or, for people, `none` if there are none.
fn show_lines(mut lines: Value, output: Format, none: &str) -> anyhow::Result<()> {
    if output == Format::Text {
        lines.as_array_mut().into_iter().flatten().for_each(requests::for_people);
    }
    Ok(print::result(&text(&lines, output, none))?)
}

/// A table for people, JSON for programs. People see `none` for an empty list.
fn text(answer: &Value, format: Format, none: &str) -> String {
    if format == Format::Json {
        return format!("{answer}\n");
    }
    let rows: &[Value] = match answer {
        Value::Array(rows) => rows,
        row => std::slice::from_ref(row),
    };
    if rows.is_empty() {
        return format!("{none}\n");
    }
    records(rows).concat()
}

/// One text per row, with the separator from the row before.
fn records(rows: &[Value]) -> Vec<String> {
    // Short records need no empty line in between.
    let is_long = rows.iter().any(|row| row.as_object().is_some_and(|row| row.len() > 2));
    let separator = |index: usize| if is_long && index > 0 { "\n" } else { "" };
    let names = rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys());
    let width = names.map(String::len).max().unwrap_or_default().max(NAME_WIDTH);
    rows.iter().enumerate().map(|(index, row)| format!("{}{}", separator(index), record(row, width))).collect()
}

/// The order of columns: owner before content; other names follow.
const ORDER: [&str; 13] = [
    "Time",
    "RequestId",
    "AccountName",
    "Uin",
    "AppId",
    "SecretId",
    "SecretKey",
    "Action",
    "Target",
    "Decision",
    "Message",
    "InstanceId",
    "InstanceIds",
];

/// Columns of a name, at least.
const NAME_WIDTH: usize = 12;

fn record(row: &Value, width: usize) -> String {
    // Empty values are left out for people.
    let mut cells: Vec<_> =
        row.as_object().into_iter().flatten().filter(|(_, value)| !cell(value).is_empty()).collect();
    cells.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
    cells.into_iter().map(|(name, value)| format!("{name:<width$} {}\n", cell(value))).collect()
}

fn cell(value: &Value) -> String {
    match value {
        // What tenants have written stands in the journal.
        Value::String(text) => plain_words::excerpt(text, usize::MAX),
        Value::Array(list) => list.iter().map(cell).collect::<Vec<_>>().join(" "),
        Value::Object(counts) => {
            let counts = counts.iter().map(|(kind, count)| plain_words::counted(count, kind));
            counts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn environment(data: &Data, client: Option<Client>) -> anyhow::Result<String> {
    let answer = ask(data, &Question::Environment)?;
    // Clients run in other directories.
    let directory = std::path::absolute(data.directory()?)?;
    Ok(env::lines(&answer, client, &directory))
}
