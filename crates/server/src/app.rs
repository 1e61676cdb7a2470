//! The assembled server: what every request uses, built once.

use crate::{
    access::Access,
    credentials::Credentials,
    descriptors::Shares,
    http::{Bodies, Connections, Owner, Replies},
    master_key::MasterKey,
    metrics::Metrics,
    metrics_page::{self, Held},
    pace::Pace,
    random,
    replays::Replays,
    tunnel::{slots::Slots, tickets},
    under_way::UnderWay,
};
use cvmd_actions::{Context, Policy};
use cvmd_clock::Clock;
use cvmd_hypervisor::{Hypervisor, Turns};
use cvmd_model::{AccountNumber, RegionId, RequestId};
use cvmd_operations::{Figures, Gate};
use cvmd_state::{CommitError, Settings, State, Transaction};
use cvmd_wire::{Dialect, Language};
use parking_lot::Mutex;
use std::{
    convert::Infallible,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

/// The maximum of connections to the operator's socket.
const COMMANDS_MAX: usize = 64;
/// The maximum of requests of one account that wait for a turn.
const WAITING_MAX: usize = 1_024;

pub(crate) struct App {
    pub(crate) state: Arc<State>,
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) replays: Replays,
    pub(crate) clock: Clock,
    pub(crate) policy: Policy,
    pub(crate) master_key: Arc<MasterKey>,
    pub(crate) access: Access,
    pub(crate) metrics: Metrics,
    /// The turns to compute: of ordinary requests, of those with a large body, of those that hash a password, and of
    /// those that make a key. The last two leave half of the processors to others, above all to the writer.
    pub(crate) turns: Turns<Owner>,
    pub(crate) large: Turns<Owner>,
    pub(crate) hashing: Turns<Owner>,
    pub(crate) key_making: Turns<Owner>,
    /// Decides whose requests take turns.
    pub(crate) pace: Pace,
    /// The requests of each account that have begun and are not answered yet.
    pub(crate) under_way: UnderWay,
    pub(crate) replies: Replies,
    /// Connections to the operator's socket.
    pub(crate) commands: Arc<Connections>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) bodies: Bodies,
    pub(crate) tunnels: Arc<Slots>,
    pub(crate) consoles: tickets::Used,
    pub(crate) open_consoles: Arc<Slots>,
    /// The engine's counters; set once it runs.
    pub(crate) engine: OnceLock<Gauge>,
    /// Holds the engine's effects back; set once it runs.
    pub(crate) gate: OnceLock<Gate>,
    /// A directory whose disk has no room; none if all have.
    pub(crate) full_disk: Mutex<Option<PathBuf>>,
}

type Gauge = Box<dyn Fn() -> Figures + Send + Sync>;

impl App {
    pub(crate) fn new(
        state: Arc<State>,
        hypervisor: Arc<dyn Hypervisor>,
        master_key: Arc<MasterKey>,
        policy: Policy,
        shares: Shares,
    ) -> App {
        let at_a_time = processors();
        App {
            state,
            hypervisor,
            credentials: Arc::default(),
            replays: Replays::default(),
            clock: Clock::System,
            policy,
            master_key,
            access: Access::default(),
            metrics: Metrics::default(),
            pace: Pace::default(),
            under_way: UnderWay::of(shares.connections),
            turns: Turns::new(at_a_time, WAITING_MAX),
            // However large the bodies are, one processor is left for everybody else.
            large: Turns::new(at_a_time - 1, WAITING_MAX),
            hashing: Turns::new(at_a_time / 2, WAITING_MAX),
            key_making: Turns::new(at_a_time / 2, WAITING_MAX),
            replies: Replies::default(),
            commands: Arc::new(Connections::new(COMMANDS_MAX)),
            connections: Arc::new(Connections::new(shares.connections)),
            bodies: Bodies::default(),
            tunnels: Slots::new(shares.tunnels),
            consoles: tickets::Used::default(),
            open_consoles: Slots::new(shares.consoles),
            engine: OnceLock::new(),
            gate: OnceLock::new(),
            full_disk: Mutex::default(),
        }
    }

    /// The engine's counters; zeros before it runs.
    pub(crate) fn figures(&self) -> Figures {
        self.engine.get().map(|gauge| gauge()).unwrap_or_default()
    }

    pub(crate) fn metrics_text(&self) -> String {
        let held = Held {
            connections: self.connections.count(),
            tunnels: self.tunnels.taken(),
            reply_bytes: self.replies.bytes(),
            set_aside: self.hypervisor.set_aside(),
            machines: self.hypervisor.bounds_reached(),
        };
        metrics_page::text(&self.metrics, &self.state, self.figures(), &held)
    }

    pub(crate) fn now_seconds(&self) -> u64 {
        self.clock.now_ms() / 1000
    }

    /// The context of one request, or of a change by the operator.
    pub(crate) fn context(
        &self,
        request: RequestId,
        dialect: Dialect,
        language: Language,
        account: AccountNumber,
        region: RegionId,
    ) -> Context {
        let (now_seconds, microseconds) = self.clock.second_and_microseconds();
        Context {
            request,
            dialect,
            language,
            account,
            region,
            now_seconds,
            microseconds,
            seed: random::bytes(),
            policy: self.policy,
            seal: Arc::clone(&self.master_key) as _,
        }
    }
}

/// The number of requests that compute at the same time.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

pub(crate) async fn put_settings(state: &State, settings: Settings) -> anyhow::Result<()> {
    Ok(write(state, move |tx| tx.put_settings(settings)).await?)
}

/// Makes a change that nothing refuses.
pub(crate) async fn write(
    state: &State,
    change: impl FnOnce(&mut Transaction<'_>) + Send + 'static,
) -> Result<(), CommitError> {
    let change = state.change(move |tx| {
        change(tx);
        Ok::<_, Infallible>(())
    });
    let Ok(()) = change.await?;
    Ok(())
}
