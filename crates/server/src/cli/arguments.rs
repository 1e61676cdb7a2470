//! What flags and variables can say: plain types, which all of the program may name.

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

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

#[derive(Debug, Clone, Args)]
pub(crate) struct Data {
    /// The data directory [default: $XDG_DATA_HOME/cvmd].
    #[arg(long, env = "CVMD_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Which server a command means.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArguments {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The server, http://ADDR:PORT, where its data directory is not at hand [env: CVMD_ENDPOINT].
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct SshArguments {
    /// Each machine at an address of its own, or at a port of its own [default: address; port where there is no Linux].
    #[arg(long, env = "CVMD_SSH_MODE", value_enum)]
    pub(crate) ssh_mode: Option<Mode>,
    /// Ports to try for the machines' sshd, in order; 0 is any free one [default: 22,2222,0].
    #[arg(long, env = "CVMD_SSH_PORTS", value_delimiter = ',', value_name = "PORTS", value_parser = parse_port)]
    pub(crate) ssh_ports: Option<Vec<u16>>,
    /// In port mode: the address of all those ports [default: 127.0.0.1].
    #[arg(long, env = "CVMD_SSH_ADDRESS", value_name = "ADDR", value_parser = parse_address)]
    pub(crate) ssh_address: Option<Ipv4Addr>,
    /// In port mode: the ports to choose from [default: any free ones].
    #[arg(long, env = "CVMD_SSH_PORT_RANGE", value_name = "FIRST-LAST")]
    pub(crate) ssh_port_range: Option<String>,
    /// Whom to slow down after logins that failed: outside (of this host), on (everybody) or off [default: outside].
    #[arg(long, env = "CVMD_SSH_PENALTIES", value_enum, value_name = "WHOM")]
    pub(crate) ssh_penalties: Option<Whom>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Address,
    Port,
}

/// As OpenSSH's `PerSourcePenalties`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Whom {
    Outside,
    On,
    Off,
}

/// A half of the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Missing {
    State,
    Machines,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen: ADDR:PORT, localhost:PORT or ADDR [default: 127.0.0.1:8312].
    #[arg(long, env = "CVMD_LISTEN", value_name = "ADDR:PORT")]
    pub(crate) listen: Option<String>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// A configuration file in TOML.
    #[arg(long, env = "CVMD_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Key pairs and instances to load once, into an empty data directory.
    #[arg(long, env = "CVMD_SEED", value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Go on, once, without what is lost of the data directory: "machines" when machines.db is missing, empty or of
    /// another directory, "state" when state.db is missing or empty. docs/operating.md says what then happens.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) accept_missing: Option<Missing>,
    /// Allow a listener that other machines can reach.
    #[arg(
        long,
        env = "CVMD_EXPOSE",
        num_args = 0..=1,
        default_missing_value = "true",
        require_equals = true,
        value_parser = yes_or_no
    )]
    pub(crate) expose: Option<bool>,
    /// The region of a legacy request without one [default: ap-guangzhou].
    #[arg(long, env = "CVMD_REGION")]
    pub(crate) region: Option<String>,
    /// What changing the login of a RUNNING instance without ForceStop comes to: "refuse", or "shutdown" (the guest is
    /// asked to shut down, changed and started again) [default: refuse].
    #[arg(long, env = "CVMD_RUNNING_KEY_CHANGE", value_name = "WHAT")]
    pub(crate) running_key_change: Option<String>,
    /// What AssociateInstancesKeyPairs does to the keys bound before: "replace", or "add" beside them [default: replace].
    #[arg(long, env = "CVMD_ASSOCIATE", value_name = "WHAT")]
    pub(crate) associate: Option<String>,
    /// Seconds, 1 to 3600, that a guest has to shut down before it is powered off [default: 20].
    #[arg(long, env = "CVMD_SHUTDOWN_TIMEOUT_S", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) shutdown_timeout_s: Option<u64>,
    /// Seconds, 1 to 3600, that a machine has until its sshd answers [default: 120].
    #[arg(long, env = "CVMD_BOOT_TIMEOUT_S", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) boot_timeout_s: Option<u64>,
    /// Addresses and ranges from which CONNECT leads to machines and /_cvmd/machines/ID answers, beside this host: such as
    /// 192.0.2.7,10.0.0.0/8 [default: all].
    #[arg(long, env = "CVMD_CONNECT_PEERS", value_delimiter = ',', value_name = "PEERS")]
    pub(crate) connect_peers: Option<Vec<String>>,
    /// Instances that one account may have, 1 to 10000000, beside those of a seed [default: 100000].
    #[arg(long, env = "CVMD_ACCOUNT_INSTANCES", value_name = "N", value_parser = whole)]
    pub(crate) account_instances: Option<u64>,
    /// MiB that the rows of all that one account has may take, 1 to 1048576, beside a seed [default: 1024].
    #[arg(long, env = "CVMD_ACCOUNT_MIB", value_name = "MIB", value_parser = whole)]
    pub(crate) account_mib: Option<u64>,
    #[command(flatten)]
    pub(crate) ssh: SshArguments,
    /// Second octet of the default VPC's block 127.B.0.0/10: 64, 128 or 192 [default: chosen at the first start].
    #[arg(long, env = "CVMD_NETWORK_BLOCK", value_name = "B", value_parser = block)]
    pub(crate) network_block: Option<u8>,
    /// A certificate, and what stands behind it, for https on the port [default: one of cvmd's own].
    #[arg(long, env = "CVMD_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of that certificate.
    #[arg(long, env = "CVMD_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Log lines for people or for programs [default: text].
    #[arg(long, env = "CVMD_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<Format>,
    /// What to log: off, error, warn, info, debug or trace, or a list such as info,cvmd_operations=debug [default: info].
    #[arg(long, env = "CVMD_LOG", value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// End, and remove the data directory, when the process with this id is no longer the parent: for `cvmd demo`.
    #[arg(long, value_name = "PID", hide = true)]
    pub(crate) temporary_for: Option<u32>,
    /// The first account's credential, with its key in CVMD_SECRET_KEY; made at the first start when not given.
    #[arg(long, env = "CVMD_SECRET_ID", hide_env_values = true, value_name = "ID")]
    pub(crate) secret_id: Option<String>,
    #[arg(skip)]
    pub(crate) sources: Sources,
}

