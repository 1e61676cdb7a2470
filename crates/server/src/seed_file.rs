//! Reads a seed's file, with a bound on its size, and checks all of it before anything is written.
//!
//! The names are the API's own. Every field but the id may be left out.

use crate::{bounded_file, plain_words};
use anyhow::{Context as _, bail};
use cvmd_actions::{Context, Disks, Plan, Source, Wanted};
use cvmd_model::{
    ChargeType, Goal, IMAGES, Image, ImageId, InstanceId, InstanceTypeId, InternetAccessible, KeyPairId, LoginWanted,
    Password, Platform, PublicKey, Tag, ZoneId,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};
use std::{collections::HashSet, marker::PhantomData, path::Path};

/// While it is parsed, a seed takes about three times its bytes of memory.
const BYTES_MAX: u64 = 64 << 20;
/// The maximum of key pairs and instances. Each takes several times its text while it is parsed.
const ELEMENTS_MAX: usize = 500_000;
const ID_CHARACTERS_SHOWN: usize = 40;
const ZONE: &str = "ap-guangzhou-3";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[derive(Default)]
pub(crate) struct Seed {
    #[serde(deserialize_with = "elements")]
    pub(crate) key_pairs: Vec<SeedKeyPair>,
    #[serde(deserialize_with = "elements")]
    pub(crate) instances: Vec<SeedInstance>,
    /// Of the file's bytes.
    #[serde(skip)]
    pub(crate) hash: uuid::Uuid,
}

/// An element of one of the seed's lists.
trait Element: DeserializeOwned {
    /// The list's name.
    const LIST: &'static str;
}

impl Element for SeedKeyPair {
    const LIST: &'static str = "KeyPairs";
}

impl Element for SeedInstance {
    const LIST: &'static str = "Instances";
}

/// A list with a maximum, whose errors name the wrong element.
fn elements<'de, T: Element, D: Deserializer<'de>>(list: D) -> Result<Vec<T>, D::Error> {
    list.deserialize_seq(Elements(PhantomData))
}

