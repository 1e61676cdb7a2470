//! The small world in which every paragraph of a transcript begins, and the words that change it.

use crate::{
    Action, ApiError, Body, ConsoleAt, Context, Disks, Effect, Plan, Policy, Purpose, Reason, RunningKeyChange, Seal,
    Wanted, carry_out, seeded, tagged,
    testing::{world_images, world_networks, world_proofs},
};
use cvmd_model::{
    Account, AccountNumber, Associate, By, ChargeType, DataDisk, DisasterRecoverGroup, Goal, GroupKind, IMAGES, Image,
    Instance, InstanceExtras, InstanceId, InstanceState, InstanceTypeId, InternetAccessible, KeyPair, LaunchTemplate,
    LoginWanted, Password, Prepaid, PublicKey, RegionId, RenewFlag, RequestId, Tag, TemplateData, ZoneId,
};
use cvmd_state::{
    JournalEntry, State, Transaction,
    store::{MemoryStore, Store, Table},
};
use cvmd_wire::{Dialect, Language, Params};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

const US: AccountNumber = AccountNumber(1);
const OTHERS: AccountNumber = AccountNumber(2);
/// 2026-11-24T00:00:00Z.
const NOW_SECONDS: u64 = 1_795_478_400;

struct Unsealed;

impl Seal for Unsealed {
    fn seal(&self, _clear: &str, _purpose: Purpose<'_>) -> Box<str> {
        "sealed".into()
    }
}

/// Our account has ten instances in ap-guangzhou, two of them paid in advance, one in ap-shanghai, and two key pairs; another
/// account has an instance and a key pair.
pub(crate) struct World {
    pub(crate) state: State,
    store: MemoryStore,
    pub(crate) language: Language,
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

pub(crate) fn public_key(byte: u8) -> PublicKey {
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
        image: image.into(),
        instance_type: InstanceTypeId::SMALLEST,
        charge_type: ChargeType::PostpaidByHour,
        disks: Disks::usual(&image.into()),
        internet: InternetAccessible {
            charge_type: "TRAFFIC_POSTPAID_BY_HOUR".into(),
            max_bandwidth_out: 0,
            public_ip_assigned: false,
            public_ip_declined: false,
        },
        network: Wanted::default(),
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
        extras: InstanceExtras::default(),
    }
}

fn group(id: &str, partitions: Option<u8>, sequence: u64) -> DisasterRecoverGroup {
    DisasterRecoverGroup {
        id: id.parse().unwrap(),
        sequence,
        account: US,
        region: RegionId::find("ap-guangzhou").unwrap(),
        name: id.trim_start_matches("ps-").into(),
        kind: GroupKind::Sw,
        affinity: 1,
        partitions,
        created_seconds: NOW_SECONDS,
        tags: [].into(),
    }
}

/// Its first version, the default one, has a password.
fn put_template(tx: &mut Transaction<'_>, id: &str, account: AccountNumber, versions: u32) {
    let parameters = r#"{"ImageId":"img-487zeit5","InstanceType":"S5.LARGE8","LoginSettings":{},"Placement":{"Zone":"ap-guangzhou-3"}}"#;
    let data = |number| TemplateData {
        description: "".into(),
        parameters: parameters.into(),
        password_hash: (number == 1).then(|| "$6$hash".into()),
        created_seconds: NOW_SECONDS,
    };
    let mut template = LaunchTemplate {
        id: id.parse().unwrap(),
        sequence: tx.next_sequence(),
        account,
        region: RegionId::find("ap-guangzhou").unwrap(),
        name: id.trim_start_matches("lt-").into(),
        default_version: 1,
        latest_version: 0,
        versions: Vec::new(),
        created_seconds: NOW_SECONDS,
        tags: [].into(),
    };
    for number in 1..=versions {
        let version = template.add(data(number), tx.next_sequence()).unwrap();
        tx.put(version);
    }
    tx.put(template);
}

fn fill_shelves(tx: &mut Transaction<'_>) {
    for (id, partitions) in [("ps-grouped1", None), ("ps-parted01", Some(3))] {
        let sequence = tx.next_sequence();
        tx.put(group(id, partitions, sequence));
    }
    for (id, account, versions) in [("lt-template", US, 2), ("lt-full0001", US, 30), ("lt-foreign1", OTHERS, 1)] {
        put_template(tx, id, account, versions);
    }
}

