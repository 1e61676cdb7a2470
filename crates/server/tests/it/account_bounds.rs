//! What one account may own: instances, and the bytes of all its rows.

use crate::support::{Home, machines, refused};
use serde_json::{Value, json};

fn launch(more: &Value) -> Value {
    let mut launch = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"});
    launch.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    launch
}

#[test]
fn an_account_that_holds_what_it_may_is_refused_in_words_can_shrink_and_costs_no_other_its_room() {
    let home = Home::new().flag("--account-mib", "1");
    let server = home.start();
    let client = &server.client;
    // 12 KiB of user data, in base64.
    let large = launch(&json!({"UserData": "QUFB".repeat(4_096), "InstanceCount": 20}));
    let mut launched = Vec::new();
    let refusal = loop {
        match client.answer("RunInstances", large.clone()) {
            Ok(answer) => launched.extend(answer["InstanceIdSet"].as_array().unwrap().clone()),
            Err(refusal) => break refusal,
        }
        assert!(launched.len() < 1_000, "it has an end");
    };
    assert_eq!(launched.len(), 40, "three times twenty would be more than a MiB");
    let mut only_asked = large.clone();
    only_asked["DryRun"] = json!(true);
    assert_eq!(client.refusal("RunInstances", only_asked), "LimitExceeded", "a dry run gets the same answer");
    assert_eq!(refusal.code, "LimitExceeded");
    assert!(refusal.message.contains("at most 1048576 are allowed"), "{refusal:?}");
    let metrics = || String::from_utf8(client.get("/_cvmd/metrics").unwrap().body).unwrap();
    assert!(metrics().contains("cvmd_bounds_reached_total{bound=\"account\"} 2\n"), "{}", metrics());
    // Everything that grows is counted.
    let template =
        json!({"LaunchTemplateName": "large", "Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"});
    let metadata: Vec<_> =
        (0..50).map(|number| json!({"Key": format!("k{number}"), "Value": "v".repeat(1_000)})).collect();
    let mut with_metadata = template.clone();
    with_metadata["Metadata"] = json!({"Items": metadata});
    let mut versions = 0;
    let refused_as = loop {
        match client.answer("CreateLaunchTemplate", with_metadata.clone()) {
            Ok(_) => versions += 1,
            Err(refusal) => break refusal.code,
        }
        assert!(versions < 20, "it has an end");
    };
    assert_eq!(refused_as, "LimitExceeded");
    // Another account has its own bound.
    let other = home.ask_json(&["account", "add", "other"]);
    let others = client.with(other["SecretId"].as_str().unwrap(), other["SecretKey"].as_str().unwrap());
    others.call("RunInstances", launch(&json!({"InstanceCount": 10})));
    // Actions that need no room still work, and deletions make room, after a restart too.
    let id = launched[0].as_str().unwrap();
    machines::running(client, id);
    client.call("StopInstances", json!({"InstanceIds": [id]}));
    server.stop();
    let server = home.start();
    let client = &server.client;
    assert_eq!(client.refusal("RunInstances", large.clone()), "LimitExceeded");
    for some in launched.chunks(20) {
        for id in some {
            machines::settled(client, id.as_str().unwrap());
        }
        client.call("TerminateInstances", json!({"InstanceIds": some}));
    }
    crate::support::until("there is room again", || client.answer("RunInstances", large.clone()).is_ok());
    server.stop();
}

#[test]
fn an_account_has_so_many_instances_and_those_of_a_seed_beside_them() {
    let seed = json!({"Instances": [{"InstanceId": "ins-seeded01"}, {"InstanceId": "ins-seeded02"}]});
    let home = Home::new().seed(seed).flag("--account-instances", "2");
    let server = home.start();
    let client = &server.client;
    let refusal = client.answer("RunInstances", launch(&json!({"InstanceCount": 3, "DryRun": true}))).unwrap_err();
    assert_eq!(refusal.code, "LimitExceeded.InstanceQuota");
    assert!(refusal.message.contains("has 2 instances, and at most 4"), "{refusal:?}");
    let quota = || {
        let reply = client.call("DescribeAccountQuota", json!({}));
        let quota = reply["AccountQuotaOverview"]["AccountQuota"]["PostPaidQuotaSet"][0].clone();
        (quota["RemainingQuota"].clone(), quota["TotalQuota"].clone())
    };
    assert_eq!(quota(), (json!(2), json!(4)));
    // With MinCount as many are launched as fit.
    assert_eq!(client.refusal("RunInstances", launch(&json!({"InstanceCount": 5, "MinCount": 3}))), refusal.code);
    let launched = client.call("RunInstances", launch(&json!({"InstanceCount": 5, "MinCount": 1})));
    assert_eq!(launched["InstanceIdSet"].as_array().unwrap().len(), 2, "{launched}");
    assert_eq!(quota(), (json!(0), json!(4)));
    let listed = home.ask_json(&["account", "list"]);
    assert_eq!((&listed[0]["Instances"], &listed[0]["InstancesMax"]), (&json!(4), &json!(4)), "{listed}");
    let for_people = String::from_utf8(home.ask(&["account", "list"]).stdout).unwrap();
    assert!(for_people.contains("Instances    4 of 4\n") && for_people.contains("Storage      0."), "{for_people}");
    assert_eq!(client.refusal("RunInstances", launch(&json!({}))), "LimitExceeded.InstanceQuota");
    server.stop();
    let server = home.start();
    assert_eq!(server.client.refusal("RunInstances", launch(&json!({}))), "LimitExceeded.InstanceQuota");
    server.stop();
}

#[test]
fn bounds_that_make_no_sense_refuse_the_start_with_their_range() {
    for (flag, value, expected) in [
        ("--account-instances", "0", "account.instances is 1 to 10000000, not 0"),
        ("--account-mib", "1048577", "account.mib is 1 to 1048576, not 1048577"),
        ("--account-mib", "many", "a whole number"),
    ] {
        let home = Home::new();
        let output = home.serve().args([flag, value]).output().unwrap();
        let message = refused(&output);
        assert!(output.status.code() == Some(2) && message.contains(expected) && message.contains(flag), "{message}");
    }
}