struct Elements<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for Elements<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a list in [ ] as {}", T::LIST)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::new();
        loop {
            let number = elements.len();
            let next = list.next_element::<T>();
            match next.map_err(|error| A::Error::custom(format!("{}[{number}]: {error}", T::LIST)))? {
                Some(_) if number == ELEMENTS_MAX => {
                    return Err(A::Error::custom(format!("{} holds more than {ELEMENTS_MAX}", T::LIST)));
                }
                Some(element) => elements.push(element),
                None => return Ok(elements),
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SeedKeyPair {
    pub(crate) key_id: KeyPairId,
    pub(crate) key_name: Option<Box<str>>,
    /// By default a key that nobody holds.
    pub(crate) public_key: Option<PublicKey>,
    #[serde(default)]
    pub(crate) project_id: u32,
    #[serde(default)]
    pub(crate) description: Box<str>,
    #[serde(default)]
    pub(crate) tags: Box<[Tag]>,
}

/// The states that an instance of a seed may have.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SeedState {
    Running,
    Stopped,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SeedInstance {
    pub(crate) instance_id: InstanceId,
    pub(crate) instance_state: Option<SeedState>,
    pub(crate) instance_name: Option<Box<str>>,
    pub(crate) instance_type: Option<InstanceTypeId>,
    pub(crate) image_id: Option<ImageId>,
    pub(crate) placement: Option<SeedPlacement>,
    pub(crate) login_settings: Option<SeedLogin>,
    #[serde(default)]
    pub(crate) tags: Box<[Tag]>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SeedPlacement {
    pub(crate) zone: ZoneId,
    #[serde(default)]
    pub(crate) project_id: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct SeedLogin {
    #[serde(default)]
    pub(crate) key_ids: Vec<KeyPairId>,
    pub(crate) password: Option<Box<str>>,
}

/// Reads a seed.
///
/// # Errors
/// When the file cannot be read, is too large or is no seed.
pub(crate) fn read(path: &Path) -> anyhow::Result<Seed> {
    let text = bounded_file::read(path, "the seed", BYTES_MAX)?;
    // serde would take a list for the fields in order.
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        bail!("{} is no seed: a seed is an object such as {{\"KeyPairs\": [], \"Instances\": []}}", path.display());
    }
    let seed: Seed = serde_json::from_slice(&text).map_err(|error| {
        anyhow::anyhow!("cannot understand the seed {}: {}", path.display(), with_id(&text, plain_words::of(error)))
    })?;
    Ok(Seed { hash: uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &text), ..seed })
}

/// Adds the id of the wrong element, if it has one: people search for that rather than count.
fn with_id(text: &[u8], message: String) -> String {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Ids {
        key_pairs: Vec<Id>,
        instances: Vec<Id>,
    }
    #[derive(Deserialize)]
    struct Id {
        #[serde(alias = "KeyId", alias = "InstanceId")]
        id: Option<String>,
    }
    let Ok(ids) = serde_json::from_slice::<Ids>(text) else { return message };
    let named = [(SeedKeyPair::LIST, ids.key_pairs), (SeedInstance::LIST, ids.instances)].into_iter().find_map(
        |(list, ids)| {
            let (number, rest) = message.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
            let id = ids.get(number.parse::<usize>().ok()?)?.id.as_deref()?;
            // A text that is no id may hold anything.
            let id: String = id.chars().filter(|letter| !letter.is_control()).take(ID_CHARACTERS_SHOWN).collect();
            Some(format!("{list}[{number}] ({id}){rest}"))
        },
    );
    named.unwrap_or(message)
}

/// What to make: the instance, its plan, and its goal.
pub(crate) type Planned = (InstanceId, Plan, Goal);

/// Checks everything before anything is written. `context` is a new one for each password.
pub(crate) fn plans(seed: &Seed, context: &dyn Fn() -> Context) -> anyhow::Result<Vec<Planned>> {
    let (mut known, mut keys, mut blobs) = (HashSet::new(), HashSet::new(), HashSet::new());
    for key in &seed.key_pairs {
        if !keys.insert(key.key_id) {
            bail!("the seed names {} twice", key.key_id);
        }
        if key.public_key.as_ref().is_some_and(|public| !blobs.insert(public.blob())) {
            bail!("{} has the public key of another key pair in the seed", key.key_id);
        }
        cvmd_actions::check_seeded_key_pair(key.key_name.as_deref(), &key.description, &key.tags)
            .map_err(|reason| anyhow::anyhow!("{} of the seed: {reason}", key.key_id))?;
    }
    seed.instances
        .iter()
        .map(|instance| {
            let id = instance.instance_id;
            if !known.insert(id) {
                bail!("the seed names {id} twice");
            }
            let goal = match instance.instance_state {
                None | Some(SeedState::Running) => Goal::Launch,
                Some(SeedState::Stopped) => Goal::Create,
            };
            cvmd_actions::check_seeded_instance(instance.instance_name.as_deref(), &instance.tags)
                .map_err(|reason| anyhow::anyhow!("{id} of the seed: {reason}"))?;
            let plan = plan(instance, context).with_context(|| format!("{id} of the seed"))?;
            if let Some(key) = plan.login.keys.iter().find(|key| !keys.contains(key)) {
                bail!("{id} names the key pair {key}, which the seed does not hold");
            }
            if plan.image.system.platform == Platform::Windows && !plan.login.keys.is_empty() {
                bail!("{id} runs Windows, which takes no key pair");
            }
            Ok((id, plan, goal))
        })
        .collect()
}

fn plan(seed: &SeedInstance, context: &dyn Fn() -> Context) -> anyhow::Result<Plan> {
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
            .map_err(|reason| anyhow::anyhow!("its password: {reason}"))?;
    }
    let password = match password {
        Some(password) => Password::Set(
            cvmd_actions::hash_password(password, &context()).map_err(|reason| anyhow::anyhow!("{reason}"))?,
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
            public_ip_declined: false,
        },
        network: Wanted::default(),
        name: seed.instance_name.clone(),
        host_name: None,
        login: LoginWanted { keys, password, password_login },
        security_groups: [].into(),
        tags: seed.tags.clone(),
        user_data: None,
        protected: false,
        extras: cvmd_model::InstanceExtras::default(),
    })
}
