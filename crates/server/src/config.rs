//! The settings of `serve`, from flags, environment and configuration file: flags beat environment beats file.

pub(crate) mod file;
pub(crate) mod given;
mod listen_address;
#[cfg(test)]
mod page;
pub(crate) mod settings;
pub(crate) mod ssh_settings;

use crate::{
    access::Access,
    cli::arguments::{Data, Format, Missing, text_variable},
    config::{
        given::{Given, ServeArguments, Setting, setting},
        settings::SECRET_KEY,
        ssh_settings::Ssh,
    },
    given_credential, log, plain_words,
};
use anyhow::{Context, bail};
use cvmd_actions::{AccountBounds, Policy, Prices, RunningKeyChange};
use cvmd_model::{Associate, Catalogue, RegionId};
use cvmd_operations::Limits;
use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf};

/// Bounds of the time limits for one machine, in seconds.
const TIMEOUT_S: RangeInclusive<u64> = 1..=3600;

/// The highest number of instances that an account may be allowed.
const ACCOUNT_INSTANCES_MAX: u64 = 10_000_000;
/// The most MiB that an account's rows may be allowed.
const ACCOUNT_MIB_MAX: u64 = 1 << 20;
/// The most KiB that a log may be told to have before it is snapshotted.
const SNAPSHOT_KIB_MAX: u64 = 1 << 20;

/// Not by `setting!`: its flag is shared by all commands.
const DATA: Setting<PathBuf> = Setting { name: "data", of: |settings| settings.data.data.clone() };

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
    /// Whether the configuration file can be read again, which a pipe cannot.
    pub(crate) file_is_lasting: bool,
    pub(crate) accept_missing: Option<Missing>,
    pub(crate) erase_orphans: bool,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    /// Bytes that a log has at least before a snapshot of it is written.
    pub(crate) snapshot_min_bytes: u64,
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
        let file_is_lasting = arguments.settings.config.as_ref().is_none_or(|file| file.is_file());
        let given = Given::new(arguments)?;
        given.read_any(setting!(rate_limits), rate_limits)?;
        // Before anything names a region.
        Catalogue::open(&given.value(setting!(catalogue)).unwrap_or_default())?;
        given.check_file(setting!(listen), |text| listen_at(&text, true))?;
        let expose = given.value(setting!(expose)).unwrap_or(false);
        let listen = given.read(setting!(listen), |text| listen_at(&text, expose))?;
        let policy = Policy {
            region: given.read(setting!(region), |name| region(&name))?,
            running_key_change: given.read(setting!(running_key_change), |what| running_key_change(&what))?,
            associate: given.read(setting!(associate), |what| associate(&what))?,
            prices: given.read_any(setting!(prices), prices)?,
            account: AccountBounds {
                instances_max: given.number(setting!(account.instances), 1..=ACCOUNT_INSTANCES_MAX, "")?,
                bytes_max: given.number(setting!(account.mib), 1..=ACCOUNT_MIB_MAX, "")? << 20,
            },
            // Known when the listener is.
            console: None,
        };
        let log = given.read(setting!(log), log::checked)?;
        let network_block = given.read_any(setting!(network.block), network_block)?;
        let ssh = Ssh::read(&given, expose)?;
        let is_exposed = !listen.ip().is_loopback() || ssh.reaches_others();
        let secret_id = given.value(setting!(secret_id)).filter(|id| !id.is_empty());
        let credential = given_credential::read(secret_id, text_variable(SECRET_KEY), is_exposed)?;
        given.check_file(setting!(log_format), |format| log_format(&format))?;
        Ok(Config {
            listen,
            data: Data { data: given.value(DATA) }.directory()?,
            seed: given.value(setting!(seed)),
            file_is_lasting,
            accept_missing: given.value(setting!(accept_missing)),
            erase_orphans: given.value(setting!(erase_orphans)).unwrap_or_default(),
            policy,
            limits: Limits {
                shutdown_timeout_s: given.number(setting!(shutdown_timeout_s), TIMEOUT_S, " seconds")?,
                boot_timeout_s: given.number(setting!(boot_timeout_s), TIMEOUT_S, " seconds")?,
                ..Limits::default()
            },
            snapshot_min_bytes: given.number(setting!(snapshot_kib), 1..=SNAPSHOT_KIB_MAX, " KiB")? << 10,
            ssh,
            access: Access::read(&given)?,
            network_block,
            tls: match (given.value(setting!(tls.cert)), given.value(setting!(tls.key))) {
                (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
                (None, None) => None,
                _ => bail!(
                    "--tls-cert and --tls-key, or tls.cert and tls.key of the file, are given together or not at all"
                ),
            },
            log,
            log_format: given.read(setting!(log_format), |format| log_format(&format))?,
            temporary_for: given.value(setting!(temporary_for)),
            credential,
        })
    }
}

fn listen_at(text: &str, expose: bool) -> anyhow::Result<SocketAddr> {
    let listen = listen_address::read(text)?;
    if !listen.ip().is_loopback() && !expose {
        bail!(
            "{listen} can be reached by other machines; say --expose if that is wanted, and see what the log then warns of"
        );
    }
    Ok(listen)
}

fn region(name: &str) -> anyhow::Result<RegionId> {
    RegionId::find(name).with_context(|| format!("there is no region {}", plain_words::value(name)))
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

/// Checks the members of a table of prices that are no prices.
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

fn log_format(value: &str) -> anyhow::Result<Format> {
    one_of("log_format", value, [("text", Format::Text), ("json", Format::Json)])
}

fn running_key_change(value: &str) -> anyhow::Result<RunningKeyChange> {
    if value == "live" {
        bail!("running_key_change cannot be \"live\" in this version: no hypervisor can do it yet");
    }
    let known = [("refuse", RunningKeyChange::Refuse), ("shutdown", RunningKeyChange::Shutdown)];
    one_of("running_key_change", value, known)
}

fn associate(value: &str) -> anyhow::Result<Associate> {
    one_of("associate", value, [("replace", Associate::Replace), ("add", Associate::Add)])
}

fn one_of<T: Copy>(setting: &str, value: &str, known: [(&str, T); 2]) -> anyhow::Result<T> {
    let found = known.iter().find(|(known, _)| *known == value).map(|(_, meaning)| *meaning);
    let [(one, _), (other, _)] = known;
    found.with_context(|| format!("{setting} is \"{one}\" or \"{other}\", not \"{}\"", plain_words::value(value)))
}
