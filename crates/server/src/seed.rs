//! Seeds: key pairs and instances with given ids, loaded once into an empty data directory before the server is ready.
//!
//! The seed is written as actions would write it: instances with operations to carry out. The engine then makes the
//! machines.

use crate::{
    app::{App, put_settings},
    operator::accounts::FIRST_ACCOUNT,
    random,
    seed_file::{self, Planned, Seed, SeedKeyPair},
};
use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cvmd_actions::{Context, Reason};
use cvmd_model::{GUEST_TAG, Instance, InstanceState, KeyPair, PublicKey};
use cvmd_operations::{Engine, Figures, Limits};
use cvmd_state::{SeedState, Settings, View};
use cvmd_wire::{Dialect, Language};
use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::oneshot, time::interval};
use uuid::Uuid;

/// The number of instances in one transaction.
const CHUNK: usize = 512;
/// The maximum of instances whose machines are made at the same time, so that their writes share commits.
const AT_ONCE: usize = 4_096;
/// How often the progress is checked.
const LOOKS_EVERY: Duration = Duration::from_millis(5);
/// How often the log reports the progress of a large seed.
const REPORTED_EVERY: Duration = Duration::from_secs(3);

/// Loads the file unless it was loaded already; continues where a killed start left off; refuses a data directory with
/// other content. Returns what the engine has counted, or `None` when `stop` came before everything was loaded.
pub(crate) async fn load(
    app: &Arc<App>,
    path: Option<&Path>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Option<Figures>> {
    let found = app.state.view().settings().seed;
    let path = match (found, path) {
        (SeedState::None | SeedState::Done, None) => return Ok(Some(Figures::default())),
        (SeedState::Done, Some(path)) => {
            tracing::info!(seed = %path.display(), "the seed was not applied: this data directory has had one already");
            return Ok(Some(Figures::default()));
        }
        (SeedState::Begun | SeedState::UnderWay, None) => {
            bail!("the loading of a seed was interrupted: start again with the same --seed")
        }
        (_, Some(path)) => path,
    };
    let view = app.state.view();
    if found == SeedState::None && (view.instance_total() > 0 || view.key_pair_count(FIRST_ACCOUNT) > 0) {
        bail!(
            "the seed was not applied: this data directory has state already, and a seed can only be loaded into an empty one"
        );
    }
    let (engine, instances) = (OnceLock::new(), AtomicUsize::new(0));
    app.state.serve_one(true);
    let loaded = tokio::select! {
        loaded = load_from(app, (&engine, limits), (path, found), &instances) => loaded.map(Some),
        () = stop => Ok(None),
        never = report_progress(app, &instances) => match never {},
    };
    let mut figures = Figures::default();
    if let Some(engine) = engine.into_inner() {
        let counted = engine.gauge();
        engine.stop().await;
        figures = counted();
    }
    app.state.serve_one(false);
    loaded.map(|loaded| loaded.map(|()| figures))
}

async fn load_from(
    app: &Arc<App>,
    (engine, limits): (&OnceLock<Engine>, Limits),
    (path, found): (&Path, SeedState),
    total: &AtomicUsize,
) -> anyhow::Result<()> {
    let begun_ms = app.clock.now_ms();
    let seed = read(path.to_path_buf()).await?;
    let (key_pairs, instances) = (seed.key_pairs.len(), seed.instances.len());
    if found == SeedState::None && key_pairs == 0 && instances == 0 {
        bail!(
            "the seed {} is empty: it holds neither KeyPairs nor Instances; leave it out, or see docs/operating.md",
            path.display()
        );
    }
    if app.state.view().settings().seed_hash.is_some_and(|begun| begun != seed.hash) {
        bail!(
            "the loading of another seed was interrupted in this data directory: start with that one, as it was, or load {} into an empty directory",
            path.display()
        );
    }
    tracing::info!(seed = %path.display(), key_pairs, instances, "loading the seed");
    total.store(instances, Ordering::Relaxed);
    // Hashing many passwords takes time, and a signal must not wait for it.
    let (theirs, plans) = (Arc::clone(app), move |seed, app: Arc<App>| {
        let plans = seed_file::plans(&seed, &|| context(&app))?;
        anyhow::Ok((seed, plans))
    });
    let planned = tokio::task::spawn_blocking(move || plans(seed, theirs)).await;
    let (seed, plans) = planned.context("the seed's reader broke")??;
    if found == SeedState::None {
        put_key_pairs(app, seed.key_pairs, seed.hash).await?;
    }
    // Only now: with a seed that is refused nothing goes on. All instances are of one account, which may have half of what is free.
    let limits = Limits { parallel_max: 2 * AT_ONCE, ..limits };
    let start = || Engine::start(Arc::clone(&app.state), Arc::clone(&app.hypervisor), app.clock, limits);
    make_instances(app, engine.get_or_init(start), plans, found).await?;
    let view = app.state.view();
    // It belongs to the operator, and does not count against the account's bounds.
    let seeded = Some((FIRST_ACCOUNT, view.usage(FIRST_ACCOUNT)));
    let settings = Settings { seed: SeedState::Done, seeded, ..view.settings().clone() };
    put_settings(&app.state, settings).await?;
    let took_ms = app.clock.now_ms().saturating_sub(begun_ms);
    tracing::info!(key_pairs, instances, took_ms, "the seed is loaded");
    Ok(())
}

/// Logs the progress, as long as it is polled.
async fn report_progress(app: &App, instances: &AtomicUsize) -> Infallible {
    let mut ticks = interval(REPORTED_EVERY);
    // The first tick comes at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let view = app.state.view();
        let (made, instances) = (view.instance_total() - view.operating_count(), instances.load(Ordering::Relaxed));
        tracing::info!(made, instances, "still loading the seed");
    }
}

