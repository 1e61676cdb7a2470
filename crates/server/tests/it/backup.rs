//! `cvmd backup`: what is served from a copy is the cloud as it was at one moment, whatever was under way then.

use crate::support::{self, Chance, Home, Server, http::Client, machines, refused, rows, ssh, ssh::Key, text, until};
use cvmd_hypervisor_simulated::Machine;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

const INSTANCES: usize = 3_000;
const BACKUPS: usize = 4;
const CLIENTS: usize = 4;
const REMOVED: &str = "skey-removed1";
const STAYS: &str = "skey-stays001";

/// STOPPED machines that admit both keys: an unbind changes the disk at once, so that many are in the middle of it at
/// any moment.
fn world(removed: &Key, stays: &Key) -> (Value, Vec<String>) {
    let ids: Vec<_> = (0..INSTANCES).map(|number| format!("ins-back{number:04}")).collect();
    let instance = |id| {
        let login = json!({"KeyIds": [REMOVED, STAYS]});
        let tags = json!([{"Key": support::GUEST_TAG, "Value": "boot-ms=0"}]);
        json!({"InstanceId": id, "InstanceState": "STOPPED", "LoginSettings": login, "Tags": tags})
    };
    let keys = json!([
        {"KeyId": REMOVED, "KeyName": "removed", "PublicKey": removed.public},
        {"KeyId": STAYS, "KeyName": "stays", "PublicKey": stays.public},
    ]);
    (json!({"KeyPairs": keys, "Instances": ids.iter().map(instance).collect::<Vec<_>>()}), ids)
}

fn back_up(home: &Home, to: &Path, flags: &[&str]) -> Value {
    home.ask_json(&[&["backup", to.to_str().unwrap()], flags].concat())
}

/// A server on a copy.
fn serve(home: &Home, data: &Path) -> Server {
    let mut serve = home.cvmd(&["serve", "--listen", "127.0.0.1:0", "--ssh-ports", "0"]);
    serve.arg("--data").arg(data);
    home.start_as(serve)
}

fn bound(client: &Client, ids: &[String]) -> HashMap<String, bool> {
    let all = ids.chunks(100).flat_map(|ids| machines::instances(client, ids));
    let key_ids = |instance: &Value| instance["LoginSettings"]["KeyIds"].as_array().unwrap().clone();
    all.map(|row| (row["InstanceId"].as_str().unwrap().to_owned(), key_ids(&row).contains(&json!(REMOVED)))).collect()
}

/// Unbinds one instance after the other until that is enough; what was acknowledged is noted.
fn unbind(
    client: &Client,
    ids: &[String],
    next: &AtomicUsize,
    acknowledged: &Mutex<Vec<String>>,
    is_over: &AtomicBool,
) {
    while !is_over.load(Ordering::Relaxed) {
        let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
        client.call("DisassociateInstancesKeyPairs", json!({"InstanceIds": [id], "KeyIds": [REMOVED]}));
        acknowledged.lock().unwrap().push(id.clone());
    }
}

