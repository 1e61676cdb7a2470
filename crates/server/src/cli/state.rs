//! `cvmd state`: what a data directory holds, and whether it adds up. Works by itself, also beside a running server.

use crate::{
    cli::{check, command_line::StateCommand, directory},
    data::TRUTHS,
    plain_words, print,
};
use anyhow::bail;
use serde_json::{Value, json};
use std::{path::Path, process::ExitCode};

/// Bytes that are printed together.
const PRINTED_BYTES: usize = 64 * 1024;

/// Members of rows that hold a secret, or what is made of one.
const SECRETS: [&str; 6] =
    ["secret_key_encrypted", "text_encrypted", "password", "password_hash", "host_seed", "rsa_host_key"];

pub(crate) fn run(command: StateCommand) -> anyhow::Result<ExitCode> {
    match command {
        StateCommand::Dump { with_secrets, data } => {
            let data = directory::found(&data)?;
            let found: Vec<_> = TRUTHS.into_iter().filter(|truth| data.join(truth).is_dir()).collect();
            if found.is_empty() {
                bail!("{}", directory::faults(&data).join("; "));
            }
            for truth in found {
                dump(&data.join(truth), truth, with_secrets)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        StateCommand::Check { config, data } => {
            let data = directory::found(&data)?;
            let faults = check::faults(&data, config.as_deref())?;
            faults.iter().try_for_each(|fault| print::result(&format!("{fault}\n")))?;
            if !faults.is_empty() {
                let faults = plain_words::counted(faults.len(), "faults");
                bail!("{}: {faults}", data.display());
            }
            print::result(&format!("{} is whole\n", data.display()))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn dump(directory: &Path, truth: &str, with_secrets: bool) -> anyhow::Result<()> {
    let mut lines = String::new();
    cvmd_rows::read_sorted(directory, &mut |table, sequence, body| {
        // As a text: many a reader of JSON takes numbers of this size for others.
        let about = json!({"in": truth, "table": table, "sequence": sequence.to_string()}).to_string();
        let row = match serde_json::from_slice::<Value>(body) {
            Ok(_) if with_secrets => String::from_utf8_lossy(body).into_owned(),
            Ok(mut row) => {
                hide(&mut row);
                row.to_string()
            }
            Err(_) => Value::from(String::from_utf8_lossy(body)).to_string(),
        };
        lines += &format!("{},\"row\":{row}}}\n", about.trim_end_matches('}'));
        if lines.len() >= PRINTED_BYTES {
            print::result(&std::mem::take(&mut lines))?;
        }
        Ok(())
    })
    .map_err(|error| match error {
        cvmd_rows::Error::Taking(unprinted) => anyhow::Error::from_boxed(unprinted),
        error => error.into(),
    })?;
    Ok(print::result(&lines)?)
}

/// Replaces what is secret, wherever it stands.
fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let is_named = SECRETS.contains(&name.as_str()) && !value.is_null();
                if is_named { *value = "(secret)".into() } else { hide(value) }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::String(text) if text.starts_with("$6$") => *text = "(secret)".into(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
