//! `cvmd demo`: the whole story.

use std::process::ExitCode;

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    Ok(ExitCode::FAILURE)
}
