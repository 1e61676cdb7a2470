//! Writes that fail: a full disk and another program's lock are waited for, all else closes the engine.

use super::super::database::is_durable;
use super::{append, everything, group, open, options, place, rows_after};
use crate::{Engine, Error, SqliteEngine};

#[test]
fn a_commit_is_synced_before_it_returns() {
    let place = place();
    let engine = open(place.path());
    let connection = &engine.writer.as_ref().unwrap().connection;
    assert!(is_durable(connection).unwrap());
    for (pragma, expected) in [("synchronous", "2"), ("journal_mode", "wal")] {
        let found = connection.pragma_query_value(None, pragma, |row| {
            row.get::<_, String>(0).or_else(|_| row.get::<_, i64>(0).map(|number| number.to_string()))
        });
        assert_eq!(found.unwrap(), expected, "{pragma}");
    }
    connection.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
    assert!(!is_durable(connection).unwrap());
}

#[test]
fn a_full_disk_is_refused_and_gone_on_with_when_there_is_room() {
    let place = place();
    let mut engine = open(place.path());
    append(&mut engine, 1..=5);
    let limit = |engine: &SqliteEngine, pages: i64| {
        let connection = &engine.writer.as_ref().unwrap().connection;
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(&engine, 1);
    let mut revision = 6;
    let refused = loop {
        assert!(revision < 100, "it is never full");
        match engine.append(revision, &group(revision)) {
            Ok(()) => revision += 1,
            refused => break refused,
        }
    };
    assert!(matches!(refused, Err(Error::Full { .. })), "{refused:?}");
    assert_eq!((engine.closed(), engine.revision()), (None, revision - 1));
    let change = group(revision - 1);
    let change = change.changes().next().unwrap();
    assert_eq!(engine.get(change.table, change.sequence).unwrap().as_deref(), change.body, "reads go on");
    assert!(matches!(engine.append(revision, &group(revision)), Err(Error::Full { .. })), "it is still full");
    limit(&engine, 1_000_000);
    append(&mut engine, revision..=revision + 2);
    drop(engine);
    let (found, rows, _) = everything(place.path()).unwrap();
    assert_eq!((found, rows), (revision + 2, rows_after(revision + 2)));
    assert_eq!(super::super::check(place.path()).unwrap(), [""; 0]);
}

#[test]
fn a_lock_of_another_program_is_refused_and_gone_on_with_when_it_is_gone() {
    let place = place();
    let mut engine = open(place.path());
    append(&mut engine, 1..=5);
    engine.writer.as_ref().unwrap().connection.execute_batch("PRAGMA busy_timeout = 1").unwrap();
    let other = rusqlite::Connection::open(super::super::database::file(place.path())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..2 {
        let refused = engine.append(6, &group(6));
        assert!(matches!(refused, Err(Error::Locked { .. })), "{refused:?}");
    }
    assert_eq!((engine.closed(), engine.revision()), (None, 5));
    assert!(engine.get("vpcs", 39).is_ok(), "reads go on");
    other.execute_batch("ROLLBACK").unwrap();
    append(&mut engine, 6..=8);
    drop((engine, other));
    assert_eq!(everything(place.path()).unwrap().1, rows_after(8));
}

#[test]
fn after_any_other_failure_nothing_is_written_until_it_is_opened_again() {
    let place = place();
    let mut engine = open(place.path());
    append(&mut engine, 1..=5);
    engine.writer.as_ref().unwrap().connection.execute_batch("PRAGMA query_only = TRUE").unwrap();
    let failed = engine.append(6, &group(6));
    assert!(matches!(failed, Err(Error::Unknown { .. })), "{failed:?}");
    assert!(engine.writer.is_none(), "the connection is closed");
    let cause = engine.closed().unwrap().to_owned();
    assert!(cause.contains("may not be opened or written to"), "{cause}");
    for _ in 0..2 {
        let refused = engine.append(6, &group(6));
        assert!(matches!(refused, Err(Error::Closed { .. })), "{refused:?}");
    }
    assert!(matches!(engine.snapshot(), Err(Error::Closed { .. })));
    assert!(engine.get("vpcs", 39).is_ok(), "reads go on");
    assert_eq!(engine.load(&mut |_| Ok(())).unwrap(), 5);
    drop(engine);
    let mut engine = open(place.path());
    append(&mut engine, 6..=7);
    drop(engine);
    assert_eq!(everything(place.path()).unwrap().1, rows_after(7));
}

#[cfg(unix)]
#[test]
fn files_belong_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let directory = place.path().join("rows");
    let mut engine = SqliteEngine::open(&directory, options()).unwrap();
    append(&mut engine, 1..=5);
    engine.snapshot().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in std::fs::read_dir(&directory).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
