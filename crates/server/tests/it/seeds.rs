//! Seeds as people write them: what they contain, what is refused, and what is printed while they are loaded.

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
fn an_invalid_seed_is_refused_and_one_that_is_not_applied_is_reported() {
    let weak = json!({"Instances": [{"InstanceId": "ins-1e4r6y8i", "LoginSettings": {"Password": "weak"}}]});
    let home = Home::new().seed(weak);
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("ins-1e4r6y8i") && message.contains("8 to 30"), "{message}");
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
    for (seed, message) in [
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
        assert!(message.iter().all(|word| refused.contains(word)), "{seed}: {refused}");
        assert!(!refused.contains('\u{1b}'), "{seed}: {refused:?}");
    }
}

#[test]
fn a_seed_that_does_not_come_up_names_its_instance_within_the_time_that_was_set() {
    let home = Home::new().seed(instances(guest("fails-to-boot"))).flag("--boot-timeout-s", "1");
    let begun = Instant::now();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("ins-1e4r6y8i") && message.contains("within 1 s"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_loaded_seed_is_reported_and_the_progress_of_a_slow_one() {
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
        let home = home.seed(instances(guest("boot-ms=1")));
        assert!(home.refuses_to_serve(&mut home.serve()).contains("the loading of another seed was interrupted"));
        let home = home.seed(instances(guest("boot-ms=6000")));
        let server = home.start();
        let page = String::from_utf8(server.client.get("/_cvmd/metrics").unwrap().body).unwrap();
        assert!(page.contains("cvmd_operations_succeeded_total 1\n"), "{page}");
        assert_eq!(machines::instance(&server.client, "ins-1e4r6y8i")["InstanceState"], "RUNNING");
        server.stop();
    }
}

#[test]
fn a_file_without_an_end_is_read_with_a_bound() {
    let home = Home::new();
    std::fs::write(home.beside("key.pem"), "").unwrap();
    let key = home.beside("key.pem").display().to_string();
    for (arguments, message) in [
        (vec!["--seed", "/dev/zero"], "the seed /dev/zero is larger than 64 MiB"),
        (vec!["--config", "/dev/zero"], "the configuration /dev/zero is larger than 1 MiB"),
        (vec!["--tls-cert", "/dev/zero", "--tls-key", &key], "the certificate /dev/zero is larger than 1 MiB"),
    ] {
        let refused = home.refuses_to_serve(home.serve().args(&arguments));
        assert!(refused.contains(message), "{arguments:?}: {refused}");
    }
}

#[test]
fn a_pipe_without_a_writer_is_waited_for_with_a_limit_and_one_with_a_writer_is_read() {
    let home = Home::new();
    let pipe = home.beside("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let path = pipe.to_str().unwrap();
    std::fs::write(home.beside("key.pem"), "").unwrap();
    let key = home.beside("key.pem").display().to_string();
    for arguments in [
        vec!["--seed", path],
        vec!["--config", path],
        vec!["--tls-cert", path, "--tls-key", &key],
        vec!["--tls-cert", &key, "--tls-key", path],
    ] {
        let message = home.refuses_to_serve(home.serve().args(&arguments));
        let whole = message.contains(path) && message.contains("nobody has opened it for writing within 3 s");
        assert!(
            whole || arguments[1] == key && message.contains("there is no certificate"),
            "{arguments:?}: {message}"
        );
    }
    let mut directory = home.serve();
    assert!(home.refuses_to_serve(directory.args(["--seed", "/"])).contains("the seed / is a directory"));
    let seed = json!({"KeyPairs": [{"KeyId": "skey-4e5ty7i8"}]}).to_string();
    let script = format!("printf '%s' '{seed}' | \"$0\" \"$@\" --seed /dev/stdin");
    let of_pipe = |home: &Home, script: &str| {
        let serve = home.serve();
        let mut shell = Command::new("bash");
        shell.args(["-c", script]).arg(serve.get_program()).args(serve.get_args());
        shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        assert!(cvmd_testkit::listening_address(&first).is_some(), "{first}");
        let pairs = Command::new("kill").args(["-TERM", &server_of(home)]).status().unwrap();
        assert!(pairs.success() && child.wait().unwrap().success());
    };
    of_pipe(&Home::new(), &script);
    of_pipe(&Home::new(), &format!("exec \"$0\" \"$@\" --seed <(printf '%s' '{seed}')"));
}

/// The id of the process that uses the data directory.
fn server_of(home: &Home) -> String {
    std::fs::read_to_string(home.data().join("lock")).unwrap()
}

#[test]
fn a_seed_that_cannot_be_read_names_whose_fault_it_is_in_plain_words() {
    let home = Home::new();
    let path = home.beside("written.json");
    let mut serve = home.serve();
    serve.arg("--seed").arg(&path);
    for (seed, message) in [
        (
            r#"{"Instances": [{"InstanceId": "ins-1e4r6y8i"}, {"InstnceType": 1, "InstanceId": "ins-2e4r6y8i"}]}"#,
            vec!["Instances[1] (ins-2e4r6y8i): ", "unknown field `InstnceType`", "line 1"],
        ),
        (
            r#"{"KeyPairs": [{"KeyId": "skey-4e5ty7i8", "ProjectId": "x"}]}"#,
            vec!["KeyPairs[0] (skey-4e5ty7i8): string \"x\", expected a whole number from 0 to"],
        ),
        (r#"{"Instances": [{"InstanceId": "i-1"}]}"#, vec!["Instances[0] (i-1): an id is `ins-`"]),
        (r#"{"Instances": [{"InstanceId": "ins-1e4r6y8i", "InstanceId": "ins-2e4r6y8i"}]}"#, vec!["duplicate field"]),
        (
            r#"{"Instances": [{"InstanceId": "ins-1e4r6y8i", "InstanceState": "PENDING"}]}"#,
            vec!["Instances[0] (ins-1e4r6y8i): unknown variant `PENDING`, expected `RUNNING` or `STOPPED`"],
        ),
        (r#"{"Instances": {}}"#, vec!["expected a list in [ ] as Instances"]),
        (r#"{"Instances": [{"InstanceId": "ins-1e4r6y8i""#, vec!["Instances[0]", "the text ends in the middle"]),
    ] {
        std::fs::write(&path, seed).unwrap();
        let refused = home.refuses_to_serve(&mut serve);
        assert!(message.iter().all(|word| refused.contains(word)), "{seed}: {refused}");
    }
    let many = r#"{"InstanceId":"ins-1e4r6y8i"},"#.repeat(500_000);
    std::fs::write(&path, format!(r#"{{"Instances": [{many}{{"InstanceId":"ins-1e4r6y8i"}}]}}"#)).unwrap();
    assert!(home.refuses_to_serve(&mut serve).contains("Instances holds more than 500000"));
}

#[test]
fn a_start_that_is_refused_leaves_what_was_there_and_the_reason_alone() {
    let names = |home: &Home| {
        let found =
            std::fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = found.collect();
        names.sort();
        names
    };
    let home = Home::new().seed(instances(json!({"LoginSettings": {"Password": "weak"}})));
    home.refuses_to_serve(&mut home.serve());
    assert_eq!(names(&home), ["failure"]);
    // The seed failed when rows and machines existed already.
    let home = Home::new().seed(instances(guest("fails-to-boot"))).flag("--boot-timeout-s", "1");
    home.refuses_to_serve(&mut home.serve());
    assert_eq!(names(&home), ["failure"]);
    // Files that were there before are not touched, whatever their names.
    let home = Home::new().seed(json!([]));
    std::fs::create_dir(home.data()).unwrap();
    for name in ["ca.pem.old", "credential", "notes"] {
        std::fs::write(home.data().join(name), "mine\nmine").unwrap();
    }
    home.refuses_to_serve(&mut home.serve());
    assert_eq!(names(&home), ["ca.pem.old", "credential", "failure", "notes"]);
    assert_eq!(std::fs::read_to_string(home.data().join("credential")).unwrap(), "mine\nmine");
    // Nor is anything removed once there is a state, though that start is refused too.
    let home = Home::new();
    home.start().stop();
    let before = names(&home);
    assert!(before.contains(&"state".to_owned()) && !before.contains(&"failure".to_owned()), "{before:?}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut serve = home.cvmd(&["serve", "--listen", &address, "--ssh-ports", "0", "--data"]);
    home.refuses_to_serve(serve.arg(home.data()));
    assert_eq!(names(&home).into_iter().filter(|name| name != "failure").collect::<Vec<_>>(), before);
    // A directory that is a file.
    let file = home.beside("file");
    std::fs::write(&file, "").unwrap();
    let message = home.refuses_to_serve(home.cvmd(&["serve", "--data"]).arg(&file));
    assert!(message.contains("is a file: the data directory is") && !message.contains("os error"), "{message}");
}

#[test]
fn what_cannot_be_a_setting_is_refused_in_words_of_people() {
    let home = Home::new();
    let rust = ["invalid digit", "os error", "expected u", "expected f", "IPv4 address syntax", "not a boolean"];
    for (flag, message) in [
        ("--ssh-ports=abc", "22,2222,0"),
        ("--ssh-address=foo", "such as 127.0.0.1"),
        ("--network-block=x", "64, 128 or 192"),
        ("--boot-timeout-s=1.5", "from 1 to 3600"),
        ("--shutdown-timeout-s=x", "from 1 to 3600"),
        ("--expose=maybe", "true or false"),
        ("--config=/nowhere", "No such file"),
    ] {
        let refused = home.refuses_to_serve(home.serve().arg(flag));
        assert!(refused.contains(message) && !rust.iter().any(|word| refused.contains(word)), "{flag}: {refused}");
    }
    let path = home.beside("config.toml");
    let mut serve = home.serve();
    serve.arg("--config").arg(&path);
    for (config, message) in [
        ("# two\nboot_timeout_s = \"x\"", "line 2, `boot_timeout_s`: string \"x\", expected a whole number"),
        ("[ssh]\nports = [70000]", "line 2, `ports`: integer `70000`, expected a whole number from 0 to 65535"),
        ("[ssh]\naddress = \"x\"", "expected an IPv4 address such as 127.0.0.1"),
        ("[prices]\ncpu_hour = \"a\"", "expected a number"),
        ("ssh = 1", "expected an object or a section"),
        ("[metrics]\ntoken = 1234567890123456", "`token`: a token is a text in quotes"),
    ] {
        std::fs::write(&path, config).unwrap();
        let refused = home.refuses_to_serve(&mut serve);
        assert!(refused.contains(message) && !rust.iter().any(|word| refused.contains(word)), "{config}: {refused}");
        assert!(!refused.contains("1234567890123456"), "{refused}");
    }
}
