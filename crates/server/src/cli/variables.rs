//! Variables of the environment that stand for flags: an empty one counts as not set, an error in one names the variable
//! and not the flag, and one that nobody reads is reported.

use crate::{
    cli::{
        arguments::variable,
        command_line::{self, Arguments},
    },
    config::{
        given::{Sources, flag},
        settings::{FLAGLESS, with_defaults_shown},
    },
    plain_words,
};
use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};
use std::{
    any::TypeId,
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

/// Commands read it, although it has no flag among the settings.
const ENDPOINT: &str = "CVMD_ENDPOINT";
const OURS: &str = "CVMD_";
/// The maximum of variables in one message.
const NAMED_MAX: usize = 20;

/// Reads the command line and the environment.
///
/// # Errors
/// clap's own, among them help and the version.
pub(crate) fn parse() -> Result<Arguments, clap::Error> {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    read(&std::env::args_os().collect::<Vec<_>>(), &is_empty)
}

/// Reads these words, and the variables that are not to be left out.
fn read(words: &[OsString], is_left_out: &dyn Fn(&OsStr) -> bool) -> Result<Arguments, clap::Error> {
    let all = Arguments::command().mut_subcommand("serve", with_defaults_shown);
    let mut command = without(all.clone(), is_left_out);
    let parsed = command.try_get_matches_from_mut(words).map_err(|error| {
        let error = match error.kind() {
            ErrorKind::InvalidUtf8 => no_text(&mut command, words),
            _ => shortened(blame(error, &command, words)),
        };
        with_usage_of(error, without(all, &|_| true), words)
    })?;
    let mut arguments = Arguments::from_arg_matches(&parsed).map_err(|error| error.format(&mut command))?;
    if let (command_line::Command::Serve(serve), Some((name, matches))) = (&mut arguments.command, parsed.subcommand())
        && let Some(command) = command.find_subcommand(name)
    {
        let mut flagless = FLAGLESS.iter().filter_map(|row| row.variable);
        if let Some(name) = flagless.find(|name| is_unreadable(name)) {
            return Err(is_no_text(name, &mut command.clone()));
        }
        serve.sources = sources(command, matches);
        let given = FLAGLESS.iter().filter_map(|row| Some((flag(row.key?), row.variable?.to_owned())));
        serve.sources.extend(given.filter(|(_, name)| variable(name).is_some()));
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

/// All flags of a command and of its subcommands that a variable may set, each with that variable.
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

/// The error for an argument or a variable that is not in UTF-8, which clap does not name.
fn no_text(command: &mut Command, words: &[OsString]) -> clap::Error {
    if let Some(word) = words.iter().find(|word| word.to_str().is_none()) {
        return is_no_text(&plain_words::value(&word.to_string_lossy()), command);
    }
    is_no_text(&unreadable(command).unwrap_or_default(), command)
}

/// The first variable that must be a text and is none.
fn unreadable(command: &Command) -> Option<String> {
    let texts = command.get_arguments().filter(|arg| arg.get_value_parser().type_id() != TypeId::of::<PathBuf>());
    let named = texts.filter_map(|arg| arg.get_env()?.to_str()).find(|name| is_unreadable(name));
    named.map(str::to_owned).or_else(|| command.get_subcommands().find_map(unreadable))
}

fn is_unreadable(name: &str) -> bool {
    variable(name).is_some_and(|value| value.to_str().is_none())
}

fn is_no_text(what: &str, command: &mut Command) -> clap::Error {
    clap::Error::raw(ErrorKind::InvalidUtf8, format!("{what} is no text in UTF-8")).format(command)
}

/// Repeats a long value in part.
fn shortened(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue, ContextKind::InvalidSubcommand] {
        let Some(ContextValue::String(text)) = error.get(kind) else { continue };
        let short = plain_words::value(text);
        if short != *text {
            error.insert(kind, ContextValue::String(short));
            // It repeats the value too.
            error.insert(ContextKind::Suggested, ContextValue::None);
        }
    }
    error
}

/// clap shows flags as required for which there is a variable. The usage of the command that knows none is right.
fn with_usage_of(mut error: clap::Error, mut command: Command, words: &[OsString]) -> clap::Error {
    let usage = command.try_get_matches_from_mut(words).err();
    let usage = usage.as_ref().and_then(|error| error.get(ContextKind::Usage));
    if let Some(usage) = usage.filter(|_| error.get(ContextKind::Usage).is_some()) {
        error.insert(ContextKind::Usage, usage.clone());
    }
    error
}

/// The flags of a command that were given, and where.
fn sources(command: &Command, matches: &ArgMatches) -> Sources {
    let given = command.get_arguments().filter_map(|arg| {
        let (flag, id) = (arg.get_long()?, arg.get_id().as_str());
        matches.try_contains_id(id).ok()?;
        let by = match matches.value_source(id)? {
            ValueSource::EnvVariable => arg.get_env()?.to_str()?.to_owned(),
            ValueSource::CommandLine => format!("--{flag}"),
            _ => return None,
        };
        Some((flag.to_owned(), by))
    });
    given.collect()
}

/// Variables that look like ours and that nobody reads, in the order of their names.
pub(crate) fn unread() -> Vec<String> {
    let known = variables(&Arguments::command()).into_iter().map(|(_, variable)| variable);
    let flagless = FLAGLESS.iter().filter_map(|row| row.variable).chain([ENDPOINT]);
    let known: BTreeSet<String> = known.chain(flagless.map(str::to_owned)).collect();
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let unread: BTreeSet<String> = names.filter(|name| name.starts_with(OURS) && !known.contains(name)).collect();
    unread.into_iter().take(NAMED_MAX).collect()
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;
    use crate::config::given::ServeArguments;

    /// What these words say to `cvmd serve`, whatever the environment does.
    pub(crate) fn serve(words: &[&str]) -> ServeArguments {
        let words: Vec<OsString> = ["cvmd", "serve"].iter().chain(words).map(OsString::from).collect();
        match read(&words, &|_| true).unwrap().command {
            command_line::Command::Serve(arguments) => *arguments,
            other => panic!("{other:?}"),
        }
    }

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
