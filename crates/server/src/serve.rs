//! `cvmd serve`: opens everything in order, answers until told to stop, and closes in the reverse order.

use crate::{
    config::Config,
    data::DataDirectory,
    house::House,
    http,
    master_key::{MasterKey, Secret, write_private},
    operator, random, replays, seed,
};
use anyhow::{Context, bail};
use cvmd_hypervisor::{Clock, Hypervisor};
use cvmd_hypervisor_simulated::{Settings as MachineSettings, SimulatedHypervisor, SshSettings};
use cvmd_model::{Account, AccountNumber, Credential};
use cvmd_operations::Engine;
use cvmd_state::{Settings, State, store::SqliteStore};
use cvmd_wire::ReplayKey;
use std::{
    convert::Infallible,
    io::{IsTerminal, Write},
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The first account; others are made by `cvmd account add`.
pub(crate) const FIRST_ACCOUNT: AccountNumber = AccountNumber(1);

/// Runs the server until SIGTERM or SIGINT.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no async runtime")?;
    runtime.block_on(serve(config))
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    // Listened for first, so that a signal during a long start is not lost.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let data = DataDirectory::open(&config.data)?;
    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "other machines can reach this listener");
    }
    let (house, machines) = open(config, &data).await?;
    if let Some(path) = &config.seed {
        seed::load(&house, path).await?;
    }
    let engine = Engine::start(Arc::clone(&house.state), Arc::clone(&house.hypervisor), Clock::System, config.limits);
    write_private(&data.endpoint(), &format!("http://{address}"))?;
    let (stop, stopped) = watch::channel(false);
    let operator =
        tokio::spawn(operator::listen(Arc::clone(&house), data.socket(), format!("http://{address}"), stopped.clone()));
    let http = tokio::spawn(http::serve(Arc::clone(&house), listener, stopped));
    announce(&format!("http://{address}"))?;
    tracing::info!(data = %data.path().display(), ssh_port = machines.ssh_port(), "ready");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    stop.send_replace(true);
    http.await.context("the HTTP server broke")?;
    operator.await.context("the operator's socket broke")?;
    engine.stop().await;
    machines.close().await;
    let _ = std::fs::remove_file(data.endpoint());
    let state = Arc::clone(&house.state);
    tokio::task::spawn_blocking(move || state.close()).await.context("the state's writer broke")?;
    Ok(())
}

/// The first line of stdout, for programs that wait for it.
fn announce(endpoint: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {endpoint}")?;
    out.flush()?;
    Ok(())
}

async fn open(config: &Config, data: &DataDirectory) -> anyhow::Result<(Arc<House>, Arc<SimulatedHypervisor>)> {
    let master_key = Arc::new(MasterKey::open(&data.master_key())?);
    let path = data.state();
    let state = tokio::task::spawn_blocking(move || {
        let store = SqliteStore::open(&path)?;
        State::open(Box::new(store))
    });
    let state = Arc::new(state.await.context("the state's loader broke")??);
    let first_start = state.view().accounts().next().is_none();
    let kept = (!first_start).then(|| state.view().settings().ssh_port);
    let machines = SimulatedHypervisor::open(MachineSettings {
        data: data.path().to_path_buf(),
        clock: Clock::System,
        ssh: SshSettings { ports: config.ssh_ports.clone(), kept_port: kept, listen: true },
    })?;
    keep_settings(&state, config, first_start, machines.ssh_port()).await?;
    let hypervisor: Arc<dyn Hypervisor> = Arc::clone(&machines) as _;
    let house = Arc::new(House::new(state, hypervisor, master_key, config.policy));
    first_account(&house, data, config.credential.as_ref()).await?;
    house.credentials.load(&house.state.view(), &house.master_key)?;
    remember_replays(&house).await?;
    Ok((house, machines))
}

