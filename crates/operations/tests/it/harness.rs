//! State and machines that outlive engines, and lives of engines on them, each in a runtime of its own with a virtual
//! clock that only the test moves.

use crate::{
    machines::Machines,
    plan::{MortalStore, Plan},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cvmd_clock::Clock;
use cvmd_model::{
    AccountNumber, By, ChargeType, Goal, IMAGES, Instance, InstanceId, InstanceState, InstanceTypeId,
    InternetAccessible, KeyPair, KeyPairId, Latest, LatestState, Login, LoginWanted, Password, Prepaid, PublicKey,
    Refusal, RenewFlag, RequestId, StopType, SystemDisk, Tag, ZoneId,
};
use cvmd_operations::{Engine, Limits};
use cvmd_state::{JournalLine, State, Transaction, View, store::MemoryStore};
use std::{
    convert::Infallible,
    net::Ipv4Addr,
    pin::Pin,
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

/// The test moves the clock in steps of this length.
const STEP_MS: u64 = 50;
/// The time limit of a walk, in virtual time.
const PATIENCE_MS: u64 = 30 * 60 * 1000;

/// What outlives an engine.
#[derive(Debug, Default)]
pub(crate) struct Harness {
    pub(crate) machines: Machines,
    pub(crate) rows: MemoryStore,
    pub(crate) plan: Plan,
    pub(crate) limits: Limits,
    now_ms: u64,
}

/// One engine's life.
pub(crate) struct Life {
    pub(crate) state: Arc<State>,
    pub(crate) machines: Machines,
    pub(crate) clock: Clock,
    pub(crate) plan: Plan,
    pub(crate) engine: Option<Engine>,
}

type Law = Box<dyn FnOnce(&mut Instance) -> Result<(), Refusal> + Send>;

/// The engine has died at the point that the plan names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Crashed;

impl Harness {
    pub(crate) fn new() -> Harness {
        let plan = Plan::default();
        Harness { machines: Machines::new(plan.clone()), plan, now_ms: 1_700_000_000_000, ..Harness::default() }
    }

    /// Lets time pass without an engine.
    pub(crate) fn stand_empty_ms(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// Runs `story` with a new state and a new engine on the existing rows and machines. The engine is dropped as it is
    /// when the story ends.
    pub(crate) fn live<T>(&mut self, story: impl AsyncFnOnce(&mut Life) -> T) -> T {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        // A blocking task prevents tokio from moving the paused clock by itself while the writer's thread works.
        let (release, held) = std::sync::mpsc::channel::<()>();
        // Boxed, and with everything outside that is the same for all stories: this is compiled once for each.
        let life: Pin<Box<dyn Future<Output = (T, u64)>>> = Box::pin(async {
            hold(held);
            let clock = Clock::tokio(self.now_ms);
            self.machines.attach(clock);
            let store = MortalStore { rows: self.rows.clone(), plan: self.plan.clone() };
            let state = Arc::new(State::open(Box::new(store)).expect("rows that can be read"));
            let engine = Engine::start(Arc::clone(&state), Arc::new(self.machines.clone()), clock, self.limits);
            let mut life =
                Life { state, machines: self.machines.clone(), clock, plan: self.plan.clone(), engine: Some(engine) };
            let outcome = story(&mut life).await;
            (outcome, clock.now_ms())
        });
        let (outcome, now_ms) = runtime.block_on(life);
        self.now_ms = now_ms;
        runtime.shutdown_background();
        drop(release);
        outcome
    }
}

fn hold(held: Receiver<()>) {
    tokio::task::spawn_blocking(move || held.recv());
}

impl Life {
    /// Runs everything that can run without time passing.
    pub(crate) async fn settle(&self) {
        loop {
            let marks = (self.machines.calls(), self.state.figures());
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
            // The writer answers in order: this answer comes after those of earlier commands. It writes nothing, so the
            // counters do not change; in a group that fails it fails too, and is answered all the same.
            let _ = self.state.change(|_| Ok::<_, Infallible>(())).await;
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
            if marks == (self.machines.calls(), self.state.figures()) {
                return;
            }
        }
    }

    pub(crate) async fn pass_ms(&self, ms: u64) {
        let until_ms = self.clock.now_ms() + ms;
        while self.clock.now_ms() < until_ms {
            self.settle().await;
            tokio::time::advance(Duration::from_millis(STEP_MS)).await;
        }
        self.settle().await;
    }

    /// Lets time pass until the condition holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&View) -> bool) -> Result<(), Crashed> {
        self.until_it(what, &holds).await
    }

    async fn until_it(&self, what: &str, holds: &dyn Fn(&View) -> bool) -> Result<(), Crashed> {
        let end_ms = self.clock.now_ms() + PATIENCE_MS;
        loop {
            self.settle().await;
            if self.plan.has_crashed() {
                return Err(Crashed);
            }
            if holds(&self.state.view()) {
                return Ok(());
            }
            assert!(self.clock.now_ms() < end_ms, "waited in vain until {what}");
            tokio::time::advance(Duration::from_millis(STEP_MS)).await;
        }
    }

    pub(crate) async fn until_ended(&self, id: InstanceId) -> Result<(), Crashed> {
        self.until("the operation has ended", |view| {
            view.instance(id).is_none_or(|instance| instance.operation.is_none())
        })
        .await
    }

    pub(crate) async fn until_state(&self, id: InstanceId, state: InstanceState) -> Result<(), Crashed> {
        self.until(state.name(), |view| view.instance(id).is_some_and(|instance| instance.state == state)).await
    }

    pub(crate) fn instance(&self, id: InstanceId) -> Arc<Instance> {
        self.state.view().instance(id).cloned().expect("an instance")
    }

    pub(crate) fn latest(&self, id: InstanceId) -> Latest {
        self.instance(id).latest.clone().expect("a latest operation")
    }

    pub(crate) async fn put(&self, put: impl FnOnce(&mut Transaction<'_>) + Send + 'static) {
        let put: Box<dyn FnOnce(&mut Transaction<'_>) + Send> = Box::new(put);
        let changed = self.state.change(move |tx| {
            put(tx);
            Ok::<_, Infallible>(())
        });
        changed.await.expect("a commit").expect("no refusal");
    }

    /// What an action does: a rule of the instance, in one transaction.
    pub(crate) async fn ask(
        &self,
        id: InstanceId,
        law: impl FnOnce(&mut Instance) -> Result<(), Refusal> + Send + 'static,
    ) {
        let law: Law = Box::new(law);
        let changed = self.state.change(move |tx| {
            let mut instance = Instance::clone(tx.view().instance(id).expect("an instance"));
            law(&mut instance)?;
            tx.put_instance(instance);
            Ok::<_, Refusal>(())
        });
        changed.await.expect("a commit").expect("no refusal");
    }

    /// A new instance, launched and RUNNING.
    pub(crate) async fn launched(&self, number: u64, keys: &[u8]) -> InstanceId {
        let id = self.launch(number, keys).await;
        self.until_state(id, InstanceState::Running).await.expect("no crash");
        id
    }

    /// A new instance, launched and stopped again.
    pub(crate) async fn stopped(&self, number: u64, keys: &[u8]) -> InstanceId {
        let id = self.launched(number, keys).await;
        self.ask(id, |instance| instance.stop(StopType::Hard, false, by(99))).await;
        self.until_state(id, InstanceState::Stopped).await.expect("no crash");
        id
    }

    /// A new instance, launched, and then in rescue mode.
    pub(crate) async fn rescued(&self, number: u64, keys: &[u8]) -> InstanceId {
        let id = self.launched(number, keys).await;
        self.ask(id, |instance| instance.enter_rescue(StopType::Hard, rescue_login(), by(99))).await;
        self.until_state(id, InstanceState::RescueMode).await.expect("no crash");
        id
    }

    pub(crate) async fn launch(&self, number: u64, keys: &[u8]) -> InstanceId {
        let keys: Vec<u8> = keys.to_vec();
        let id = InstanceId::from_random(number);
        self.put(move |tx| {
            for key in &keys {
                if tx.view().key_pair(key_id(*key)).is_none() {
                    tx.put_key_pair(key_pair(*key));
                }
            }
            let mut instance = instance(number, &keys);
            instance.begin(Goal::Launch, by(1000 + u128::from(number)));
            tx.put_instance(instance);
        })
        .await;
        id
    }

    pub(crate) async fn lines(&self, request: u128) -> Vec<JournalLine> {
        self.state.lines_of(by(request).request).await.expect("an open state")
    }

    /// The keys that the machine's disk admits, by number.
    pub(crate) fn keys_on_disk(&self, id: InstanceId) -> Vec<u8> {
        let disk = self.machines.machine(id).expect("a machine").disk;
        (0..=u8::MAX).filter(|key| disk.keys.iter().any(|line| line.blob() == public_key(*key).blob())).collect()
    }
}

/// How a change with ForceStop stops a running machine.
pub(crate) const FORCED: Option<StopType> = Some(StopType::SoftFirst);

/// The login of the rescue system.
pub(crate) fn rescue_login() -> Login {
    let password_hash = Some("$6$salt$rescue".into());
    Login { user: "root".into(), keys: Vec::new(), password_hash, password_login: true }
}

pub(crate) fn by(request: u128) -> By {
    By { action: "TestAction", request: RequestId(uuid::Uuid::from_u128(request)) }
}

pub(crate) fn key_id(number: u8) -> KeyPairId {
    KeyPairId::from_random(u64::from(number))
}

pub(crate) fn public_key(number: u8) -> PublicKey {
    let mut blob = Vec::new();
    for field in [b"ssh-ed25519".as_slice(), &[number; 32]] {
        blob.extend(u32::try_from(field.len()).expect("short").to_be_bytes());
        blob.extend(field);
    }
    PublicKey::parse(&format!("ssh-ed25519 {} key{number}", STANDARD.encode(blob))).expect("a key")
}

pub(crate) fn key_pair(number: u8) -> KeyPair {
    KeyPair {
        id: key_id(number),
        sequence: 100 + u64::from(number),
        account: AccountNumber(1),
        name: format!("key{number}").into(),
        project_id: 0,
        description: "".into(),
        public_key: public_key(number),
        created_seconds: 0,
        tags: Box::default(),
    }
}

/// A Linux instance that was just requested, with these keys and the password `first`.
pub(crate) fn instance(number: u64, keys: &[u8]) -> Instance {
    Instance {
        id: InstanceId::from_random(number),
        sequence: 1000 + number,
        account: AccountNumber(1),
        zone: ZoneId::find("ap-guangzhou-3").expect("a zone"),
        name: "test".into(),
        host_name: "test".into(),
        project_id: 0,
        image: IMAGES[0].id(),
        instance_type: InstanceTypeId::SMALLEST,
        charge_type: ChargeType::PostpaidByHour,
        system_disk: SystemDisk::plain(cvmd_model::DiskId::from_random(number), "CLOUD_PREMIUM", 50),
        data_disks: Box::default(),
        private_address: Ipv4Addr::from(0x7f40_0002 + u32::try_from(number).expect("small")),
        public_address: None,
        login_port: None,
        internet: InternetAccessible {
            charge_type: "TRAFFIC_POSTPAID_BY_HOUR".into(),
            max_bandwidth_out: 0,
            public_ip_assigned: false,
            public_ip_declined: false,
        },
        vpc: cvmd_model::VpcId::from_random(1),
        subnet: cvmd_model::SubnetId::from_random(1),
        security_groups: Box::default(),
        created_seconds: 0,
        uuid: uuid::Uuid::from_u128(u128::from(number)),
        tags: Box::new([Tag { key: "cvmd:guest".into(), value: "boot-ms=7".into() }]),
        user_data: None,
        disable_api_termination: false,
        stopped_without_charging: false,
        extras: None,
        login: LoginWanted {
            keys: keys.iter().map(|key| key_id(*key)).collect(),
            password: Password::Set("$6$salt$first".into()),
            password_login: keys.is_empty(),
        },
        proof: None,
        state: InstanceState::Pending,
        latest: None,
        operation: None,
    }
}

pub(crate) fn pay_in_advance(instance: &mut Instance) {
    instance.charge_type = ChargeType::Prepaid;
    instance.change_extras(|extras| extras.prepaid = Some(Prepaid { renew: RenewFlag::default(), expires_seconds: 1 }));
}

/// Checks that the operation ended in SUCCESS, with exactly one line in the journal.
pub(crate) async fn assert_success(life: &Life, id: InstanceId, request: u128) {
    let latest = life.latest(id);
    assert_eq!((latest.state, latest.error), (LatestState::Success, None));
    assert_eq!(latest.request, by(request).request);
    let decisions: Vec<_> = life.lines(request).await.into_iter().map(|line| line.decision).collect();
    assert_eq!(decisions, ["SUCCESS".into()]);
}

/// Checks that the operation ended in FAILED, with a reason that contains this text.
pub(crate) async fn assert_failed(life: &Life, id: InstanceId, request: u128, text: &str) {
    let latest = life.latest(id);
    let error = latest.error.expect("a reason");
    assert_eq!(latest.state, LatestState::Failed);
    assert!(error.contains(text), "{error}");
    let decisions: Vec<_> = life.lines(request).await.into_iter().map(|line| line.decision).collect();
    assert_eq!(decisions, [format!("FAILED: {error}").into_boxed_str()]);
}
