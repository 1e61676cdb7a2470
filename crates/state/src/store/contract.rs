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
        row(Table::Shelf(ShelfName::SecurityGroups), 4, Some("{}")),
        row(Table::Shelf(ShelfName::Vpcs), 5, Some("{}")),
        row(Table::Shelf(ShelfName::Vpcs), 3, Some("{}")),
        row(Table::Accounts, 1, Some("{}")),
    ];
    let lines = vec![line(request, 1000, None), line(request, 1001, Some("aa"))];
    store.persist(&Group { revision: 1, rows, lines }).unwrap();
    let rows = vec![
        row(Table::Instances, 2, None),
        row(Table::Instances, 1, Some(r#"{"a":3}"#)),
        row(Table::Shelf(ShelfName::Vpcs), 3, None),
    ];
    store.persist(&Group { revision: 2, rows, lines: vec![] }).unwrap();
    drop(store);

    let mut store = open();
    let (rows, revision) = all(store.as_mut());
    assert_eq!(revision, 2);
    assert_eq!(store.revision().unwrap(), 2);
    let expected = [
        (Table::Accounts, 1, "{}".to_string()),
        (Table::Instances, 1, r#"{"a":3}"#.to_string()),
        (Table::Shelf(ShelfName::Vpcs), 5, "{}".to_string()),
        (Table::Shelf(ShelfName::SecurityGroups), 4, "{}".to_string()),
    ];
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
    assert_eq!(error.to_string(), "the database has schema 99, this cvmd knows up to 2: use a newer cvmd");
}

#[test]
fn a_database_of_the_first_layout_goes_on_working_and_an_older_cvmd_would_refuse_it() {
    const FIRST_LAYOUT: &str = r#"
        CREATE TABLE settings (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE accounts (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE credentials (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE instances (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE key_pairs (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE client_tokens (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE messages (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE journal (line INTEGER PRIMARY KEY, request BLOB NOT NULL, body TEXT NOT NULL);
        CREATE TABLE meta (revision INTEGER NOT NULL);
        INSERT INTO meta VALUES (41);
        INSERT INTO accounts VALUES (1, 'main', 1, 41, '{"a":1}');
        PRAGMA user_version = 1;"#;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(FIRST_LAYOUT).unwrap();
    let before = (Table::Accounts, 1, r#"{"a":1}"#.to_string());
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(all(&mut store), (vec![before.clone()], 41));
    let rows = vec![row(Table::Shelf(ShelfName::Vpcs), 2, Some("{}"))];
    store.persist(&Group { revision: 42, rows, lines: vec![] }).unwrap();
    drop(store);
    let after = (Table::Shelf(ShelfName::Vpcs), 2, "{}".to_string());
    assert_eq!(all(&mut SqliteStore::open(&path).unwrap()), (vec![before, after], 42));
    let version = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let found = rusqlite::Connection::open(&path).unwrap().query_row("PRAGMA user_version", [], version).unwrap();
    assert_eq!(found, 2);
}

#[test]
fn the_database_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    drop(SqliteStore::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
