//! What a worker knows must be there, and what the API says is there.

use crate::support::http::{Answer, Client, Tc3};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io};

/// Resources by their ids: the members by which they are compared, and of an instance its `login`, which the API does not
/// show.
pub(super) type World = BTreeMap<String, Value>;

/// A kind of resource that has a name and little else.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its ids begin so.
    pub(super) prefix: &'static str,
    pub(super) service: &'static str,
    pub(super) create: &'static str,
    /// Beside the name.
    pub(super) with: fn() -> Value,
    /// Where a reply has the id.
    pub(super) made: &'static str,
    pub(super) modify: &'static str,
    pub(super) delete: &'static str,
    /// The parameters with its id, the first of `modify` and the second of `delete`.
    pub(super) ids: [&'static str; 2],
    pub(super) name: &'static str,
    pub(super) describe: &'static str,
    /// Members of that reply: the list, and in it the id and the name.
    pub(super) listed: [&'static str; 3],
}

pub(super) const KINDS: [Kind; 5] = [
    Kind {
        prefix: "skey-",
        service: "cvm",
        create: "CreateKeyPair",
        with: || json!({"ProjectId": 0}),
        made: "/KeyPair/KeyId",
        modify: "ModifyKeyPairAttribute",
        delete: "DeleteKeyPairs",
        ids: ["KeyId", "KeyIds"],
        name: "KeyName",
        describe: "DescribeKeyPairs",
        listed: ["KeyPairSet", "KeyId", "KeyName"],
    },
    Kind {
        prefix: "lt-",
        service: "cvm",
        create: "CreateLaunchTemplate",
        with: || json!({"Placement": {"Zone": super::worker::ZONE}, "ImageId": super::worker::IMAGE}),
        made: "/LaunchTemplateId",
        modify: "CreateLaunchTemplateVersion",
        delete: "DeleteLaunchTemplate",
        ids: ["LaunchTemplateId", "LaunchTemplateId"],
        name: "LaunchTemplateName",
        describe: "DescribeLaunchTemplates",
        listed: ["LaunchTemplateSet", "LaunchTemplateId", "LaunchTemplateName"],
    },
    Kind {
        prefix: "vpc-",
        service: "vpc",
        create: "CreateVpc",
        with: || json!({"CidrBlock": "10.8.0.0/16"}),
        made: "/Vpc/VpcId",
        modify: "ModifyVpcAttribute",
        delete: "DeleteVpc",
        ids: ["VpcId", "VpcId"],
        name: "VpcName",
        describe: "DescribeVpcs",
        listed: ["VpcSet", "VpcId", "VpcName"],
    },
    Kind {
        prefix: "sg-",
        service: "vpc",
        create: "CreateSecurityGroup",
        with: || json!({"GroupDescription": ""}),
        made: "/SecurityGroup/SecurityGroupId",
        modify: "ModifySecurityGroupAttribute",
        delete: "DeleteSecurityGroup",
        ids: ["SecurityGroupId", "SecurityGroupId"],
        name: "GroupName",
        describe: "DescribeSecurityGroups",
        listed: ["SecurityGroupSet", "SecurityGroupId", "SecurityGroupName"],
    },
    Kind {
        prefix: "ps-",
        service: "cvm",
        create: "CreateDisasterRecoverGroup",
        with: || json!({"Type": "HOST"}),
        made: "/DisasterRecoverGroupId",
        modify: "ModifyDisasterRecoverGroupAttribute",
        delete: "DeleteDisasterRecoverGroups",
        ids: ["DisasterRecoverGroupId", "DisasterRecoverGroupIds"],
        name: "Name",
        describe: "DescribeDisasterRecoverGroups",
        listed: ["DisasterRecoverGroupSet", "DisasterRecoverGroupId", "Name"],
    },
];

/// Asks one of the products.
pub(super) fn ask(client: &Client, service: &str, action: &str, parameters: &Value) -> io::Result<Answer> {
    let version = if service == "tag" { "2018-08-13" } else { "2017-03-12" };
    let with = Tc3 { service: Some(service), version: Some(version), ..Tc3::default() };
    Ok(client.send(&client.tc3(action, &parameters.to_string(), &with))?.answer())
}

fn list(client: &Client, service: &str, action: &str, set: &str) -> Vec<Value> {
    // The one product takes texts.
    let parameters = if service == "vpc" { json!({"Limit": "100"}) } else { json!({"Limit": 100}) };
    let mut answer = ask(client, service, action, &parameters).unwrap().unwrap();
    let total = answer["TotalCount"].as_u64().unwrap();
    let found = answer[set].as_array_mut().map(std::mem::take).unwrap_or_default();
    assert_eq!(found.len() as u64, total, "{action} shows all: {answer}");
    found
}

pub(super) fn instances(client: &Client) -> Vec<Value> {
    list(client, "cvm", "DescribeInstances", "InstanceSet")
}

/// What the API shows of everything that workers have made. What is being terminated is no longer there.
pub(super) fn observe(client: &Client) -> World {
    let mut world = World::new();
    for Kind { service, describe, listed: [set, id, name], .. } in &KINDS {
        for found in list(client, service, describe, set) {
            let mut row = json!({"name": found[name]});
            if let Some(versions) = found.get("LaunchTemplateVersionCount") {
                row["versions"] = versions.clone();
            }
            world.insert(found[id].as_str().unwrap().to_owned(), row);
        }
    }
    for instance in instances(client).iter().filter(|instance| instance["InstanceState"] != "TERMINATING") {
        world.insert(instance["InstanceId"].as_str().unwrap().to_owned(), row(instance));
    }
    // What nobody made: the default network and its group.
    world.retain(|_, row| row["name"].as_str().is_some_and(|name| name.starts_with('w')));
    world
}

fn row(instance: &Value) -> Value {
    let mut keys: Vec<_> = instance["LoginSettings"]["KeyIds"].as_array().cloned().unwrap_or_default();
    keys.sort_by_key(Value::to_string);
    let tags = instance["Tags"].as_array().unwrap();
    let tags: BTreeMap<_, _> = tags.iter().map(|tag| (tag["Key"].as_str().unwrap(), &tag["Value"])).collect();
    json!({
        "name": instance["InstanceName"],
        "keys": keys,
        "tags": tags,
        "gib": instance["SystemDisk"]["DiskSize"],
        "state": instance["InstanceState"],
    })
}

/// The same without `members`.
pub(super) fn without(world: &World, members: &[&str]) -> World {
    let mut world = world.clone();
    for row in world.values_mut() {
        row.as_object_mut().unwrap().retain(|member, _| !members.contains(&member.as_str()));
    }
    world
}

/// What one has and the other has not.
pub(super) fn difference(expected: &World, found: &World) -> String {
    let ids = expected.keys().chain(found.keys()).filter(|id| expected.get(*id) != found.get(*id));
    ids.map(|id| format!("{id}: expected {:?}, found {:?}\n", expected.get(id), found.get(id))).collect()
}
