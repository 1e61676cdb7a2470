//! `cvmd serve`: opens everything in order, answers until a signal stops it, and closes in the reverse order.

use crate::{
    app::{self, App},
    config::Config,
    data::DataDirectory,
    descriptors::{self, Shares},
    drivers, epochs, http,
    master_key::{MasterKey, write_private},
    operator::{
        accounts,
        socket::{self, Location},
    },
    parent, print, random, recovery, replays, sealing, seed, settling,
    tls::Tls,
};
use anyhow::{Context, bail};
use cvmd_actions::{ConsoleAt, Policy};
use cvmd_clock::Clock;
use cvmd_hypervisor::BACKLOG;
use cvmd_operations::Engine;
use cvmd_state::{State, store::LogStore};
use cvmd_wire::ReplayKey;
use socket2::{SockRef, TcpKeepalive};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::{Builder, Handle},
    signal::unix::{SignalKind, signal},
    sync::watch,
};

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// The bytes of a reply that the system buffers before its client reads on.
#[cfg(target_os = "linux")]
const UNSENT_BYTES_MAX: u32 = 1024 * 1024;

/// Runs the server until SIGTERM, SIGINT or SIGHUP.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    // One thread more than requests that compute in turns: however many wait, one is free to read and write.
    let threads = app::processors() + 1;
    let clients = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let clients = clients.context("no async runtime")?;
    // The operator's commands stand behind no client.
    let operator = Builder::new_multi_thread().worker_threads(1).thread_name("operator").enable_all().build();
    let operator = operator.context("no async runtime for the operator")?;
    clients.block_on(serve(config, operator.handle()))
}

async fn serve(config: &Config, operator: &Handle) -> anyhow::Result<()> {
    // First, so that a signal during a long start is not lost.
    let signalled = signals()?;
    let data = DataDirectory::open(&config.data)?;
    data.forget_failure();
    serve_on(config, &data, operator, signalled).await.inspect_err(|why| data.give_up(why))
}

async fn serve_on(
    config: &Config,
    data: &DataDirectory,
    operator: &Handle,
    mut signalled: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let listener = listen(config)?;
    let address = listener.local_addr()?;
    let tls = Arc::new(Tls::open(data, config.tls.as_ref(), Clock::System)?);
    let endpoint = format!("{}://{address}", if tls.is_given() { "https" } else { "http" });
    let app = open(config, data, ConsoleAt { address: reachable(address), tls: tls.is_given() }).await?;
    let stop = async { drop(signalled.wait_for(|signalled| *signalled).await) };
    let Some(seeded) = seed::load(&app, config.seed.as_deref(), config.limits, stop).await? else {
        tracing::info!("stopping; the loading of the seed goes on at the next start with it");
        app.hypervisor.close().await;
        return close(&app).await;
    };
    cvmd_operations::write_ports(&app.state, app.hypervisor.as_ref()).await?;
    let engine = Engine::start(Arc::clone(&app.state), Arc::clone(&app.hypervisor), Clock::System, config.limits);
    engine.go_on_from(&seeded);
    // Invariant: they were not set before; the engine that serves is started once.
    let _ = app.engine.set(Box::new(engine.gauge()));
    let _ = app.gate.set(engine.gate());
    if config.accept_missing.is_some() {
        settling::settled(&app).await;
    }
    data.keep();
    write_private(&data.endpoint(), &endpoint)?;
    let (stop, stopped) = watch::channel(false);
    let location = Location { socket: data.socket(), credential_file: data.credential(), endpoint: endpoint.clone() };
    let operator = operator.spawn(socket::listen(Arc::clone(&app), location, stopped.clone()));
    let http = tokio::spawn(http::serve(Arc::clone(&app), tls, listener, stopped));
    announce(&endpoint);
    tracing::info!(data = %data.path().display(), ssh_port = app.hypervisor.ssh_port(), "ready");
    let why = tokio::select! {
        _ = signalled.wait_for(|signalled| *signalled) => Ok(()),
        gone = data.gone() => Err(gone),
        () = parent::gone(config.temporary_for) => Ok(()),
        never = recovery::watch(&app, &config.data) => match never {},
        never = epochs::keep(&app) => match never {},
    };
    let is_orphaned = config.temporary_for.is_some_and(parent::is_gone);
    tracing::info!("stopping");
    stop.send_replace(true);
    // At the same time: they do not depend on each other, and each has its own limit.
    let (http, operator, ()) = tokio::join!(http, operator, engine.stop());
    http.context("the HTTP server broke")?;
    operator.context("the operator's socket broke")?;
    if why.is_ok() {
        epochs::begin(&app).await;
    }
    app.hypervisor.close().await;
    let _ = std::fs::remove_file(data.endpoint());
    close(&app).await?;
    if is_orphaned {
        // Keys and passwords of a demo that has ended.
        std::fs::remove_dir_all(data.path()).context("the temporary directory cannot be removed")?;
    }
    why
}

