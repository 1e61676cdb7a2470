//! What only the simulated driver promises: its guests' behaviour, its clock, and its file.

use crate::support::{after_a_crash, definition, keys_on_disk, login, on_disk, settings, until};
use cvmd_clock::Clock;
use cvmd_hypervisor::{Definition, Error, Hypervisor};
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::{InstanceId, Login, Observed, Power, PublicKey};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const NOON_MS: u64 = 1_800_000_000_000;
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

struct Harness {
    clock: Clock,
    directory: tempfile::TempDir,
    driver: Arc<SimulatedHypervisor>,
}

impl Harness {
    fn new() -> Harness {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::tokio(NOON_MS);
        let driver = SimulatedHypervisor::open(settings(&directory, clock)).unwrap();
        Harness { clock, directory, driver }
    }

    async fn machine(&self, guest: &str) -> InstanceId {
        let definition = definition(guest);
        self.driver.define(&definition).await.unwrap();
        definition.id
    }

    async fn running(&self, guest: &str) -> InstanceId {
        let id = self.machine(guest).await;
        self.driver.start(id).await.unwrap();
        until(&self.driver, id, |observed| observed.power == Power::Running).await;
        id
    }

    async fn power(&self, id: InstanceId) -> Power {
        self.driver.observe(id).await.unwrap().power
    }

    /// The machine's row in the files.
    fn row(&self, id: InstanceId) -> Value {
        on_disk(&self.directory, id)
    }

    /// The text of `authorized_keys` in the files.
    fn keys(&self, id: InstanceId) -> String {
        keys_on_disk(&self.directory, id)
    }

    fn crash(&mut self) {
        (self.directory, self.driver) = after_a_crash(&self.directory, settings, self.clock);
    }
}

