//! Variables of the environment that say what flags say: an empty one is none, what is wrong with one is said of the variable
//! and not of the flag, and one that nobody reads is named.

use crate::cli::{
    arguments::Sources,
    command_line::{self, Arguments},
};
use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};
use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
};

/// Those that are no flag's.
const OTHERS: [&str; 3] = ["CVMD_ENDPOINT", "CVMD_METRICS_TOKEN", "CVMD_SECRET_KEY"];
const OURS: &str = "CVMD_";
/// Variables that are named at a time.
const NAMED_MAX: usize = 20;

/// Reads the command line and the environment.
///
/// # Errors
/// As clap tells them, also help and the version.
pub(crate) fn parse() -> Result<Arguments, clap::Error> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let mut command = without(Arguments::command(), &is_empty);
    let parsed = command.try_get_matches_from_mut(&words).map_err(|error| blame(error, &command, &words))?;
    let mut arguments = Arguments::from_arg_matches(&parsed).map_err(|error| error.format(&mut command))?;
    if let (command_line::Command::Serve(serve), Some(matches)) =
        (&mut arguments.command, parsed.subcommand_matches("serve"))
    {
        serve.sources = sources(&command, matches);
    }
    Ok(arguments)
}

/// The command, whose flags do not look at variables that are empty.
fn without(command: Command, is_empty: &dyn Fn(&OsStr) -> bool) -> Command {
    let command = command.mut_args(|arg| match arg.get_env().is_some_and(is_empty) {
        true => arg.env(Resettable::Reset),
        false => arg,
    });
    command.mut_subcommands(|inner| without(inner, is_empty))
}

/// All flags of a command and of those in it that a variable may say, with that variable.
fn variables(command: &Command) -> Vec<(String, String)> {
    let own = command.get_arguments().filter_map(|arg| {
        let variable = arg.get_env()?.to_str()?.to_owned();
        Some((arg.get_long()?.to_owned(), variable))
    });
    own.chain(command.get_subcommands().flat_map(variables)).collect()
}

/// An error about a flag that nobody has written is about its variable.
fn blame(mut error: clap::Error, command: &Command, words: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return error };
    let flag = named.split([' ', '=', '[']).next().unwrap_or_default().trim_start_matches("--").to_owned();
    let is_written = words
        .iter()
        .filter_map(|word| word.to_str()?.strip_prefix("--"))
        .any(|word| word.split('=').next() == Some(&flag));
    let variable = variables(command).into_iter().find(|(long, _)| *long == flag);
    if let Some((_, variable)) = variable.filter(|_| !is_written) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}

/// Flags of `serve` that variables have said, and which.
fn sources(command: &Command, matches: &ArgMatches) -> Sources {
    let said = |flag: &str| {
        let id = flag.replace('-', "_");
        matches.try_contains_id(&id).is_ok() && matches.value_source(&id) == Some(ValueSource::EnvVariable)
    };
    Sources { variables: variables(command).into_iter().filter(|(flag, _)| said(flag)).collect() }
}

/// Variables that look like ours and that nobody reads, in the order of their names.
pub(crate) fn unread() -> Vec<String> {
    let known = variables(&Arguments::command()).into_iter().map(|(_, variable)| variable);
    let known: BTreeSet<String> = known.chain(OTHERS.map(str::to_owned)).collect();
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let unread: BTreeSet<String> = names.filter(|name| name.starts_with(OURS) && !known.contains(name)).collect();
    unread.into_iter().take(NAMED_MAX).collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_variable_has_a_flag_or_is_known() {
        let all = variables(&Arguments::command());
        assert!(all.iter().any(|(flag, variable)| flag == "boot-timeout-s" && variable == "CVMD_BOOT_TIMEOUT_S"));
        for (flag, variable) in all {
            assert_eq!(variable, format!("{OURS}{}", flag.replace('-', "_").to_uppercase()), "{flag}");
        }
    }

    #[test]
    fn an_error_names_the_variable_unless_the_flag_was_written() {
        let command = Arguments::command();
        let named = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let mut error = clap::Error::new(clap::error::ErrorKind::ValueValidation);
            let flag = "--boot-timeout-s <SECONDS>".to_owned();
            error.insert(ContextKind::InvalidArg, ContextValue::String(flag));
            match blame(error, &command, &words).get(ContextKind::InvalidArg) {
                Some(ContextValue::String(named)) => named.clone(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(named(&["cvmd", "serve"]), "CVMD_BOOT_TIMEOUT_S");
        for written in ["--boot-timeout-s=x", "--boot-timeout-s"] {
            assert_eq!(named(&["cvmd", "serve", written, "x"]), "--boot-timeout-s <SECONDS>");
        }
    }
}