async fn close(app: &App) -> anyhow::Result<()> {
    let state = Arc::clone(&app.state);
    tokio::task::spawn_blocking(move || state.close()).await.context("the state's writer broke")
}

/// A second signal within this time counts as part of the first request.
const SECOND_AFTER: Duration = Duration::from_millis(500);

/// Becomes true at SIGTERM, SIGINT, or SIGHUP (the terminal was closed). A second one ends the process at once:
/// everything answered is durable, and operations are resumed by the next start.
fn signals() -> anyhow::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = handles_hangup().then(|| signal(SignalKind::hangup())).transpose()?;
    let (sender, signalled) = watch::channel(false);
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => SIGTERM,
                _ = interrupt.recv() => SIGINT,
                Some(_) = async { hangup.as_mut()?.recv().await } => SIGHUP,
            }
        };
        next().await;
        sender.send_replace(true);
        // One request may arrive as two signals: `timeout` sends it to the process and to its group.
        let same_request = async {
            loop {
                next().await;
            }
        };
        let _: Result<(), _> = tokio::time::timeout(SECOND_AFTER, same_request).await;
        let number = next().await;
        tracing::warn!("a second signal to stop: ended at once");
        crate::log::end();
        std::process::exit(128 + number);
    });
    Ok(signalled)
}

/// Whether to handle SIGHUP: not if it is ignored at the start, as under `nohup`. If that cannot be found out, the
/// system's default stays, which ends the process at once; nothing that was answered is lost by that.
fn handles_hangup() -> bool {
    let about = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = about.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 0)
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let listener = bind(config.listen).map_err(|error| {
        let is_taken = error.kind() == std::io::ErrorKind::AddrInUse;
        let advice = if is_taken {
            ". Another program has the port; if that is a cvmd on another data directory, `cvmd env --data DIR` leads to it. \
             --listen 127.0.0.1:0 takes a free port"
        } else {
            ""
        };
        anyhow::anyhow!("cannot listen on {}: {error}{advice}", config.listen)
    })?;
    keep_alive(&listener)?;
    leave_unsent(&listener)?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "other machines can reach this listener");
        let access = &config.access;
        for (is_open, what) in [
            (
                config.tls.is_none(),
                "what clients send in clear text can be read on the way: --tls-cert and --tls-key, then https:// alone",
            ),
            (!access.has_token(), "/_cvmd/metrics shows everybody who asks for what, and how often: metrics.token"),
            (!access.has_peers(), "CONNECT leads everybody to the machines' sshd, unsigned: connect.peers"),
            (!access.has_peers(), "/_cvmd/machines/ID tells everybody a machine's user and host key: connect.peers"),
        ] {
            if is_open {
                tracing::warn!("exposed: {what}");
            }
        }
    }
    if config.ssh.reaches_others() {
        tracing::warn!(
            "exposed: everybody can try to log in to the machines at ssh.address, and each machine's sshd answers there: ssh.penalties slows guessing down, ssh.address = \"127.0.0.1\" keeps others out"
        );
    }
    Ok(listener)
}

