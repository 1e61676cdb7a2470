//! The contract suite that every driver must pass: one function per promise.
//!
//! A driver's tests only make a [`World`]: [`contract!`](crate::contract!) makes a test of each
//! promise.
//!
//! ```text
//! cvmd_hypervisor::contract!(#[tokio::test] World::new());
//! ```

pub mod boots;
pub mod connections;
pub mod disks;
mod ground;
mod world;

pub use ground::until;
pub use world::World;

use crate::{Boot, Definition, Endpoint, Error, Hypervisor, VirtualDisk};
use cvmd_model::{BootId, DiskId, KeyBlob, Login, Observed, Power, PublicKey, System};
use ground::{blob, defined, drain, heard, line, login, names, shut_down, start};

/// Makes a test of every promise: `contract!(#[tokio::test] make())`, where `make()` returns a [`World`].
#[macro_export]
macro_rules! contract {
    (#[$test:meta] $make:expr) => {
        $crate::contract!(@each #[$test] $make;
            an_absent_machine_is_seen_as_absent_and_its_verbs_say_so
            a_defined_machine_is_off_and_admits_nobody
            defining_a_machine_again_leaves_it_as_it_is
            a_machine_is_ready_only_when_it_runs
            the_boot_changes_with_each_start_and_with_nothing_else
            starting_what_is_started_changes_nothing
            shutting_down_leads_to_off_and_may_be_repeated
            power_off_cuts_from_every_state_and_may_be_repeated
            a_login_is_refused_unless_the_machine_is_off_and_nothing_is_written
            a_written_login_is_what_the_disk_admits
            writing_a_login_again_changes_nothing
            gone_keys_leave_whoever_wrote_them_and_other_lines_stay_byte_for_byte
            keys_written_earlier_and_named_by_nobody_stay
            a_wanted_key_is_not_content_with_a_restricted_line
            a_reshaped_machine_keeps_its_disk_and_its_boot
            processors_change_only_while_the_machine_is_off
            verbs_on_one_machine_come_one_after_the_other
            what_was_done_outlives_the_process
            an_endpoint_is_the_same_over_a_machines_life
            erasing_takes_a_machine_that_runs_and_all_that_was_its
            every_change_is_announced_to_every_watch
        );
        $crate::contract!(@each_of boots #[$test] $make;
            a_boot_is_chosen_only_while_the_machine_is_off
            a_rescue_system_boots_beside_the_disk_and_leaves_it_as_it_is
            a_chosen_boot_outlives_the_process_and_may_be_chosen_again
        );
        $crate::contract!(@each_of connections #[$test] $make;
            a_machine_is_connected_to_only_while_it_runs
            going_off_ends_the_open_connections
            a_client_that_goes_away_ends_its_connection_alone
            a_console_is_had_of_a_machine_that_runs_and_ends_with_it
        );
        $crate::contract!(@each_of disks #[$test] $make;
            a_captured_image_is_what_new_machines_begin_as
            an_image_is_the_disk_of_one_moment_and_capturing_it_again_changes_nothing
            an_image_outlives_its_machine_and_the_process_until_it_is_deleted
            nothing_can_be_made_of_an_image_that_is_not_there
            a_reset_leaves_nothing_of_the_old_disk
            a_reset_of_a_machine_that_is_not_off_is_refused_and_changes_nothing
        );
    };
    (@each #[$test:meta] $make:expr; $($name:ident)*) => {
        // One by one, because a repetition cannot use `$test` of the outer level.
        $($crate::contract!(@one #[$test] $make; $name);)*
    };
    (@each_of $part:ident #[$test:meta] $make:expr; $($name:ident)*) => {
        $($crate::contract!(@one #[$test] $make; $part::$name);)*
    };
    (@one #[$test:meta] $make:expr; $part:ident::$name:ident) => {
        #[$test]
        async fn $name() {
            $crate::contract::$part::$name(&mut $make).await;
        }
    };
    (@one #[$test:meta] $make:expr; $name:ident) => {
        #[$test]
        async fn $name() {
            $crate::contract::$name(&mut $make).await;
        }
    };
}

pub async fn an_absent_machine_is_seen_as_absent_and_its_verbs_say_so(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    let id = definition.id;
    let absent = Observed { power: Power::Absent, boot: BootId::default(), ready: false, system: System::Disk };
    assert_eq!(hypervisor.observe(id).await.unwrap(), absent);
    let says_so = |error: Error| matches!(error, Error::Absent(named) if named == id);
    assert!(says_so(hypervisor.start(id).await.unwrap_err()));
    assert!(says_so(hypervisor.shut_down(id).await.unwrap_err()));
    assert!(says_so(hypervisor.power_off(id).await.unwrap_err()));
    assert!(says_so(hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap_err()));
    assert!(says_so(hypervisor.reshape(&definition).await.unwrap_err()));
    assert!(says_so(hypervisor.read_login(id).await.unwrap_err()));
    assert!(says_so(hypervisor.set_boot(id, &Boot::Disk).await.unwrap_err()));
    assert!(says_so(hypervisor.endpoint(id).await.unwrap_err()));
    assert!(says_so(hypervisor.connect(id, None).await.map(drop).unwrap_err()));
    hypervisor.erase(id).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap(), absent);
}

pub async fn a_defined_machine_is_off_and_admits_nobody(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    let off = Observed { power: Power::Off, boot: BootId::default(), ready: false, system: System::Disk };
    assert_eq!(hypervisor.observe(id).await.unwrap(), off);
    let login = hypervisor.read_login(id).await.unwrap();
    assert_eq!((login.keys, login.password_hash, login.password_login), (vec![], None, false));
}

pub async fn defining_a_machine_again_leaves_it_as_it_is(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    hypervisor.define(&definition).await.unwrap();
    hypervisor.write_login(definition.id, &login(&[1]), &[]).await.unwrap();
    let started = start(&*hypervisor, definition.id).await;
    hypervisor.define(&Definition { host_name: "another".into(), ..definition.clone() }).await.unwrap();
    assert_eq!(hypervisor.observe(definition.id).await.unwrap().boot, started.boot);
    assert_eq!(hypervisor.read_login(definition.id).await.unwrap(), login(&[1]));
}

pub async fn a_machine_is_ready_only_when_it_runs(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.start(id).await.unwrap();
    let ready = until(&*hypervisor, id, |observed| {
        assert!(!observed.ready || observed.power == Power::Running);
        observed.ready
    });
    assert_eq!(ready.await.power, Power::Running);
    hypervisor.power_off(id).await.unwrap();
    assert!(!hypervisor.observe(id).await.unwrap().ready);
}

pub async fn the_boot_changes_with_each_start_and_with_nothing_else(world: &mut dyn World) {
    let (mut hypervisor, id) = defined(world).await;
    let mut boots = vec![BootId::default()];
    for round in 0..3 {
        hypervisor.start(id).await.unwrap();
        let boot = hypervisor.observe(id).await.unwrap().boot;
        assert!(!boots.contains(&boot), "the boot of an earlier start came back");
        boots.push(boot);
        let same = async |hypervisor: &dyn Hypervisor, after: &str| {
            assert_eq!(hypervisor.observe(id).await.unwrap().boot, boot, "{after}");
        };
        until(&*hypervisor, id, |observed| observed.power == Power::Running).await;
        same(&*hypervisor, "running").await;
        world.reopen().await;
        hypervisor = world.hypervisor();
        same(&*hypervisor, "reopened").await;
        if round == 0 {
            hypervisor.power_off(id).await.unwrap();
        } else {
            shut_down(&*hypervisor, id).await;
        }
        same(&*hypervisor, "off").await;
        hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
        same(&*hypervisor, "written").await;
    }
}

pub async fn starting_what_is_started_changes_nothing(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.start(id).await.unwrap();
    let starting = hypervisor.observe(id).await.unwrap();
    hypervisor.start(id).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap(), starting);
    let running = until(&*hypervisor, id, |observed| observed.power == Power::Running).await;
    hypervisor.start(id).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap().boot, running.boot);
    assert_eq!(running.boot, starting.boot);
}

pub async fn shutting_down_leads_to_off_and_may_be_repeated(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.shut_down(id).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap().power, Power::Off);
    start(&*hypervisor, id).await;
    hypervisor.shut_down(id).await.unwrap();
    hypervisor.shut_down(id).await.unwrap();
    until(&*hypervisor, id, |observed| observed.power == Power::Off).await;
    hypervisor.shut_down(id).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap().power, Power::Off);
}

