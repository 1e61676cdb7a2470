//! The contract suite: what every store must do.

use super::*;
use cvmd_model::AccountNumber;

fn row(table: Table, sequence: u64, body: Option<&str>) -> Row {
    Row { table, sequence, id: format!("id-{sequence}"), body: body.map(|body| body.as_bytes().to_vec()) }
}

fn line(request: RequestId, at_seconds: u64, replay: Option<&str>) -> JournalLine {
    JournalLine {
        request,
        account: AccountNumber(1),
        credential: "AKID".into(),
        action: "StopInstances".into(),
        at_seconds,
        decision: "accepted".into(),
        instances: vec!["ins-1e4r6y8i".parse().unwrap()],
        replay: replay.map(Into::into),
    }
}

fn all(store: &mut dyn Store) -> (Vec<(Table, u64, String)>, u64) {
    let mut rows = Vec::new();
    let revision = store
        .load(&mut |table, sequence, body| {
            rows.push((table, sequence, String::from_utf8(body.to_vec()).unwrap()));
            Ok(())
        })
        .unwrap();
    (rows, revision)
}

fn suite(mut open: impl FnMut() -> Box<dyn Store>) {
    let request = RequestId(uuid::Uuid::from_u128(7));
    let mut store = open();
    assert_eq!(all(store.as_mut()), (vec![], 0), "a new store is empty");
    let rows = vec![
        row(Table::Instances, 2, Some(r#"{"a":2}"#)),
        row(Table::Instances, 1, Some(r#"{"a":1}"#)),
        row(Table::Accounts, 1, Some("{}")),
    ];
    let lines = vec![line(request, 1000, None), line(request, 1001, Some("aa"))];
    store.persist(&Group { revision: 1, rows, lines }).unwrap();
    let rows = vec![row(Table::Instances, 2, None), row(Table::Instances, 1, Some(r#"{"a":3}"#))];
    store.persist(&Group { revision: 2, rows, lines: vec![] }).unwrap();
    drop(store);

    let mut store = open();
    let (rows, revision) = all(store.as_mut());
    assert_eq!(revision, 2);
    assert_eq!(store.revision().unwrap(), 2);
    let expected = [(Table::Accounts, 1, "{}".to_string()), (Table::Instances, 1, r#"{"a":3}"#.to_string())];
    assert_eq!(rows, expected, "rows come table by table, newest content only");
    assert_eq!(
        store.journal().lines_of(request).unwrap(),
        [line(request, 1000, None), line(request, 1001, Some("aa"))]
    );
    assert_eq!(store.journal().lines_of(RequestId(uuid::Uuid::nil())).unwrap(), []);
    assert_eq!(store.journal().replays_since(1001).unwrap(), [line(request, 1001, Some("aa"))]);
    assert_eq!(store.journal().replays_since(1002).unwrap(), []);
}

#[test]
fn memory_keeps_the_contract() {
    let store = MemoryStore::default();
    suite(|| Box::new(store.clone()));
}

#[test]
fn sqlite_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    suite(|| Box::new(SqliteStore::open(&path).unwrap()));
}

#[test]
fn a_newer_database_is_refused_clearly() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    drop(SqliteStore::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(error.to_string(), "the database has schema 99, this cvmd knows up to 1: use a newer cvmd");
}

#[test]
fn the_database_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    drop(SqliteStore::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
