//! Runs the transcripts of all action files, and compares the catalog with the vendor's description.
//!
//! A transcript is paragraphs; each begins in the same small world ([`World`]). `> Action {json}` calls API 3.0,
//! `>> Action {json}` the legacy dialect; `> vpc.Action {json}` names a product other than the file's own; and `< reply` must match, where `...` stands for anything. A refusal reads
//! `< Code message`. A line of plain words changes the world first. `3*"x"` in a call stands for `"x","x","x"`.

use crate::{
    ACTIONS, Action, Body, Product, Reason,
    action::STORED,
    catalog::{self, TRANSCRIPTS},
    facts::{self, Member},
    reasons::codes::{COMMON, is_declared},
    testing::{
        kinds::Check,
        taken,
        world::{REASONS, World, public_key},
        world_networks,
    },
};
use cvmd_wire::{Dialect, Language, Params};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

type Key = (Product, &'static str);

fn key_of(action: &Action) -> Key {
    (action.product, action.name)
}

/// What all transcripts caused, by action.
#[derive(Default)]
struct Seen {
    codes: BTreeMap<Key, BTreeSet<&'static str>>,
    taken: BTreeMap<Key, BTreeSet<String>>,
    faults: String,
    /// The structures in replies.
    met: BTreeSet<(Product, String)>,
}

fn play_all() -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut seen = Seen::default();
    for (file, transcript, _) in TRANSCRIPTS {
        for paragraph in transcript.split("\n\n") {
            runtime.block_on(play(file, paragraph, &mut seen));
        }
    }
    seen
}

/// Plays all, and gives the reasons that they came to, each with the action that was called.
pub(crate) fn all_reasons() -> Vec<(Reason, &'static Action)> {
    play_all();
    REASONS.lock().unwrap().clone()
}

async fn play(file: &str, paragraph: &str, seen: &mut Seen) {
    let mut world = World::new().await;
    let mut answer: Option<(String, String)> = None;
    for line in paragraph.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if world.change(line).await {
            continue;
        }
        if let Some(pattern) = line.strip_prefix("< ") {
            let (call, got) = answer.take().unwrap_or_else(|| panic!("{file}: an answer without a call: {line}"));
            if !matches(pattern, &got) {
                let _ = writeln!(seen.faults, "{file}:\n  {call}\n  expected {pattern}\n  answered {got}");
            }
        } else {
            assert!(answer.is_none(), "{file}: a call without an answer before: {line}");
            answer = Some((line.to_string(), run(&mut world, file, line, seen).await));
        }
    }
    assert!(answer.is_none(), "{file}: a call without an answer");
    for fault in world.state.view().index_faults() {
        let _ = writeln!(seen.faults, "{file}: after\n{paragraph}\n  {fault}");
    }
}

/// One line that calls an action.
struct Call {
    dialect: Dialect,
    action: &'static Action,
    json: String,
    value: Value,
}

impl Call {
    /// Parses a line of that file's transcript; the file's product need not be named.
    fn read(file: &str, line: &str) -> Call {
        let (dialect, call) = match line.strip_prefix(">> ") {
            Some(call) => (Dialect::Legacy, call),
            None => {
                (Dialect::Api3, line.strip_prefix("> ").unwrap_or_else(|| panic!("neither call nor answer: {line}")))
            }
        };
        let (name, json) = call.split_once(' ').unwrap();
        let own = file.split('/').next().unwrap_or_default();
        let (product, name) = name.split_once('.').unwrap_or((own, name));
        let product = Product::find(product).unwrap_or_else(|| panic!("no product {product}"));
        let action = catalog::find(product, name).unwrap_or_else(|| panic!("no action {name}"));
        let json = json.replace("KEY-BOUND", &public_key(1).with_comment("").to_string());
        let json = expand(&json.replace("MANY-RULES", &world_networks::many_rules()));
        let value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        Call { dialect, action, json, value }
    }