#[test]
fn a_key_whose_removal_was_accepted_before_a_backup_enters_nothing_that_is_served_from_it() {
    let home = Home::new();
    let (removed, stays) = (Key::new(&home, "removed"), Key::new(&home, "stays"));
    let (seed, ids) = world(&removed, &stays);
    let home = home.seed(seed);
    let server = home.start();
    let (next, acknowledged, is_over) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicBool::new(false));
    let mut chance = Chance(31);
    let backups: Vec<_> = std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| unbind(&server.client, &ids, &next, &acknowledged, &is_over));
        }
        let mut enough = 0;
        let backups = (0..BACKUPS).map(|number| {
            enough += chance.between(50, (INSTANCES / BACKUPS / 2) as u64) as usize;
            until("so many unbinds are acknowledged", || acknowledged.lock().unwrap().len() >= enough);
            let before = acknowledged.lock().unwrap().clone();
            let to = home.beside(&format!("backup{number}"));
            back_up(&home, &to, &["--with-keys"]);
            (to, before)
        });
        let backups = backups.collect();
        is_over.store(true, Ordering::Relaxed);
        backups
    });
    assert!(next.load(Ordering::Relaxed) < INSTANCES, "the last backup was made without any load");
    server.stop();
    for (data, acknowledged) in backups {
        assert!(
            text(&home.cvmd(&["state", "check", "--data", data.to_str().unwrap()]).output().unwrap()).contains("whole")
        );
        let server = serve(&home, &data);
        until("what was under way has ended", || server.metric("cvmd_operations_under_way ") == 0);
        let bound = bound(&server.client, &ids);
        let still: Vec<_> = acknowledged.iter().filter(|id| bound[*id]).collect();
        assert!(still.is_empty(), "acknowledged before the backup, and bound in it: {still:?}");
        let blob = removed.public.split(' ').nth(1).unwrap();
        let machines: Vec<Machine> = rows::of_directory(&data, "machines", "machines");
        assert_eq!(machines.len(), INSTANCES);
        let differ = |row: &&Machine| row.disk.authorized_keys.contains(blob) != bound[&row.id.to_string()];
        let differ: Vec<_> = machines.iter().filter(differ).map(|row| row.id).collect();
        assert!(differ.is_empty(), "the machines' disks are not as the state says: {differ:?}");
        // Those that were in the middle of it, and others that were not asked for yet.
        let last = acknowledged.iter().rev().take(6).cloned();
        let asked: HashSet<_> = acknowledged.iter().collect();
        let others = ids.iter().filter(|id| !asked.contains(id)).take(6).cloned();
        let sample: Vec<String> = last.chain(others).chain(ids.last().cloned()).collect();
        server.client.call("StartInstances", json!({"InstanceIds": sample}));
        let running: Vec<_> = sample.iter().map(|id| machines::running(&server.client, id)).collect();
        support::side_by_side(&running, |instance| {
            let outcome = ssh::with_key(instance, &removed, "true");
            match bound[instance["InstanceId"].as_str().unwrap()] {
                true => assert_eq!(outcome.entered(), ""),
                false => outcome.refused(),
            }
            ssh::with_key(instance, &stays, "true").entered();
        });
        assert!(running.iter().any(|instance| bound[instance["InstanceId"].as_str().unwrap()]), "one is still bound");
        server.stop();
    }
}

#[test]
fn a_backup_is_private_complete_and_refuses_a_directory_that_holds_something() {
    let home = Home::new();
    let server = home.start();
    machines::run(&server.client, "boot-ms=0", json!({"Password": "BackUp+Passw0rd"}));
    let to = home.beside("backup");
    std::fs::create_dir(&to).unwrap();
    let made = back_up(&home, &to, &[]);
    assert_eq!(made["LeftOut"], json!(["master.key", "ca.pem", "ca.key"]), "{made}");
    assert!(made["StateRevision"].as_u64().unwrap() > 0 && made["MachinesRevision"].as_u64().unwrap() > 0, "{made}");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&to), 0o700);
    for (file, _) in support::files(&to) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    let before = support::files(&to);
    assert!(refused(&home.ask(&["backup", to.to_str().unwrap()])).contains("not empty"));
    let file = home.beside("file");
    std::fs::write(&file, "mine").unwrap();
    assert!(refused(&home.ask(&["backup", file.to_str().unwrap()])).contains("is no directory"));
    assert!(refused(&home.ask(&["backup", "/nowhere/at/all"])).contains("there is no directory /nowhere/at"));
    assert_eq!((support::files(&to), std::fs::read(&file).unwrap()), (before, b"mine".to_vec()));
    // Without the master key nothing starts; with it, put beside, the copy does.
    let message = home.refuses_to_serve(home.cvmd(&["serve", "--listen", "127.0.0.1:0"]).arg("--data").arg(&to));
    assert!(message.contains("master.key is missing"), "{message}");
    std::fs::copy(home.data().join("master.key"), to.join("master.key")).unwrap();
    server.stop();
    let server = serve(&home, &to);
    assert_eq!(server.client.call("DescribeInstances", json!({}))["TotalCount"], 1);
    server.stop();
    // Of a directory on which no server runs.
    back_up(&home, &home.beside("stopped"), &["--with-keys"]);
    serve(&home, &home.beside("stopped")).stop();
}

