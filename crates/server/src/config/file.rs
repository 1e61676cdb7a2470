//! The configuration file, in TOML: its keys are the fields of [`Settings`].

use crate::{bounded_file, config::settings::Settings, plain_words};
use anyhow::bail;
use std::{os::unix::fs::FileTypeExt, path::Path};

/// Reads the file.
///
/// # Errors
/// When it cannot be read, or is a pipe that nothing came out of; when a key is no setting, or a value is none of its setting:
/// with the line.
pub(crate) fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = bounded_file::read_text(path, "the configuration", bounded_file::SMALL_BYTES_MAX)?;
    // As from a program that has failed: its settings would be lost without a word.
    if text.is_empty() && path.metadata().is_ok_and(|about| about.file_type().is_fifo()) {
        bail!(
            "the configuration {} is a pipe, and nothing came out of it: leave --config out for the defaults",
            path.display()
        );
    }
    toml::from_str(&text).map_err(|error| misread(path, &text, &error))
}

/// Which setting of the file is at fault and how. Never the whole line: it may hold a token.
fn misread(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let at = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let name = text.lines().nth(line).unwrap_or_default().split('=').next().unwrap_or_default().trim();
    let of = entry(text, at).map_or_else(String::new, |entry| format!(" of `{}`", plain_words::value(entry)));
    let why =
        if name.contains("token") { "a token is a text in quotes".into() } else { plain_words::of(error.message()) };
    anyhow::anyhow!(
        "cannot understand {}, line {}, `{}`{of}: {why}",
        path.display(),
        line + 1,
        plain_words::value(name)
    )
}

/// What the entry of a list is called in which something is at fault: several may stand on one line.
fn entry(text: &str, at: usize) -> Option<&str> {
    let begin = text.get(..=at)?.rfind('{')? + 1;
    let inside = text.get(begin..)?.split('}').next()?;
    if begin + inside.len() < at {
        return None;
    }
    let members = inside.split(',').filter_map(|member| member.split_once('='));
    let mut names = members.filter(|(key, _)| ["name", "id"].contains(&key.trim()));
    names.next().map(|(_, name)| name.trim().trim_matches('"'))
}
