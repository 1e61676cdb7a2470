//! What `serve` is told by flags, environment and configuration file: flags beat environment beats file.

pub(crate) mod listen_address;
pub(crate) mod said;
pub(crate) mod ssh_settings;

use crate::{
    access::{Access, ConnectFile, MetricsFile},
    bounded_file,
    cli::arguments::{Format, Missing, ServeArguments, variable},
    config::{
        said::Said,
        ssh_settings::{Ssh, SshFile},
    },
    given_credential, plain_words,
};
use anyhow::{Context, bail};
use cvmd_actions::{AccountBounds, Policy, Prices, RunningKeyChange};
use cvmd_model::{Associate, Catalogue, Own, RegionId};
use cvmd_operations::Limits;
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// What may be waited for with one machine.
const TIMEOUT_S: std::ops::RangeInclusive<u64> = 1..=3600;

/// What an account may be allowed at most.
const ACCOUNT_INSTANCES_MAX: u64 = 10_000_000;
const ACCOUNT_MIB_MAX: u64 = 1 << 20;

/// The configuration file. Its names are the flags' with `_`, some of them in sections.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<String>,
    data: Option<PathBuf>,
    seed: Option<PathBuf>,
    expose: Option<bool>,
    region: Option<String>,
    shutdown_timeout_s: Option<u64>,
    boot_timeout_s: Option<u64>,
    running_key_change: Option<String>,
    associate: Option<String>,
    rate_limits: Option<bool>,
    log: Option<String>,
    log_format: Option<String>,
    ssh: SshFile,
    network: NetworkFile,
    prices: Prices,
    tls: TlsFile,
    metrics: MetricsFile,
    connect: ConnectFile,
    catalogue: Own,
    account: AccountFile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AccountFile {
    instances: Option<u64>,
    mib: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NetworkFile {
    block: Option<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TlsFile {
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// The operator's own certificate, in PEM.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// All that `serve` needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) accept_missing: Option<Missing>,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) ssh: Ssh,
    pub(crate) access: Access,
    pub(crate) network_block: Option<u8>,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) log: String,
    pub(crate) log_format: Format,
    /// The process without which there is no need for this server.
    pub(crate) temporary_for: Option<u32>,
    /// SecretId and SecretKey of the first account, when given.
    pub(crate) credential: Option<(String, crate::master_key::Secret)>,
}

impl Config {
    /// Puts flags, environment and file together.
    ///
    /// # Errors
    /// When the file cannot be read, or a value makes no sense.
    pub(crate) fn read(arguments: ServeArguments) -> anyhow::Result<Config> {
        let path = arguments.config.as_deref();
        let file = path.map_or_else(|| Ok(File::default()), read_file)?;
        let said = Said { sources: &arguments.sources, file: path };
        said.read("rate-limits", None, file.rate_limits, rate_limits)?;
        // Before anything names a region.
        Catalogue::open(&file.catalogue)?;
        // What makes no sense in the file is refused though a flag beats it.
        said.read("listen", None, file.listen.clone(), |text| listen_at(text, true))?;
        let expose = arguments.expose.or(file.expose).unwrap_or(false);
        let listen = said.read("listen", arguments.listen, file.listen, |text| listen_at(text, expose))?;
        let policy = Policy {
            region: said.read("region", arguments.region, file.region, region)?,
            running_key_change: said.read(
                "running-key-change",
                arguments.running_key_change,
                file.running_key_change,
                running_key_change,
            )?,
            associate: said.read("associate", arguments.associate, file.associate, associate)?,
            prices: said.read("prices", None, Some(file.prices), prices)?,
            account: account_bounds(
                &said,
                [arguments.account_instances, file.account.instances],
                [arguments.account_mib, file.account.mib],
            )?,
            // Known when the listener is.
            console: None,
        };
        let log = said.read("log", arguments.log, file.log, log_filter)?;
        let network_block = said.read("network-block", arguments.network_block, file.network.block, network_block)?;
        let secret_id = arguments.secret_id.filter(|id| !id.is_empty());
        let ssh = Ssh::read(&said, arguments.ssh, file.ssh, expose)?;
        let is_exposed = !listen.ip().is_loopback() || ssh.reaches_others();
        let credential = given_credential::read(secret_id, variable("CVMD_SECRET_KEY"), is_exposed)?;
        let shutdown = [arguments.shutdown_timeout_s, file.shutdown_timeout_s];
        let boot = [arguments.boot_timeout_s, file.boot_timeout_s];
        let of_file = said.read("log-format", None, file.log_format, log_format)?;
        Ok(Config {
            listen,
            data: arguments.data.or(file.data)?,
            seed: arguments.seed.or(file.seed),
            accept_missing: arguments.accept_missing,
            policy,
            limits: limits(&said, shutdown, boot)?,
            ssh,
            access: Access::read(&said, arguments.connect_peers, file.metrics, file.connect)?,
            network_block,
            tls: match (arguments.tls_cert.or(file.tls.cert), arguments.tls_key.or(file.tls.key)) {
                (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
                (None, None) => None,
                _ => bail!(
                    "--tls-cert and --tls-key, or tls.cert and tls.key of the file, are given together or not at all"
                ),
            },
            log,
            log_format: arguments.log_format.unwrap_or(of_file),
            temporary_for: arguments.temporary_for,
            credential,
        })
    }
}

fn listen_at(text: Option<String>, expose: bool) -> anyhow::Result<SocketAddr> {
    let listen = listen_address::read(text.as_deref())?;
    if !listen.ip().is_loopback() && !expose {
        bail!(
            "{listen} can be reached by other machines; say --expose if that is wanted, and see what the log then warns of"
        );
    }
    Ok(listen)
}

fn region(name: Option<String>) -> anyhow::Result<RegionId> {
    let name = name.as_deref().unwrap_or("ap-guangzhou");
    RegionId::find(name).with_context(|| format!("there is no region {name}"))
}

fn log_filter(filter: Option<String>) -> anyhow::Result<String> {
    let filter = filter.unwrap_or_else(|| "info".into());
    crate::log::checked(&filter)?;
    Ok(filter)
}

fn network_block(block: Option<u8>) -> anyhow::Result<Option<u8>> {
    match block {
        None | Some(64 | 128 | 192) => Ok(block),
        Some(other) => bail!("network.block is 64, 128 or 192, not {other}"),
    }
}

fn rate_limits(on: Option<bool>) -> anyhow::Result<()> {
    if on == Some(true) {
        bail!("rate_limits cannot be on in this version");
    }
    Ok(())
}

/// What the argument says, and what the file says.
fn limits(said: &Said<'_>, shutdown: [Option<u64>; 2], boot: [Option<u64>; 2]) -> anyhow::Result<Limits> {
    let usual = Limits::default();
    let read = |flag: &str, [argument, of_file]: [Option<u64>; 2], usual: u64| {
        said.read(flag, argument, of_file, |seconds| timeout_s(flag, seconds.unwrap_or(usual)))
    };
    Ok(Limits {
        shutdown_timeout_s: read("shutdown-timeout-s", shutdown, usual.shutdown_timeout_s)?,
        boot_timeout_s: read("boot-timeout-s", boot, usual.boot_timeout_s)?,
        ..usual
    })
}

/// What one account may hold, as the argument and the file say.
fn account_bounds(
    said: &Said<'_>,
    instances: [Option<u64>; 2],
    mib: [Option<u64>; 2],
) -> anyhow::Result<AccountBounds> {
    let usual = AccountBounds::default();
    let within = |name: &str, most: u64, number: u64| match number {
        number if (1..=most).contains(&number) => Ok(number),
        other => Err(anyhow::anyhow!("{name} is 1 to {most}, not {other}")),
    };
    Ok(AccountBounds {
        instances_max: said.read("account-instances", instances[0], instances[1], |given| {
            within("account.instances", ACCOUNT_INSTANCES_MAX, given.unwrap_or(usual.instances_max))
        })?,
        bytes_max: said.read("account-mib", mib[0], mib[1], |given| {
            within("account.mib", ACCOUNT_MIB_MAX, given.unwrap_or(usual.bytes_max >> 20)).map(|mib| mib << 20)
        })?,
    })
}

fn timeout_s(name: &str, seconds: u64) -> anyhow::Result<u64> {
    if !TIMEOUT_S.contains(&seconds) {
        let name = name.replace('-', "_");
        bail!("{name} is {} to {} seconds, not {seconds}", TIMEOUT_S.start(), TIMEOUT_S.end());
    }
    Ok(seconds)
}

/// What a table of prices may say that is no price.
fn prices(prices: Option<Prices>) -> anyhow::Result<Prices> {
    let prices = prices.unwrap_or_default();
    if !(1..=744).contains(&prices.month_hours) {
        bail!("prices.month_hours is 1 to 744, the hours of a month, not {}", prices.month_hours);
    }
    if prices.spot_percent > 100 {
        bail!("prices.spot_percent is 0 to 100, not {}", prices.spot_percent);
    }
    Ok(prices)
}

fn log_format(value: Option<String>) -> anyhow::Result<Format> {
    match value.as_deref() {
        Some("json") => Ok(Format::Json),
        Some("text") | None => Ok(Format::Text),
        Some(other) => bail!("log_format is \"text\" or \"json\", not \"{other}\""),
    }
}

fn running_key_change(value: Option<String>) -> anyhow::Result<RunningKeyChange> {
    match value.as_deref() {
        None | Some("refuse") => Ok(RunningKeyChange::Refuse),
        Some("shutdown") => Ok(RunningKeyChange::Shutdown),
        Some("live") => bail!("running_key_change cannot be \"live\" in this version: no hypervisor can do it yet"),
        Some(other) => bail!("running_key_change is \"refuse\" or \"shutdown\", not \"{other}\""),
    }
}

fn associate(value: Option<String>) -> anyhow::Result<Associate> {
    match value.as_deref() {
        None | Some("replace") => Ok(Associate::Replace),
        Some("add") => Ok(Associate::Add),
        Some(other) => bail!("associate is \"replace\" or \"add\", not \"{other}\""),
    }
}

fn read_file(path: &Path) -> anyhow::Result<File> {
    let text = bounded_file::read_text(path, "the configuration", bounded_file::SMALL_BYTES_MAX)?;
    toml::from_str(&text).map_err(|error| misread(path, &text, &error))
}

/// Which setting of the file is at fault and how. Never the whole line: it may hold a token.
fn misread(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let at = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let name = text.lines().nth(line).unwrap_or_default().split('=').next().unwrap_or_default().trim();
    let of = entry(text, at).map_or_else(String::new, |entry| format!(" of `{entry}`"));
    let why =
        if name.contains("token") { "a token is a text in quotes".into() } else { plain_words::of(error.message()) };
    anyhow::anyhow!("cannot understand {}, line {}, `{name}`{of}: {why}", path.display(), line + 1)
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
