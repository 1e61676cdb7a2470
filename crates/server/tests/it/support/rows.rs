//! The rows of a data directory: read from a copy, so that nothing is changed, or changed while no server runs.

use super::Home;
use cvmd_rows::{Engine, Group, Options, SqliteEngine};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    table: String,
    sequence: u64,
    body: Vec<u8>,
}

fn read(directory: &Path) -> (SqliteEngine, u64, Vec<Row>) {
    let mut engine = SqliteEngine::open(directory, Options::new(Vec::new())).unwrap();
    let mut rows = Vec::new();
    let revision = engine
        .load(&mut |chunk| {
            let table = chunk.table.to_string();
            rows.extend(chunk.rows().map(|(sequence, body)| Row {
                table: table.clone(),
                sequence,
                body: body.to_vec(),
            }));
            Ok(())
        })
        .unwrap();
    rows.sort();
    (engine, revision, rows)
}

/// All rows of `state` or `machines` at this moment, by table and sequence.
fn all(data: &Path, truth: &str) -> Vec<Row> {
    let copy = tempfile::tempdir().unwrap();
    copy_files(&data.join(truth), copy.path());
    read(copy.path()).2
}

/// Those of one table.
pub(crate) fn of<T: DeserializeOwned>(home: &Home, truth: &str, table: &str) -> Vec<T> {
    of_directory(&home.data(), truth, table)
}

/// The same of any data directory.
pub(crate) fn of_directory<T: DeserializeOwned>(data: &Path, truth: &str, table: &str) -> Vec<T> {
    let of_it = |row: &Row| row.table == table;
    all(data, truth).iter().filter(|row| of_it(row)).map(|row| serde_json::from_slice(&row.body).unwrap()).collect()
}

/// Changes rows, or removes them by `None`. A row that is no object is passed as null.
pub(crate) fn change(home: &Home, truth: &str, change: impl Fn(&str, &Value) -> Option<Value>) {
    let (mut engine, revision, rows) = read(&home.data().join(truth));
    let mut group = Group::new();
    for Row { table, sequence, body } in rows {
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        match change(&table, &body) {
            Some(changed) if changed == body => {}
            Some(changed) => group.put(&table, sequence, changed.to_string().as_bytes()),
            None => group.delete(&table, sequence),
        }
    }
    assert!(!group.is_empty(), "nothing is changed");
    engine.append(revision + 1, &group).unwrap();
}

/// Writes one row, whatever is in it.
pub(crate) fn put(home: &Home, truth: &str, table: &str, sequence: u64, body: &[u8]) {
    let (mut engine, revision, _) = read(&home.data().join(truth));
    let mut group = Group::new();
    group.put(table, sequence, body);
    engine.append(revision + 1, &group).unwrap();
}

/// Changes the text of the first row of a table.
pub(crate) fn edit(home: &Home, truth: &str, table: &str, edit: impl Fn(&str) -> String) {
    let (engine, _, rows) = read(&home.data().join(truth));
    drop(engine);
    let row = rows.iter().find(|row| row.table == table).unwrap();
    put(home, truth, table, row.sequence, edit(std::str::from_utf8(&row.body).unwrap()).as_bytes());
}

/// The files of a directory, without what SQLite shares between processes and makes anew.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}