/// Who has said what: for messages about values that make no sense.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// Flags that variables have said, and which.
    pub(crate) variables: Vec<(String, String)>,
}

impl Sources {
    /// Who has said a setting: the flag of that name, its variable, or else the file.
    pub(crate) fn name(&self, flag: &str, is_argument: bool, file: Option<&Path>) -> String {
        let variable = self.variables.iter().find(|(said, _)| said == flag);
        match (is_argument, variable, file) {
            (true, Some((_, variable)), _) => variable.clone(),
            (false, _, Some(file)) => file.display().to_string(),
            _ => format!("--{flag}"),
        }
    }
}

impl ServerArguments {
    /// With what was said elsewhere on the command line.
    pub(crate) fn or(self, data: Option<PathBuf>, endpoint: Option<String>) -> ServerArguments {
        ServerArguments { data: data.map_or(self.data, Data::at), endpoint: endpoint.or(self.endpoint) }
    }
}

impl Data {
    pub(crate) fn at(directory: PathBuf) -> Data {
        Data { data: Some(directory) }
    }

    /// Whether it was said by flag.
    pub(crate) fn is_flag(&self) -> bool {
        self.data.is_some() && self.data != variable("CVMD_DATA").map(PathBuf::from)
    }

    /// Whether it was said by flag or environment.
    pub(crate) fn is_said(&self) -> bool {
        self.data.is_some()
    }

    /// The data directory, whether it exists or not.
    ///
    /// # Errors
    /// When there is no home directory to put it into.
    pub(crate) fn directory(&self) -> anyhow::Result<PathBuf> {
        self.clone().or(None)
    }

    /// The data directory that was said, else the one that a file says, else the usual one.
    ///
    /// # Errors
    /// As [`Data::directory`].
    pub(crate) fn or(self, of_file: Option<PathBuf>) -> anyhow::Result<PathBuf> {
        self.data.or(of_file).map_or_else(default_data, Ok)
    }
}

// Numbers are read here rather than by clap, which says `invalid digit found in string`.

fn seconds(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number of seconds from 1 to 3600, such as 20".to_owned())
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number from 1 on, such as 1000".to_owned())
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.trim()
        .parse()
        .map_err(|_| "ports from 0 (any free one) to 65535 with commas between them, such as 22,2222,0".into())
}

fn parse_address(text: &str) -> Result<Ipv4Addr, String> {
    text.parse().map_err(|_| "an IPv4 address of this host, such as 127.0.0.1".into())
}

fn block(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| "64, 128 or 192".to_owned())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Ok(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// A variable of the environment; one that is empty is none.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn default_data() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    Ok(base.context("neither XDG_DATA_HOME nor HOME is set; say --data DIR")?.join("cvmd"))
}
