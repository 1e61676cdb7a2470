//! Proofs: after an operation the machine's own sshd is asked whether it refuses what was taken off.

use crate::support::{GUEST_TAG, Home, Server, http::Tc3, machines, ssh, ssh::Key};
use serde_json::{Value, json};

const REMOVED: &str = "skey-removed1";
const STAYS: &str = "skey-stays001";

struct World {
    server: Server,
    removed: Key,
    stays: Key,
    _home: Home,
}

/// Instances that admit both keys: id, guest, state.
fn world(instances: &[(&str, &str, &str)]) -> World {
    let home = Home::new();
    let (removed, stays) = (Key::new(&home, "removed"), Key::new(&home, "stays"));
    let instance = |(id, guest, state): &(&str, &str, &str)| {
        json!({
            "InstanceId": id,
            "InstanceState": state,
            "LoginSettings": {"KeyIds": [REMOVED, STAYS]},
            "Tags": [{"Key": GUEST_TAG, "Value": guest}],
        })
    };
    let home = home.seed(json!({
        "KeyPairs": [{"KeyId": REMOVED, "PublicKey": removed.public}, {"KeyId": STAYS, "PublicKey": stays.public}],
        "Instances": instances.iter().map(instance).collect::<Vec<_>>(),
    }));
    World { server: home.start(), removed, stays, _home: home }
}

impl World {
    fn unbind(&self, ids: &[&str]) {
        let parameters = json!({"InstanceIds": ids, "KeyIds": [REMOVED], "ForceStop": true});
        self.server.client.call("DisassociateInstancesKeyPairs", parameters);
    }

    fn proof(&self, id: &str) -> Value {
        let client = &self.server.client;
        let ours = Tc3 { service: Some("cvmd"), version: Some("2026-11-24"), ..Tc3::default() };
        let body = json!({"InstanceIds": [id]}).to_string();
        let answer = client.send(&client.tc3("DescribeLoginProofs", &body, &ours)).unwrap().answer();
        answer.unwrap()["LoginProofSet"][0].take()
    }

    fn settled(&self, id: &str, state: &str, outcome: &str) -> Value {
        let seen = machines::settled(&self.server.client, id);
        assert_eq!((&seen["InstanceState"], &seen["LatestOperationState"]), (&json!(state), &json!(outcome)), "{seen}");
        seen
    }
}

fn answers(proof: &Value) -> Value {
    let keys = proof["Keys"].as_array().expect("keys").iter();
    keys.map(|key| json!([key["KeyId"], key["Promised"], key["Answer"]])).collect()
}

#[test]
fn the_sshd_of_a_running_machine_is_asked_and_ssh_agrees() {
    let id = "ins-proven01";
    let world = world(&[(id, "boot-ms=50", "RUNNING")]);
    world.unbind(&[id]);
    let seen = world.settled(id, "RUNNING", "SUCCESS");
    let proof = world.proof(id);
    assert_eq!(proof["State"], "PROVEN", "{proof}");
    assert_eq!(answers(&proof), json!([[STAYS, "ACCEPTED", "ACCEPTED"], [REMOVED, "REFUSED", "REFUSED"]]));
    assert_eq!((&proof["User"], &proof["OwedKeyIds"]), (&json!("root"), &json!([])));
    ssh::with_key(&seen, &world.removed, "true").refused();
    ssh::with_key(&seen, &world.stays, "true").entered();
    world.server.stop();
}

#[test]
fn a_key_that_a_guest_puts_back_fails_the_operation_and_is_bound_again() {
    let (puts_back, honest) = ("ins-restores", "ins-honest01");
    let guest = "boot-ms=50";
    let world = world(&[(puts_back, "boot-ms=50,restores-keys", "RUNNING"), (honest, guest, "RUNNING")]);
    world.unbind(&[puts_back, honest]);
    let seen = world.settled(puts_back, "RUNNING", "FAILED");
    let why = seen["LatestOperationErrorMsg"].as_str().unwrap();
    assert!(why.contains(REMOVED) && why.contains("root"), "{why}");
    assert_eq!(seen["LoginSettings"]["KeyIds"], json!([STAYS, REMOVED]), "the truth is that it opens");
    let proof = world.proof(puts_back);
    assert_eq!(proof["State"], "CONTRADICTED", "{proof}");
    assert_eq!(answers(&proof), json!([[STAYS, "ACCEPTED", "ACCEPTED"], [REMOVED, "REFUSED", "ACCEPTED"]]));
    ssh::with_key(&seen, &world.removed, "true").entered();
    let seen = world.settled(honest, "RUNNING", "SUCCESS");
    assert_eq!(world.proof(honest)["State"], "PROVEN");
    ssh::with_key(&seen, &world.removed, "true").refused();
    world.server.stop();
}

#[test]
fn what_a_stopped_machine_owes_is_asked_at_its_next_start() {
    let (puts_back, honest) = ("ins-restores", "ins-honest01");
    let world = world(&[(puts_back, "boot-ms=50,restores-keys", "STOPPED"), (honest, "boot-ms=50", "STOPPED")]);
    let client = &world.server.client;
    world.unbind(&[puts_back, honest]);
    for id in [puts_back, honest] {
        world.settled(id, "STOPPED", "SUCCESS");
        let proof = world.proof(id);
        assert_eq!((&proof["State"], &proof["OwedKeyIds"]), (&json!("OWED"), &json!([REMOVED])), "{proof}");
    }
    // What is owed is known though the key pair is gone.
    client.call("DeleteKeyPairs", json!({"KeyIds": [REMOVED]}));
    client.call("StartInstances", json!({"InstanceIds": [puts_back, honest]}));
    let seen = world.settled(honest, "RUNNING", "SUCCESS");
    let proof = world.proof(honest);
    assert_eq!((&proof["State"], &proof["OwedKeyIds"]), (&json!("PROVEN"), &json!([])), "{proof}");
    ssh::with_key(&seen, &world.removed, "true").refused();
    ssh::with_key(&seen, &world.stays, "true").entered();
    let seen = world.settled(puts_back, "RUNNING", "FAILED");
    let proof = world.proof(puts_back);
    assert_eq!((&proof["State"], &proof["OwedKeyIds"]), (&json!("CONTRADICTED"), &json!([REMOVED])), "{proof}");
    assert_eq!(seen["LoginSettings"]["KeyIds"], json!([STAYS]), "nothing is bound by a start");
    ssh::with_key(&seen, &world.removed, "true").entered();
    world.server.stop();
}

#[test]
fn an_sshd_that_says_nothing_proves_nothing_and_fails_nothing() {
    let id = "ins-mute0001";
    let world = world(&[(id, "boot-ms=50,mute-sshd", "RUNNING")]);
    world.unbind(&[id]);
    world.settled(id, "RUNNING", "SUCCESS");
    let proof = world.proof(id);
    assert_eq!((&proof["State"], &proof["OwedKeyIds"]), (&json!("UNPROVEN"), &json!([REMOVED])), "{proof}");
    assert!(proof["Reason"].as_str().is_some_and(|why| why.contains("took too long")), "{proof}");
    assert_eq!(answers(&proof), json!([[STAYS, "ACCEPTED", "NOT_ANSWERED"], [REMOVED, "REFUSED", "NOT_ANSWERED"]]));
    world.server.stop();
}