#[test]
fn a_backup_that_was_broken_off_is_none_and_one_at_a_time_is_made() {
    let home = Home::new();
    home.start().stop();
    let (to, partial) = (home.beside("backup"), home.beside("backup.partial"));
    // As a kill in the middle leaves it.
    rows::copy_files(&home.data().join("state"), &partial.join("state"));
    std::fs::set_permissions(&partial, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(partial.join("lock"), "").unwrap();
    std::fs::write(partial.join("unfinished-backup"), "").unwrap();
    let lock = std::fs::OpenOptions::new().write(true).open(partial.join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(refused(&home.ask(&["backup", to.to_str().unwrap()])).contains("another backup"));
    assert!(partial.join("state").exists() && !to.exists());
    drop(lock);
    back_up(&home, &to, &[]);
    assert!(!partial.exists() && to.join("machines").is_dir());
    assert!(!to.join("unfinished-backup").exists());
}

#[test]
fn a_backup_deletes_nothing_that_no_backup_has_left() {
    let home = Home::new();
    home.start().stop();
    let (to, partial) = (home.beside("backup"), home.beside("backup.partial"));
    let ask = |to: &std::path::Path| refused(&home.ask(&["backup", to.to_str().unwrap()]));
    std::fs::DirBuilder::new().mode(0o700).create(&partial).unwrap();
    std::fs::write(partial.join("mine"), "").unwrap();
    assert!(ask(&to).contains("was not left by a backup"));
    assert!(partial.join("mine").exists() && !to.exists());
    std::fs::rename(&partial, home.beside("other")).unwrap();
    std::os::unix::fs::symlink(home.beside("other"), &partial).unwrap();
    assert!(ask(&to).contains("was not left by a backup"));
    assert!(home.beside("other").join("mine").exists());
    assert!(ask(&home.data().join("inside")).contains("in the data directory itself"));
    let named_partial = home.beside("self.partial");
    std::fs::rename(home.data(), &named_partial).unwrap();
    let output =
        home.cvmd(&["backup", home.beside("self").to_str().unwrap(), "--data"]).arg(&named_partial).output().unwrap();
    assert!(refused(&output).contains("is the data directory itself"));
    assert!(named_partial.join("state/log.db").exists());
}

#[test]
fn what_no_backup_makes_stays_where_one_was_broken_off() {
    let home = Home::new();
    home.start().stop();
    let (to, partial) = (home.beside("backup"), home.beside("backup.partial"));
    std::fs::DirBuilder::new().mode(0o700).create(&partial).unwrap();
    for left in ["unfinished-backup", "lock", "master.key"] {
        std::fs::write(partial.join(left), "").unwrap();
    }
    rows::copy_files(&home.data().join("state"), &partial.join("state"));
    for mine in ["mine", "state/mine", "machines"] {
        let mine = partial.join(mine);
        std::fs::write(&mine, "an important text").unwrap();
        let said = refused(&home.ask(&["backup", to.to_str().unwrap()]));
        assert!(said.contains(&format!("{} is there, and no backup makes it: move it away", mine.display())), "{said}");
        assert!(mine.exists() && partial.join("state/log.db").exists() && !to.exists());
        std::fs::remove_file(mine).unwrap();
    }
    let elsewhere = home.beside("elsewhere");
    rows::copy_files(&home.data().join("machines"), &elsewhere);
    std::os::unix::fs::symlink(&elsewhere, partial.join("machines")).unwrap();
    assert!(refused(&home.ask(&["backup", to.to_str().unwrap()])).contains("no backup makes it"));
    assert!(elsewhere.join("log.db").exists());
    std::fs::remove_file(partial.join("machines")).unwrap();
    back_up(&home, &to, &[]);
    assert!(!partial.exists());
}

#[test]
fn what_is_no_data_directory_is_named_as_what_it_is() {
    let home = Home::new();
    let to = home.beside("backup").to_str().unwrap().to_owned();
    let asks = |expected: &str| {
        for words in [&["backup", &to][..], &["state", "check"], &["state", "dump"]] {
            let said = refused(&home.ask(words));
            assert!(said.contains(expected) && !said.contains("say --data DIR"), "{words:?}: {said}");
        }
    };
    asks("there is no data directory at ");
    // Where none was said.
    let mut nowhere = home.cvmd(&["state", "check"]);
    assert!(
        refused(&nowhere.env("XDG_DATA_HOME", home.beside("nowhere")).output().unwrap()).contains("say --data DIR")
    );
    std::fs::create_dir(home.data()).unwrap();
    asks("is no data directory: state/ and machines/ are not in it");
    std::fs::remove_dir(home.data()).unwrap();
    std::fs::write(home.data(), "a file").unwrap();
    asks("cannot look into ");
    std::fs::remove_file(home.data()).unwrap();
    home.start().stop();
    std::fs::set_permissions(home.data(), std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut check = home.cvmd(&["state", "check", "--data"]);
    if std::fs::metadata(home.data()).unwrap().uid() == 0 {
        // Root may look into everything.
        check.uid(65534);
    }
    let said = refused(&check.arg(home.data()).output().unwrap());
    assert!(said.contains("cannot look into ") && said.contains("Permission denied"), "{said}");
    std::fs::set_permissions(home.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
    for truth in ["state", "machines"] {
        let (path, away) = (home.data().join(truth), home.beside("away"));
        std::fs::rename(&path, &away).unwrap();
        let said = refused(&home.ask(&["backup", &to]));
        assert!(said.contains(&format!("{} is missing: put it back", path.display())), "{said}");
        std::fs::rename(&away, &path).unwrap();
    }
}

#[test]
fn a_backup_of_what_is_damaged_names_the_damage_and_fails() {
    let home = Home::new();
    let server = home.start();
    (0..3).for_each(|_| drop(server.client.refusal("DeleteKeyPairs", json!({"KeyIds": ["skey-nowhere1"]}))));
    server.client.call("CreateKeyPair", json!({"KeyName": "one", "ProjectId": 0}));
    server.stop();
    let log = rusqlite::Connection::open(home.data().join("state/log.db")).unwrap();
    log.execute("UPDATE stream_journal SET body = x'00' WHERE sequence = 1", []).unwrap();
    drop(log);
    let to = home.beside("backup");
    let said = refused(&home.ask(&["backup", to.to_str().unwrap()]));
    let place = format!("{}/state/log.db: stream journal, part 0: entry 1", to.display());
    assert!(said.contains(&place) && said.contains("keep the backups before it"), "{said}");
    // The copy is there, and is as what was copied: a server starts on both.
    let files = |truth: &str| std::fs::read_dir(to.join(truth)).unwrap().count();
    assert_eq!((files("state"), files("machines")), (1, 1), "nothing but the logs");
    std::fs::copy(home.data().join("master.key"), to.join("master.key")).unwrap();
    serve(&home, &to).stop();
}

#[test]
fn a_pipe_in_the_place_of_a_lock_is_waited_for_by_no_command() {
    let home = Home::new();
    home.start().stop();
    let lock = home.data().join("lock");
    std::fs::remove_file(&lock).unwrap();
    assert!(Command::new("mkfifo").args([&lock, &home.data().join("failure")]).status().unwrap().success());
    let to = home.beside("backup");
    for (words, expected) in
        [(&["backup", to.to_str().unwrap()][..], "its lock is no file"), (&["env"], "no cvmd is running there")]
    {
        let command = home.cvmd(words);
        let mut timed = Command::new("timeout");
        timed.arg("20").arg(command.get_program()).args(command.get_args()).arg("--data").arg(home.data());
        let said = refused(&timed.output().unwrap());
        assert!(said.contains(expected), "{words:?}: {said}");
    }
    assert!(!to.exists());
}

#[test]
fn what_a_backup_says_stands_in_columns() {
    let home = Home::new();
    home.start().stop();
    let said = text(&home.ask(&["backup", home.beside("backup").to_str().unwrap()]));
    let column = |line: &str| line.rfind(' ').filter(|_| !line.starts_with("LeftOut"));
    let columns: HashSet<_> = said.lines().filter_map(column).collect();
    assert_eq!(columns.len(), 1, "{said}");
}

#[test]
fn what_a_backup_that_broke_off_has_left_is_not_served_and_a_complete_one_is() {
    let home = Home::new();
    home.start().stop();
    let mark = home.data().join("unfinished-backup");
    std::fs::write(&mark, "").unwrap();
    assert!(home.refuses_to_serve(&mut home.serve()).contains("broke off: ask for it again"));
    let check = || String::from_utf8(home.ask(&["state", "check"]).stdout).unwrap();
    assert!(check().contains("broke off: ask for it again"));
    // As a kill between its name and the end leaves it.
    std::fs::write(&mark, "complete\n").unwrap();
    assert!(!check().contains("broke off"));
    home.start().stop();
    assert!(!mark.exists(), "it is no backup's any more");
}

#[test]
fn a_disk_that_takes_no_more_leaves_nothing_that_looks_like_a_backup() {
    let home = Home::new();
    let server = home.start();
    let to = home.beside("backup");
    let command = home.cvmd(&["backup", to.to_str().unwrap()]);
    let mut shell = Command::new("sh");
    // By default the system would end the process.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(command.get_program());
    let output = shell.args(command.get_args()).arg("--data").arg(home.data()).output().unwrap();
    let message = refused(&output);
    assert!(message.contains("no backup was made, and nothing is left of it"), "{message}");
    assert!(!to.exists() && !home.beside("backup.partial").exists());
    back_up(&home, &to, &[]);
    server.stop();
}