/// Gives it disks and bandwidth charge types that few instances have.
fn equip(instance: &mut Instance) {
    let id = &*instance.id.to_string();
    if id == "ins-stopped1" {
        let data = |id: &str, kind: &'static str| DataDisk::plain(id.parse().unwrap(), kind, 20);
        instance.data_disks = [data("disk-data0001", "CLOUD_SSD"), data("disk-local001", "LOCAL_SSD")].into();
        instance.system_disk.id = "disk-system01".parse().unwrap();
    }
    if id == "ins-windows1" {
        instance.internet.charge_type = "BANDWIDTH_PACKAGE".into();
    }
    if id == "ins-stopping" {
        instance.system_disk.kind = "LOCAL_BASIC".into();
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
        let plan = plan(zone, image, keys, tags);
        let instance = seeded(tx, &context, &plan, id.parse().unwrap(), Goal::Create).unwrap();
        let mut instance = Instance { state, operation: None, ..instance };
        instance.stopped_without_charging = id == "ins-sleeping";
        if ["ins-prepaid1", "ins-recycled"].contains(&id) {
            let prepaid = Prepaid { renew: RenewFlag::default(), expires_seconds: NOW_SECONDS + 3600 };
            instance.charge_type = ChargeType::Prepaid;
            instance.change_extras(|extras| extras.prepaid = Some(prepaid));
        }
        equip(&mut instance);
        if id == "ins-prepaid1" {
            instance.join("ps-grouped1".parse().unwrap(), None).unwrap();
        }
        if id == "ins-stopped1" {
            instance.proof = Some(Box::new(world_proofs::proven("skey-bound001", NOW_SECONDS)));
        }
        if id == "ins-busy0001" {
            instance.begin(Goal::Start, By { action: "StartInstances", request: RequestId(uuid::Uuid::nil()) });
        }
        tx.put_instance(instance);
    }
    fill_shelves(tx);
    for (id, name, byte, account) in
        [("skey-bound001", "bound", 1, US), ("skey-spare001", "spare", 2, US), ("skey-foreign1", "foreign", 3, OTHERS)]
    {
        let sequence = tx.next_sequence();
        tx.put_key_pair(key(id, name, byte, account, sequence));
    }
    world_networks::fill(tx, US, OTHERS, NOW_SECONDS);
    world_images::fill(tx, US, OTHERS);
    Ok(())
}

/// Every reason that a transcript caused, in any test.
pub(crate) static REASONS: Mutex<Vec<(Reason, &Action)>> = Mutex::new(Vec::new());

fn refused(reason: Reason, action: &'static Action, (dialect, language): (Dialect, Language)) -> ApiError {
    let error = reason.to_api_error(dialect, language, action.errors);
    REASONS.lock().unwrap().push((reason, action));
    error
}

impl World {
    pub(crate) async fn new() -> World {
        let store = MemoryStore::default();
        let world = World {
            state: State::open(Box::new(store.clone())).unwrap(),
            store,
            calls: 0,
            language: Language::English,
            policy: Policy::documented(RegionId::find("ap-guangzhou").unwrap()),
        };
        let context = world.context(Dialect::Api3);
        world.state.change(move |tx| fill(tx, &context)).await.unwrap().unwrap();
        world
    }

    /// The stored rows: table, sequence and body.
    pub(crate) fn rows(&self) -> BTreeSet<(&'static str, u64, Vec<u8>)> {
        let mut rows = BTreeSet::new();
        let mut take = |table: Table, sequence, body: &[u8]| {
            rows.insert((table.name(), sequence, body.to_vec()));
            Ok(())
        };
        self.store.clone().load(&mut take).unwrap();
        rows
    }

    pub(crate) fn context(&self, dialect: Dialect) -> Context {
        let mut seed = [7; 32];
        seed[0] = self.calls;
        Context {
            request: RequestId(uuid::Uuid::from_u128(u128::from(self.calls))),
            dialect,
            language: self.language,
            account: US,
            region: RegionId::find("ap-guangzhou").unwrap(),
            now_seconds: NOW_SECONDS,
            microseconds: 0,
            seed,
            policy: self.policy,
            seal: Arc::new(Unsealed),
        }
    }

    /// Changes the world as the words describe; returns whether the words are known.
    pub(crate) async fn change(&mut self, words: &str) -> bool {
        match words {
            "running_key_change = shutdown" => self.policy.running_key_change = RunningKeyChange::Shutdown,
            "console = on" => {
                let address = ([127, 0, 0, 1], 8312).into();
                self.policy.console = Some(ConsoleAt { address, tls: false });
            }
            words if words.starts_with("an account may have ") => {
                let mut words = words.trim_start_matches("an account may have ").split(' ');
                let number = words.next().and_then(|number| number.parse().ok()).unwrap();
                match words.next() {
                    Some("instances") => self.policy.account.instances_max = number,
                    _ => self.policy.account.bytes_max = number,
                }
            }
            "associate = add" => self.policy.associate = Associate::Add,
            "50 placement groups" => self.fill_with_groups().await,
            "20 instances in ps-grouped1" => self.fill_group().await,
            "200 launch templates" => self.fill_with_templates().await,
            "full account" => self.fill_account().await,
            "full networks" => self.fill_networks().await,
            "ins-prepaid1 has 5 Mbit/s in advance" => self.widen().await,
            "ins-sleeping has 5 Mbit/s and no public address" => {
                self.alter("ins-sleeping", |instance| instance.internet.max_bandwidth_out = 5).await;
            }
            "ins-prepaid1 was stopped without charging by an earlier version" => {
                let stopped = |instance: &mut Instance| {
                    (instance.state, instance.stopped_without_charging) = (InstanceState::Stopped, true);
                };
                self.alter("ins-prepaid1", stopped).await;
            }
            "ins-stopped1 carries 50 tags" => self.tag_fully().await,
            "only ins-stopped1 holds a key" => self.free_all_but("ins-stopped1").await,
            "nobody holds a key" => self.free_all_but("").await,
            _ => match words.split_once(" is in ").map(|(id, state)| (id.parse(), InstanceState::find(state))) {
                Some((Ok(id), Some(state))) => self.change_state(id, state).await,
                _ => return world_images::change(&self.state, words).await,
            },
        }
        true
    }

