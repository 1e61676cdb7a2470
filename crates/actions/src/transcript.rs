//! Runs the transcripts of all action files, and holds the catalog against the vendor's description.
//!
//! A transcript is paragraphs; each begins in the same small world ([`World`]). `> Action {json}` calls API 3.0,
//! `>> Action {json}` the legacy door; `> vpc.Action {json}` names a product other than the file's own; and `< reply` must match, where `...` stands for anything. A refusal reads
//! `< Code message`. A line of plain words changes the world first. `3*"x"` in a call stands for `"x","x","x"`.

use crate::{
    ACTIONS, Action, ApiError, Body, Context, Disks, Effect, Parameters, Plan, Policy, Product, Reason,
    RunningKeyChange, Seal,
    catalog::{self, TRANSCRIPTS},
    error::COMMON,
    facts::{self, Facts, Member},
    parameters::taken,
    seeded,
};
use cvmd_model::{
    Account, AccountNumber, Associate, By, ChargeType, Goal, IMAGES, Image, InstanceState, InstanceTypeId,
    InternetAccessible, KeyPair, LoginWanted, Password, Prepaid, PublicKey, Rare, RegionId, RenewFlag, RequestId, Tag,
    ZoneId,
};
use cvmd_state::{JournalEntry, State, Transaction, store::MemoryStore};
use cvmd_wire::{Door, Language, Params};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::{Arc, Mutex},
};

const US: AccountNumber = AccountNumber(1);
const OTHERS: AccountNumber = AccountNumber(2);
/// 2026-11-24T00:00:00Z.
const NOW_SECONDS: u64 = 1_795_478_400;

struct Unsealed;

impl Seal for Unsealed {
    fn seal(&self, _clear: &str) -> Box<str> {
        "sealed".into()
    }
}

/// Our account has ten instances in ap-guangzhou, two of them paid in advance, one in ap-shanghai, and two key pairs; another
/// account has an instance and a key pair.
struct World {
    state: State,
    calls: u8,
    policy: Policy,
}

fn key(id: &str, name: &str, byte: u8, account: AccountNumber, sequence: u64) -> KeyPair {
    KeyPair {
        id: id.parse().unwrap(),
        sequence,
        account,
        name: name.into(),
        project_id: 0,
        description: "".into(),
        public_key: public_key(byte),
        created_seconds: NOW_SECONDS,
        tags: if name == "bound" { [red()].into() } else { [].into() },
    }
}

fn public_key(byte: u8) -> PublicKey {
    use base64::Engine;
    let blob = [&b"\0\0\0\x0bssh-ed25519\0\0\0\x20"[..], &[byte; 32]].concat();
    PublicKey::parse(&format!("ssh-ed25519 {} a b", base64::engine::general_purpose::STANDARD.encode(blob))).unwrap()
}

fn red() -> Tag {
    Tag { key: "team".into(), value: "red".into() }
}

fn plan(zone: &str, image: &'static Image, keys: &[&str], tags: Box<[Tag]>) -> Plan {
    Plan {
        zone: ZoneId::find(zone).unwrap(),
        project_id: 0,
        image,
        instance_type: InstanceTypeId::SMALLEST,
        charge_type: ChargeType::PostpaidByHour,
        disks: Disks::usual(image),
        internet: InternetAccessible {
            charge_type: "TRAFFIC_POSTPAID_BY_HOUR".into(),
            max_bandwidth_out: 0,
            public_ip_assigned: false,
        },
        name: None,
        host_name: None,
        login: LoginWanted {
            keys: keys.iter().map(|key| key.parse().unwrap()).collect(),
            password: Password::Never,
            password_login: false,
        },
        security_groups: [].into(),
        tags,
        user_data: None,
        protected: false,
        rare: Rare::default(),
    }
}

