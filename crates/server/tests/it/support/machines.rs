//! Instances as the API shows them, and machines as their file holds them.

use super::{Client, GUEST_TAG, Home, http::Tc3, rows, until};
use cvmd_hypervisor_simulated::Machine;
use serde_json::{Value, json};

/// The instance as DescribeInstances shows it; null when there is none.
pub(crate) fn instance(client: &Client, id: &str) -> Value {
    let mut answer = client.call("DescribeInstances", json!({"InstanceIds": [id]}));
    answer["InstanceSet"].get_mut(0).map(Value::take).unwrap_or_default()
}

/// All instances named, in any order.
pub(crate) fn instances(client: &Client, ids: &[String]) -> Vec<Value> {
    let mut answer = client.call("DescribeInstances", json!({"InstanceIds": ids, "Limit": 100}));
    answer["InstanceSet"].as_array_mut().map(std::mem::take).unwrap_or_default()
}

/// Launches an instance whose login takes a minute to be written, and returns in the middle of that.
pub(crate) fn write_slowly(client: &Client) -> String {
    let tag = json!([{"ResourceType": "instance", "Tags": [{"Key": GUEST_TAG, "Value": "write-ms=60000"}]}]);
    let request = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5", "TagSpecification": tag});
    let id = client.call("RunInstances", request)["InstanceIdSet"][0].as_str().unwrap().to_owned();
    let page = || String::from_utf8(client.get("/_cvmd/metrics").unwrap().body).unwrap();
    until("its login is being written", || page().lines().any(|line| line == "cvmd_effects_total 2"));
    id
}

/// The instance after its latest operation has ended, successful or not.
#[track_caller]
pub(crate) fn settled(client: &Client, id: &str) -> Value {
    let mut seen = Value::Null;
    until("the operation ends", || {
        seen = instance(client, id);
        seen["LatestOperationState"] != "OPERATING"
    });
    seen
}

/// The instance when it is RUNNING and its latest operation a SUCCESS.
#[track_caller]
pub(crate) fn running(client: &Client, id: &str) -> Value {
    let seen = settled(client, id);
    assert_eq!(
        (&seen["LatestOperationState"], &seen["InstanceState"]),
        (&json!("SUCCESS"), &json!("RUNNING")),
        "{seen}"
    );
    seen
}

/// Runs one more instance and waits until it is RUNNING.
pub(crate) fn run(client: &Client, guest: &str, login: Value) -> Value {
    let id = begin_run(client, guest, login);
    running(client, &id)
}

pub(crate) fn begin_run(client: &Client, guest: &str, login: Value) -> String {
    let mut parameters = json!({
        "Placement": {"Zone": "ap-guangzhou-3"},
        "ImageId": "img-487zeit5",
        "TagSpecification": [{"ResourceType": "instance", "Tags": [{"Key": super::GUEST_TAG, "Value": guest}]}],
    });
    if !login.is_null() {
        parameters["LoginSettings"] = login;
    }
    client.call("RunInstances", parameters)["InstanceIdSet"][0].as_str().unwrap().to_owned()
}

/// Every stored machine, read from a copy, so that nothing is changed.
pub(crate) fn rows(home: &Home) -> Vec<Machine> {
    rows::of(home, "machines", "machines")
}

/// One machine.
pub(crate) fn row(home: &Home, id: &str) -> Machine {
    rows(home).into_iter().find(|row| row.id.to_string() == id).unwrap_or_else(|| panic!("{id} is not in machines/"))
}

/// Changes a guest's behaviour by its tag, whose values have spaces instead of commas; returns when it has taken
/// effect.
pub(crate) fn becomes(home: &Home, client: &Client, id: &str, guest: &str) {
    let words = guest.replace(',', " ");
    let body = json!({
        "Resource": format!("qcs::cvm:ap-guangzhou:uin/:instance/{id}"),
        "ReplaceTags": [{"TagKey": super::GUEST_TAG, "TagValue": words}],
    });
    let tags = Tc3 { service: Some("tag"), version: Some("2018-08-13"), ..Tc3::default() };
    client.send(&client.tc3("ModifyResourceTags", &body.to_string(), &tags)).unwrap().answer().unwrap();
    super::until("the guest has heard of it", || *row(home, id).guest == *words);
}
