//! Damage: it is found and named, and opening makes nothing worse.

use super::{Options, append, copy, everything, group, open, options, place};
use crate::{Engine, Error, Group, SqliteEngine};
use std::path::{Path, PathBuf};

/// A directory with a snapshot, groups behind it, entries and free pages.
fn made(directory: &Path) {
    let mut engine = open(directory);
    append(&mut engine, 1..=60);
    engine.snapshot().unwrap();
    append(&mut engine, 61..=80);
}

fn snapshot(directory: &Path) -> PathBuf {
    super::super::snapshot::file(directory, 60)
}

/// All bytes of all files.
fn bytes(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    // Shared memory, and a log of SQLite's without content: looking makes them, and closing deletes them.
    all.retain(|(path, bytes)| !path.to_string_lossy().ends_with("-shm") && !bytes.is_empty());
    all.sort();
    all
}

/// What opening and loading says, having changed nothing.
fn refused(directory: &Path) -> Error {
    let before = bytes(directory);
    let error = everything(directory).unwrap_err();
    let now = bytes(directory);
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(names(&now), names(&before), "{error}");
    assert!(now == before, "{error}");
    error
}

fn change(path: &Path, change: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<usize>) {
    let connection = rusqlite::Connection::open(path).unwrap();
    assert!(change(&connection).unwrap() > 0, "{}", path.display());
}

/// Makes the directory, damages it, and returns what opening says and what the check says.
fn with_damage(damage: impl FnOnce(&Path)) -> (Error, Vec<String>) {
    let place = place();
    made(place.path());
    damage(place.path());
    let faults = super::super::check(place.path()).unwrap_or_else(|error| vec![error.to_string()]);
    assert!(!faults.is_empty(), "the check finds nothing");
    (refused(place.path()), faults)
}

#[test]
fn what_is_not_ours_is_refused() {
    let pragma = |text: &'static str| {
        move |directory: &Path| {
            let connection = rusqlite::Connection::open(directory.join("log.db")).unwrap();
            connection.execute_batch(text).unwrap();
        }
    };
    let (error, _) = with_damage(pragma("PRAGMA user_version = 2"));
    assert!(matches!(error, Error::Newer { found: 2, known: 1, .. }), "{error}");
    let (error, _) = with_damage(pragma("PRAGMA application_id = 7"));
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
    let (error, _) = with_damage(|directory| std::fs::write(directory.join("log.db"), "a text of somebody").unwrap());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let (error, _) = with_damage(pragma("ALTER TABLE log ADD COLUMN more"));
    assert!(error.to_string().contains("table log: it has not the columns"), "{error}");
    let (error, faults) = with_damage(pragma("ALTER TABLE stream_lines ADD COLUMN more"));
    assert!(error.to_string().contains("table stream_lines: it has not the columns"), "{error}");
    assert!(faults.iter().any(|fault| fault.contains("table stream_lines: it has not")), "{faults:?}");
}

#[test]
fn a_directory_that_was_copied_in_part_is_refused() {
    let (error, _) = with_damage(|directory| std::fs::remove_file(snapshot(directory)).unwrap());
    assert!(matches!(&error, Error::Incomplete { file, .. } if file.contains("snapshot-")), "{error}");
    let (error, faults) = with_damage(|directory| std::fs::remove_file(directory.join("log.db")).unwrap());
    assert!(matches!(&error, Error::Incomplete { file, .. } if file.ends_with("log.db")), "{error}");
    assert!(faults[0].contains("log.db"), "{faults:?}");
    let cut = |path: &Path, by: u64| {
        let length = std::fs::metadata(path).unwrap().len();
        std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length - by).unwrap();
    };
    let whole = place();
    made(whole.path());
    for file in [whole.path().join("log.db"), snapshot(whole.path())] {
        let length = std::fs::metadata(&file).unwrap().len();
        let name = file.file_name().unwrap();
        for kept in [0, 1, 100, 1024, length / 2, length - 5_000] {
            let (error, _) = with_damage(|directory| cut(&directory.join(name), length - kept));
            assert!(error.to_string().contains(&*name.to_string_lossy()), "{kept} of {length}: {error}");
        }
    }
}

