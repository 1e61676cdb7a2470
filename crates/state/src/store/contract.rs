//! The contract suite: what every store must do.

use super::*;
use cvmd_model::AccountNumber;
use std::path::Path;

fn row(table: Table, sequence: u64, body: Option<&str>) -> Row {
    Row { table, sequence, body: body.map(|body| body.as_bytes().to_vec()) }
}

fn line(request: RequestId, at_seconds: u64, replay: Option<&str>) -> JournalLine {
    JournalLine {
        request,
        account: AccountNumber(1),
        credential: "AKID".into(),
        action: "StopInstances".into(),
        at_seconds,
        microseconds: 0,
        decision: "accepted".into(),
        message: Some("a message".into()),
        instances: vec!["ins-1e4r6y8i".parse().unwrap()],
        target: Some("the account second".into()),
        dry_run: false,
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
    rows.sort();
    (rows, revision)
}

fn suite(mut open: impl FnMut() -> Box<dyn Store>) {
    let [request, other] = [7, 8].map(|number| RequestId(uuid::Uuid::from_u128(number)));
    let mut store = open();
    assert_eq!(all(store.as_mut()), (vec![], 0), "a new store is empty");
    let rows = vec![
        row(Table::Instances, 2, Some(r#"{"a":2}"#)),
        row(Table::Instances, 1, Some(r#"{"a":1}"#)),
        row(Table::Resource(ResourceKind::SecurityGroups), 4, Some("{}")),
        row(Table::Resource(ResourceKind::Vpcs), 5, Some("{}")),
        row(Table::Resource(ResourceKind::Vpcs), 3, Some("{}")),
        row(Table::Accounts, 1, Some("{}")),
    ];
    let lines = vec![line(request, 1000, None), line(request, 1001, Some("aa"))];
    store.persist(&Group { revision: 1, rows, lines, refused: vec![line(other, 1001, Some("bb"))] }).unwrap();
    let rows = vec![
        row(Table::Instances, 2, None),
        row(Table::Instances, 1, Some(r#"{"a":3}"#)),
        row(Table::Resource(ResourceKind::Vpcs), 3, None),
    ];
    store.persist(&Group { revision: 2, rows, ..Group::default() }).unwrap();
    drop(store);

    let mut store = open();
    let (rows, revision) = all(store.as_mut());
    assert_eq!(revision, 2);
    let expected = [
        (Table::Accounts, 1, "{}".to_string()),
        (Table::Instances, 1, r#"{"a":3}"#.to_string()),
        (Table::Resource(ResourceKind::Vpcs), 5, "{}".to_string()),
        (Table::Resource(ResourceKind::SecurityGroups), 4, "{}".to_string()),
    ];
    assert_eq!(rows, expected, "each row comes once, with its newest content");
    let journal = store.journal();
    assert_eq!(journal.lines_of(request).unwrap(), [line(request, 1000, None), line(request, 1001, None)]);
    assert_eq!(journal.lines_of(other).unwrap(), [line(other, 1001, None)]);
    assert_eq!(journal.lines_of(RequestId(uuid::Uuid::nil())).unwrap(), []);
    let last = |filter, lines_max| journal.last_lines(filter, lines_max).unwrap();
    let any = JournalFilter::default;
    let all = [line(request, 1000, None), line(request, 1001, None), line(other, 1001, None)];
    let found = last(any(), 10);
    assert!(found.len() == 3 && found[0] == all[0] && all.iter().all(|line| found.contains(line)), "{found:?}");
    assert_eq!(last(any(), 2).iter().map(|line| line.at_seconds).collect::<Vec<_>>(), [1001, 1001]);
    let of = |numbers: &[u32]| {
        let accounts = numbers.iter().copied().map(AccountNumber).collect();
        last(JournalFilter { accounts, ..any() }, 10).len()
    };
    assert_eq!((of(&[1]), of(&[2]), of(&[2, 1])), (3, 0, 3));
    let did = |action| JournalFilter { action: Some(action), ..any() };
    assert_eq!((last(did("StopInstances"), 10).len(), last(did("StartInstances"), 10).len()), (3, 0));
    let named = |id: &str| JournalFilter { instance: Some(id.parse().unwrap()), ..any() };
    assert_eq!((last(named("ins-1e4r6y8i"), 10).len(), last(named("ins-1e4r6y8j"), 10).len()), (3, 0));
    let at = |request, microseconds| JournalLine { microseconds, ..line(request, 1002, None) };
    let lines = vec![at(request, 1), at(request, 5), at(request, 6)];
    let refused = vec![at(other, 3), JournalLine { account: AccountNumber(2), ..at(other, 2) }, at(other, 4)];
    store.persist(&Group { revision: 3, lines, refused, ..Group::default() }).unwrap();
    let order = |lines_max| last(any(), lines_max).iter().map(|line| line.microseconds).collect::<Vec<_>>();
    assert_eq!(order(6), [1, 2, 3, 4, 5, 6], "what was refused stands among what was accepted, by its time");
    assert_eq!(order(3), [4, 5, 6]);
    assert_eq!(journal.replays_since(1001).unwrap(), ["aa".into(), "bb".into()]);
    assert!(journal.replays_since(1002).unwrap().is_empty());
}

#[test]
fn memory_keeps_the_contract() {
    let store = MemoryStore::default();
    suite(|| Box::new(store.clone()));
}

#[test]
fn the_log_keeps_the_contract() {
    let data = tempfile::tempdir().unwrap();
    suite(|| Box::new(LogStore::open(data.path()).unwrap()));
}

fn old(data: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(data.join("state.db")).unwrap()
}

#[test]
fn a_newer_database_is_refused_clearly_and_so_is_one_beside_the_directory() {
    let data = tempfile::tempdir().unwrap();
    old(data.path()).execute_batch("PRAGMA user_version = 99").unwrap();
    let refused = || LogStore::open(data.path()).unwrap_err().to_string();
    assert!(refused().ends_with("state.db has layout 99, and this program knows 6: use a newer one"), "{}", refused());
    assert!(!data.path().join("state").exists());
    std::fs::create_dir(data.path().join("state")).unwrap();
    old(data.path()).execute_batch("PRAGMA user_version = 4").unwrap();
    assert!(
        refused().contains("state.db, which an earlier version used, are there, and only one of them is right"),
        "{}",
        refused()
    );
}

#[test]
fn a_database_of_the_first_layout_is_taken_over_once_and_an_older_cvmd_would_refuse_it() {
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
        INSERT INTO journal (request, body) VALUES (zeroblob(16), '{"request":"00000000-0000-0000-0000-000000000000","account":1,"action":"StopInstances","at_seconds":5000,"decision":"accepted","instances":[],"replay":"cc"}');
        INSERT INTO journal (request, body) VALUES (zeroblob(16), '{"request":"00000000-0000-0000-0000-000000000000","account":1,"action":"StopInstances","at_seconds":5001,"decision":"SUCCESS","instances":[]}');
        PRAGMA user_version = 1;"#;
    let data = tempfile::tempdir().unwrap();
    old(data.path()).execute_batch(FIRST_LAYOUT).unwrap();
    // What a try that was killed has left.
    std::fs::create_dir(data.path().join("state.new")).unwrap();
    std::fs::write(data.path().join("state.new/log.db"), "half").unwrap();
    let before = (Table::Accounts, 1, r#"{"a":1}"#.to_string());
    let mut store = LogStore::open(data.path()).unwrap();
    let (rows, revision) = all(&mut store);
    assert_eq!(rows, std::slice::from_ref(&before));
    assert_eq!(
        store.journal().replays_since(5000).unwrap(),
        ["cc".into()],
        "what refused a replay goes on refusing it"
    );
    let lines = store.journal().lines_of(RequestId(uuid::Uuid::nil())).unwrap();
    assert_eq!(lines.iter().map(|line| line.at_seconds).collect::<Vec<_>>(), [5000, 5001]);
    let rows = vec![row(Table::Resource(ResourceKind::Vpcs), 2, Some("{}"))];
    store.persist(&Group { revision: revision + 1, rows, ..Group::default() }).unwrap();
    drop(store);
    let after = (Table::Resource(ResourceKind::Vpcs), 2, "{}".to_string());
    assert_eq!(all(&mut LogStore::open(data.path()).unwrap()), (vec![before, after], revision + 1));
    let version = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    assert_eq!(old(data.path()).query_row("PRAGMA user_version", [], version).unwrap(), 6);
}

/// Before, versions were stored in their template's row, and had no rows of their own.
#[test]
fn versions_of_a_launch_template_leave_its_row_when_a_database_of_schema_2_is_taken_over() {
    const SCHEMA_2: &str = r#"
        CREATE TABLE launch_templates (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
        CREATE TABLE journal (line INTEGER PRIMARY KEY, request BLOB NOT NULL, body TEXT NOT NULL);
        CREATE TABLE meta (revision INTEGER NOT NULL);
        INSERT INTO meta VALUES (41);
        INSERT INTO launch_templates VALUES (7, 'lt-11112222', 1, 40, '{"id":"lt-11112222","sequence":7,"account":1,"region":"ap-guangzhou","name":"web","default_version":3,"latest_version":4,"versions":[{"number":1,"description":"","parameters":"{}","created_seconds":5},{"number":3,"description":"a \"quoted\" 字","parameters":"{\"ImageId\":\"img-487zeit5\"}","password_hash":"$6$hash","created_seconds":6}],"created_seconds":5,"tags":[{"Key":"a","Value":"b"}]}');
        INSERT INTO launch_templates VALUES (9, 'lt-33334444', 1, 41, '{"id":"lt-33334444","sequence":9,"account":2,"region":"ap-shanghai","name":"other","default_version":1,"latest_version":1,"versions":[{"number":1,"description":"","parameters":"{}","created_seconds":7}],"created_seconds":7}');
        PRAGMA user_version = 2;"#;
    let data = tempfile::tempdir().unwrap();
    old(data.path()).execute_batch(SCHEMA_2).unwrap();
    let check = || {
        let view = crate::State::open(Box::new(LogStore::open(data.path()).unwrap())).unwrap().view();
        let (templates, versions) = (view.launch_templates(), view.launch_template_versions());
        assert_eq!((templates.all().count(), versions.all().count(), view.last_sequence()), (2, 3, 9));
        let template = templates.get("lt-11112222".parse().unwrap()).unwrap();
        assert_eq!((&template.versions[..], template.latest_version, template.tags.len()), (&[1, 3][..], 4, 1));
        let version = versions.get(template.version(None).unwrap()).unwrap();
        assert_eq!((version.number, version.account, version.region), (3, template.account, template.region));
        assert_eq!(&*version.data.description, "a \"quoted\" 字");
        assert_eq!(&*version.data.parameters, r#"{"ImageId":"img-487zeit5"}"#);
        assert_eq!((version.data.password_hash.as_deref(), version.data.created_seconds), (Some("$6$hash"), 6));
        let other = templates.get("lt-33334444".parse().unwrap()).unwrap();
        assert_eq!(versions.get(other.version(None).unwrap()).unwrap().region, other.region);
    };
    check();
    check();
}

/// Opens the directory again for each group, as after a restart.
fn journal_of(data: &Path, retention: Retention, lines: Vec<JournalLine>, refused: Vec<JournalLine>) {
    let mut store = LogStore::keeping(data, retention).unwrap();
    let (_, revision) = all(&mut store);
    store.persist(&Group { revision: revision + 1, lines, refused, ..Group::default() }).unwrap();
}

fn count(data: &Path, stream: &str) -> i64 {
    let connection = rusqlite::Connection::open(data.join("state/log.db")).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM stream_{stream}"), [], |row| row.get(0)).unwrap()
}

fn id(number: u128) -> RequestId {
    RequestId(uuid::Uuid::from_u128(number))
}

#[test]
fn the_journal_keeps_its_newest_lines_by_number_and_by_bytes() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path();
    let few = Retention { lines: 10, ..Retention::default() };
    for revision in 1..=50 {
        journal_of(path, few, vec![line(id(revision.into()), revision, None)], vec![]);
    }
    assert_eq!(count(path, "journal"), 10);
    let journal = LogStore::keeping(path, few).unwrap().journal();
    assert_eq!((journal.lines_of(id(40)).unwrap().len(), journal.lines_of(id(41)).unwrap().len()), (0, 1));
    let length = serde_json::to_string(&line(id(1), 1, None)).unwrap().len() as u64;
    let small = Retention { bytes: 5 * length, ..few };
    journal_of(path, small, vec![line(id(51), 51, None)], vec![]);
    assert!((1..=5).contains(&count(path, "journal")), "{}", count(path, "journal"));
    assert_eq!(LogStore::open(path).unwrap().journal().lines_of(id(51)).unwrap().len(), 1);
}

#[test]
fn refused_commands_of_one_account_push_nobody_elses_lines_out() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path();
    let few = Retention { lines: 10, refused_lines: 8, ..Retention::default() };
    let of =
        |account, number: u64| JournalLine { account: AccountNumber(account), ..line(id(number.into()), 1000, None) };
    journal_of(path, few, vec![of(2, 1)], vec![of(2, 2)]);
    for revision in 2..=200 {
        let refused = (0..5).map(|number| of(1, 100 + revision * 5 + number)).collect();
        journal_of(path, few, vec![], refused);
    }
    assert_eq!(count(path, "refused"), 8 + 1);
    let journal = LogStore::keeping(path, few).unwrap().journal();
    assert_eq!(journal.lines_of(id(1)).unwrap(), [of(2, 1)]);
    assert_eq!(journal.lines_of(id(2)).unwrap(), [of(2, 2)]);
    assert_eq!(journal.lines_of(id(100 + 200 * 5 + 4)).unwrap().len(), 1, "the newest of the flood is there");
}

#[test]
fn replay_keys_are_deleted_by_age_only_whatever_their_number() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path();
    let few = Retention { lines: 4, bytes: 100, refused_lines: 1, ..Retention::default() };
    let group = |revision, at_seconds| {
        let key = |number: u64| format!("{revision}-{number}");
        let accepted = (0..50).map(|number| line(id(1), at_seconds, Some(&key(number)))).collect();
        let refused = (50..100).map(|number| line(id(1), at_seconds, Some(&key(number)))).collect();
        journal_of(path, few, accepted, refused);
    };
    group(1, 1000);
    group(2, 1660);
    let replays = |since| LogStore::keeping(path, few).unwrap().journal().replays_since(since).unwrap().len();
    assert_eq!(replays(1000), 200, "660 seconds are not over");
    group(3, 1661);
    assert_eq!(replays(0), 200, "the first ones have gone, for nobody can send them again");
}