fn with_key() -> Login {
    Login { keys: vec![PublicKey::parse(KEY).unwrap()], ..login(&[], None) }
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_keeps_its_keys_is_found_out_by_reading_back() {
    let harness = Harness::new();
    let id = harness.machine("keeps-keys").await;
    let error = harness.driver.write_login(id, &with_key(), &[]).await.unwrap_err();
    assert!(matches!(error, Error::NotAsWritten(_)), "{error}");
    assert_eq!(harness.keys(id), "");
    harness.driver.edit_keys(id, |_| format!("{KEY}\n")).await.unwrap();
    let gone = [with_key().keys[0].blob().clone()];
    let error = harness.driver.write_login(id, &login(&[], None), &gone).await.unwrap_err();
    assert!(error.to_string().contains("still there"), "{error}");
    // A key that is there already need not be written.
    harness.driver.write_login(id, &with_key(), &[]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_process_is_no_reboot() {
    let mut harness = Harness::new();
    let id = harness.running("").await;
    let before = harness.driver.observe(id).await.unwrap();
    for _ in 0..3 {
        harness.crash();
        assert_eq!(harness.driver.observe(id).await.unwrap(), before);
        assert_eq!(harness.driver.boot_count(id), Some(1));
    }
    harness.driver.power_off(id).await.unwrap();
    harness.driver.start(id).await.unwrap();
    harness.driver.start(id).await.unwrap();
    assert_eq!(harness.driver.boot_count(id), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_boot_in_progress_ends_at_its_time_after_a_crash() {
    let mut harness = Harness::new();
    let id = harness.machine("boot-ms=10000").await;
    harness.driver.start(id).await.unwrap();
    harness.crash();
    assert_eq!(harness.power(id).await, Power::Starting);
    until(&harness.driver, id, |observed| observed.power == Power::Running).await;
    assert_eq!(harness.clock.now_ms(), NOON_MS + 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_boot_and_a_shutdown_end_also_while_no_process_runs() {
    let mut harness = Harness::new();
    let id = harness.machine("boot-ms=10000,shutdown-ms=10000").await;
    harness.driver.start(id).await.unwrap();
    let starting = harness.driver.observe(id).await.unwrap();
    harness.driver.close().await;
    tokio::time::advance(Duration::from_secs(11)).await;
    harness.crash();
    assert_eq!(harness.driver.observe(id).await.unwrap(), Observed { power: Power::Running, ready: true, ..starting });
    harness.driver.shut_down(id).await.unwrap();
    assert_eq!(harness.power(id).await, Power::ShuttingDown);
    harness.driver.close().await;
    tokio::time::advance(Duration::from_secs(11)).await;
    harness.crash();
    assert_eq!(harness.driver.observe(id).await.unwrap(), Observed { power: Power::Off, ready: false, ..starting });
    harness.driver.write_login(id, &with_key(), &[]).await.unwrap();
    assert_eq!(harness.power(id).await, Power::Off);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_fails_to_boot_starts_until_its_power_is_cut() {
    let harness = Harness::new();
    let id = harness.machine("fails-to-boot").await;
    harness.driver.start(id).await.unwrap();
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert_eq!(harness.power(id).await, Power::Starting);
    harness.driver.shut_down(id).await.unwrap();
    assert_eq!(harness.power(id).await, Power::Starting);
    harness.driver.power_off(id).await.unwrap();
    assert_eq!(harness.power(id).await, Power::Off);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_ignores_the_shutdown_runs_on() {
    let harness = Harness::new();
    let id = harness.running("ignores-shutdown").await;
    harness.driver.shut_down(id).await.unwrap();
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert_eq!(harness.power(id).await, Power::Running);
}

#[tokio::test(start_paused = true)]
async fn ready_means_that_a_user_can_come_in() {
    let harness = Harness::new();
    let unreachable = harness.running("unreachable").await;
    assert!(!harness.driver.observe(unreachable).await.unwrap().ready);
    let windows = Definition { has_sshd: false, ..definition("") };
    harness.driver.define(&windows).await.unwrap();
    harness.driver.start(windows.id).await.unwrap();
    until(&harness.driver, windows.id, |observed| observed.ready).await;
    assert!(harness.driver.endpoint(windows.id).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_slow_write_takes_its_time_and_holds_up_only_its_own_machine() {
    let harness = Harness::new();
    let (slow, quick) = (harness.machine("write-ms=5000").await, harness.machine("").await);
    let driver = harness.driver.clone();
    let writing = tokio::spawn(async move { driver.write_login(slow, &with_key(), &[]).await });
    tokio::task::yield_now().await;
    let driver = harness.driver.clone();
    let starting = tokio::spawn(async move { driver.start(slow).await });
    assert_eq!(harness.keys(slow), "");
    harness.driver.write_login(quick, &with_key(), &[]).await.unwrap();
    assert_eq!(harness.keys(quick), format!("{KEY}\n"));
    writing.await.unwrap().unwrap();
    assert!(harness.clock.now_ms() >= NOON_MS + 5000);
    // The start waited for the write, which therefore found the machine off.
    starting.await.unwrap().unwrap();
    assert_eq!(harness.keys(slow), format!("{KEY}\n"));
}

#[tokio::test(start_paused = true)]
async fn no_guest_holds_up_the_end() {
    let mut harness = Harness::new();
    // A machine's row of an earlier version may ask for more; a minute is the maximum.
    let id = harness.machine("write-ms=600000").await;
    let before = harness.clock.now_ms();
    harness.driver.write_login(id, &with_key(), &[]).await.unwrap();
    assert_eq!(harness.clock.now_ms(), before + 60_000);
    let (driver, before) = (harness.driver.clone(), harness.clock.now_ms());
    let writing = tokio::spawn(async move { driver.write_login(id, &login(&[], None), &[]).await });
    tokio::task::yield_now().await;
    harness.driver.close().await;
    assert!(writing.await.unwrap().is_err());
    assert_eq!(harness.clock.now_ms(), before, "closing waits for no guest");
    harness.crash();
    assert_eq!(harness.keys(id), format!("{KEY}\n"), "nothing of it was written");
}

#[tokio::test(start_paused = true)]
async fn a_guest_may_keep_its_keys_once_it_was_launched() {
    let harness = Harness::new();
    let id = harness.machine("keeps-keys-after=launch").await;
    harness.driver.write_login(id, &with_key(), &[]).await.unwrap();
    harness.driver.start(id).await.unwrap();
    harness.driver.power_off(id).await.unwrap();
    let gone = [with_key().keys[0].blob().clone()];
    let error = harness.driver.write_login(id, &login(&[], None), &gone).await.unwrap_err();
    assert!(matches!(error, Error::NotAsWritten(_)), "{error}");
    assert_eq!(harness.keys(id), format!("{KEY}\n"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_waiting_does_not_stop_the_verb() {
    let mut harness = Harness::new();
    let id = harness.machine("write-ms=5000").await;
    let login = with_key();
    let impatient = tokio::time::timeout(Duration::from_secs(1), harness.driver.write_login(id, &login, &[])).await;
    assert!(impatient.is_err());
    // The next verb waits for it.
    harness.driver.start(id).await.unwrap();
    assert_eq!(harness.driver.read_login(id).await.unwrap(), login);
    assert_eq!(harness.keys(id), format!("{KEY}\n"));
    harness.crash();
    assert_eq!(harness.driver.read_login(id).await.unwrap(), login);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_one_machines() {
    let harness = Harness::new();
    let first = definition("");
    harness.driver.define(&first).await.unwrap();
    let second = Definition { network_cards: first.network_cards.clone(), ..definition("") };
    let error = harness.driver.define(&second).await.unwrap_err();
    assert!(error.to_string().contains(&first.id.to_string()), "{error}");
    assert_eq!(harness.power(second.id).await, Power::Absent);
    harness.driver.erase(first.id).await.unwrap();
    harness.driver.define(&second).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reshaped_machine_takes_free_addresses_and_gives_back_those_it_leaves() {
    let mut harness = Harness::new();
    let (mut first, mut second) = (definition(""), definition(""));
    for definition in [&first, &second] {
        harness.driver.define(definition).await.unwrap();
    }
    let left = first.network_cards[0].private_address;
    let mut taken = first.clone();
    taken.network_cards[0].public_address = Some(second.network_cards[0].private_address);
    let error = harness.driver.reshape(&taken).await.unwrap_err();
    assert!(error.to_string().contains(&second.id.to_string()), "{error}");
    assert_eq!(harness.row(first.id)["addresses"], json!([left]));
    first.network_cards = definition("").network_cards;
    harness.driver.reshape(&first).await.unwrap();
    second.network_cards[0].public_address = Some(left);
    harness.driver.reshape(&second).await.unwrap();
    harness.crash();
    assert_eq!(harness.row(first.id)["addresses"], json!(first.addresses().collect::<Vec<_>>()));
    assert_eq!(harness.row(second.id)["addresses"], json!(second.addresses().collect::<Vec<_>>()));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_did_not_happen() {
    let mut harness = Harness::new();
    let id = harness.machine("").await;
    let (before, row) = (harness.driver.machine(id).unwrap(), harness.row(id));
    let other = rusqlite::Connection::open(harness.directory.path().join("machines/log.db")).unwrap();
    other.execute_batch("CREATE TRIGGER broken BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'broken'); END").unwrap();
    let new = definition("");
    let outcomes = [
        harness.driver.start(id).await,
        harness.driver.write_login(id, &with_key(), &[]).await,
        harness.driver.erase(id).await,
        harness.driver.define(&new).await,
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(Error::Store(_))), "{outcome:?}");
    }
    assert_eq!((harness.driver.machine(id).unwrap(), harness.row(id)), (before, row));
    assert_eq!(harness.row(new.id), Value::Null);
    assert_eq!(harness.power(new.id).await, Power::Absent);
    other.execute_batch("DROP TRIGGER broken").unwrap();
    assert!(matches!(harness.driver.start(id).await, Err(Error::Store(_))), "nothing is written before the next start");
    harness.crash();
    harness.driver.define(&new).await.unwrap();
    harness.driver.start(id).await.unwrap();
}
