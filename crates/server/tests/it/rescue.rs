//! Rescue mode when something fails: guests that ignore the shutdown or do not boot, a server that dies; and the
//! password leaves no trace.

use crate::support::{GUEST_TAG, Home, Server, machines, ssh, ssh::Key};
use serde_json::{Value, json};

const KEY: &str = "skey-rescued1";
const ID: &str = "ins-rescued1";
const PASSWORD: &str = "Rescue+Password7";
const DISK: &str = "/mnt/vm1/root/.ssh/authorized_keys";

struct World {
    home: Home,
    server: Server,
    key: Key,
}

impl World {
    fn new(guest: &str, flags: &[(&str, &str)]) -> World {
        let home = flags.iter().fold(Home::new(), |home, (name, value)| home.flag(name, value));
        let key = Key::new(&home, "bound");
        let home = home.seed(json!({
            "KeyPairs": [{"KeyId": KEY, "PublicKey": key.public}],
            "Instances": [{
                "InstanceId": ID,
                "LoginSettings": {"KeyIds": [KEY]},
                "Tags": [{"Key": GUEST_TAG, "Value": guest}],
            }],
        }));
        World { server: home.start(), home, key }
    }

    fn enter(&self, more: Value) {
        let mut parameters = json!({"InstanceId": ID, "Password": PASSWORD});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.server.client.call("EnterRescueMode", parameters);
    }

    #[track_caller]
    fn ended(&self, outcome: &str, state: &str) -> Value {
        let seen = machines::settled(&self.server.client, ID);
        assert_eq!((&seen["LatestOperationState"], &seen["InstanceState"]), (&json!(outcome), &json!(state)), "{seen}");
        seen
    }

    fn with_password(&self, seen: &Value, command: &str) -> ssh::Outcome {
        ssh::with_password(&self.home, seen, PASSWORD, command)
    }
}

#[test]
fn a_guest_that_will_not_stop_is_left_running_unless_it_may_be_forced() {
    let world = World::new("ignores-shutdown,boot-ms=100", &[("--shutdown-timeout-s", "1")]);
    world.enter(json!({}));
    let seen = world.ended("FAILED", "RUNNING");
    ssh::with_key(&seen, &world.key, "true").entered();
    world.with_password(&seen, "true").refused();
    world.enter(json!({"StopType": "SOFT_FIRST"}));
    let seen = world.ended("SUCCESS", "RESCUE_MODE");
    assert_eq!(world.with_password(&seen, "whoami").entered(), "root\n");
    ssh::with_key(&seen, &world.key, "true").refused();
    world.server.stop();
}

#[test]
fn a_disk_that_does_not_boot_is_mended_from_the_rescue_system() {
    let world = World::new("boot-ms=100,shutdown-ms=50", &[("--boot-timeout-s", "2")]);
    world.server.client.call("StopInstances", json!({"InstanceIds": [ID]}));
    world.ended("SUCCESS", "STOPPED");
    machines::becomes(&world.home, &world.server.client, ID, "fails-to-boot,boot-ms=100");
    world.server.client.call("StartInstances", json!({"InstanceIds": [ID]}));
    world.ended("FAILED", "STOPPED");
    world.enter(json!({}));
    let seen = world.ended("SUCCESS", "RESCUE_MODE");
    assert_eq!(world.with_password(&seen, &format!("cat {DISK}")).entered(), format!("{}\n", world.key.public));
    world.server.stop();
}

#[test]
fn a_restart_is_no_way_out_of_rescue_and_a_kill_on_the_way_in_changes_nothing_of_the_end() {
    let world = World::new("boot-ms=700,shutdown-ms=700", &[]);
    let other = Key::new(&world.home, "other");
    world.enter(json!({}));
    assert_eq!(machines::instance(&world.server.client, ID)["InstanceState"], "ENTER_RESCUE_MODE");
    world.server.kill();
    let world = World { server: world.home.start(), ..world };
    let seen = world.ended("SUCCESS", "RESCUE_MODE");
    world.with_password(&seen, &format!("echo '{}' >> {DISK}", other.public)).entered();
    let boots = machines::row(&world.home, ID).boot_count;
    world.server.stop();
    let world = World { server: world.home.start(), ..world };
    let seen = world.ended("SUCCESS", "RESCUE_MODE");
    world.with_password(&seen, "true").entered();
    assert_eq!(machines::row(&world.home, ID).boot_count, boots);
    let client = &world.server.client;
    client.call("ExitRescueMode", json!({"InstanceId": ID}));
    world.ended("SUCCESS", "STOPPED");
    client.call("StartInstances", json!({"InstanceIds": [ID]}));
    let seen = machines::running(client, ID);
    ssh::with_key(&seen, &world.key, "true").entered();
    ssh::with_key(&seen, &other, "true").entered();
    world.with_password(&seen, "true").refused();
    assert_eq!(ssh::methods(&seen), ["publickey"]);
    world.server.stop();
}

/// Neither during rescue mode nor afterwards, in the rows, in the database's log, or in output.
#[test]
fn the_rescue_password_stands_nowhere_in_clear() {
    let world = World::new("boot-ms=100,shutdown-ms=50", &[]);
    world.enter(json!({}));
    world.ended("SUCCESS", "RESCUE_MODE");
    let home = world.home.data();
    assert!(!world.server.stop().contains(PASSWORD), "the log holds it");
    for entry in std::fs::read_dir(home).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let found = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
        assert!(!found, "{} holds it", path.display());
    }
    assert!(machines::row(&world.home, ID).rescue.is_some(), "a hash of it is there");
}
