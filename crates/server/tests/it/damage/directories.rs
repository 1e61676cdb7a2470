//! Directories of another version, of another program, copied in part, cut off, changed.

use super::{bytes, copy, snapshot, used};
use crate::support::{self, machines, rows};
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;

/// What makes a directory bad; what a start says, and what the check says.
struct Bad {
    what: &'static str,
    make: fn(&Path),
    start: &'static [&'static str],
    check: &'static [&'static str],
}

const AGAIN: &str = "the directory was copied in part, so copy it again as a whole";
const BACKUP: &str = "bring the directory back from a backup";

fn remove_snapshot(data: &Path, truth: &str) {
    std::fs::remove_file(snapshot(&data.join(truth)).unwrap()).unwrap();
}

fn cut(file: &Path, bytes: u64) {
    std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(bytes).unwrap();
}

fn sql(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

const BAD: &[Bad] = &[
    Bad {
        what: "the state's log without its snapshot",
        make: |data| remove_snapshot(data, "state"),
        start: &["/state/snapshot-", "is missing, but", "/state/log.db is there", AGAIN],
        check: &["/state/snapshot-", "is missing, but", "/state/log.db is there", AGAIN],
    },
    Bad {
        what: "the machines' log without its snapshot",
        make: |data| remove_snapshot(data, "machines"),
        start: &["/machines/snapshot-", "is missing, but", "/machines/log.db is there", AGAIN],
        check: &["/machines/snapshot-", "is missing, but", "/machines/log.db is there", AGAIN],
    },
    Bad {
        what: "the state's snapshot without its log",
        make: |data| std::fs::remove_file(data.join("state/log.db")).unwrap(),
        start: &["/state/log.db is missing, but", "/state/snapshot-", AGAIN],
        check: &["/state/log.db is missing, but", "/state/snapshot-", AGAIN],
    },
    Bad {
        what: "the machines' snapshot without its log",
        make: |data| std::fs::remove_file(data.join("machines/log.db")).unwrap(),
        start: &["/machines/log.db is missing, but", "/machines/snapshot-", AGAIN],
        check: &["/machines/log.db is missing, but", "/machines/snapshot-", AGAIN],
    },
    Bad {
        what: "a state without machines",
        make: |data| std::fs::remove_dir_all(data.join("machines")).unwrap(),
        start: &["machines/ is missing or empty", "Put the machines/ of this data directory back"],
        check: &["/machines is missing: put it back"],
    },
    Bad {
        what: "machines without a state",
        make: |data| std::fs::remove_dir_all(data.join("state")).unwrap(),
        start: &["state/ is missing or empty", "Put the state/ of this data directory back"],
        check: &["/state is missing: put it back"],
    },
    Bad {
        what: "a log without a byte",
        make: |data| cut(&data.join("state/log.db"), 0),
        start: &["/state/log.db is damaged, as a whole: it is empty", BACKUP],
        check: &["/state/log.db is damaged, as a whole: it is empty", BACKUP],
    },
    Bad {
        what: "a log that was cut off",
        make: |data| cut(&data.join("machines/log.db"), 10_000),
        start: &["/machines/log.db is damaged, in its pages", BACKUP],
        check: &["/machines/log.db is damaged, in its pages", BACKUP],
    },
    Bad {
        what: "a snapshot that was cut off",
        make: |data| cut(&snapshot(&data.join("state")).unwrap(), 20_000),
        start: &["/state/snapshot-", "is damaged, as a whole: it has 20000 bytes, and was written with ", BACKUP],
        check: &["/state/snapshot-", "is damaged, as a whole: it has 20000 bytes, and was written with ", BACKUP],
    },
    Bad {
        what: "a snapshot with little left of it",
        make: |data| cut(&snapshot(&data.join("state")).unwrap(), 20),
        start: &["/state/snapshot-", "is damaged, as a whole: it was cut off", BACKUP],
        check: &["/state/snapshot-", "is damaged, as a whole: it was cut off", BACKUP],
    },
    Bad {
        what: "a snapshot with nothing left of it",
        make: |data| cut(&snapshot(&data.join("state")).unwrap(), 0),
        start: &["/state/snapshot-", "is damaged, as a whole: it was cut off", BACKUP],
        check: &["/state/snapshot-", "is damaged, as a whole: it was cut off", BACKUP],
    },
    Bad {
        what: "a snapshot with a hole behind its end",
        make: |data| cut(&snapshot(&data.join("state")).unwrap(), 1 << 24),
        start: &["/state/snapshot-", "is damaged, as a whole: it has 16777216 bytes, and was", BACKUP],
        check: &["/state/snapshot-", "is damaged, as a whole: it has 16777216 bytes, and was", BACKUP],
    },
    Bad {
        what: "another program's text",
        make: |data| std::fs::write(data.join("state/log.db"), "an important text").unwrap(),
        start: &["/state/log.db is damaged, in its pages: it is not what SQLite wrote", BACKUP],
        check: &["/state/log.db is damaged, in its pages: it is not what SQLite wrote", BACKUP],
    },
    Bad {
        what: "another program's database",
        make: |data| sql(&data.join("machines/log.db"), "PRAGMA application_id = 7"),
        start: &["/machines/log.db was made by another program: move it away, or name another directory"],
        check: &["/machines/log.db was made by another program: move it away, or name another directory"],
    },
    Bad {
        what: "a newer log",
        make: |data| sql(&data.join("machines/log.db"), "PRAGMA user_version = 2"),
        start: &["/machines/log.db has layout 2, and this program knows 1: use a newer one"],
        check: &["/machines/log.db has layout 2, and this program knows 1: use a newer one"],
    },
    Bad {
        what: "a newer snapshot",
        make: |data| sql(&snapshot(&data.join("state")).unwrap(), "PRAGMA user_version = 2"),
        start: &["/state/snapshot-", "has layout 2, and this program knows 1: use a newer one"],
        check: &["/state/snapshot-", "has layout 2, and this program knows 1: use a newer one"],
    },
    Bad {
        what: "a directory in a snapshot's place",
        make: |data| {
            let snapshot = snapshot(&data.join("state")).unwrap();
            std::fs::remove_file(&snapshot).unwrap();
            std::fs::create_dir(snapshot).unwrap();
        },
        start: &["/state/snapshot-", "is damaged, as a whole: it is no regular file", BACKUP],
        check: &["/state/snapshot-", "is damaged, as a whole: it is no regular file", BACKUP],
    },
    Bad {
        what: "a state with nothing in it",
        make: |data| {
            std::fs::remove_dir_all(data.join("state")).unwrap();
            std::fs::create_dir(data.join("state")).unwrap();
        },
        start: &["state/ is missing or empty", "Put the state/ of this data directory back"],
        check: &["/state/log.db", "missing"],
    },
    Bad {
        what: "a file in the state's place",
        make: |data| {
            std::fs::remove_dir_all(data.join("state")).unwrap();
            std::fs::write(data.join("state"), "an important text").unwrap();
        },
        start: &["/state is in the way"],
        check: &["/state is no directory: put back the one that was there"],
    },
    Bad {
        what: "machines beside an earlier version's state that was taken over",
        make: |data| {
            std::fs::remove_dir_all(data.join("state")).unwrap();
            sql(&data.join("state.db"), "CREATE TABLE settings (body); PRAGMA user_version = 6");
        },
        start: &["/state is missing, and ", "/state.db, of which it was made, is long outdated"],
        check: &["/state is missing: put it back, or start cvmd if ", "/state.db was never taken over"],
    },
    Bad {
        what: "an earlier version's file beside it",
        make: |data| std::fs::write(data.join("state.db"), "").unwrap(),
        start: &["/state.db, which an earlier version used", "move the other one out of the data directory"],
        check: &[],
    },
    Bad {
        what: "a group that was changed",
        make: |data| {
            sql(
                &data.join("state/log.db"),
                "UPDATE log SET body = x'00' WHERE revision = (SELECT max(revision) FROM log)",
            )
        },
        start: &["/state/log.db is damaged, group ", "it does not agree with its checksum", BACKUP],
        check: &["/state/log.db is damaged, group ", "it does not agree with its checksum", BACKUP],
    },
    Bad {
        what: "a row that has vanished",
        make: |data| {
            sql(
                &snapshot(&data.join("machines")).unwrap(),
                "DELETE FROM machines WHERE rowid = (SELECT max(rowid) FROM machines)",
            )
        },
        start: &["/machines/snapshot-", "rows", "are there, or others than were written", BACKUP],
        check: &["/machines/snapshot-", "rows", "are there, or others than were written", BACKUP],
    },
    Bad {
        what: "a line that has vanished from the journal's end",
        make: |data| {
            sql(
                &data.join("state/log.db"),
                "DELETE FROM stream_journal WHERE sequence = (SELECT max(sequence) FROM stream_journal)",
            )
        },
        start: &["/state/log.db is damaged, stream journal, part 0: its entries are not those", BACKUP],
        check: &["/state/log.db: stream journal, part 0: it is entries 1 to "],
    },
    Bad {
        what: "a request that must not be repeated, and was changed",
        make: |data| sql(&data.join("state/log.db"), "UPDATE stream_replays SET body = x'00'"),
        start: &[
            "/state/log.db is damaged, stream replays, part 0, entry 1: it does not agree with its checksum",
            BACKUP,
        ],
        check: &["/state/log.db: stream replays, part 0: entry 1 does not agree with its checksum"],
    },
];

#[test]
fn a_bad_directory_is_named_with_its_place_and_what_to_do_and_looking_makes_it_no_worse() {
    let home = used();
    for Bad { what, make, start, check } in BAD {
        let bad = copy(&home);
        make(&bad.data());
        let before = bytes(&bad.data());
        for _ in 0..2 {
            let said = bad.refuses_to_serve(&mut bad.serve());
            assert!(start.iter().all(|text| said.contains(text)), "{what}: a start says {said}");
            let checked = bad.ask(&["state", "check"]);
            assert_eq!(checked.status.success(), check.is_empty(), "{what}: {checked:?}");
            let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
            assert!(check.iter().all(|text| said.contains(text)), "{what}: the check says {said}");
            let dumped = bad.ask(&["state", "dump"]);
            assert!(!String::from_utf8_lossy(&dumped.stderr).contains("panicked"), "{what}: {dumped:?}");
            assert!(bytes(&bad.data()) == before, "{what}: it was changed by looking");
        }
        // None that the check would find faults in is made without a word.
        let to = bad.beside("backup");
        let backup = bad.ask(&["backup", to.to_str().unwrap()]);
        assert_eq!(backup.status.success(), check.is_empty(), "{what}: {backup:?}");
        let said = String::from_utf8([backup.stdout, backup.stderr].concat()).unwrap();
        assert!(check.iter().all(|text| said.contains(text)), "{what}: the backup says {said}");
        assert!(bytes(&bad.data()) == before, "{what}: it was changed by a backup");
    }
    home.start().stop();
}

#[test]
fn machines_of_another_directory_are_named_by_the_check() {
    let (home, other) = (used(), used());
    let mixed = copy(&home);
    std::fs::remove_dir_all(mixed.data().join("machines")).unwrap();
    rows::copy_files(&other.data().join("machines"), &mixed.data().join("machines"));
    let checked = mixed.ask(&["state", "check"]);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(!checked.status.success() && said.contains("are not of the same data directory"), "{said}");
}

#[test]
fn a_line_that_was_damaged_inside_the_journal_keeps_no_server_from_starting_and_is_named_when_it_is_met() {
    let home = used().expecting("is damaged");
    let server = home.start();
    let client = &server.client;
    let refused = client.answer("DeleteKeyPairs", json!({"KeyIds": ["skey-nowhere1"]})).unwrap_err().request;
    let id = client.call("DescribeInstances", json!({}))["InstanceSet"][0]["InstanceId"].clone();
    client.call("ModifyInstancesAttribute", json!({"InstanceIds": [id], "InstanceName": "after"}));
    server.stop();
    let damage =
        "UPDATE stream_journal SET body = x'00' WHERE sequence = (SELECT max(sequence) - 1 FROM stream_journal)";
    sql(&home.data().join("state/log.db"), damage);
    let server = home.start();
    let said = support::refused(&home.ask(&["requests"]));
    assert!(said.contains("log.db is damaged, stream journal, part 0, entry "), "{said}");
    // All else goes on.
    assert!(support::text(&home.ask(&["request", &refused])).contains("DeleteKeyPairs"));
    server.client.call("ModifyInstancesAttribute", json!({"InstanceIds": [id], "InstanceName": "and on"}));
    machines::settled(&server.client, id.as_str().unwrap());
    server.stop();
    let said = String::from_utf8(home.ask(&["state", "check"]).stdout).unwrap();
    assert!(said.contains("stream journal, part 0: entry "), "{said}");
    home.start().stop();
}