    /// The parameters as a request of that dialect carries them.
    fn params(&self, dialect: Dialect) -> Params {
        match dialect {
            Dialect::Api3 => Params::from_json(self.json.as_bytes()).unwrap(),
            Dialect::Legacy => {
                let mut pairs = Vec::new();
                flatten(&self.value, "", &mut pairs);
                Params::from_pairs(pairs).unwrap()
            }
        }
    }
}

async fn run(world: &mut World, file: &str, line: &str, seen: &mut Seen) -> String {
    let call = Call::read(file, line);
    let Action { product, name, .. } = *call.action;
    taken::begin();
    let outcome = world.call(call.action, call.params(call.dialect), call.dialect).await;
    seen.taken.entry(key_of(call.action)).or_default().extend(taken::end());
    match outcome {
        Ok(Body(body)) => {
            let reply: Value = serde_json::from_slice(&body).unwrap();
            // A dry run returns only the RequestId.
            if !call.value.as_object().unwrap().contains_key("DryRun") {
                let facts = facts::of(product);
                let mut check = Check { product, facts, faults: &mut seen.faults, met: &mut seen.met };
                check.object(&reply, name, &facts.actions[name].output, name);
            }
            String::from_utf8(body).unwrap()
        }
        Err(error) => {
            seen.codes.entry(key_of(call.action)).or_default().insert(error.code);
            format!("{} {}", error.code, error.message)
        }
    }
}

/// Runs a paragraph in that dialect and language, whatever its lines name, and returns each reply.
pub(crate) async fn answers(file: &str, paragraph: &str, dialect: Dialect, language: Language) -> String {
    let mut world = World::new().await;
    world.language = language;
    let mut answers = String::new();
    for line in paragraph.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '<'])) {
        if world.change(line).await {
            continue;
        }
        let call = Call::read(file, line);
        let answer = match world.call(call.action, call.params(dialect), dialect).await {
            Ok(Body(body)) => String::from_utf8(body).unwrap(),
            Err(error) => format!("{} {}", error.code, error.message),
        };
        let _ = writeln!(answers, "{dialect:?} {language:?} {line}\n< {answer}");
    }
    answers
}

/// `3*"x"` becomes `"x","x","x"`.
fn expand(json: &str) -> String {
    let mut expanded = json.to_string();
    while let Some(star) = expanded.find("*\"") {
        let start = expanded[..star].rfind(|character: char| !character.is_ascii_digit()).unwrap() + 1;
        let end = star + 2 + expanded[star + 2..].find('"').unwrap() + 1;
        let times: usize = expanded[start..star].parse().unwrap();
        let list = vec![&expanded[star + 1..end]; times].join(",");
        expanded.replace_range(start..end, &list);
    }
    expanded
}

fn flatten(value: &Value, name: &str, pairs: &mut Vec<(String, String)>) {
    let join = |key: &str| if name.is_empty() { key.to_string() } else { format!("{name}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(value, &join(key), pairs)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| flatten(value, &join(&(index + 1).to_string()), pairs));
        }
        Value::String(text) => pairs.push((name.to_string(), text.clone())),
        other => pairs.push((name.to_string(), other.to_string())),
    }
}

/// Whether the text matches the pattern, in which `...` matches anything, even nothing.
fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split("...").collect();
    let [first, middle @ .., last] = &parts[..] else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first.trim_end()) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn every_transcript_is_answered_as_it_says() {
    let seen = play_all();
    assert!(seen.faults.is_empty(), "{}", seen.faults);
}

