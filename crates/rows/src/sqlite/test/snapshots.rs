//! Snapshots beside groups: when they begin, what they leave, and that nobody notices.

use super::{append, everything, group, open, options, place, rows_after};
use crate::{Engine, Moment, Options, SqliteEngine};
use std::path::Path;

fn files(directory: &Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("snapshot-"));
    names.sort();
    names
}

fn count(directory: &Path) -> i64 {
    let connection = rusqlite::Connection::open(directory.join("log.db")).unwrap();
    connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).unwrap()
}

#[test]
fn they_are_written_while_groups_are_appended_and_rows_are_read() {
    let place = place();
    let small = Options { snapshot_min_bytes: 20_000, checkpoint_bytes: 50_000, run_bytes: 4_000, ..options() };
    let mut engine = SqliteEngine::open(place.path(), small).unwrap();
    let (mut snapshots, mut last) = (0, Vec::new());
    let mut revision = 0;
    while snapshots < 20 {
        revision += 1;
        assert!(revision < 20_000, "{snapshots} snapshots, {last:?}");
        engine.append(revision, &group(revision)).unwrap();
        let newest = files(place.path());
        snapshots += usize::from(newest.last() != last.last());
        last = newest;
        let put = group(revision);
        let change = put.changes().next().unwrap();
        assert_eq!(engine.get(change.table, change.sequence).unwrap().as_deref(), change.body, "{revision}");
    }
    let rows = rows_after(revision);
    for sequence in 0..40 {
        let expected = rows.get(&("vpcs".to_owned(), sequence));
        assert_eq!(engine.get("vpcs", sequence).unwrap().as_ref(), expected, "{sequence}");
    }
    assert_eq!(engine.check().unwrap(), [""; 0], "while it is open");
    drop(engine);
    let (found, all, _) = everything(place.path()).unwrap();
    assert_eq!((found, all), (revision, rows));
    assert!(files(place.path()).len() <= 3, "older ones go: {:?}", files(place.path()));
}

#[test]
fn the_log_holds_nothing_that_a_snapshot_covers() {
    let place = place();
    let mut engine = open(place.path());
    append(&mut engine, 1..=100);
    engine.snapshot().unwrap();
    assert_eq!((count(place.path()), files(place.path())), (0, vec![format!("snapshot-{:020}.db", 100)]));
    engine.snapshot().unwrap();
    append(&mut engine, 101..=103);
    engine.snapshot().unwrap();
    assert_eq!((count(place.path()), files(place.path())), (0, vec![format!("snapshot-{:020}.db", 103)]));
    assert!(place.path().join("log.db-wal").exists());
    drop(engine);
    assert!(!place.path().join("log.db-wal").exists(), "all is in the database itself");
    assert_eq!(everything(place.path()).unwrap().1, rows_after(103));
}

#[test]
fn one_that_cannot_be_written_keeps_nobody_from_appending() {
    let place = place();
    let small = Options { snapshot_min_bytes: 1, ..options() };
    let mut engine = SqliteEngine::open(place.path(), small).unwrap();
    let in_the_way: Vec<_> = (1..=40).map(|revision| super::super::snapshot::file(place.path(), revision)).collect();
    in_the_way.iter().for_each(|path| std::fs::create_dir(path).unwrap());
    append(&mut engine, 1..=40);
    assert!(engine.snapshot().is_err());
    assert_eq!(engine.closed(), None);
    in_the_way.iter().for_each(|path| std::fs::remove_dir(path).unwrap());
    engine.snapshot().unwrap();
    append(&mut engine, 41..=42);
    assert_eq!(files(place.path()), [format!("snapshot-{:020}.db", 40)]);
}

#[test]
fn people_read_them_with_sqlite() {
    let place = place();
    let mut engine = open(place.path());
    append(&mut engine, 1..=30);
    engine.snapshot().unwrap();
    let connection = rusqlite::Connection::open(super::super::snapshot::file(place.path(), 30)).unwrap();
    let query = "SELECT sequence, CAST(body AS TEXT) FROM vpcs ORDER BY sequence";
    let mut statement = connection.prepare(query).unwrap();
    let found = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, String>(1)?)));
    let found: Vec<_> = found.unwrap().map(Result::unwrap).collect();
    let rows = rows_after(30);
    let expected = rows.iter().filter(|((table, _), _)| table == "vpcs");
    let expected: Vec<_> =
        expected.map(|((_, sequence), body)| (*sequence, String::from_utf8(body.clone()).unwrap())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_moment_is_copied_while_groups_are_appended_and_snapshots_are_named() {
    let place = place();
    let [here, there, half] = ["here", "there", "half"].map(|name| place.path().join(name));
    let mut engine = open(&here);
    append(&mut engine, 1..=30);
    engine.snapshot().unwrap();
    append(&mut engine, 31..=50);
    let moments = [(); 2].map(|()| Moment::of(&here).unwrap());
    append(&mut engine, 51..=150);
    engine.snapshot().unwrap();
    append(&mut engine, 151..=155);
    for (moment, to) in moments.into_iter().zip([&there, &half]) {
        assert_eq!(moment.revision(), 50);
        moment.copy_to(to).unwrap();
    }
    assert_eq!(super::super::check(&there).unwrap(), [""; 0]);
    let (revision, rows, _) = everything(&there).unwrap();
    assert_eq!((revision, rows), (50, rows_after(50)));
    append(&mut open(&there), 51..=52);
    let refused = Moment::of(&here).unwrap().copy_to(&there).unwrap_err();
    assert!(refused.to_string().contains("it is there already"), "{refused}");
    // A copy that was cut off has its last file under another name.
    std::fs::rename(half.join("log.db"), half.join("log.db.new")).unwrap();
    assert!(matches!(everything(&half), Err(crate::Error::Incomplete { .. })));
    append(&mut engine, 156..=157);
    engine.snapshot().unwrap();
    drop(engine);
    assert_eq!(everything(&here).unwrap().1, rows_after(157));
}

#[test]
fn rows_are_read_in_the_order_of_their_keys_beside_a_writer() {
    let place = place();
    let mut engine = open(place.path());
    let is_sorted = |revision| {
        let mut read = Vec::new();
        crate::read_sorted(place.path(), &mut |table, sequence, body| {
            read.push(((table.to_owned(), sequence), body.to_vec()));
            Ok(())
        })
        .unwrap();
        let expected: Vec<_> = super::rows_after(revision).into_iter().collect();
        assert!(read == expected, "after {revision}");
    };
    is_sorted(0);
    append(&mut engine, 1..=60);
    is_sorted(60);
    engine.snapshot().unwrap();
    is_sorted(60);
    append(&mut engine, 61..=80);
    is_sorted(80);
}
