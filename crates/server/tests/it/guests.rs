//! Guests that misbehave: the API does not claim what the machine does not do.

use crate::support::{self, GUEST_TAG, Home, Server, machines, ssh, ssh::Key};
use serde_json::{Value, json};

const KEY: &str = "skey-removed1";
const STAYS: &str = "skey-stays001";
const PASSWORD: &str = "Guests+Password7";

/// A seeded world with one instance per behaviour, each of which admits both keys.
struct World {
    home: Home,
    server: Server,
    removed: Key,
    stays: Key,
}

impl World {
    /// `instances`: id, guest, state.
    fn new(instances: &[(&str, &str, &str)], flags: &[(&str, &str)]) -> World {
        World::expecting(instances, flags, &[])
    }

    fn expecting(instances: &[(&str, &str, &str)], flags: &[(&str, &str)], expected: &[&str]) -> World {
        let home = Home::new();
        let (removed, stays) = (Key::new(&home, "removed"), Key::new(&home, "stays"));
        let instance = |(id, guest, state): &(&str, &str, &str)| {
            json!({
                "InstanceId": id,
                "InstanceState": state,
                "LoginSettings": {"KeyIds": [KEY, STAYS]},
                "Tags": [{"Key": GUEST_TAG, "Value": guest}],
            })
        };
        let seed = json!({
            "KeyPairs": [{"KeyId": KEY, "PublicKey": removed.public}, {"KeyId": STAYS, "PublicKey": stays.public}],
            "Instances": instances.iter().map(instance).collect::<Vec<_>>(),
        });
        let home = flags.iter().fold(home.seed(seed), |home, (name, value)| home.flag(name, value));
        let home = expected.iter().fold(home, |home, text| home.expecting(text));
        World { server: home.start(), home, removed, stays }
    }

    /// Changes a guest's behaviour.
    fn becomes(&self, id: &str, guest: &str) {
        machines::becomes(&self.home, &self.server.client, id, guest);
    }

    fn unbind(&self, id: &str) {
        let parameters = json!({"InstanceIds": [id], "KeyIds": [KEY], "ForceStop": true});
        self.server.client.call("DisassociateInstancesKeyPairs", parameters);
    }

    #[track_caller]
    fn failed(&self, id: &str, state: &str) -> Value {
        let seen = machines::settled(&self.server.client, id);
        assert_eq!(seen["LatestOperationState"], "FAILED", "{seen}");
        assert_eq!(seen["InstanceState"], state, "{seen}");
        assert!(seen["LatestOperationErrorMsg"].as_str().is_some_and(|reason| !reason.is_empty()), "no reason: {seen}");
        seen
    }

    fn bound_to(&self, key: &str) -> Value {
        let mut answer = self.server.client.call("DescribeKeyPairs", json!({"KeyIds": [key]}));
        answer["KeyPairSet"][0]["AssociatedInstanceIds"].take()
    }
}

#[test]
fn a_guest_that_ignores_the_shutdown_is_powered_off_and_all_ends_as_promised() {
    let id = "ins-deaf0001";
    let world = World::new(&[(id, "ignores-shutdown,boot-ms=100", "RUNNING")], &[("--shutdown-timeout-s", "1")]);
    let before = machines::row(&world.home, id);
    world.unbind(id);
    let seen = machines::instance(&world.server.client, id);
    assert_eq!(
        (&seen["LatestOperationState"], &seen["InstanceState"]),
        (&json!("OPERATING"), &json!("STOPPING")),
        "it is given its time"
    );
    let after = machines::running(&world.server.client, id);
    assert_eq!(after["LoginSettings"]["KeyIds"], json!([STAYS]));
    assert_eq!(machines::row(&world.home, id).boot_count, before.boot_count + 1);
    ssh::with_key(&after, &world.removed, "true").refused();
    ssh::with_key(&after, &world.stays, "true").entered();
    world.server.stop();
}

