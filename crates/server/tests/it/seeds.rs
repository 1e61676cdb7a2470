//! Seeds as people write them: what they hold, what is refused, and what is said while they are loaded.

use crate::support::{Home, machines, until};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

fn instances(more: Value) -> Value {
    let mut instance = json!({"InstanceId": "ins-1e4r6y8i"});
    instance.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"Instances": [instance]})
}

fn guest(words: &str) -> Value {
    json!({"Tags": [{"Key": "cvmd:guest", "Value": words}]})
}

#[test]
fn a_seed_that_cannot_be_meant_is_refused_and_one_that_is_not_applied_is_said_so() {
    let weak = json!({"Instances": [{"InstanceId": "ins-1e4r6y8i", "LoginSettings": {"Password": "weak"}}]});
    let home = Home::new().seed(weak);
    let said = home.refuses_to_serve(&mut home.serve());
    assert!(said.contains("ins-1e4r6y8i") && said.contains("8 to 30"), "{said}");
    let home = Home::new().seed(json!([]));
    assert!(home.refuses_to_serve(&mut home.serve()).contains("a seed is an object such as"));
    let home = Home::new().seed(json!({"Instances": [{"InstanceId": "ins-1e4r6y8i", "InstanceState": "STOPPED"}]}));
    home.start().stop();
    assert!(home.start().stop().contains("the seed was not applied"));
    let home = Home::new();
    let server = home.start();
    server.client.call("CreateKeyPair", json!({"KeyName": "mine", "ProjectId": 0}));
    server.stop();
    let home = home.seed(json!({"KeyPairs": []}));
    assert!(home.refuses_to_serve(&mut home.serve()).contains("the seed was not applied"));
}

#[test]
fn a_seed_follows_the_rules_of_the_api_and_the_refusal_names_whose_fault_it_is() {
    let key = |more: Value| {
        let mut key = json!({"KeyId": "skey-4e5ty7i8"});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"KeyPairs": [key]})
    };
    for (seed, said) in [
        (json!({}), vec!["is empty", "KeyPairs", "Instances"]),
        (json!({"KeyPairs": [], "Instances": []}), vec!["is empty"]),
        (instances(json!({"InstanceName": "a\u{1b}[2Jb"})), vec!["ins-1e4r6y8i", "InstanceName", "U+001B"]),
        (instances(json!({"Tags": [{"Key": "k", "Value": "a\nb"}]})), vec!["ins-1e4r6y8i", "U+000A"]),
        (instances(json!({"InstanceName": "n".repeat(129)})), vec!["ins-1e4r6y8i", "128"]),
        (key(json!({"KeyName": "a\u{7}"})), vec!["skey-4e5ty7i8", "letters, digits and underscores"]),
        (key(json!({"Description": "a\u{1b}"})), vec!["skey-4e5ty7i8", "U+001B"]),
        (instances(guest("dances")), vec!["ins-1e4r6y8i", "`dances`", "keeps-keys", "boot-ms=N"]),
        (instances(guest("write-ms=600000")), vec!["ins-1e4r6y8i", "`write-ms=600000`", "60000"]),
    ] {
        let home = Home::new().seed(seed.clone());
        let refused = home.refuses_to_serve(&mut home.serve());
        assert!(said.iter().all(|word| refused.contains(word)), "{seed}: {refused}");
        assert!(!refused.contains('\u{1b}'), "{seed}: {refused:?}");
    }
}

#[test]
fn a_seed_that_does_not_come_up_names_its_instance_within_the_time_that_was_said() {
    let home = Home::new().seed(instances(guest("fails-to-boot"))).flag("--boot-timeout-s", "1");
    let begun = Instant::now();
    let said = home.refuses_to_serve(&mut home.serve());
    assert!(said.contains("ins-1e4r6y8i") && said.contains("after 1 s"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn what_was_loaded_is_said_and_how_far_a_slow_one_is() {
    let mut seed = instances(guest("boot-ms=4000"));
    seed["KeyPairs"] = json!([{"KeyId": "skey-4e5ty7i8"}]);
    let home = Home::new().seed(seed);
    let log = home.start().stop();
    let line = |text: &str| {
        log.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no line says {text}: {log}")).to_owned()
    };
    line("still loading the seed made=0 instances=1");
    let loaded = line("the seed is loaded");
    assert!(loaded.contains("key_pairs=1 instances=1 took_ms="), "{loaded}");
}

#[test]
fn a_stop_during_the_loading_ends_soon_and_the_next_start_with_the_seed_goes_on() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let home = Home::new().seed(instances(guest("boot-ms=6000")));
        let mut child = home.serve().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(log.any(|line| line.unwrap().contains("loading the seed")));
        let begun = Instant::now();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let mut ended = None;
        until("it ends", || {
            ended = child.try_wait().unwrap();
            ended.is_some()
        });
        assert!(ended.unwrap().success(), "{signal}: {ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{signal}: {:?}", begun.elapsed());
        assert!(log.any(|line| line.unwrap().contains("goes on at the next start")));
        let server = home.start();
        assert_eq!(machines::instance(&server.client, "ins-1e4r6y8i")["InstanceState"], "RUNNING");
        server.stop();
    }
}

#[test]
fn a_file_without_an_end_is_read_with_a_bound() {
    let home = Home::new();
    std::fs::write(home.beside("key.pem"), "").unwrap();
    let key = home.beside("key.pem").display().to_string();
    for (arguments, said) in [
        (vec!["--seed", "/dev/zero"], "the seed /dev/zero is larger than 128 MiB"),
        (vec!["--config", "/dev/zero"], "the configuration /dev/zero is larger than 1 MiB"),
        (vec!["--tls-cert", "/dev/zero", "--tls-key", &key], "the certificate /dev/zero is larger than 1 MiB"),
    ] {
        let refused = home.refuses_to_serve(home.serve().args(&arguments));
        assert!(refused.contains(said), "{arguments:?}: {refused}");
    }
}