#[test]
fn what_a_crash_left_of_a_directory_that_was_being_made_is_made_anew() {
    let place = place();
    std::fs::write(place.path().join("log.db.new"), "half of a database").unwrap();
    append(&mut open(place.path()), 1..=3);
    assert_eq!(everything(place.path()).unwrap().0, 3);
    assert!(!place.path().join("log.db.new").exists());
}

#[test]
fn a_row_that_was_changed_or_has_vanished_is_named() {
    let log = |sql: &'static str| move |directory: &Path| change(&directory.join("log.db"), |log| log.execute(sql, []));
    let rows = |sql: &'static str| move |directory: &Path| change(&snapshot(directory), |rows| rows.execute(sql, []));
    let says = |(error, faults): (Error, Vec<String>), text: &str| {
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(matches!(&faults[..], [fault] if fault.contains(text)), "one fault is named once: {faults:?}");
    };
    says(
        with_damage(log("UPDATE log SET body = CAST(replace(body, '70/1', '70/2') AS BLOB) WHERE revision = 70")),
        "group 70",
    );
    says(with_damage(log("UPDATE log SET crc = crc + 1 WHERE revision = 80")), "group 80");
    says(with_damage(log("UPDATE log SET touched = x'' WHERE revision = 66")), "group 66");
    let (error, faults) = with_damage(log("DELETE FROM log WHERE revision = 70"));
    assert!(error.to_string().contains("group 70: it is missing"), "{error}");
    assert!(faults.iter().any(|fault| fault.contains("group 70: it is missing")), "{faults:?}");
    let (_, faults) = with_damage(log("DELETE FROM log WHERE revision IN (71, 72)"));
    assert!(faults.iter().any(|fault| fault.contains("groups 71 to 72: they are missing")), "{faults:?}");
    let (_, faults) = with_damage(log("DELETE FROM log WHERE revision = 61"));
    assert!(faults.iter().any(|fault| fault.contains("group 61: it is missing")), "{faults:?}");
    says(with_damage(rows("DELETE FROM vpcs WHERE sequence = (SELECT max(sequence) FROM vpcs)")), "of its ");
    says(with_damage(rows("UPDATE disks SET body = x'00' WHERE sequence = 5")), "row 5 of disks");
    says(with_damage(rows("UPDATE _streams SET bytes = bytes + 1")), "of its ");
    says(with_damage(log("UPDATE snapshot SET rows = rows - 1")), "of its ");
    says(with_damage(log("DELETE FROM stream_lines WHERE sequence = 160")), "stream lines, part 0");
    says(with_damage(log("DELETE FROM stream_refused WHERE part = 1")), "stream refused, part 1");
}

#[test]
fn an_entry_that_was_changed_or_has_vanished_is_found_by_the_check() {
    for (sql, text) in [
        ("DELETE FROM stream_lines WHERE sequence = 100", "stream lines, part 0: entry 100 is missing"),
        (
            "UPDATE stream_refused SET time = 1 WHERE part = 1 AND sequence = 20",
            "entry 20 does not agree with its checksum",
        ),
        ("UPDATE stream_keys SET key = x'00' WHERE sequence = 30", "entry 30 does not agree with its checksum"),
        (
            "INSERT INTO stream_keys SELECT 7, 1000, revision, time, crc, key, body FROM stream_keys LIMIT 1",
            "part 7: no group has written to it",
        ),
    ] {
        let place = place();
        made(place.path());
        change(&place.path().join("log.db"), |log| log.execute(sql, []));
        let faults = super::super::check(place.path()).unwrap();
        assert!(faults.iter().any(|fault| fault.contains(text)), "{sql}: {faults:?}");
        // What was put in has the checksum of another place too.
        assert_eq!(faults.len(), if sql.starts_with("INSERT") { 2 } else { 1 }, "{sql}: {faults:?}");
    }
}

#[test]
fn what_has_vanished_from_a_snapshot_does_not_vanish_from_the_next_without_a_word() {
    let place = place();
    made(place.path());
    let mut engine = open(place.path());
    engine.load(&mut |_| Ok(())).unwrap();
    change(&snapshot(place.path()), |rows| {
        rows.execute("DELETE FROM vpcs WHERE sequence = (SELECT max(sequence) FROM vpcs)", [])
    });
    let error = engine.snapshot().unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    append(&mut engine, 81..=82);
}