    async fn fill_with_groups(&self) {
        let outcome = self.state.change(|tx| {
            for number in 2..50 {
                let sequence = tx.next_sequence();
                tx.put(group(&format!("ps-many{number:04}"), None, sequence));
            }
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    async fn fill_group(&self) {
        let context = self.context(Dialect::Api3);
        let outcome = self.state.change(move |tx| {
            for number in 2..=20 {
                let id = format!("ins-member{number:02}").parse().unwrap();
                let plan = plan("ap-guangzhou-3", &IMAGES[0], &[], [].into());
                let instance = seeded(tx, &context, &plan, id, Goal::Create).unwrap();
                let mut instance = Instance { state: InstanceState::Stopped, operation: None, ..instance };
                instance.join("ps-grouped1".parse().unwrap(), None).unwrap();
                tx.put_instance(instance);
            }
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    async fn fill_with_templates(&self) {
        let outcome = self.state.change(|tx| {
            for number in 2..200 {
                put_template(tx, &format!("lt-many{number:04}"), US, 1);
            }
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    async fn change_state(&self, id: InstanceId, state: InstanceState) {
        let outcome = self.state.change(move |tx| {
            let mut instance = Instance::clone(tx.view().instance(id).unwrap());
            instance.state = state;
            tx.put_instance(instance);
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    async fn alter(&self, id: &'static str, change: impl FnOnce(&mut Instance) + Send + 'static) {
        let outcome = self.state.change(move |tx| {
            let mut instance = Instance::clone(tx.view().instance(id.parse().unwrap()).unwrap());
            change(&mut instance);
            tx.put_instance(instance);
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
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

    async fn fill_networks(&self) {
        let outcome = self.state.change(|tx| {
            world_networks::fill_up(tx, US, NOW_SECONDS);
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

    async fn widen(&self) {
        let outcome = self.state.change(|tx| {
            let id = "ins-prepaid1".parse().unwrap();
            let mut instance = cvmd_model::Instance::clone(tx.view().instance(id).unwrap());
            instance.internet.charge_type = "BANDWIDTH_PREPAID".into();
            instance.internet.max_bandwidth_out = 5;
            tx.put_instance(instance);
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    /// Puts all instances idle into that state, whatever was under way.
    pub(crate) async fn put_all_into(&self, state: &str) {
        let state = InstanceState::find(state).unwrap();
        self.alter_all(move |instance| (instance.state, instance.operation) = (state, None)).await;
    }

    async fn free_all_but(&self, holder: &'static str) {
        let free = move |instance: &mut Instance| {
            if instance.id.to_string() != holder {
                instance.login.keys.clear();
            }
        };
        self.alter_all(free).await;
    }

    async fn alter_all(&self, alter: impl Fn(&mut Instance) + Send + 'static) {
        let outcome = self.state.change(move |tx| {
            for instance in tx.view().all_instances() {
                let mut instance = Instance::clone(instance);
                alter(&mut instance);
                tx.put_instance(instance);
            }
            Ok::<_, ApiError>(())
        });
        outcome.await.unwrap().unwrap();
    }

    pub(crate) async fn call(
        &mut self,
        action: &'static Action,
        params: Params,
        dialect: Dialect,
    ) -> Result<Body, ApiError> {
        self.calls += 1;
        let context = self.context(dialect);
        let asked = (dialect, self.language);
        tagged::assert_in_step(&self.state.view(), &context);
        let mut parameters = action.parameters(params).map_err(|reason| refused(reason, action, asked))?;
        let prepare = match action.effect {
            Effect::Query(answer) => {
                let body = answer(&mut parameters, &self.state.view(), &context);
                let body = body.and_then(|body| parameters.finish().map(|()| body));
                return body.map_err(|reason| refused(reason, action, asked));
            }
            Effect::Command(prepare, _) => prepare,
        };
        let apply = prepare.run(&mut parameters, &self.state.view(), &context);
        let apply = apply.and_then(|apply| parameters.finish().map(|()| apply));
        let entry = JournalEntry {
            request: context.request,
            account: US,
            credential: "AKID".into(),
            action: action.name,
            at_seconds: NOW_SECONDS,
            microseconds: 0,
            instances: vec![],
            target: None,
            dry_run: false,
            replay: None,
        };
        let run = move |tx: &mut Transaction<'_>| {
            apply.and_then(|apply| carry_out(apply, tx, &context)).map_err(|reason| refused(reason, action, asked))
        };
        self.state.commit(entry, run).await.expect("an action that refuses has written nothing before")
    }
}