#[test]
fn a_soft_stop_that_is_ignored_fails_and_the_guest_goes_on() {
    let id = "ins-deaf0001";
    let world = World::new(&[(id, "ignores-shutdown,boot-ms=100", "RUNNING")], &[("--shutdown-timeout-s", "1")]);
    let boot =
        ssh::with_key(&machines::instance(&world.server.client, id), &world.stays, ssh::BOOT).entered().to_owned();
    world.server.client.call("StopInstances", json!({"InstanceIds": [id], "StopType": "SOFT"}));
    let seen = world.failed(id, "RUNNING");
    assert_eq!(ssh::with_key(&seen, &world.stays, ssh::BOOT).entered(), boot);
    world.server.client.call("StopInstances", json!({"InstanceIds": [id], "StopType": "SOFT_FIRST"}));
    let seen = machines::settled(&world.server.client, id);
    assert_eq!((&seen["LatestOperationState"], &seen["InstanceState"]), (&json!("SUCCESS"), &json!("STOPPED")));
}

#[test]
fn a_key_that_the_guest_keeps_is_never_reported_as_removed() {
    let id = "ins-keeps001";
    let guest = "boot-ms=100,shutdown-ms=50";
    let world = World::expecting(&[(id, guest, "RUNNING")], &[], &["an effect failed"]);
    world.becomes(id, &format!("keeps-keys,{guest}"));
    world.unbind(id);
    let seen = world.failed(id, "RUNNING");
    assert_eq!(seen["LoginSettings"]["KeyIds"], json!([KEY, STAYS]), "the association is back");
    assert_eq!(world.bound_to(KEY), json!([id]));
    ssh::with_key(&seen, &world.removed, "true").entered();
    ssh::with_key(&seen, &world.stays, "true").entered();
    // Several attempts were made, and one line at the end reports it.
    let log = world.server.stop();
    let warned: Vec<_> = log.lines().filter(|line| line.contains(" WARN ")).collect();
    assert!(
        matches!(&warned[..], [one] if one.contains("an effect failed") && one.contains("attempts=5")),
        "{warned:?}"
    );
}

#[test]
fn a_guest_launched_well_may_keep_its_keys_from_then_on() {
    let guest = "keeps-keys-after=launch,boot-ms=100,shutdown-ms=50";
    let world = World::expecting(&[], &[], &["an effect failed"]);
    let client = &world.server.client;
    let launched = machines::run(client, guest, json!({"KeyIds": [KEY, STAYS]}));
    let id = launched["InstanceId"].as_str().unwrap().to_owned();
    assert_eq!(launched["LatestOperationState"], "SUCCESS");
    ssh::with_key(&launched, &world.removed, "true").entered();
    world.unbind(&id);
    let seen = world.failed(&id, "RUNNING");
    assert_eq!(seen["LoginSettings"]["KeyIds"], json!([KEY, STAYS]), "the association is back");
    ssh::with_key(&seen, &world.removed, "true").entered();
    // Once the guest is repaired, the same call unbinds the key.
    world.becomes(&id, "boot-ms=100,shutdown-ms=50");
    world.unbind(&id);
    let seen = machines::running(client, &id);
    assert_eq!(seen["LatestOperationState"], "SUCCESS");
    ssh::with_key(&seen, &world.removed, "true").refused();
    world.server.stop();
}

#[test]
fn a_guest_that_does_not_come_up_again_is_stopped_and_its_key_stays_off() {
    for (id, guest) in [("ins-noboot01", "fails-to-boot"), ("ins-noreach1", "unreachable,boot-ms=100")] {
        let world = World::new(&[(id, "boot-ms=100", "RUNNING")], &[("--boot-timeout-s", "2")]);
        world.becomes(id, guest);
        let client = &world.server.client;
        world.unbind(id);
        let seen = world.failed(id, "STOPPED");
        assert_eq!(seen["LoginSettings"]["KeyIds"], json!([STAYS]), "the disk has changed: {seen}");
        assert_eq!(world.bound_to(KEY), json!([]));
        let disk = machines::row(&world.home, id).disk;
        let text = |key: &Key| key.public.split(' ').nth(1).unwrap().to_owned();
        assert!(
            !disk.authorized_keys.contains(&text(&world.removed)) && disk.authorized_keys.contains(&text(&world.stays))
        );
        // A failed start is reported too, and changes no key.
        client.call("StartInstances", json!({"InstanceIds": [id]}));
        let seen = world.failed(id, "STOPPED");
        assert_eq!(seen["LoginSettings"]["KeyIds"], json!([STAYS]));
        // The guest is repaired: the key is really gone.
        world.becomes(id, "boot-ms=100");
        world.server.client.call("StartInstances", json!({"InstanceIds": [id]}));
        let seen = machines::running(&world.server.client, id);
        ssh::with_key(&seen, &world.removed, "true").refused();
        ssh::with_key(&seen, &world.stays, "true").entered();
        world.server.stop();
    }
}

