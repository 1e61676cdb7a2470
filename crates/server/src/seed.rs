//! Seeds: key pairs and instances with given ids, loaded once into an empty data directory.
//!
//! The names are the API's own. Every field but the id may be left out.

use crate::{
    accounts::FIRST_ACCOUNT,
    house::{House, put_settings},
    random,
};
use anyhow::{Context as _, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_actions::{Context, Disks, Plan, Source, Wanted};
use cvmd_model::{
    ChargeType, IMAGES, Image, ImageId, InstanceId, InstanceState, InstanceTypeId, InternetAccessible, KeyPair,
    KeyPairId, LoginWanted, Password, Platform, Power, PublicKey, Tag, ZoneId,
};
use cvmd_state::{SeedState, Settings};
use cvmd_wire::{Door, Language};
use serde::Deserialize;
use std::{collections::HashSet, path::Path, sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Instances in one transaction.
const CHUNK: usize = 500;
/// Machines made side by side, so that their writes share commits.
const PARALLEL: usize = 512;
const READY_WITHIN: Duration = Duration::from_secs(120);
const ZONE: &str = "ap-guangzhou-3";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[derive(Default)]
struct Seed {
    key_pairs: Vec<SeedKeyPair>,
    instances: Vec<SeedInstance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SeedKeyPair {
    key_id: KeyPairId,
    key_name: Option<Box<str>>,
    /// Without one, a key that nobody holds.
    public_key: Option<PublicKey>,
    #[serde(default)]
    project_id: u32,
    #[serde(default)]
    description: Box<str>,
    #[serde(default)]
    tags: Box<[Tag]>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SeedInstance {
    instance_id: InstanceId,
    instance_state: Option<InstanceState>,
    instance_name: Option<Box<str>>,
    instance_type: Option<InstanceTypeId>,
    image_id: Option<ImageId>,
    placement: Option<SeedPlacement>,
    login_settings: Option<SeedLogin>,
    #[serde(default)]
    tags: Box<[Tag]>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SeedPlacement {
    zone: ZoneId,
    #[serde(default)]
    project_id: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SeedLogin {
    #[serde(default)]
    key_ids: Vec<KeyPairId>,
    password: Option<Box<str>>,
}

/// Loads the file unless that has been done; goes on where a start that was killed left off; refuses a data directory
/// that holds something else.
pub(crate) async fn load(house: &Arc<House>, path: Option<&Path>) -> anyhow::Result<()> {
    let view = house.state.view();
    let begun = match (view.settings().seed, path) {
        (SeedState::None | SeedState::Done, None) => return Ok(()),
        (SeedState::Done, Some(path)) => {
            tracing::info!(seed = %path.display(), "the seed was not applied: this data directory has had one already");
            return Ok(());
        }
        (SeedState::Begun, None) => bail!("the loading of a seed was interrupted: start again with the same --seed"),
        (SeedState::Begun, Some(_)) => true,
        (SeedState::None, Some(_)) => false,
    };
    if !begun && (view.instance_total() > 0 || view.key_pair_count(FIRST_ACCOUNT) > 0) {
        bail!(
            "the seed was not applied: this data directory has state already, and a seed can only be loaded into an empty one"
        );
    }
    let path = path.context("a seed is a file")?;
    let text = std::fs::read(path).with_context(|| format!("cannot read the seed {}", path.display()))?;
    // A list would be taken for the fields in their order.
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        bail!("{} is no seed: a seed is an object such as {{\"KeyPairs\": [], \"Instances\": []}}", path.display());
    }
    let seed: Seed =
        serde_json::from_slice(&text).with_context(|| format!("cannot understand the seed {}", path.display()))?;
    let plans = plans(&seed, house)?;
    if !begun {
        put_key_pairs(house, seed.key_pairs).await?;
    }
    let mut plans = plans.into_iter().filter(|(id, ..)| view.instance(*id).is_none());
    loop {
        let chunk: Vec<_> = plans.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        put_instances(house, chunk).await?;
    }
    make_machines(house).await?;
    let settings = Settings { seed: SeedState::Done, ..house.state.view().settings().clone() };
    put_settings(&house.state, settings).await
}

type Planned = (InstanceId, Arc<Plan>, InstanceState);

/// Everything is understood before anything is written.
fn plans(seed: &Seed, house: &House) -> anyhow::Result<Vec<Planned>> {
    let (mut known, mut keys, mut blobs) = (HashSet::new(), HashSet::new(), HashSet::new());
    for key in &seed.key_pairs {
        if !keys.insert(key.key_id) {
            bail!("the seed names {} twice", key.key_id);
        }
        if key.public_key.as_ref().is_some_and(|public| !blobs.insert(public.blob())) {
            bail!("{} has the public key of another key pair in the seed", key.key_id);
        }
    }
    seed.instances
        .iter()
        .map(|instance| {
            let id = instance.instance_id;
            if !known.insert(id) {
                bail!("the seed names {id} twice");
            }
            let state = instance.instance_state.unwrap_or(InstanceState::Running);
            if !matches!(state, InstanceState::Running | InstanceState::Stopped) {
                bail!("{id} can be RUNNING or STOPPED in a seed, not {}", state.name());
            }
            let plan = plan(instance, house)?;
            if let Some(key) = plan.login.keys.iter().find(|key| !keys.contains(key)) {
                bail!("{id} names the key pair {key}, which the seed does not hold");
            }
            if plan.image.system.platform == Platform::Windows && !plan.login.keys.is_empty() {
                bail!("{id} runs Windows, which takes no key pair");
            }
            Ok((id, Arc::new(plan), state))
        })
        .collect()
}

fn plan(seed: &SeedInstance, house: &House) -> anyhow::Result<Plan> {
    let image = match seed.image_id {
        Some(id) => Image::find(id).with_context(|| format!("there is no image {id}"))?,
        None => &IMAGES[0],
    };
    let image = Source::from(image);
    let placement = seed.placement.as_ref();
    let zone = placement.map(|placement| placement.zone).or_else(|| ZoneId::find(ZONE));
    let (keys, password) = match &seed.login_settings {
        Some(login) => (login.key_ids.clone(), login.password.as_deref()),
        None => (Vec::new(), None),
    };
    let password_login = password.is_some() && keys.is_empty();
    if let Some(password) = password {
        cvmd_actions::check_password(password, image.system.platform == Platform::Windows)
            .map_err(|reason| anyhow::anyhow!("the password of {}: {reason}", seed.instance_id))?;
    }
    let password = match password {
        Some(password) => Password::Set(
            cvmd_actions::hash_password(password, &context(house)).map_err(|reason| anyhow::anyhow!("{reason}"))?,
        ),
        None => Password::Never,
    };
    Ok(Plan {
        zone: zone.context("there is no zone")?,
        project_id: placement.map_or(0, |placement| placement.project_id),
        disks: Disks::usual(&image),
        image,
        instance_type: seed.instance_type.unwrap_or(InstanceTypeId::SMALLEST),
        charge_type: ChargeType::PostpaidByHour,
        internet: InternetAccessible {
            charge_type: "TRAFFIC_POSTPAID_BY_HOUR".into(),
            max_bandwidth_out: 0,
            public_ip_assigned: false,
        },
        network: Wanted::default(),
        name: seed.instance_name.clone(),
        host_name: None,
        login: LoginWanted { keys, password, password_login },
        security_groups: [].into(),
        tags: seed.tags.clone(),
        user_data: None,
        protected: false,
        rare: cvmd_model::Rare::default(),
    })
}

fn context(house: &House) -> Context {
    house.context(random::request_id(), Door::Api3, Language::English, FIRST_ACCOUNT, house.policy.region)
}

async fn put_key_pairs(house: &House, keys: Vec<SeedKeyPair>) -> anyhow::Result<()> {
    let created_seconds = house.now_seconds();
    house
        .state
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

async fn put_instances(house: &House, chunk: Vec<Planned>) -> anyhow::Result<()> {
    let context = context(house);
    house
        .state
        .change(move |tx| {
            let instances: Result<Vec<_>, _> = chunk
                .into_iter()
                .map(|(id, plan, state)| cvmd_actions::seeded(tx, &context, &plan, id, state))
                .collect();
            instances?.into_iter().for_each(|instance| tx.put_instance(instance));
            anyhow::Ok(())
        })
        .await?
}

/// Brings every machine to what the state says, before anybody can ask.
async fn make_machines(house: &Arc<House>) -> anyhow::Result<()> {
    let view = house.state.view();
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    for instance in view.all_instances() {
        while tasks.len() >= PARALLEL {
            tasks.join_next().await.context("no task")??.context("a machine of the seed could not be made")?;
        }
        let (house, id) = (Arc::clone(house), instance.id);
        tasks.spawn(async move { make_machine(&house, id).await });
    }
    while let Some(made) = tasks.join_next().await {
        made?.context("a machine of the seed could not be made")?;
    }
    Ok(())
}

async fn make_machine(house: &House, id: InstanceId) -> anyhow::Result<()> {
    let view = house.state.view();
    let instance = view.instance(id).context("the instance is gone")?;
    let hypervisor = &house.hypervisor;
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
    tokio::time::timeout(READY_WITHIN, ready).await.with_context(|| format!("{id} did not come up"))?
}
