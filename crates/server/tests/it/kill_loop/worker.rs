//! A client that sends commands of every kind about what it has made itself, and remembers what must be there.

use super::world::{KINDS, Kind, World, ask, difference, without};
use crate::support::{
    Chance, GUEST_TAG,
    http::{Client, Refused},
    ssh::Key,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const ZONE: &str = "ap-guangzhou-3";
pub(super) const IMAGE: &str = "img-487zeit5";

/// Instances that one worker has at most, and key pairs.
const INSTANCES_MAX: usize = 5;
const KEYS_MAX: usize = 6;

/// How a command is refused that comes at the wrong time.
const EXPECTED: &[&str] = &[
    "InvalidParameterValue.KeyPairNotSupported",
    "OperationDenied.InstanceOperationInProgress",
    "UnsupportedOperation.InstanceStateRunning",
    "UnsupportedOperation.InstanceStateStarting",
    "UnsupportedOperation.InstanceStateStopped",
    "UnsupportedOperation.InstanceStateStopping",
    "UnsupportedOperation.InstanceStateTerminating",
];

/// What a command comes to, as a whole.
#[derive(Debug, Clone)]
enum Effect {
    /// Rows of what it makes, whose names nothing else ever had.
    Make(Vec<Value>),
    Change(Vec<(String, Value)>),
    Remove(String),
}

#[derive(Debug, Clone)]
struct Command {
    service: &'static str,
    action: &'static str,
    parameters: Value,
    /// Where the reply has the ids of what it made.
    made: &'static str,
    effect: Effect,
}

#[derive(Debug)]
pub(super) struct Worker {
    /// The names of everything that it makes begin so.
    prefix: String,
    chance: Chance,
    counter: u64,
    /// Keys to import; a key pair's name ends with the number of its key.
    pub(super) keys: Vec<Key>,
    pub(super) world: World,
    /// Sent, and not answered when the server died.
    unanswered: Option<Command>,
    /// The requests that were answered since the last restart.
    pub(super) answered: Vec<String>,
    /// Commands that were accepted and refused, by action.
    pub(super) counts: BTreeMap<&'static str, [u64; 2]>,
    /// Commands that were not answered, and those of them that were seen to be carried out.
    pub(super) unknown: [u64; 2],
}

impl Worker {
    pub(super) fn new(number: u64, keys: Vec<Key>) -> Worker {
        Worker {
            prefix: format!("w{number}_"),
            chance: Chance(number),
            counter: 0,
            keys,
            world: World::new(),
            unanswered: None,
            answered: Vec::new(),
            counts: BTreeMap::new(),
            unknown: [0; 2],
        }
    }

    /// Sends one command after the other until the server is gone.
    pub(super) fn run(&mut self, client: &Client) {
        loop {
            let Some(command) = self.next_command() else { continue };
            let Ok(answer) = ask(client, command.service, command.action, &command.parameters) else {
                self.unanswered = Some(command);
                return;
            };
            let [accepted, refused] = self.counts.entry(command.action).or_default();
            match answer {
                Ok(reply) => {
                    *accepted += 1;
                    self.answered.push(reply["RequestId"].as_str().unwrap().to_owned());
                    let failed = reply["FailedResources"].as_array();
                    // A tag's refusal of one resource is part of a success.
                    if failed.is_none_or(Vec::is_empty) {
                        self.world = command.effect.on(&self.world, &ids(reply.pointer(command.made))).unwrap();
                    }
                }
                Err(Refused { code, request, message }) => {
                    *refused += 1;
                    self.answered.push(request);
                    assert!(EXPECTED.contains(&&*code), "{command:?}: {code}: {message}");
                }
            }
        }
    }

    /// Compares what must be there with what there is, without the members in `hidden`.
    pub(super) fn compare(&self, found: &World, hidden: &[&str]) {
        let hidden = [hidden, &["login"]].concat();
        let is_expected = self.possible(found).iter().any(|world| without(world, &hidden) == without(found, &hidden));
        let expected = without(&self.world, &hidden);
        assert!(is_expected, "{}unanswered: {:?}", difference(&expected, &without(found, &hidden)), self.unanswered);
    }

    /// Takes over whether the command without an answer was carried out.
    pub(super) fn decide(&mut self, found: &World) {
        self.compare(found, &[]);
        let possible = self.possible(found);
        let fits: Vec<_> = possible.iter().filter(|world| without(world, &["login"]) == *found).collect();
        let (first, last) = (fits[0], fits[fits.len() - 1]);
        let world = first.iter().map(|(id, row)| {
            let mut row = row.clone();
            if last[id]["login"] != row["login"] {
                // A password that was reset or not: the API does not tell.
                row["login"] = json!({"password": "?", "on": null});
            }
            (id.clone(), row)
        });
        self.unknown[0] += u64::from(self.unanswered.is_some());
        self.unknown[1] += u64::from(fits.len() == 1 && without(&self.world, &["login"]) != *found);
        self.world = world.collect();
        self.unanswered = None;
        self.answered.clear();
    }

    /// The world as it is without the command that was not answered, and with it.
    fn possible(&self, found: &World) -> Vec<World> {
        let with = self.unanswered.as_ref().and_then(|command| {
            let ids = match &command.effect {
                Effect::Make(rows) => {
                    let id = |row: &Value| found.iter().find(|(_, found)| found["name"] == row["name"]);
                    rows.iter().map(|row| id(row).map(|(id, _)| id.clone())).collect::<Option<Vec<_>>>()?
                }
                Effect::Change(_) | Effect::Remove(_) => Vec::new(),
            };
            command.effect.on(&self.world, &ids)
        });
        [self.world.clone()].into_iter().chain(with).collect()
    }

    /// The part of what was found that is this worker's.
    pub(super) fn own(&self, found: &World) -> World {
        let is_own = |row: &Value| row["name"].as_str().is_some_and(|name| name.starts_with(&self.prefix));
        found.iter().filter(|(_, row)| is_own(row)).map(|(id, row)| (id.clone(), row.clone())).collect()
    }

    /// The number of a key pair's key; none if the server has made it.
    pub(super) fn key_of(&self, key_pair: &str) -> Option<usize> {
        let name = self.world.get(key_pair)?["name"].as_str()?;
        name.rsplit_once('p')?.1.parse().ok()
    }

    fn below(&mut self, end: usize) -> usize {
        self.chance.between(0, end as u64 - 1) as usize
    }

    fn name(&mut self) -> String {
        self.counter += 1;
        format!("{}{}", self.prefix, self.counter)
    }

    fn ids(&self, prefix: &str) -> Vec<String> {
        self.world.keys().filter(|id| id.starts_with(prefix)).cloned().collect()
    }

    /// One of them, with its row.
    fn any(&mut self, prefix: &str) -> Option<(String, Value)> {
        let ids = self.ids(prefix);
        let id = ids.get(self.below(ids.len().max(1)))?.clone();
        let row = self.world[&id].clone();
        Some((id, row))
    }

    /// One to three of them.
    fn some(&mut self, prefix: &str) -> Vec<String> {
        let mut ids = self.ids(prefix);
        let count = 1 + self.below(3);
        while ids.len() > count {
            ids.remove(self.below(ids.len()));
        }
        ids
    }

    /// None where there is nothing to do it to.
    fn next_command(&mut self) -> Option<Command> {
        let (instances, keys) = (self.ids("ins-").len(), self.ids("skey-").len());
        match self.below(100) {
            _ if keys == 0 => self.import(),
            0..12 if instances < INSTANCES_MAX - 1 => Some(self.launch()),
            0..24 => self.rename(),
            24..34 => self.associate(),
            34..46 => self.disassociate(),
            46..53 => self.power("StartInstances", "RUNNING"),
            53..60 => self.power("StopInstances", "STOPPED"),
            60..63 => self.terminate(),
            63..67 => self.reset_password(),
            67..74 => self.tag(),
            74..78 => self.resize(),
            78..83 => self.import(),
            _ => {
                let kind = &KINDS[self.below(KINDS.len())];
                self.plain(kind)
            }
        }
    }

    /// Makes one of that kind, changes it, or deletes it. Of key pairs there are several, of all others one.
    fn plain(&mut self, kind: &'static Kind) -> Option<Command> {
        let Kind { prefix, service, made, .. } = *kind;
        let is_key = prefix == "skey-";
        let is_one_more = is_key && self.ids(prefix).len() < KEYS_MAX && self.below(9) == 0;
        let Some((id, mut row)) = self.any(prefix).filter(|_| !is_one_more) else {
            let name = if is_key { format!("{}_r", self.name()) } else { self.name() };
            let mut parameters = (kind.with)();
            parameters[kind.name] = json!(name);
            let row = if prefix == "lt-" { json!({"name": name, "versions": 1}) } else { json!({"name": name}) };
            return Some(Command { service, action: kind.create, parameters, made, effect: Effect::Make(vec![row]) });
        };
        if self.below(3) == 0 {
            let [_, parameter] = kind.ids;
            let parameters = json!({parameter: if parameter.ends_with('s') { json!([id]) } else { json!(id) }});
            return Some(Command { service, action: kind.delete, parameters, made, effect: Effect::Remove(id) });
        }
        let mut parameters = json!({kind.ids[0]: id});
        match row.get("versions").and_then(Value::as_u64) {
            Some(versions) => {
                parameters["Placement"] = json!({"Zone": ZONE});
                row["versions"] = json!(versions + 1);
            }
            None => {
                let kept = row["name"].as_str().and_then(|name| name.rsplit_once('_')).map_or("", |(_, end)| end);
                let name = if is_key { format!("{}_{kept}", self.name()) } else { self.name() };
                parameters[kind.name] = json!(name);
                row["name"] = json!(name);
            }
        }
        Some(Command { service, action: kind.modify, parameters, made, effect: Effect::Change(vec![(id, row)]) })
    }

    /// Imports a key that no key pair has.
    fn import(&mut self) -> Option<Command> {
        let used: Vec<_> = self.ids("skey-").iter().filter_map(|id| self.key_of(id)).collect();
        let key = (0..self.keys.len()).find(|key| !used.contains(key))?;
        let name = format!("{}_p{key}", self.name());
        let parameters = json!({"KeyName": name, "ProjectId": 0, "PublicKey": self.keys[key].public});
        let effect = Effect::Make(vec![json!({"name": name})]);
        Some(Command { service: "cvm", action: "ImportKeyPair", parameters, made: "/KeyId", effect })
    }

    fn launch(&mut self) -> Command {
        // Numbers are put behind it.
        let (name, keys) = (format!("{}_i", self.name()), self.some("skey-"));
        let count = 1 + self.below(2);
        let password = format!("Password+{}", self.counter);
        let is_by_key = self.below(3) > 0;
        let login = if is_by_key { json!({"KeyIds": keys}) } else { json!({"Password": password}) };
        let [boot, shutdown, write] = [5, 0, 0].map(|least| self.chance.between(least, 60));
        let guest = format!("boot-ms={boot},shutdown-ms={shutdown},write-ms={write}");
        let row = |index: usize| {
            json!({
                "name": if count == 1 { name.clone() } else { format!("{name}{}", index + 1) },
                "keys": if is_by_key { json!(keys) } else { json!([]) },
                "tags": {GUEST_TAG: guest, "round": name},
                "gib": 50,
                "state": "RUNNING",
                "login": {"password": if is_by_key { Value::Null } else { json!(password) }, "on": !is_by_key},
            })
        };
        let rows = (0..count).map(row).collect();
        let tags = json!([{"Key": GUEST_TAG, "Value": guest}, {"Key": "round", "Value": name}]);
        let parameters = json!({
            "Placement": {"Zone": ZONE},
            "ImageId": IMAGE,
            "InstanceName": name,
            "InstanceCount": count,
            "ClientToken": name,
            "LoginSettings": login,
            "TagSpecification": [{"ResourceType": "instance", "Tags": tags}],
        });
        let effect = Effect::Make(rows);
        Command { service: "cvm", action: "RunInstances", parameters, made: "/InstanceIdSet", effect }
    }

    /// A change of some instances.
    fn change(&mut self, action: &'static str, mut parameters: Value, change: impl Fn(&mut Value)) -> Option<Command> {
        let ids = self.some("ins-");
        if ids.is_empty() {
            return None;
        }
        parameters["InstanceIds"] = json!(ids);
        let changed = ids.into_iter().map(|id| {
            let mut row = self.world[&id].clone();
            change(&mut row);
            (id, row)
        });
        let effect = Effect::Change(changed.collect());
        Some(Command { service: "cvm", action, parameters, made: "", effect })
    }

    fn rename(&mut self) -> Option<Command> {
        let name = self.name();
        self.change("ModifyInstancesAttribute", json!({"InstanceName": name}), |row| row["name"] = json!(name))
    }

    fn power(&mut self, action: &'static str, state: &str) -> Option<Command> {
        self.change(action, json!({}), |row| row["state"] = json!(state))
    }

    fn associate(&mut self) -> Option<Command> {
        let keys = self.some("skey-");
        self.change("AssociateInstancesKeyPairs", json!({"KeyIds": keys, "ForceStop": true}), |row| {
            row["keys"] = json!(keys);
            row["login"]["on"] = json!(false);
        })
    }

    fn disassociate(&mut self) -> Option<Command> {
        let keys = self.some("skey-");
        self.change("DisassociateInstancesKeyPairs", json!({"KeyIds": keys, "ForceStop": true}), |row| {
            let bound = row["keys"].as_array().unwrap().clone();
            let left: Vec<_> = bound.iter().filter(|key| !keys.iter().any(|gone| *key == gone)).cloned().collect();
            if left.is_empty() && !bound.is_empty() {
                // Password login is back, if there is a password.
                let password = &row["login"]["password"];
                row["login"]["on"] = if *password == "?" { Value::Null } else { json!(!password.is_null()) };
            }
            row["keys"] = json!(left);
        })
    }

    fn reset_password(&mut self) -> Option<Command> {
        let password = format!("Another+{}", self.name());
        self.change("ResetInstancesPassword", json!({"Password": password, "ForceStop": true}), |row| {
            row["login"] = json!({"password": password, "on": true});
        })
    }

    fn terminate(&mut self) -> Option<Command> {
        let (id, _) = self.any("ins-")?;
        let (parameters, effect) = (json!({"InstanceIds": [id]}), Effect::Remove(id));
        Some(Command { service: "cvm", action: "TerminateInstances", parameters, made: "", effect })
    }

    fn tag(&mut self) -> Option<Command> {
        let (id, mut row) = self.any("ins-")?;
        let resource = format!("qcs::cvm:ap-guangzhou:uin/:instance/{id}");
        let is_taken_off = row["tags"].get("team").is_some() && self.below(2) == 0;
        let (action, parameters) = if is_taken_off {
            row["tags"].as_object_mut().unwrap().remove("team");
            ("UnTagResources", json!({"ResourceList": [resource], "TagKeys": ["team"]}))
        } else {
            let value = self.name();
            row["tags"]["team"] = json!(value);
            let tags = json!([{"TagKey": "team", "TagValue": value}]);
            ("TagResources", json!({"ResourceList": [resource], "Tags": tags}))
        };
        Some(Command { service: "tag", action, parameters, made: "", effect: Effect::Change(vec![(id, row)]) })
    }

    fn resize(&mut self) -> Option<Command> {
        let (id, mut row) = self.any("ins-")?;
        let gib = row["gib"].as_u64().unwrap() + 10;
        row["gib"] = json!(gib);
        let parameters = json!({"InstanceId": id, "SystemDisk": {"DiskSize": gib}, "ForceStop": true});
        let effect = Effect::Change(vec![(id, row)]);
        Some(Command { service: "cvm", action: "ResizeInstanceDisks", parameters, made: "", effect })
    }
}

impl Effect {
    /// The world afterwards. None where less was made than was asked for.
    fn on(&self, world: &World, ids: &[String]) -> Option<World> {
        let mut world = world.clone();
        match self {
            Effect::Make(rows) if rows.len() != ids.len() => return None,
            Effect::Make(rows) => world.extend(ids.iter().cloned().zip(rows.iter().cloned())),
            Effect::Change(rows) => world.extend(rows.iter().cloned()),
            Effect::Remove(id) => drop(world.remove(id)),
        }
        Some(world)
    }
}

/// The ids in a reply: one, or a list.
fn ids(found: Option<&Value>) -> Vec<String> {
    let text = |id: &Value| id.as_str().map(str::to_owned);
    match found {
        Some(Value::Array(ids)) => ids.iter().filter_map(text).collect(),
        Some(id) => text(id).into_iter().collect(),
        None => Vec::new(),
    }
}