pub async fn power_off_cuts_from_every_state_and_may_be_repeated(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    let off = async || {
        hypervisor.power_off(id).await.unwrap();
        assert_eq!(hypervisor.observe(id).await.unwrap().power, Power::Off);
    };
    off().await;
    hypervisor.start(id).await.unwrap();
    off().await;
    off().await;
    start(&*hypervisor, id).await;
    off().await;
    start(&*hypervisor, id).await;
    hypervisor.shut_down(id).await.unwrap();
    off().await;
}

pub async fn a_login_is_refused_unless_the_machine_is_off_and_nothing_is_written(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    let text = world.text(id).await;
    let other = Login { password_login: true, ..login(&[2]) };
    let refused = async |when: &str| {
        let error = hypervisor.write_login(id, &other, &[blob(1)]).await.unwrap_err();
        assert!(matches!(error, Error::NotOff(named) if named == id), "{when}: {error}");
    };
    hypervisor.start(id).await.unwrap();
    refused("starting").await;
    until(&*hypervisor, id, |observed| observed.power == Power::Running).await;
    refused("running").await;
    hypervisor.shut_down(id).await.unwrap();
    if hypervisor.observe(id).await.unwrap().power != Power::Off {
        refused("shutting down").await;
    }
    until(&*hypervisor, id, |observed| observed.power == Power::Off).await;
    assert_eq!(hypervisor.read_login(id).await.unwrap(), login(&[1]));
    assert_eq!(world.text(id).await, text);
}