#[test]
fn every_structure_of_a_reply_is_met_in_some_transcript() {
    /// Codes that cannot occur here.
    const NEVER: &[(Product, &str)] = &[
        (Product::Cvm, "GPUInfo"),
        (Product::Cvm, "HostItem"),
        (Product::Cvm, "HostResource"),
        (Product::Cvm, "LocalDiskType"),
        (Product::Cvm, "StorageBlock"),
        (Product::Vpc, "AssistantCidr"),
        (Product::Vpc, "ISPIPv6CidrBlock"),
        (Product::Vpc, "Route"),
    ];
    fn reach(product: Product, members: &[Member], found: &mut BTreeSet<(Product, String)>) {
        for member in members {
            if let Some(structure) = facts::of(product).structs.get(&member.member)
                && found.insert((product, member.member.clone()))
            {
                reach(product, &structure.members, found);
            }
        }
    }
    let seen = play_all();
    let mut declared = BTreeSet::new();
    for action in ACTIONS {
        reach(action.product, &facts::of(action.product).actions[action.name].output, &mut declared);
    }
    let never: BTreeSet<_> = NEVER.iter().map(|(product, name)| (*product, (*name).to_string())).collect();
    let missing: BTreeSet<_> = declared.difference(&seen.met).cloned().collect();
    assert_eq!(missing, never);
}

#[test]
fn every_declared_code_is_provoked_and_no_other_is_answered() {
    let seen = play_all();
    for action in ACTIONS {
        let provoked = seen.codes.get(&key_of(action)).cloned().unwrap_or_default();
        let declared: BTreeSet<&str> = action.errors.iter().collect();
        let common: BTreeSet<&str> = COMMON.iter().copied().collect();
        let silent: Vec<_> = declared.difference(&provoked).collect();
        assert!(silent.is_empty(), "{} declares {silent:?}, which no transcript provokes", action.name);
        let undeclared: Vec<_> =
            provoked.iter().filter(|code| !declared.contains(*code) && !common.contains(*code)).collect();
        assert!(undeclared.is_empty(), "{} answers {undeclared:?} without declaring it", action.name);
    }
}

/// Transcripts cover few states; here every call meets every state in which an instance can be idle.
#[test]
fn no_state_of_an_instance_brings_a_code_that_is_not_declared() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut undeclared = BTreeSet::new();
    for state in ["RUNNING", "STOPPED", "RESCUE_MODE", "LAUNCH_FAILED", "SHUTDOWN"] {
        for (file, transcript, _) in TRANSCRIPTS {
            let mut world = runtime.block_on(World::new());
            runtime.block_on(world.put_all_into(state));
            for line in transcript.lines().filter(|line| line.starts_with('>')) {
                let call = Call::read(file, line);
                if let Err(error) = runtime.block_on(world.call(call.action, call.params(call.dialect), call.dialect))
                    && !is_declared(call.action.errors, error.code)
                {
                    undeclared.insert((call.action.name, error.code));
                }
            }
        }
    }
    assert!(undeclared.is_empty(), "answered and not declared: {undeclared:#?}");
}

#[test]
fn every_parameter_has_an_effect_or_is_listed_without_one() {
    let seen = play_all();
    for action in ACTIONS {
        let taken = seen.taken.get(&key_of(action)).cloned().unwrap_or_default();
        for member in facts::inputs(action.product, action.name) {
            let listed = action.without_effect.has(&member.name);
            let read = taken.contains(&member.name);
            assert!(listed != read, "{}.{}: read {read}, listed without effect {listed}", action.name, member.name);
        }
        for listed in action.without_effect.iter() {
            assert!(
                is_input(action, listed),
                "{}.{listed} is listed, and the vendor has no such parameter",
                action.name
            );
        }
    }
}

#[test]
fn every_member_of_a_structure_has_an_effect_or_is_listed_without_one() {
    let seen = play_all();
    // `DataDisks.0.DiskName` is `DataDisks.DiskName`.
    let without_numbers = |path: &String| {
        let names = path.split('.').filter(|name| name.parse::<usize>().is_err());
        names.collect::<Vec<_>>().join(".")
    };
    // One function reads the rules of all actions, in both directions.
    let shared = |path: String| path.replace(".Egress.", ".Ingress.");
    let rules: BTreeSet<String> = seen.taken.values().flatten().map(without_numbers).map(shared).collect();
    let mut wrong = Vec::new();
    for action in ACTIONS {
        let read = seen.taken.get(&key_of(action)).into_iter().flatten().map(without_numbers);
        let rules = rules.iter().filter(|path| path.starts_with("SecurityGroupPolicySet.Ingress."));
        let both = rules.flat_map(|path| [path.clone(), path.replace(".Ingress.", ".Egress.")]);
        let read = read.chain(both).collect();
        wrongly_listed(action, &read, facts::inputs(action.product, action.name), "", &mut wrong);
    }
    assert!(wrong.is_empty(), "read and listed without effect, or neither:\n{}", wrong.join("\n"));
}

