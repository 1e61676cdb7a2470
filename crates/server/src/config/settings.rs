//! Every setting of `cvmd serve`, each in one place: the comment is its text in `--help` and docs/operating.md, `arg` names
//! its flag, its variable and its default, and the field is its key in the configuration file.
//!
//! A new setting is a field here, and the code that uses it; `cargo xtask docs` writes its row of the page. A flag is called
//! as the key is, with its section before it: `ssh.port_range` is `--ssh-port-range` and `CVMD_SSH_PORT_RANGE`.

use crate::cli::arguments::{Data, Missing, text_variable};
use clap::{Args, Command, ValueEnum};
use cvmd_actions::Prices;
use cvmd_model::Own;
use serde::Deserialize;
use std::{net::Ipv4Addr, path::PathBuf};

/// The values of flags and variables, or of the file. `serde(skip)`: not in the file. `arg(skip)`: no flag.
#[derive(Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where to listen: ADDR:PORT, localhost:PORT or ADDR.
    #[arg(long, env = "CVMD_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8312")]
    pub(crate) listen: Option<String>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// A configuration file in TOML.
    #[arg(long, env = "CVMD_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Key pairs and instances to load once, into an empty data directory.
    #[arg(long, env = "CVMD_SEED", value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Go on, once, without what is lost of the data directory: "machines" when machines/ is missing, empty, of an earlier
    /// time or of another directory, "state" when state/ is missing, empty or of an earlier time. docs/operating.md says what then happens.
    #[arg(long, value_enum, value_name = "WHAT")]
    #[serde(skip)]
    pub(crate) accept_missing: Option<Missing>,
    /// Erase, once, the machines that no instance has, as they are left after --accept-missing state.
    #[arg(long, num_args = 0, default_missing_value = "true")]
    #[serde(skip)]
    pub(crate) erase_orphans: Option<bool>,
    /// Allow a listener that other machines can reach.
    #[arg(long, env = "CVMD_EXPOSE", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    #[arg(value_parser = yes_or_no)]
    pub(crate) expose: Option<bool>,
    /// The region of a legacy request without one.
    #[arg(long, env = "CVMD_REGION", default_value = "ap-guangzhou")]
    pub(crate) region: Option<String>,
    /// What changing the login of a RUNNING instance without ForceStop comes to: "refuse", or "shutdown" (the guest is
    /// asked to shut down, changed and started again).
    #[arg(long, env = "CVMD_RUNNING_KEY_CHANGE", value_name = "WHAT", default_value = "refuse")]
    pub(crate) running_key_change: Option<String>,
    /// What AssociateInstancesKeyPairs does to the keys bound before: "replace", or "add" beside them.
    #[arg(long, env = "CVMD_ASSOCIATE", value_name = "WHAT", default_value = "replace")]
    pub(crate) associate: Option<String>,
    /// Seconds, 1 to 3600, that a guest has to shut down before it is powered off.
    #[arg(long, env = "CVMD_SHUTDOWN_TIMEOUT_S", value_name = "SECONDS", value_parser = seconds, default_value = "20")]
    pub(crate) shutdown_timeout_s: Option<u64>,
    /// Seconds, 1 to 3600, that a machine has until its sshd answers.
    #[arg(long, env = "CVMD_BOOT_TIMEOUT_S", value_name = "SECONDS", value_parser = seconds, default_value = "120")]
    pub(crate) boot_timeout_s: Option<u64>,
    /// KiB, 1 to 1048576, to which the log of state/ or machines/ grows before a snapshot takes its place. Where the last
    /// snapshot is larger, the log grows to the size of that.
    #[arg(long, env = "CVMD_SNAPSHOT_KIB", value_name = "KIB", value_parser = whole, default_value = "32768")]
    pub(crate) snapshot_kib: Option<u64>,
    #[command(flatten)]
    pub(crate) connect: ConnectSettings,
    #[command(flatten)]
    pub(crate) account: AccountSettings,
    #[command(flatten)]
    pub(crate) ssh: SshSettings,
    #[command(flatten)]
    pub(crate) network: NetworkSettings,
    #[command(flatten)]
    pub(crate) tls: TlsSettings,
    /// Log lines for people or for programs.
    #[arg(long, env = "CVMD_LOG_FORMAT", value_parser = ["text", "json"], default_value = "text")]
    pub(crate) log_format: Option<String>,
    /// What to log: off, error, warn, info, debug or trace, or a list such as info,cvmd_operations=debug.
    #[arg(long, env = "CVMD_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: Option<String>,
    /// End, and remove the data directory, when the process with this id is no longer the parent: for `cvmd demo`.
    #[arg(long, value_name = "PID", hide = true)]
    #[serde(skip)]
    pub(crate) temporary_for: Option<u32>,
    /// The first account's credential, with its key in CVMD_SECRET_KEY; made at the first start when not given.
    #[arg(long, env = "CVMD_SECRET_ID", hide_env_values = true, value_name = "ID")]
    #[serde(skip)]
    pub(crate) secret_id: Option<String>,
    #[command(flatten)]
    pub(crate) metrics: MetricsSettings,
    #[arg(skip)]
    pub(crate) rate_limits: Option<bool>,
    #[arg(skip)]
    #[serde(skip_serializing)]
    pub(crate) prices: Option<Prices>,
    #[arg(skip)]
    #[serde(skip_serializing)]
    pub(crate) catalogue: Option<Own>,
}