#[test]
fn a_guest_that_powers_itself_off_is_shown_stopped_and_one_that_reboots_is_on_another_boot() {
    let id = "ins-selfoff1";
    let world = World::new(&[(id, "boot-ms=200,shutdown-ms=100", "RUNNING")], &[]);
    let client = &world.server.client;
    let running = machines::instance(client, id);
    let boot = ssh::with_key(&running, &world.stays, ssh::BOOT).entered().to_owned();
    ssh::with_key(&running, &world.stays, "reboot");
    support::until("the guest is on another boot", || {
        let entered = ssh::with_key(&running, &world.stays, ssh::BOOT);
        entered.status == 0 && entered.out != boot
    });
    ssh::with_key(&running, &world.stays, "poweroff");
    support::until("STOPPED is shown", || machines::instance(client, id)["InstanceState"] == "STOPPED");
    let seen = machines::instance(client, id);
    assert_eq!(seen["LatestOperationState"], Value::Null, "nobody asked for it: {seen}");
    // A guest that shuts itself down is no operation, and its key can be unbound as with any stopped one.
    client.call("DisassociateInstancesKeyPairs", json!({"InstanceIds": [id], "KeyIds": [KEY]}));
    assert_eq!(machines::settled(client, id)["InstanceState"], "STOPPED");
    client.call("StartInstances", json!({"InstanceIds": [id]}));
    let running = machines::running(client, id);
    ssh::with_key(&running, &world.removed, "true").refused();
    ssh::with_key(&running, &world.stays, "true").entered();
    world.server.stop();
}

#[test]
fn terminate_supersedes_what_is_under_way() {
    let id = "ins-slow0001";
    let world = World::new(&[(id, "shutdown-ms=20000,boot-ms=100", "RUNNING")], &[]);
    let client = &world.server.client;
    world.unbind(id);
    assert_eq!(machines::instance(client, id)["InstanceState"], "STOPPING");
    let refused = client.refusal("StopInstances", json!({"InstanceIds": [id]}));
    assert_eq!(refused, "OperationDenied.InstanceOperationInProgress");
    assert_eq!(client.refusal("DeleteKeyPairs", json!({"KeyIds": [KEY]})), "InvalidParameterValue.KeyPairNotSupported");
    client.call("TerminateInstances", json!({"InstanceIds": [id]}));
    support::until("the instance is gone", || machines::instance(client, id).is_null());
    support::until("its machine is gone", || machines::rows(&world.home).is_empty());
    client.call("DeleteKeyPairs", json!({"KeyIds": [KEY, STAYS]}));
    world.server.stop();
}

#[test]
fn a_password_set_on_a_running_guest_enters_after_one_power_cycle() {
    let id = "ins-passwd01";
    let world = World::new(&[(id, "boot-ms=100,shutdown-ms=50", "RUNNING")], &[]);
    let client = &world.server.client;
    let parameters = json!({"InstanceIds": [id], "Password": PASSWORD, "ForceStop": true});
    client.call("ResetInstancesPassword", parameters);
    let running = machines::running(client, id);
    assert_eq!(machines::row(&world.home, id).boot_count, 2);
    ssh::with_password(&world.home, &running, PASSWORD, "true").entered();
    ssh::with_password(&world.home, &running, "Guests+Password8", "true").refused();
    ssh::with_key(&running, &world.stays, "true").entered();
    world.server.stop();
}