/// Checks these members and the structures that are read, except those that are stored whole (`Placement.*`).
fn wrongly_listed(action: &Action, read: &BTreeSet<String>, members: &[Member], prefix: &str, wrong: &mut Vec<String>) {
    for member in members {
        let path = format!("{prefix}{}", member.name);
        let listed = action.without_effect.has(&path);
        if listed == read.contains(&path) {
            wrong.push(format!("{:?} {}.{path}: listed {listed}", action.product, action.name));
        }
        if !listed && !read.contains(&format!("{path}.*")) {
            let inner = facts::members(action.product, &member.member);
            wrongly_listed(action, read, inner, &format!("{path}."), wrong);
        }
    }
}

/// Whether the action has that input, which may be a member of a structure: `SystemDisk.CdcId`.
fn is_input(action: &Action, path: &str) -> bool {
    let mut members = facts::inputs(action.product, action.name);
    path.split('.').all(|name| {
        let member = members.iter().find(|member| member.name == name);
        members = member.map_or(&[], |member| facts::members(action.product, &member.member));
        member.is_some()
    })
}

#[test]
fn stored_parameters_are_read() {
    let seen = play_all();
    let read: BTreeSet<&str> = seen.taken.values().flatten().map(String::as_str).collect();
    for name in STORED {
        assert!(read.contains(name), "{name} is no parameter that is read");
    }
}

#[test]
fn the_catalog_agrees_with_the_vendors_description() {
    /// Codes of the legacy dialect, which the vendor's description of API 3.0 does not list for every action.
    const LEGACY: &[&str] = &["InvalidInstance.NotSupported", "InvalidPassword"];
    /// The vendor's code for a state, which it lists only for TerminateInstances: its failed launches disappear.
    const LAUNCH_FAILED: &str = "UnsupportedOperation.InstanceStateLaunchFailed";
    for pair in ACTIONS.windows(2) {
        let [before, after] = [pair[0], pair[1]].map(key_of);
        assert!(before < after, "{before:?} must stand after {after:?}");
    }
    for action in ACTIONS {
        let facts = facts::of(action.product);
        let own = &facts.actions[action.name].errors;
        let codes = if own.is_empty() { &facts.codes } else { own };
        assert!(action.errors.own.is_sorted(), "{}: codes are sorted", action.name);
        let mut declared = BTreeSet::new();
        for code in action.errors.iter() {
            let known = codes.contains(&code.to_string()) || LEGACY.contains(&code) || code == LAUNCH_FAILED;
            assert!(known, "{} declares {code}, which the vendor does not list", action.name);
            assert!(declared.insert(code), "{} declares {code} twice", action.name);
            assert!(!COMMON.contains(&code), "{} need not declare the common {code}", action.name);
        }
    }
}

#[test]
fn no_two_products_of_one_version_have_actions_of_one_name() {
    let mut seen = BTreeSet::new();
    for action in ACTIONS {
        assert!(seen.insert((action.product.version(), action.name)), "{} is there twice", action.name);
    }
}

#[test]
fn the_transcripts_patterns_can_fail() {
    assert!(matches("A.B ...", "A.B and more"));
    assert!(matches("A.B ...", "A.B"));
    assert!(matches("...x...y", "axbxy"));
    assert!(!matches("A.B ...", "A.C and more"));
    assert!(!matches("...x...y...", "yx"));
    assert!(!matches("{}", "{} "));
    assert_eq!(expand(r#"[2*"a",3*"b"]"#), r#"["a","a","b","b","b"]"#);
}