pub async fn a_written_login_is_what_the_disk_admits(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    for wanted in [
        login(&[1, 2]),
        Login { password_hash: Some("$6$salt$hash".into()), password_login: true, ..login(&[2]) },
        Login { user: "ubuntu".into(), ..login(&[]) },
    ] {
        let gone: Vec<KeyBlob> = [1, 2, 3].map(blob).into_iter().filter(|blob| !names(&wanted, blob)).collect();
        hypervisor.write_login(id, &wanted, &gone).await.unwrap();
        assert_eq!(hypervisor.read_login(id).await.unwrap(), wanted);
    }
}

pub async fn writing_a_login_again_changes_nothing(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    world.write_by_hand(id, "# no newline at the end").await;
    hypervisor.write_login(id, &login(&[1, 2]), &[blob(3)]).await.unwrap();
    let text = world.text(id).await;
    hypervisor.write_login(id, &login(&[1, 2]), &[blob(3)]).await.unwrap();
    assert_eq!(world.text(id).await, text);
    assert_eq!(hypervisor.read_login(id).await.unwrap(), login(&[1, 2]));
}

pub async fn gone_keys_leave_whoever_wrote_them_and_other_lines_stay_byte_for_byte(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    let (one, two) = (line(1), line(2));
    let kept = format!("# mine,  \t with blanks\n\nno-pty {two} me@home\nnot a key at all\n");
    let by_hand =
        format!("{one}\n{kept}command=\"echo \\\"{one}\\\"\" {one} somebody else\n  {one}\nfrom=\"10.0.0.1\" {one}");
    world.write_by_hand(id, &by_hand).await;
    hypervisor.write_login(id, &login(&[3]), &[blob(1)]).await.unwrap();
    let text = world.text(id).await;
    assert!(text.starts_with(&kept), "{text}");
    assert!(!text.lines().any(|line| KeyBlob::of_line(line) == Some(blob(1))), "{text}");
    let admitted = hypervisor.read_login(id).await.unwrap();
    assert!(names(&admitted, &blob(2)) && names(&admitted, &blob(3)) && !names(&admitted, &blob(1)));
}

pub async fn keys_written_earlier_and_named_by_nobody_stay(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    hypervisor.write_login(id, &login(&[2]), &[blob(3)]).await.unwrap();
    let admitted = hypervisor.read_login(id).await.unwrap();
    assert!(names(&admitted, &blob(1)) && names(&admitted, &blob(2)));
}

pub async fn a_wanted_key_is_not_content_with_a_restricted_line(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    world.write_by_hand(id, &format!("from=\"10.0.0.1\" {}\n", line(1))).await;
    assert!(!names(&hypervisor.read_login(id).await.unwrap(), &blob(1)));
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    assert!(names(&hypervisor.read_login(id).await.unwrap(), &blob(1)));
}

pub async fn a_reshaped_machine_keeps_its_disk_and_its_boot(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    let id = definition.id;
    hypervisor.define(&definition).await.unwrap();
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    start(&*hypervisor, id).await;
    let endpoint = hypervisor.endpoint(id).await.unwrap();
    shut_down(&*hypervisor, id).await;
    let before = hypervisor.observe(id).await.unwrap();
    let mut larger = Definition { host_name: "larger".into(), cpu: 2, memory_gib: 4, ..definition.clone() };
    larger.disks[0].size_gib += 10;
    larger.disks.push(VirtualDisk { id: DiskId::from_random(99), kind: "CLOUD_SSD".into(), size_gib: 20 });
    hypervisor.reshape(&larger).await.unwrap();
    hypervisor.reshape(&larger).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap(), before);
    assert_eq!(hypervisor.read_login(id).await.unwrap(), login(&[1]));
    let running = start(&*hypervisor, id).await;
    // Disks grow and names change while a machine runs.
    larger.disks[0].size_gib += 10;
    hypervisor.reshape(&Definition { host_name: "named".into(), ..larger }).await.unwrap();
    assert_eq!(until(&*hypervisor, id, |observed| observed.ready).await.boot, running.boot);
    assert_eq!(hypervisor.endpoint(id).await.unwrap(), endpoint);
}