fn fill(tx: &mut Transaction<'_>, context: &Context) -> Result<(), ApiError> {
    for number in [US, OTHERS] {
        tx.put_account(Account {
            number,
            name: format!("account{}", number.0).into(),
            uin: 100_000_000_000 + u64::from(number.0),
            app_id: 1_300_000_000 + u64::from(number.0),
            created_seconds: NOW_SECONDS,
        });
    }
    let windows = IMAGES.iter().find(|image| image.distribution == "Windows").unwrap();
    let bound = ["skey-bound001"];
    for (id, zone, image, keys, state) in [
        ("ins-running1", "ap-guangzhou-3", &IMAGES[0], &bound[..], InstanceState::Running),
        ("ins-stopped1", "ap-guangzhou-3", &IMAGES[0], &bound, InstanceState::Stopped),
        ("ins-windows1", "ap-guangzhou-3", windows, &[], InstanceState::Stopped),
        ("ins-busy0001", "ap-guangzhou-3", &IMAGES[0], &[], InstanceState::Starting),
        ("ins-starting", "ap-guangzhou-3", &IMAGES[0], &[], InstanceState::Starting),
        ("ins-stopping", "ap-guangzhou-3", &IMAGES[0], &[], InstanceState::Stopping),
        ("ins-sleeping", "ap-guangzhou-3", &IMAGES[0], &bound, InstanceState::Stopped),
        ("ins-launchno", "ap-guangzhou-3", &IMAGES[0], &[], InstanceState::LaunchFailed),
        ("ins-prepaid1", "ap-guangzhou-3", &IMAGES[0], &[], InstanceState::Running),
        ("ins-recycled", "ap-guangzhou-3", &IMAGES[0], &[], InstanceState::Shutdown),
        ("ins-shanghai", "ap-shanghai-2", &IMAGES[0], &[], InstanceState::Stopped),
        ("ins-foreign1", "ap-guangzhou-3", &IMAGES[0], &[], InstanceState::Stopped),
    ] {
        let tags = if id == "ins-running1" { [red()].into() } else { [].into() };
        let account = if id == "ins-foreign1" { OTHERS } else { US };
        let context = Context { account, ..context.clone() };
        let mut instance = seeded(tx, &context, &plan(zone, image, keys, tags), id.parse().unwrap(), state).unwrap();
        instance.stopped_without_charging = id == "ins-sleeping";
        if ["ins-prepaid1", "ins-recycled"].contains(&id) {
            let prepaid = Prepaid { renew: RenewFlag::default(), expires_seconds: NOW_SECONDS + 3600 };
            instance.charge_type = ChargeType::Prepaid;
            instance.change_rare(|rare| rare.prepaid = Some(prepaid));
        }
        if id == "ins-busy0001" {
            instance.begin(Goal::Start, By { action: "StartInstances", request: RequestId(uuid::Uuid::nil()) });
        }
        tx.put_instance(instance);
    }
    for (id, name, byte, account) in
        [("skey-bound001", "bound", 1, US), ("skey-spare001", "spare", 2, US), ("skey-foreign1", "foreign", 3, OTHERS)]
    {
        let sequence = tx.next_sequence();
        tx.put_key_pair(key(id, name, byte, account, sequence));
    }
    Ok(())
}

/// Every reason that a transcript came to, whichever test played it.
static REASONS: Mutex<Vec<Reason>> = Mutex::new(Vec::new());

fn heard(reason: &Reason, door: Door) -> ApiError {
    REASONS.lock().unwrap().push(reason.clone());
    reason.told(door, Language::English)
}

/// Plays all, and gives the reasons that they came to.
pub(crate) fn all_reasons() -> Vec<Reason> {
    play_all();
    REASONS.lock().unwrap().clone()
}

impl World {
    async fn new() -> World {
        let world = World {
            state: State::open(Box::new(MemoryStore::default())).unwrap(),
            calls: 0,
            policy: Policy::documented(RegionId::find("ap-guangzhou").unwrap()),
        };
        let context = world.context(Door::Api3);
        world.state.change(move |tx| fill(tx, &context)).await.unwrap().unwrap();
        world
    }

    fn context(&self, door: Door) -> Context {
        let mut seed = [7; 32];
        seed[0] = self.calls;
        Context {
            request: RequestId(uuid::Uuid::from_u128(u128::from(self.calls))),
            door,
            language: Language::English,
            account: US,
            region: RegionId::find("ap-guangzhou").unwrap(),
            now_seconds: NOW_SECONDS,
            seed,
            policy: self.policy,
            seal: Arc::new(Unsealed),
        }
    }

