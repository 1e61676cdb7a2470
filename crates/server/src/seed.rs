//! Seeds: key pairs and instances with given ids, loaded once into an empty data directory before the server is ready.

use crate::{
    app::{App, put_settings},
    operator::accounts::FIRST_ACCOUNT,
    random,
    seed_file::{self, Planned, Seed, SeedKeyPair},
};
use anyhow::{Context as _, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_actions::{Context, Reason};
use cvmd_model::{InstanceId, InstanceState, KeyPair, Power, PublicKey};
use cvmd_state::{SeedState, Settings};
use cvmd_wire::{Dialect, Language};
use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::oneshot, task::JoinSet};

/// Instances in one transaction.
const CHUNK: usize = 500;
/// Machines made side by side, so that their writes share commits.
const PARALLEL: usize = 512;
/// How often the log says how far a large seed is.
const TOLD_EVERY: Duration = Duration::from_secs(3);

/// Loads the file unless that has been done; goes on where a start that was killed left off; refuses a data directory
/// that holds something else. A machine has `boot_timeout_s` until its sshd answers.
pub(crate) async fn load(app: &Arc<App>, path: Option<&Path>, boot_timeout_s: u64) -> anyhow::Result<()> {
    let settings_seed = app.state.view().settings().seed;
    let begun = match (settings_seed, path) {
        (SeedState::None | SeedState::Done, None) => return Ok(()),
        (SeedState::Done, Some(path)) => {
            tracing::info!(seed = %path.display(), "the seed was not applied: this data directory has had one already");
            return Ok(());
        }
        (SeedState::Begun, None) => bail!("the loading of a seed was interrupted: start again with the same --seed"),
        (SeedState::Begun, Some(_)) => true,
        (SeedState::None, Some(_)) => false,
    };
    let view = app.state.view();
    if !begun && (view.instance_total() > 0 || view.key_pair_count(FIRST_ACCOUNT) > 0) {
        bail!(
            "the seed was not applied: this data directory has state already, and a seed can only be loaded into an empty one"
        );
    }
    let path = path.context("a seed is a file")?;
    let progress = Progress::default();
    tokio::select! {
        loaded = load_from(app, path, begun, Duration::from_secs(boot_timeout_s), &progress) => loaded,
        never = progress.tell() => match never {},
    }
}

async fn load_from(
    app: &Arc<App>,
    path: &Path,
    begun: bool,
    ready_within: Duration,
    progress: &Progress,
) -> anyhow::Result<()> {
    let begun_ms = app.clock.now_ms();
    let seed = read(path.to_path_buf()).await?;
    let (key_pairs, instances) = (seed.key_pairs.len(), seed.instances.len());
    if !begun && key_pairs == 0 && instances == 0 {
        bail!(
            "the seed {} is empty: it holds neither KeyPairs nor Instances; leave it out, or see docs/operating.md",
            path.display()
        );
    }
    tracing::info!(seed = %path.display(), key_pairs, instances, "loading the seed");
    progress.instances.store(instances, Ordering::Relaxed);
    // Hashing many passwords takes its time, which a signal must not wait for.
    let (theirs, plans) = (Arc::clone(app), move |seed, app: Arc<App>| {
        let plans = seed_file::plans(&seed, &|| context(&app))?;
        anyhow::Ok((seed, plans))
    });
    let planned = tokio::task::spawn_blocking(move || plans(seed, theirs)).await;
    let (seed, plans) = planned.context("the seed's reader broke")??;
    let view = app.state.view();
    if !begun {
        put_key_pairs(app, seed.key_pairs).await?;
    }
    let mut plans = plans.into_iter().filter(|(id, ..)| view.instance(*id).is_none());
    loop {
        let chunk: Vec<_> = plans.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        put_instances(app, chunk).await?;
    }
    make_machines(app, ready_within, progress).await?;
    let view = app.state.view();
    // The operator's, and no part of what the account may hold.
    let seeded = Some((FIRST_ACCOUNT, view.usage(FIRST_ACCOUNT)));
    let settings = Settings { seed: SeedState::Done, seeded, ..view.settings().clone() };
    put_settings(&app.state, settings).await?;
    let took_ms = app.clock.now_ms().saturating_sub(begun_ms);
    tracing::info!(key_pairs, instances, took_ms, "the seed is loaded");
    Ok(())
}