async fn keep_settings(state: &State, config: &Config, first_start: bool, ssh_port: Option<u16>) -> anyhow::Result<()> {
    let mut settings = state.view().settings().clone();
    if let Some(block) = config.network_block {
        if !first_start && block != settings.block && state.view().instance_total() > 0 {
            bail!("network.block is {} for as long as there are instances", settings.block);
        }
        settings.block = block;
    } else if first_start {
        let [byte] = random::bytes::<1>();
        settings.block = [64, 128, 192][usize::from(byte) % 3];
    }
    if let Some(port) = ssh_port {
        settings.ssh_port = port;
    }
    put_settings(state, settings).await
}

pub(crate) async fn put_settings(state: &State, settings: Settings) -> anyhow::Result<()> {
    let Ok(()) = state
        .change(move |tx| {
            tx.put_settings(settings);
            Ok::<_, Infallible>(())
        })
        .await?;
    Ok(())
}

/// Makes the first account and sees that its credential is the one asked for.
async fn first_account(house: &House, data: &DataDirectory, given: Option<&(String, Secret)>) -> anyhow::Result<()> {
    let view = house.state.view();
    if view.account(FIRST_ACCOUNT).is_none() {
        add_account(house, FIRST_ACCOUNT, "default").await?;
    }
    let has_credential = view.credentials().any(|credential| credential.account == FIRST_ACCOUNT);
    match given {
        Some((id, key)) => {
            if view.credential(id).is_some_and(|credential| credential.account != FIRST_ACCOUNT) {
                bail!("CVMD_SECRET_ID {id} is another account's credential");
            }
            put_credential(house, FIRST_ACCOUNT, id.clone(), key.expose()).await
        }
        None if has_credential => Ok(()),
        None => {
            let (id, key) = new_credential();
            put_credential(house, FIRST_ACCOUNT, id.clone(), key.expose()).await?;
            write_private(&data.credential(), &format!("{id}\n{}", key.expose()))?;
            if std::io::stderr().is_terminal() {
                eprintln!("credential of the first account, kept in {}:", data.credential().display());
                eprintln!("  SecretId  {id}\n  SecretKey {}", key.expose());
            }
            Ok(())
        }
    }
}

/// A credential as the vendor's look: 36 and 32 characters.
pub(crate) fn new_credential() -> (String, Secret) {
    (format!("AKID{}", random::letters(32)), random::letters(32).into())
}

pub(crate) async fn add_account(house: &House, number: AccountNumber, name: &str) -> anyhow::Result<Account> {
    let account = Account {
        number,
        name: name.into(),
        uin: 100_000_000_000 + u64::from(number.0),
        app_id: 1_250_000_000 + u64::from(number.0),
        created_seconds: house.now_seconds(),
    };
    let row = account.clone();
    let Ok(()) = house
        .state
        .change(move |tx| {
            tx.put_account(row);
            Ok::<_, Infallible>(())
        })
        .await?;
    Ok(account)
}

/// Keeps a credential, encrypted, and lets requests be signed with it at once.
pub(crate) async fn put_credential(house: &House, account: AccountNumber, id: String, key: &str) -> anyhow::Result<()> {
    let encrypted = cvmd_actions::Seal::seal(&*house.master_key, key);
    let created_seconds = house.now_seconds();
    let secret_id: Box<str> = id.as_str().into();
    let Ok(()) = house
        .state
        .change(move |tx| {
            let known = tx.view().credential(&secret_id).map(|known| known.sequence);
            let sequence = known.unwrap_or_else(|| tx.next_sequence());
            tx.put_credential(Credential {
                sequence,
                account,
                secret_id,
                secret_key_encrypted: encrypted,
                created_seconds,
            });
            Ok::<_, Infallible>(())
        })
        .await?;
    house.credentials.put(account.0, &id, key);
    Ok(())
}

/// What was signed shortly before a restart may not come again after it.
async fn remember_replays(house: &House) -> anyhow::Result<()> {
    let now_seconds = house.now_seconds();
    let lines = house.state.replays_since(now_seconds.saturating_sub(replays::REMEMBERED_SECONDS)).await?;
    for key in lines.iter().filter_map(|line| ReplayKey::from_hex(line.replay.as_deref()?).ok()) {
        house.replays.admit(key, now_seconds);
    }
    Ok(())
}