    async fn fill_account(&self) {
        let outcome = self.state.change(|tx| {
            for number in 4..=101_u8 {
                let sequence = tx.next_sequence();
                tx.put_key_pair(key(
                    &format!("skey-filler{number:02x}")[..13],
                    &format!("filler{number}"),
                    number,
                    US,
                    sequence,
                ));
            }
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    async fn tag_fully(&self) {
        let outcome = self.state.change(|tx| {
            let id = "ins-stopped1".parse().unwrap();
            let mut instance = cvmd_model::Instance::clone(tx.view().instance(id).unwrap());
            let tag = |number| Tag { key: format!("t{number}").into(), value: "x".into() };
            instance.tags = (1..=50).map(tag).collect();
            tx.put_instance(instance);
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    async fn free_others(&self) {
        let outcome = self.state.change(|tx| {
            for instance in tx.view().all_instances().filter(|instance| instance.id.to_string() != "ins-stopped1") {
                let mut instance = cvmd_model::Instance::clone(instance);
                instance.login.keys.clear();
                tx.put_instance(instance);
            }
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    async fn call(&mut self, action: &'static Action, params: Params, door: Door) -> Result<Body, ApiError> {
        self.calls += 1;
        let context = self.context(door);
        let mut parameters = Parameters::of_action(action, params).map_err(|reason| heard(&reason, door))?;
        let prepare = match action.effect {
            Effect::Query(answer) => {
                let body =
                    answer(&mut parameters, &self.state.view(), &context).map_err(|reason| heard(&reason, door))?;
                return parameters.finish().map(|()| body).map_err(|reason| heard(&reason, door));
            }
            Effect::Command(prepare) | Effect::SlowCommand(prepare) => prepare,
        };
        let apply = prepare(&mut parameters, &context).and_then(|apply| parameters.finish().map(|()| apply));
        let entry = JournalEntry {
            request: context.request,
            account: US,
            credential: "AKID".into(),
            action: action.name,
            at_seconds: NOW_SECONDS,
            instances: vec![],
            replay: None,
        };
        let run = move |tx: &mut Transaction<'_>| {
            apply.and_then(|apply| apply(tx, &context)).map_err(|reason| heard(&reason, door))
        };
        self.state.commit(entry, run).await.expect("an action that refuses has written nothing before")
    }
}

type Key = (Product, &'static str);

fn key_of(action: &Action) -> Key {
    (action.product, action.name)
}

/// What all transcripts provoked, by action.
#[derive(Default)]
struct Seen {
    codes: BTreeMap<Key, BTreeSet<&'static str>>,
    taken: BTreeMap<Key, BTreeSet<String>>,
    troubles: String,
}

fn play_all() -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut seen = Seen::default();
    for (file, transcript, _) in TRANSCRIPTS {
        for paragraph in transcript.split("\n\n") {
            runtime.block_on(play(file, paragraph, &mut seen));
        }
    }
    seen
}

async fn play(file: &str, paragraph: &str, seen: &mut Seen) {
    let mut world = World::new().await;
    let mut answer: Option<(String, String)> = None;
    for line in paragraph.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line == "running_key_change = shutdown" {
            world.policy.running_key_change = RunningKeyChange::Shutdown;
        } else if line == "associate = add" {
            world.policy.associate = Associate::Add;
        } else if line == "full account" {
            world.fill_account().await;
        } else if line == "ins-stopped1 carries 50 tags" {
            world.tag_fully().await;
        } else if line == "only ins-stopped1 holds a key" {
            world.free_others().await;
        } else if let Some(pattern) = line.strip_prefix("< ") {
            let (call, got) = answer.take().unwrap_or_else(|| panic!("{file}: an answer without a call: {line}"));
            if !matches(pattern, &got) {
                let _ = writeln!(seen.troubles, "{file}:\n  {call}\n  expected {pattern}\n  answered {got}");
            }
        } else {
            assert!(answer.is_none(), "{file}: a call without an answer before: {line}");
            answer = Some((line.to_string(), run(&mut world, file, line, seen).await));
        }
    }
    assert!(answer.is_none(), "{file}: a call without an answer");
}

async fn run(world: &mut World, file: &str, line: &str, seen: &mut Seen) -> String {
    let (door, call) = match line.strip_prefix(">> ") {
        Some(call) => (Door::Legacy, call),
        None => (Door::Api3, line.strip_prefix("> ").unwrap_or_else(|| panic!("neither call nor answer: {line}"))),
    };
    let (name, json) = call.split_once(' ').unwrap();
    let own = file.split('/').next().unwrap_or_default();
    let (product, name) = name.split_once('.').unwrap_or((own, name));
    let product = Product::find(product).unwrap_or_else(|| panic!("no product {product}"));
    let action = catalog::find(product, name).unwrap_or_else(|| panic!("no action {name}"));
    let json = expand(&json.replace("KEY-BOUND", &public_key(1).with_comment("").to_string()));
    let value: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let params = match door {
        Door::Api3 => Params::from_json(json.as_bytes()).unwrap(),
        Door::Legacy => {
            let mut pairs = Vec::new();
            flatten(&value, "", &mut pairs);
            Params::from_pairs(pairs).unwrap()
        }
    };
    taken::begin();
    let outcome = world.call(action, params, door).await;
    seen.taken.entry(key_of(action)).or_default().extend(taken::end());
    match outcome {
        Ok(Body(body)) => {
            let reply: Value = serde_json::from_slice(&body).unwrap();
            // A dry run answers the RequestId only.
            if !value.as_object().unwrap().contains_key("DryRun") {
                let facts = facts::of(product);
                check(&reply, &facts.actions[name].output, name, facts, &mut seen.troubles);
            }
            String::from_utf8(body).unwrap()
        }
        Err(error) => {
            seen.codes.entry(key_of(action)).or_default().insert(error.code);
            format!("{} {}", error.code, error.message)
        }
    }
}

/// `3*"x"` becomes `"x","x","x"`.
fn expand(json: &str) -> String {
    let mut expanded = json.to_string();
    while let Some(star) = expanded.find("*\"") {
        let start = expanded[..star].rfind(|character: char| !character.is_ascii_digit()).unwrap() + 1;
        let end = star + 2 + expanded[star + 2..].find('"').unwrap() + 1;
        let times: usize = expanded[start..star].parse().unwrap();
        let list = vec![&expanded[star + 1..end]; times].join(",");
        expanded.replace_range(start..end, &list);
    }
    expanded
}

fn flatten(value: &Value, name: &str, pairs: &mut Vec<(String, String)>) {
    let join = |key: &str| if name.is_empty() { key.to_string() } else { format!("{name}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(value, &join(key), pairs)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| flatten(value, &join(&(index + 1).to_string()), pairs));
        }
        Value::String(text) => pairs.push((name.to_string(), text.clone())),
        other => pairs.push((name.to_string(), other.to_string())),
    }
}

/// Whether the text is the pattern, where `...` stands for anything, nothing included.
fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split("...").collect();
    let [first, middle @ .., last] = &parts[..] else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first.trim_end()) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Holds a reply against the vendor's description: no unknown member, none of a wrong type, null only where allowed.
fn check(value: &Value, members: &[Member], place: &str, facts: &Facts, troubles: &mut String) {
    let Value::Object(map) = value else {
        let _ = writeln!(troubles, "{place}: not an object");
        return;
    };
    for name in map.keys().filter(|name| !members.iter().any(|member| member.name == **name)) {
        let _ = writeln!(troubles, "{place}: the vendor's reply has no member {name}");
    }
    for member in members {
        let place = format!("{place}.{}", member.name);
        match map.get(&member.name) {
            Some(Value::Null) if member.nullable => {}
            Some(Value::Null) => drop(writeln!(troubles, "{place}: null is not allowed")),
            Some(value) => check_member(value, member, &place, facts, troubles),
            // A post-paid instance has neither of the two.
            None if !member.output_required || ["RenewFlag", "ExpiredTime"].contains(&&*member.name) => {}
            None => drop(writeln!(troubles, "{place}: absent")),
        }
    }
}

fn check_member(value: &Value, member: &Member, place: &str, facts: &Facts, troubles: &mut String) {
    let inner = facts.structs.get(&member.member).map_or(&[][..], |structure| &structure.members);
    let fits = match (member.kind.as_str(), value) {
        ("list", Value::Array(list)) => {
            for item in list.iter().filter(|_| !inner.is_empty()) {
                check(item, inner, place, facts, troubles);
            }
            true
        }
        ("object", value) => {
            check(value, inner, place, facts, troubles);
            true
        }
        ("int", value) => value.is_i64(),
        ("bool", value) => value.is_boolean(),
        ("float", value) => value.is_number(),
        ("string", value) => value.is_string(),
        _ => false,
    };
    if !fits {
        let _ = writeln!(troubles, "{place}: {value} is no {}", member.kind);
    }
}

#[test]
fn every_transcript_is_answered_as_it_says() {
    let seen = play_all();
    assert!(seen.troubles.is_empty(), "{}", seen.troubles);
}

#[test]
fn every_declared_code_is_provoked_and_no_other_is_answered() {
    let seen = play_all();
    for action in ACTIONS {
        let provoked = seen.codes.get(&key_of(action)).cloned().unwrap_or_default();
        let declared: BTreeSet<&str> = action.errors.iter().copied().collect();
        let common: BTreeSet<&str> = COMMON.iter().copied().collect();
        let silent: Vec<_> = declared.difference(&provoked).collect();
        assert!(silent.is_empty(), "{} declares {silent:?}, which no transcript provokes", action.name);
        let undeclared: Vec<_> =
            provoked.iter().filter(|code| !declared.contains(*code) && !common.contains(*code)).collect();
        assert!(undeclared.is_empty(), "{} answers {undeclared:?} without declaring it", action.name);
    }
}

#[test]
fn every_parameter_has_an_effect_or_is_listed_without_one() {
    let seen = play_all();
    for action in ACTIONS {
        let taken = seen.taken.get(&key_of(action)).cloned().unwrap_or_default();
        for member in facts::inputs(action.product, action.name) {
            let listed = action.without_effect.contains(&&*member.name);
            let read = taken.contains(&member.name);
            assert!(listed != read, "{}.{}: read {read}, listed without effect {listed}", action.name, member.name);
        }
    }
}

#[test]
fn the_catalog_agrees_with_the_vendors_description() {
    /// Codes of the legacy door, which the vendor's description of API 3.0 does not list for every action.
    const LEGACY: &[&str] = &["InvalidInstance.NotSupported", "InvalidPassword"];
    for pair in ACTIONS.windows(2) {
        let [before, after] = [pair[0], pair[1]].map(key_of);
        assert!(before < after, "{before:?} must stand after {after:?}");
    }
    for action in ACTIONS {
        let facts = facts::of(action.product);
        let own = &facts.actions[action.name].errors;
        let codes = if own.is_empty() { &facts.codes } else { own };
        assert!(action.errors.is_sorted(), "{}: codes are sorted", action.name);
        for code in action.errors {
            let known = codes.contains(&(*code).to_string()) || LEGACY.contains(code);
            assert!(known, "{} declares {code}, which the vendor does not list", action.name);
            assert!(!COMMON.contains(code), "{} need not declare the common {code}", action.name);
        }
    }
}

#[test]
fn no_two_products_of_one_version_have_actions_of_one_name() {
    let mut seen = BTreeSet::new();
    for action in ACTIONS {
        assert!(seen.insert((action.product.version(), action.name)), "{} is there twice", action.name);
    }
}

#[test]
fn the_transcripts_patterns_can_fail() {
    assert!(matches("A.B ...", "A.B and more"));
    assert!(matches("A.B ...", "A.B"));
    assert!(matches("...x...y", "axbxy"));
    assert!(!matches("A.B ...", "A.C and more"));
    assert!(!matches("...x...y...", "yx"));
    assert!(!matches("{}", "{} "));
    assert_eq!(expand(r#"[2*"a",3*"b"]"#), r#"["a","a","b","b","b"]"#);
}
