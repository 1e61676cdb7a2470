//! The command line: commands, their arguments, and the texts of `--help`.

use crate::{
    cli::arguments::{Asking, Client, Data, Machine, ServerArguments},
    config::given::ServeArguments,
    operator::question::LINES_MAX,
};
use clap::{Parser, Subcommand};
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
        asking: Asking,
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
        asking: Asking,
    },
    /// The data directory: print everything in it, or check it. A server may run on it or not.
    State {
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Copy the data directory, as it is at one moment, into a new directory. A server may run on it, and goes on meanwhile.
    ///
    /// What is copied: the state and the machines. `cvmd serve --data DIR` starts on the copy, once master.key is there.
    Backup {
        /// A directory that is not there yet, or is empty.
        #[arg(value_name = "DIR")]
        to: PathBuf,
        /// Also master.key, credential, ca.pem and ca.key: whoever has the copy can then read every SecretKey.
        #[arg(long)]
        with_keys: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// Random passwords that the vendor would send by station message.
    ///
    /// What a terminal has shown, or a file holds, is deleted. What goes into a pipe is kept, as nobody can tell what becomes of
    /// it there, and so is what goes to /dev/null.
    Messages {
        /// Delete what was written into a pipe, or to /dev/null, too.
        #[arg(long)]
        delete: bool,
        #[command(flatten)]
        asking: Asking,
    },
}

/// OpenSSH at the machines.
#[derive(Debug, Subcommand)]
pub(crate) enum SshCommand {
    /// Enter an instance with OpenSSH's `ssh`.
    Ssh {
        #[command(flatten)]
        server: ServerArguments,
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
        server: ServerArguments,
        /// All instances through the server's port, by CONNECT.
        #[arg(long)]
        relay: bool,
    },
    /// Carry bytes to an instance's sshd through the server's port: OpenSSH's ProxyCommand.
    Relay {
        #[command(flatten)]
        machine: Machine,
    },
    /// Print an instance's host key as a line of known_hosts: OpenSSH's KnownHostsCommand.
    HostKey {
        #[command(flatten)]
        machine: Machine,
    },
    /// Print the user that an instance is entered as, or with --is or --up end with 0 or 1: OpenSSH's `Match exec`.
    LoginUser {
        #[command(flatten)]
        machine: Machine,
        /// Is it this user?
        #[arg(long, value_name = "NAME")]
        is: Option<String>,
        /// Can it be entered now?
        #[arg(long, conflicts_with = "is")]
        up: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account with a credential of its own.
    Add {
        /// 1 to 64 letters, digits, `-`, `_` and `.`.
        name: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Remove an account that owns nothing, with its credentials.
    Remove {
        /// The account's name, as `cvmd account list` shows it.
        name: String,
        /// Revoke its credentials, terminate its instances and take away all else that it owns.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// All accounts.
    List {
        #[command(flatten)]
        asking: Asking,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Make another credential for an account.
    Add {
        /// The account's name, as `cvmd account list` shows it.
        account: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Make a credential sign nothing any more, at once and for good.
    Revoke {
        /// The SecretId, as `cvmd credential list` shows it.
        secret_id: String,
        /// Also the last credential of the first account, which `cvmd env` prints.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// All credentials, without their keys.
    List {
        #[command(flatten)]
        asking: Asking,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Print every row, of the state and of the machines, as a line of JSON.
    Dump {
        /// Also hashes of passwords, seeds of host keys and what is encrypted under the master key.
        #[arg(long)]
        with_secrets: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Read everything, and print a line for each fault: checksums, references between rows, indexes, machines without an
    /// instance and the other way round.
    Check {
        /// The server's configuration file, when that has a catalogue of its own.
        #[arg(long, env = "CVMD_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        data: Data,
    },
}

fn request_id(text: &str) -> Result<uuid::Uuid, String> {
    let wrong = "a RequestId looks like 0f8e2c4a-1b2c-4d3e-8f90-123456789abc: it stands at the end of every reply";
    text.parse().map_err(|_| wrong.to_owned())
}

fn lines(text: &str) -> Result<u32, String> {
    let lines = text.parse().ok().filter(|lines| (1..=LINES_MAX).contains(lines));
    lines.ok_or_else(|| format!("1 to {LINES_MAX}"))
}

fn instance_id(text: &str) -> Result<InstanceId, String> {
    text.parse().map_err(|_| "an instance id looks like ins-1e4r6y8i".to_owned())
}