/// Reads on a thread that nobody waits for at the end: a pipe may block it for a while.
async fn read(path: PathBuf) -> anyhow::Result<Seed> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || sender.send(seed_file::read(&path)));
    receiver.await.context("the seed's reader broke")?
}

fn context(app: &App) -> Context {
    app.context(random::request_id(), Dialect::Api3, Language::English, FIRST_ACCOUNT, app.policy.region)
}

async fn put_key_pairs(app: &App, keys: Vec<SeedKeyPair>, hash: Uuid) -> anyhow::Result<()> {
    let created_seconds = app.now_seconds();
    app.state
        .change(move |tx| {
            tx.put_settings(Settings {
                seed: SeedState::UnderWay,
                seed_hash: Some(hash),
                ..tx.view().settings().clone()
            });
            for key in keys {
                let sequence = tx.next_sequence();
                let name = key.key_name.unwrap_or_else(|| key.key_id.to_string().replace('-', "_").into());
                tx.put_key_pair(KeyPair {
                    id: key.key_id,
                    sequence,
                    account: FIRST_ACCOUNT,
                    name,
                    project_id: key.project_id,
                    description: key.description,
                    public_key: match key.public_key {
                        Some(key) => key,
                        None => nobodys_key()?,
                    },
                    created_seconds,
                    tags: key.tags,
                });
            }
            anyhow::Ok(())
        })
        .await?
}

/// An Ed25519 key of random bytes, which nobody holds.
fn nobodys_key() -> anyhow::Result<PublicKey> {
    let blob = [&b"\0\0\0\x0bssh-ed25519\0\0\0\x20"[..], &random::bytes::<32>()].concat();
    Ok(PublicKey::parse(&format!("ssh-ed25519 {}", STANDARD.encode(blob)))?)
}

/// Puts the instances and waits until the engine has made their machines, with a maximum at the same time, before the
/// server is ready.
async fn make_instances(app: &App, engine: &Engine, plans: Vec<Planned>, found: SeedState) -> anyhow::Result<()> {
    let view = app.state.view();
    let mut plans = plans.into_iter().filter(|(id, ..)| {
        view.instance(*id).is_none_or(|row| {
            row.operation.is_none() && (found == SeedState::Begun || row.state == InstanceState::LaunchFailed)
        })
    });
    let mut looks = interval(LOOKS_EVERY);
    loop {
        looks.tick().await;
        let has_failed = engine.figures().failed > 0;
        // Newer than the counters, so it includes what they count.
        let view = app.state.view();
        let mut under_way = view.operating_count();
        if has_failed && let Some(failure) = failure(&view) {
            return Err(failure);
        }
        while under_way + CHUNK <= AT_ONCE {
            let chunk: Vec<_> = plans.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                break;
            }
            under_way += chunk.len();
            put_instances(app, chunk).await?;
        }
        if under_way == 0 {
            return failure(&view).map_or(Ok(()), Err);
        }
    }
}

async fn put_instances(app: &App, chunk: Vec<Planned>) -> anyhow::Result<()> {
    let context = context(app);
    app.state
        .change(move |tx| {
            let mut instances = Vec::with_capacity(chunk.len());
            for (id, plan, goal) in chunk {
                if let Some(row) = tx.view().instance(id) {
                    let mut again = Instance { state: InstanceState::Pending, ..Instance::clone(row) };
                    again.begin_unasked(goal, context.request);
                    instances.push(again);
                    continue;
                }
                let instance = cvmd_actions::seeded(tx, &context, &plan, id, goal);
                instances.push(instance.map_err(|refusal| {
                    anyhow::anyhow!("{id} of the seed cannot be made: {}", Reason::from(refusal))
                })?);
            }
            instances.into_iter().for_each(|instance| tx.put_instance(instance));
            anyhow::Ok(())
        })
        .await?
}

/// The first machine that could not be made, and why; none if there was no failure so far.
fn failure(view: &View) -> Option<anyhow::Error> {
    let instance = view.all_instances().find(|instance| instance.state == InstanceState::LaunchFailed)?;
    let guest = instance.tags.iter().find(|tag| &*tag.key == GUEST_TAG);
    let guest = guest.map_or_else(String::new, |tag| format!(" (its tag {} is \"{}\")", tag.key, tag.value));
    let why = instance.latest.as_ref().and_then(|latest| latest.error.as_deref()).unwrap_or_default();
    Some(anyhow::anyhow!("the machine of {} of the seed could not be made{guest}: {why}", instance.id))
}
