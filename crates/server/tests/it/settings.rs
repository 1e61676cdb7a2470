//! Settings that change what happens to keys, each checked by real logins.

use crate::support::{GUEST_TAG, Home, Server, machines, ssh, ssh::Key};
use serde_json::{Value, json};
use std::process::Command;

const FIRST: &str = "skey-first001";
const SECOND: &str = "skey-second01";
const ID: &str = "ins-settings";
const PASSWORD: &str = "Settings+Password7";

/// One RUNNING instance that admits the first key, on a server with that setting.
struct World {
    home: Home,
    server: Server,
    first: Key,
    second: Key,
}

impl World {
    fn new(guest: &str, settings: &[(&str, &str)]) -> World {
        let home = settings.iter().fold(Home::new(), |home, (name, value)| home.environment(name, value));
        let (first, second) = (Key::new(&home, "first"), Key::new(&home, "second"));
        let home = home.seed(json!({
            "KeyPairs": [{"KeyId": FIRST, "PublicKey": first.public}, {"KeyId": SECOND, "PublicKey": second.public}],
            "Instances": [{
                "InstanceId": ID,
                "LoginSettings": {"KeyIds": [FIRST]},
                "Tags": [{"Key": GUEST_TAG, "Value": guest}],
            }],
        }));
        World { server: home.start(), home, first, second }
    }

    /// Without ForceStop.
    fn call(&self, action: &str, more: Value) {
        let mut parameters = json!({"InstanceIds": [ID]});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.server.client.call(action, parameters);
    }

    fn boots(&self) -> u64 {
        machines::row(&self.home, ID).boot_count
    }

    #[track_caller]
    fn failed(&self, why: &str) -> Value {
        let seen = machines::settled(&self.server.client, ID);
        assert_eq!((&seen["LatestOperationState"], &seen["InstanceState"]), (&json!("FAILED"), &json!("RUNNING")));
        assert!(seen["LatestOperationErrorMsg"].as_str().unwrap().contains(why), "{seen}");
        seen
    }
}

#[test]
fn with_shutdown_a_running_instance_is_changed_without_force_by_one_power_cycle_each() {
    let world = World::new("boot-ms=100,shutdown-ms=50", &[("CVMD_RUNNING_KEY_CHANGE", "shutdown")]);
    let client = &world.server.client;
    let before = world.boots();
    world.call("AssociateInstancesKeyPairs", json!({"KeyIds": [SECOND]}));
    let seen = machines::instance(client, ID);
    assert_eq!((&seen["InstanceState"], &seen["LatestOperationState"]), (&json!("STOPPING"), &json!("OPERATING")));
    let running = machines::running(client, ID);
    ssh::with_key(&running, &world.first, "true").refused();
    ssh::with_key(&running, &world.second, "true").entered();
    world.call("ResetInstancesPassword", json!({"Password": PASSWORD}));
    machines::running(client, ID);
    world.call("DisassociateInstancesKeyPairs", json!({"KeyIds": [SECOND]}));
    let running = machines::running(client, ID);
    assert_eq!(running["LoginSettings"]["KeyIds"], Value::Null);
    ssh::with_key(&running, &world.second, "true").refused();
    ssh::with_password(&world.home, &running, PASSWORD, "true").entered();
    assert_eq!(world.boots(), before + 3);
    world.server.stop();
}

#[test]
fn with_shutdown_a_guest_that_will_not_stop_is_left_as_it_was_and_force_still_works() {
    let settings = [("CVMD_RUNNING_KEY_CHANGE", "shutdown"), ("CVMD_SHUTDOWN_TIMEOUT_S", "1")];
    let world = World::new("ignores-shutdown,boot-ms=100", &settings);
    let client = &world.server.client;
    let before = world.boots();
    world.call("DisassociateInstancesKeyPairs", json!({"KeyIds": [FIRST]}));
    assert_eq!(machines::instance(client, ID)["LoginSettings"]["KeyIds"], Value::Null, "gone while it is tried");
    let seen = world.failed("did not shut down and stay off within 1 s; with ForceStop=TRUE it is powered off");
    assert_eq!(seen["LoginSettings"]["KeyIds"], json!([FIRST]), "the association is back");
    ssh::with_key(&seen, &world.first, "true").entered();
    world.call("AssociateInstancesKeyPairs", json!({"KeyIds": [SECOND]}));
    let seen = world.failed("did not shut down");
    assert_eq!(seen["LoginSettings"]["KeyIds"], json!([FIRST]));
    ssh::with_key(&seen, &world.first, "true").entered();
    ssh::with_key(&seen, &world.second, "true").refused();
    world.call("ResetInstancesPassword", json!({"Password": PASSWORD}));
    let seen = world.failed("did not shut down");
    ssh::with_password(&world.home, &seen, PASSWORD, "true").refused();
    assert_eq!(ssh::methods(&seen), ["publickey"]);
    assert_eq!(world.boots(), before, "nothing was powered off");
    world.call("AssociateInstancesKeyPairs", json!({"KeyIds": [SECOND], "ForceStop": true}));
    let running = machines::running(client, ID);
    ssh::with_key(&running, &world.first, "true").refused();
    ssh::with_key(&running, &world.second, "true").entered();
    world.server.stop();
}

#[test]
fn with_add_a_key_joins_those_bound_before_and_each_leaves_alone() {
    let world = World::new("boot-ms=100,shutdown-ms=50", &[("CVMD_ASSOCIATE", "add")]);
    let client = &world.server.client;
    let refused = json!({"InstanceIds": [ID], "KeyIds": [SECOND]});
    assert_eq!(
        client.refusal("AssociateInstancesKeyPairs", refused),
        "UnsupportedOperation.InstanceStateRunning",
        "the other setting is as it was"
    );
    world.call("AssociateInstancesKeyPairs", json!({"KeyIds": [SECOND], "ForceStop": true}));
    let running = machines::running(client, ID);
    assert_eq!(running["LoginSettings"]["KeyIds"], json!([FIRST, SECOND]));
    ssh::with_key(&running, &world.first, "true").entered();
    ssh::with_key(&running, &world.second, "true").entered();
    world.call("DisassociateInstancesKeyPairs", json!({"KeyIds": [FIRST], "ForceStop": true}));
    let running = machines::running(client, ID);
    ssh::with_key(&running, &world.first, "true").refused();
    ssh::with_key(&running, &world.second, "true").entered();
    world.server.stop();
}

#[test]
fn a_configuration_that_comes_through_a_pipe_counts() {
    let home = Home::new();
    let serve = home.serve();
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec \"$0\" \"$@\" --config <(printf '[account]\ninstances = 1\n')"]);
    shell.arg(serve.get_program()).args(serve.get_args());
    shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = home.start_as(shell);
    let two = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5", "InstanceCount": 2});
    assert_eq!(server.client.answer("RunInstances", two).unwrap_err().code, "LimitExceeded.InstanceQuota");
    server.stop();
}

#[test]
fn a_pipe_that_no_configuration_comes_out_of_is_refused() {
    let home = Home::new();
    let serve = home.serve();
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec \"$0\" \"$@\" --config <(false)"]).arg(serve.get_program()).args(serve.get_args());
    shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let (status, said) = home.refused_start(&mut shell);
    assert!(status == 2 && said.contains("is a pipe, and nothing came out of it"), "{status}: {said}");
    let mut serve = home.serve();
    serve.args(["--config", "/dev/null"]);
    home.start_as(serve).stop();
}