pub async fn processors_change_only_while_the_machine_is_off(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    let id = definition.id;
    hypervisor.define(&definition).await.unwrap();
    let running = start(&*hypervisor, id).await;
    for larger in [Definition { cpu: 9, ..definition.clone() }, Definition { memory_gib: 9, ..definition.clone() }] {
        let error = hypervisor.reshape(&larger).await.unwrap_err();
        assert!(matches!(error, Error::NotOff(named) if named == id), "{error}");
    }
    assert_eq!(hypervisor.observe(id).await.unwrap().boot, running.boot);
}

pub async fn verbs_on_one_machine_come_one_after_the_other(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    // If two of them read the disk before either wrote it, one of the keys is lost.
    let write = |number| {
        let hypervisor = hypervisor.clone();
        tokio::spawn(async move { hypervisor.write_login(id, &login(&[number]), &[]).await })
    };
    for writing in [1, 2, 3, 4].map(write) {
        writing.await.unwrap().unwrap();
    }
    let admitted = hypervisor.read_login(id).await.unwrap();
    assert!([1, 2, 3, 4].map(blob).iter().all(|blob| names(&admitted, blob)));
}

pub async fn what_was_done_outlives_the_process(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    world.write_by_hand(id, "# mine\n").await;
    let wanted = Login { password_hash: Some("$6$salt$hash".into()), password_login: true, ..login(&[1, 2]) };
    hypervisor.write_login(id, &wanted, &[]).await.unwrap();
    let text = world.text(id).await;
    world.reopen().await;
    let hypervisor = world.hypervisor();
    assert_eq!(hypervisor.observe(id).await.unwrap().power, Power::Off);
    assert_eq!(hypervisor.read_login(id).await.unwrap(), wanted);
    assert_eq!(world.text(id).await, text);
    let running = start(&*hypervisor, id).await;
    world.reopen().await;
    let hypervisor = world.hypervisor();
    assert_eq!(until(&*hypervisor, id, |observed| observed.ready).await, Observed { ready: true, ..running });
    hypervisor.power_off(id).await.unwrap();
    world.reopen().await;
    assert_eq!(world.hypervisor().observe(id).await.unwrap().power, Power::Off);
    world.hypervisor().erase(id).await.unwrap();
    world.reopen().await;
    assert_eq!(world.hypervisor().observe(id).await.unwrap().power, Power::Absent);
}

pub async fn an_endpoint_is_the_same_over_a_machines_life(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    start(&*hypervisor, id).await;
    let endpoint = hypervisor.endpoint(id).await.unwrap();
    assert_eq!(&*endpoint.user, "root");
    assert!(PublicKey::parse(&endpoint.host_key).is_ok(), "{}", endpoint.host_key);
    shut_down(&*hypervisor, id).await;
    start(&*hypervisor, id).await;
    assert_eq!(hypervisor.endpoint(id).await.unwrap(), endpoint);
    world.reopen().await;
    // The port may be another one: the old process can still hold it.
    let reopened = world.hypervisor().endpoint(id).await.unwrap();
    let ip = |endpoint: &Endpoint| endpoint.address.map(|address| address.ip());
    assert_eq!((ip(&reopened), reopened.host_key), (ip(&endpoint), endpoint.host_key));
}

pub async fn erasing_takes_a_machine_that_runs_and_all_that_was_its(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    let id = definition.id;
    hypervisor.define(&definition).await.unwrap();
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    start(&*hypervisor, id).await;
    hypervisor.erase(id).await.unwrap();
    hypervisor.erase(id).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap().power, Power::Absent);
    hypervisor.define(&definition).await.unwrap();
    let off = Observed { power: Power::Off, boot: BootId::default(), ready: false, system: System::Disk };
    assert_eq!(hypervisor.observe(id).await.unwrap(), off);
    assert!(hypervisor.read_login(id).await.unwrap().keys.is_empty());
}

pub async fn every_change_is_announced_to_every_watch(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    let id = definition.id;
    let (mut first, mut second) = (hypervisor.watch(), hypervisor.watch());
    hypervisor.define(&definition).await.unwrap();
    heard(&mut first, id).await;
    hypervisor.start(id).await.unwrap();
    heard(&mut first, id).await;
    while hypervisor.observe(id).await.unwrap().power != Power::Running {
        heard(&mut first, id).await;
    }
    drain(&mut first);
    hypervisor.shut_down(id).await.unwrap();
    while hypervisor.observe(id).await.unwrap().power != Power::Off {
        heard(&mut first, id).await;
    }
    hypervisor.start(id).await.unwrap();
    drain(&mut first);
    hypervisor.power_off(id).await.unwrap();
    heard(&mut first, id).await;
    drain(&mut first);
    hypervisor.erase(id).await.unwrap();
    heard(&mut first, id).await;
    // Defined, starting, running, off, starting, off, absent.
    for _ in 0..7 {
        heard(&mut second, id).await;
    }
}