/// Makes connections, which inherit it from the listener, notice that their client is gone: a tunnel to a machine may
/// be silent for hours.
fn keep_alive(listener: &TcpListener) -> anyhow::Result<()> {
    let probes = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    SockRef::from(listener).set_tcp_keepalive(&probes).context("no keepalive for connections")
}

/// Limits the system's send buffer, so that unread replies stay in our memory, where they are counted: the system would
/// take megabytes. Connections inherit that from the listener too.
#[cfg(target_os = "linux")]
fn leave_unsent(listener: &TcpListener) -> anyhow::Result<()> {
    SockRef::from(listener).set_tcp_notsent_lowat(UNSENT_BYTES_MAX).context("no bound of what is not sent")
}

/// Elsewhere the system's own limits apply.
#[cfg(not(target_os = "linux"))]
fn leave_unsent(_: &TcpListener) -> anyhow::Result<()> {
    Ok(())
}

/// Prints the first line of stdout, for programs that wait for it. If that fails the server runs all the same.
fn announce(endpoint: &str) {
    if let Err(unprinted) = print::result(&format!("listening on {endpoint}\n")) {
        tracing::warn!(%unprinted, endpoint, "listening");
    }
}

/// The address for a client on this machine, also if the listener is bound to all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        address => address,
    }
}

async fn open(config: &Config, data: &DataDirectory, console: ConsoleAt) -> anyhow::Result<Arc<App>> {
    let (is_used, master_key) = (data.has_keys(), MasterKey::read(&data.master_key())?);
    let no_key = || MasterKey::missing(&data.master_key(), &data.state());
    // Opening it would take over an earlier version's file.
    if master_key.is_none() && data.state().is_file() {
        return Err(no_key());
    }
    let (path, snapshot_min_bytes) = (data.path().to_path_buf(), config.snapshot_min_bytes);
    let state = tokio::task::spawn_blocking(move || {
        let store = LogStore::snapshotting(&path, snapshot_min_bytes)?;
        State::open(Box::new(store))
    });
    let state = Arc::new(state.await.context("the state's loader broke")??);
    let now_seconds = Clock::System.now_ms() / 1000;
    // Before anything is written: a start that cannot read them leaves all as it was.
    let keys = state.replays_since(now_seconds.saturating_sub(replays::REMEMBERED_SECONDS)).await?;
    let first_start = state.view().accounts().next().is_none();
    if master_key.is_none() && !first_start {
        return Err(no_key());
    }
    let shares = Shares::of(descriptors::raise());
    tracing::debug!(?shares, "file descriptors");
    let hypervisor = drivers::open(config, data, &state, shares.sessions, is_used).await?;
    // Invariant: the state has the directory's id before there is a key. So a key without that id shows a state that is lost.
    let master_key = Arc::new(master_key.map_or_else(|| MasterKey::open(&data.master_key()), Ok)?);
    keep_settings(&state, config, first_start, hypervisor.ssh_port()).await?;
    let policy = Policy { console: hypervisor.capabilities().consoles.then_some(console), ..config.policy };
    let app = App::new(state, hypervisor, master_key, policy, shares);
    let app = Arc::new(App { access: config.access.clone(), ..app });
    sealing::seal_anew(&app).await.context("what an earlier version sealed cannot be sealed anew")?;
    let given = config.credential.as_ref();
    app.credentials.load(&app.state.view(), &app.master_key, given.map(|(id, _)| &**id))?;
    accounts::first_account(&app, data, given).await?;
    // Requests that were signed shortly before a restart must not be repeated after it.
    for key in keys.iter().filter_map(|key| ReplayKey::from_hex(key).ok()) {
        app.replays.admit(key, now_seconds);
    }
    Ok(app)
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
    settings.sealed_for_rows |= first_start;
    if let Some(port) = ssh_port {
        settings.ssh_port = port;
    }
    app::put_settings(state, settings).await
}