/// By a thread that nobody waits for at the end: a pipe may keep it for a while.
async fn read(path: PathBuf) -> anyhow::Result<Seed> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || tell.send(seed_file::read(&path)));
    told.await.context("the seed's reader broke")?
}

/// How far the loading is, for a log that is looked at meanwhile.
#[derive(Default)]
struct Progress {
    instances: AtomicUsize,
    made: AtomicUsize,
}

impl Progress {
    /// Goes on for as long as it is asked.
    async fn tell(&self) -> Infallible {
        let mut ticks = tokio::time::interval(TOLD_EVERY);
        // The first one comes at once.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let (made, instances) = (self.made.load(Ordering::Relaxed), self.instances.load(Ordering::Relaxed));
            tracing::info!(made, instances, "still loading the seed");
        }
    }
}

fn context(app: &App) -> Context {
    app.context(random::request_id(), Dialect::Api3, Language::English, FIRST_ACCOUNT, app.policy.region)
}

async fn put_key_pairs(app: &App, keys: Vec<SeedKeyPair>) -> anyhow::Result<()> {
    let created_seconds = app.now_seconds();
    app.state
        .change(move |tx| {
            tx.put_settings(Settings { seed: SeedState::Begun, ..tx.view().settings().clone() });
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

/// An Ed25519 key of random bytes.
fn nobodys_key() -> anyhow::Result<PublicKey> {
    let blob = [&b"\0\0\0\x0bssh-ed25519\0\0\0\x20"[..], &random::bytes::<32>()].concat();
    Ok(PublicKey::parse(&format!("ssh-ed25519 {}", STANDARD.encode(blob)))?)
}

async fn put_instances(app: &App, chunk: Vec<Planned>) -> anyhow::Result<()> {
    let context = context(app);
    app.state
        .change(move |tx| {
            let instances: Result<Vec<_>, _> = chunk
                .into_iter()
                .map(|(id, plan, state)| {
                    let instance = cvmd_actions::seeded(tx, &context, &plan, id, state);
                    instance.map_err(|refusal| {
                        anyhow::anyhow!("{id} of the seed cannot be made: {}", Reason::from(refusal))
                    })
                })
                .collect();
            instances?.into_iter().for_each(|instance| tx.put_instance(instance));
            anyhow::Ok(())
        })
        .await?
}

/// Brings every machine to what the state says, before anybody can ask.
async fn make_machines(app: &Arc<App>, ready_within: Duration, progress: &Progress) -> anyhow::Result<()> {
    let view = app.state.view();
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let made = |outcome: Result<anyhow::Result<()>, tokio::task::JoinError>| {
        progress.made.fetch_add(1, Ordering::Relaxed);
        outcome?
    };
    for instance in view.all_instances() {
        while tasks.len() >= PARALLEL {
            made(tasks.join_next().await.context("no task")?)?;
        }
        let (app, id) = (Arc::clone(app), instance.id);
        let guest = instance.tags.iter().find(|tag| &*tag.key == cvmd_model::GUEST_TAG);
        let guest = guest.map_or_else(String::new, |tag| format!(" (its tag {} is \"{}\")", tag.key, tag.value));
        tasks.spawn(async move {
            let making = make_machine(&app, id, ready_within).await;
            making.with_context(|| format!("the machine of {id} of the seed could not be made{guest}"))
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        made(outcome)?;
    }
    Ok(())
}

async fn make_machine(app: &App, id: InstanceId, ready_within: Duration) -> anyhow::Result<()> {
    let view = app.state.view();
    let instance = view.instance(id).context("the instance is gone")?;
    let hypervisor = &app.hypervisor;
    let mut changes = (instance.state == InstanceState::Running).then(|| hypervisor.watch());
    hypervisor.define(&cvmd_operations::definition(instance)).await?;
    if hypervisor.observe(id).await?.power == Power::Off && !instance.is_windows() {
        hypervisor.write_login(id, &cvmd_operations::login(&view, instance), &[]).await?;
    }
    let Some(changes) = &mut changes else { return Ok(()) };
    hypervisor.start(id).await?;
    let ready = async {
        while !hypervisor.observe(id).await?.ready {
            changes.recv().await;
        }
        anyhow::Ok(())
    };
    let late = || format!("its sshd does not answer after {} s (--boot-timeout-s)", ready_within.as_secs());
    tokio::time::timeout(ready_within, ready).await.with_context(late)?
}
