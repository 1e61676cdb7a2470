//! The command line: commands, their arguments and what `--help` says of them.

mod variables;

pub(crate) use variables::{Sources, parse, unread};

use crate::{place::Place, requests::LINES_MAX, ssh_settings::SshArguments};
use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use cvmd_model::InstanceId;
use std::path::PathBuf;

/// A self-hosted server that speaks Tencent Cloud's CVM API (2017-03-12) and does what it says to simulated machines, which
/// real SSH clients can enter.
#[derive(Debug, Parser)]
#[command(name = "cvmd", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Serve(Box<ServeArguments>),
    /// Watch the whole story on a temporary directory and free ports.
    Demo,
    /// Print the lines that a client needs, to paste or to eval.
    Env {
        /// Lines for one client instead of a shell.
        #[arg(long = "for", value_enum)]
        client: Option<Client>,
        #[command(flatten)]
        data: Data,
    },
    /// Print the certificate that clients of the vendor's HTTPS hosts have to trust, in PEM.
    Ca {
        #[command(flatten)]
        data: Data,
    },
    #[command(flatten)]
    AtMachines(SshCommand),
    /// Accounts: add one, list them, remove one.
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Credentials: add one to an account, list them, revoke one.
    Credential {
        #[command(subcommand)]
        command: CredentialCommand,
    },
    /// What was asked, by whom, what was decided, and what came of it.
    Request {
        /// A RequestId, in any case, as it stands at the end of every reply.
        #[arg(value_name = "REQUEST-ID", value_parser = request_id)]
        request: uuid::Uuid,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// The last commands, oldest first: what was asked, by whom, what was decided, and what came of it. Queries leave no line.
    Requests {
        /// Those of one account, by its name.
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Those about one instance.
        #[arg(long, value_name = "ID", value_parser = instance_id)]
        instance: Option<InstanceId>,
        /// So many at most, 1 to 1000.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = lines)]
        lines: u32,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// Random passwords that the vendor would send by station message; each is shown once.
    Messages {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
}

/// OpenSSH at the machines.
#[derive(Debug, Subcommand)]
pub(crate) enum SshCommand {
    /// Enter an instance with OpenSSH's `ssh`.
    Ssh {
        #[command(flatten)]
        place: Place,
        /// The private key, as `ssh -i` takes it.
        #[arg(short, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// Through the server's port, also where the instance's own address can be reached.
        #[arg(long)]
        relay: bool,
        /// Options of ssh, an instance id, options of ssh, and what to run there: a shell when nothing is given.
        #[arg(value_name = "INSTANCE", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Print an OpenSSH include, so that `ssh ins-...` works.
    SshConfig {
        #[command(flatten)]
        place: Place,
        /// All instances through the server's port, by CONNECT.
        #[arg(long)]
        relay: bool,
    },
    /// Carry bytes to an instance's sshd through the server's port: OpenSSH's ProxyCommand.
    Relay {
        #[command(flatten)]
        place: Place,
        /// An instance id.
        instance: String,
    },
    /// Print an instance's host key as a line of known_hosts: OpenSSH's KnownHostsCommand.
    HostKey {
        #[command(flatten)]
        place: Place,
        /// An instance id.
        instance: String,
    },
    /// Print the user that an instance is entered as, or with --is or --up end with 0 or 1: OpenSSH's `Match exec`.
    LoginUser {
        #[command(flatten)]
        place: Place,
        /// Is it this user?
        #[arg(long, value_name = "NAME")]
        is: Option<String>,
        /// Can it be entered now?
        #[arg(long, conflicts_with = "is")]
        up: bool,
        /// An instance id.
        instance: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account with a credential of its own.
    Add {
        /// 1 to 64 letters, digits, `-`, `_` and `.`.
        name: String,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// Remove an account that owns nothing, with its credentials.
    Remove {
        /// The account's name, as `cvmd account list` shows it.
        name: String,
        /// Revoke its credentials, terminate its instances and take away all else that it owns.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// All accounts.
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Make another credential for an account.
    Add {
        /// The account's name, as `cvmd account list` shows it.
        account: String,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// Make a credential sign nothing any more, at once and for good.
    Revoke {
        /// The SecretId, as `cvmd credential list` shows it.
        secret_id: String,
        /// Also the last credential of the first account, which `cvmd env` prints.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
    /// All credentials, without their keys.
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        output: Output,
    },
}

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

fn request_id(text: &str) -> Result<uuid::Uuid, String> {
    let wrong = "a RequestId looks like 0f8e2c4a-1b2c-4d3e-8f90-123456789abc: it stands at the end of every reply";
    text.parse().map_err(|_| wrong.to_owned())
}

// Numbers are read here rather than by clap, which says `invalid digit found in string`.

fn seconds(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number of seconds from 1 to 3600, such as 20".to_owned())
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number from 1 on, such as 1000".to_owned())
}

fn lines(text: &str) -> Result<u32, String> {
    let lines = text.parse().ok().filter(|lines| (1..=LINES_MAX).contains(lines));
    lines.ok_or_else(|| format!("1 to {LINES_MAX}"))
}

fn instance_id(text: &str) -> Result<InstanceId, String> {
    text.parse().map_err(|_| "an instance id looks like ins-1e4r6y8i".to_owned())
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