#[test]
fn a_row_that_is_read_alone_is_checked_too() {
    let place = place();
    let mut engine = open(place.path());
    append(&mut engine, 1..=60);
    engine.snapshot().unwrap();
    change(&snapshot(place.path()), |rows| rows.execute("UPDATE disks SET body = x'00' WHERE sequence = 5", []));
    let error = engine.get("disks", 5).unwrap_err();
    assert!(error.to_string().contains("row 5 of disks"), "{error}");
    append(&mut engine, 61..=61);
    change(&place.path().join("log.db"), |log| log.execute("UPDATE log SET body = x'' WHERE revision = 61", []));
    let group = group(61);
    let in_log = group.changes().next().unwrap();
    let error = engine.get(in_log.table, in_log.sequence).unwrap_err();
    assert!(error.to_string().contains("group 61"), "{error}");
}

#[test]
fn a_damaged_page_takes_no_group_along_from_the_logs_end() {
    let place = place();
    // Without streams, whose ends would tell.
    let options = Options { streams: Vec::new(), ..options() };
    let page_bytes = options.page_bytes as usize;
    let mut engine = SqliteEngine::open(place.path(), options).unwrap();
    for revision in 1..=60 {
        let mut group = Group::new();
        group.put("disks", revision, b"a small row");
        engine.append(revision, &group).unwrap();
    }
    drop(engine);
    let revision = || super::super::read_rows(place.path(), &mut |_| Ok(()));
    let log = place.path().join("log.db");
    let whole = std::fs::read(&log).unwrap();
    let mut refused = 0;
    for page in 0..whole.len() / page_bytes {
        let header = page * page_bytes + if page == 0 { 100 } else { 0 };
        // What the first page says of the tables stands at its end.
        let schema = (page_bytes - 300..page_bytes).filter(|_| page == 0);
        for bit in (header..header + 12).chain(schema).flat_map(|byte| byte * 8..byte * 8 + 8) {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&log, flipped).unwrap();
            match revision() {
                Ok(found) => {
                    assert_eq!(found, 60, "bit {} of byte {} in page {page}", bit % 8, bit / 8 - page * page_bytes)
                }
                Err(error) => {
                    refused += 1;
                    let faults = super::super::check(place.path()).unwrap_or_else(|error| vec![error.to_string()]);
                    assert!(!faults.is_empty(), "the check finds nothing: {error}");
                }
            }
        }
    }
    assert!(refused > 100, "{refused}");
    std::fs::write(&log, whole).unwrap();
    assert_eq!(revision().unwrap(), 60);
}

/// Numbers that follow from a seed (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

#[test]
fn a_bit_that_flipped_anywhere_is_found_or_harmless() {
    let place = place();
    let (whole, broken) = (place.path().join("whole"), place.path().join("broken"));
    made(&whole);
    let expected = everything(&whole).unwrap();
    copy(&whole, &broken);
    let files = [broken.join("log.db"), snapshot(&broken)];
    let contents = files.each_ref().map(|file| std::fs::read(file).unwrap());
    let mut numbers = Numbers(42);
    let mut found = 0;
    for _ in 0..FLIPS {
        let file = numbers.below(2);
        let bit = numbers.below(contents[file].len() * 8);
        let mut flipped = contents[file].clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&files[file], flipped).unwrap();
        let faults = super::super::check(&broken).unwrap_or_else(|error| vec![error.to_string()]);
        if faults.is_empty() {
            let found = everything(&broken).map_err(|error| error.to_string());
            assert!(found.as_ref() == Ok(&expected), "bit {bit} of {}: {found:?}", files[file].display());
        } else {
            found += 1;
        }
        for leftover in ["log.db-wal", "log.db-shm"] {
            let _ = std::fs::remove_file(broken.join(leftover));
        }
        std::fs::write(&files[file], &contents[file]).unwrap();
        // Opening may have written back into the other one.
        std::fs::write(&files[0], &contents[0]).unwrap();
    }
    // The rest lies in free pages and in the unused bytes of others.
    assert!(found > FLIPS / 4, "{found} of {FLIPS}");
    assert_eq!(everything(&broken).unwrap(), expected);
    drop(SqliteEngine::open(&broken, options()).unwrap());
}

const FLIPS: usize = 500;
