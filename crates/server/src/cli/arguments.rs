//! The types of flags and variables: plain ones, which all of the program may use.

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::{ffi::OsString, path::PathBuf};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Client {
    Terraform,
    Packer,
    Tccli,
    Python,
    Node,
    Go,
    Java,
    /// The old qcloudapi-sdk-python.
    Qcloud,
    /// Cloud Custodian's tencentcloud provider.
    Custodian,
}

#[derive(Debug, Clone, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(transparent)]
pub(crate) struct Data {
    /// The data directory [default: $XDG_DATA_HOME/cvmd].
    #[arg(long, env = "CVMD_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArguments {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The server, http://ADDR:PORT, where its data directory is not at hand [env: CVMD_ENDPOINT].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Machine {
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    /// An instance id.
    pub(crate) instance: String,
}

/// Whom a command asks, and how it shows the answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) data: Data,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// A half of the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Missing {
    State,
    Machines,
}

impl ServerArguments {
    /// Adds what was given elsewhere on the command line.
    pub(crate) fn or(self, data: Option<PathBuf>, endpoint: Option<String>) -> ServerArguments {
        ServerArguments { data: data.map_or(self.data, Data::at), endpoint: endpoint.or(self.endpoint) }
    }
}

impl Data {
    pub(crate) fn at(directory: PathBuf) -> Data {
        Data { data: Some(directory) }
    }

    /// Whether it was given as a flag.
    pub(crate) fn is_flag(&self) -> bool {
        self.data.is_some() && self.data != variable("CVMD_DATA").map(PathBuf::from)
    }

    /// Whether it was given as a flag or in the environment.
    pub(crate) fn is_given(&self) -> bool {
        self.data.is_some()
    }

    /// The data directory, whether it exists or not.
    ///
    /// # Errors
    /// When there is no home directory to put it into.
    pub(crate) fn directory(&self) -> anyhow::Result<PathBuf> {
        self.data.clone().map_or_else(default_data, Ok)
    }
}

/// A variable of the environment; one that is empty is none.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The same as a text. One that is none is refused before anybody asks.
pub(crate) fn text_variable(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

fn default_data() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    Ok(base.context("neither XDG_DATA_HOME nor HOME is set; say --data DIR")?.join("cvmd"))
}