#[derive(Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConnectSettings {
    /// Addresses and ranges from which CONNECT leads to machines and /_cvmd/machines/ID answers, beside this host: such as
    /// 192.0.2.7,10.0.0.0/8 [default: all].
    #[arg(long = "connect-peers", env = "CVMD_CONNECT_PEERS", value_delimiter = ',', value_name = "PEERS")]
    pub(crate) peers: Option<Vec<String>>,
}

#[derive(Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccountSettings {
    /// Instances that one account may have, 1 to 10000000, beside those of a seed.
    #[arg(long = "account-instances", env = "CVMD_ACCOUNT_INSTANCES")]
    #[arg(value_name = "N", value_parser = whole, default_value = "100000")]
    pub(crate) instances: Option<u64>,
    /// MiB that the rows of all that one account has may take, 1 to 1048576, beside a seed.
    #[arg(long = "account-mib", env = "CVMD_ACCOUNT_MIB")]
    #[arg(value_name = "MIB", value_parser = whole, default_value = "1024")]
    pub(crate) mib: Option<u64>,
}

#[derive(Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SshSettings {
    /// Each machine at an address of its own, or at a port of its own [default: address; port where there is no Linux].
    #[arg(long = "ssh-mode", env = "CVMD_SSH_MODE", value_enum, value_name = "SSH_MODE")]
    pub(crate) mode: Option<Mode>,
    /// Ports to try for the machines' sshd, in order; 0 is any free one.
    #[arg(long = "ssh-ports", env = "CVMD_SSH_PORTS")]
    #[arg(value_delimiter = ',', value_name = "PORTS", value_parser = parse_port, default_value = "22,2222,0")]
    pub(crate) ports: Option<Vec<u16>>,
    /// In port mode: the address of all those ports.
    #[arg(long = "ssh-address", env = "CVMD_SSH_ADDRESS")]
    #[arg(value_name = "ADDR", value_parser = parse_address, default_value = "127.0.0.1")]
    pub(crate) address: Option<Ipv4Addr>,
    /// In port mode: the ports to choose from [default: any free ones].
    #[arg(long = "ssh-port-range", env = "CVMD_SSH_PORT_RANGE", value_name = "FIRST-LAST")]
    pub(crate) port_range: Option<String>,
    /// Whom to slow down after logins that failed: outside (of this host), on (everybody) or off.
    #[arg(long = "ssh-penalties", env = "CVMD_SSH_PENALTIES")]
    #[arg(value_enum, value_name = "WHOM", default_value = "outside")]
    pub(crate) penalties: Option<Whom>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Address,
    Port,
}

/// As OpenSSH's `PerSourcePenalties`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Whom {
    Outside,
    On,
    Off,
}

#[derive(Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NetworkSettings {
    /// Second octet of the default VPC's block 127.B.0.0/10: 64, 128 or 192 [default: chosen at the first start].
    #[arg(long = "network-block", env = "CVMD_NETWORK_BLOCK", value_name = "B", value_parser = parse_block)]
    pub(crate) block: Option<u8>,
}

#[derive(Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// A certificate, and what stands behind it, for https on the port [default: one of cvmd's own].
    #[arg(long = "tls-cert", env = "CVMD_TLS_CERT", value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// The private key of that certificate.
    #[arg(long = "tls-key", env = "CVMD_TLS_KEY", value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Default, Args, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MetricsSettings {
    #[arg(skip = text_variable(METRICS_TOKEN))]
    pub(crate) token: Option<String>,
}

/// A setting without a flag, which clap does not know.
pub(crate) struct Flagless {
    pub(crate) variable: Option<&'static str>,
    /// In the file.
    pub(crate) key: Option<&'static str>,
    /// For the page.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page is written by a test"))]
    pub(crate) sentence: &'static str,
}

const METRICS_TOKEN: &str = "CVMD_METRICS_TOKEN";
pub(crate) const SECRET_KEY: &str = "CVMD_SECRET_KEY";

/// Secrets, which a flag would show to everybody who lists processes, and what only the file can say. The sections `prices`
/// and `catalogue` are described in docs/operating.md.
pub(crate) const FLAGLESS: [Flagless; 3] = [
    Flagless {
        variable: Some(SECRET_KEY),
        key: None,
        sentence: "The key of `--secret-id`, up to 256 characters. Fewer than 8 are warned of; with a listener that others can reach, fewer than 16 are refused",
    },
    Flagless {
        variable: Some(METRICS_TOKEN),
        key: Some("metrics.token"),
        sentence: "With a token, of 16 to 256 characters, `/_cvmd/metrics` asks for `Authorization: Bearer TOKEN` [default: none]",
    },
    Flagless {
        variable: None,
        key: Some("rate_limits"),
        sentence: "Known, and nothing but false in this version: anything else is refused at the start [default: false]",
    },
];

/// Has the help say defaults as part of the sentence, before the variable.
pub(crate) fn with_defaults_shown(serve: Command) -> Command {
    serve.mut_args(|arg| match (arg.get_help(), arg.get_default_values()) {
        (Some(help), [default]) => {
            let help = format!("{help} [default: {}]", default.display());
            arg.help(help).hide_default_value(true)
        }
        _ => arg,
    })
}

// Numbers are read here rather than by clap, whose message is `invalid digit found in string`.

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

fn parse_block(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| "64, 128 or 192".to_owned())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Ok(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}
