//! A bit that flips anywhere in the databases of a directory: the check names the file, or the bit lies where nothing is
//! read, and in no case a start takes other rows for those that were written.

use super::{TRUTHS, copy, databases, used};
use crate::support::{Chance, Home};
use cvmd_rows::read_rows;
use rusqlite::Connection;
use std::path::Path;

/// `CVMD_FLIPS` is another number, if one is wanted.
const FLIPS: usize = 100;
const SEED: u64 = 20_261_129;

#[test]
fn a_bit_that_flips_anywhere_is_named_by_the_check_or_lies_where_nothing_is_read() {
    let flips = std::env::var("CVMD_FLIPS").map_or(FLIPS, |flips| flips.parse().expect("CVMD_FLIPS is a number"));
    let home = used();
    let broken = copy(&home);
    let (files, whole) = (databases(&broken.data()), databases(&home.data()));
    let stored: Vec<_> = files.iter().map(|file| contents(file)).collect();
    let expected = TRUTHS.map(|truth| loaded(&broken.data().join(truth)).unwrap());
    let mut chance = Chance(SEED);
    let [mut named, mut stopped] = [0; 2];
    for _ in 0..flips {
        let file = chance.between(0, files.len() as u64 - 1) as usize;
        let mut bytes = std::fs::read(&whole[file]).unwrap();
        let bit = chance.between(0, bytes.len() as u64 * 8 - 1) as usize;
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&files[file], bytes).unwrap();
        let place = format!("bit {bit} of {}", files[file].display());
        match faults(&broken) {
            Some(said) => {
                named += 1;
                assert!(said.contains(files[file].to_str().unwrap()), "{place}: {said}");
            }
            None => assert!(contents(&files[file]) == stored[file], "{place}: not found, and other rows are there"),
        }
        for (truth, expected) in TRUTHS.iter().zip(&expected) {
            match loaded(&broken.data().join(truth)) {
                Ok(rows) => assert!(rows == *expected, "{place}: a start takes other rows for those that were written"),
                Err(_) => stopped += 1,
            }
        }
        std::fs::copy(&whole[file], &files[file]).unwrap();
    }
    eprintln!("{flips} bits flipped: the check names {named}, a start stops at {stopped}");
    // The others lie in free pages, and in the unused bytes of others.
    assert!(named * 4 >= flips && stopped * 10 >= flips, "{named} and {stopped} of {flips}");
    assert_eq!(faults(&broken), None, "what was put back is whole");
}

/// What the check says; None when all is well.
fn faults(home: &Home) -> Option<String> {
    let checked = home.ask(&["state", "check"]);
    let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    (!checked.status.success()).then_some(said)
}

type Rows = Vec<(String, u64, Vec<u8>)>;

/// The rows of a truth as a start reads them.
fn loaded(directory: &Path) -> Result<Rows, cvmd_rows::Error> {
    let mut rows = Vec::new();
    read_rows(directory, &mut |chunk| {
        rows.extend(chunk.rows().map(|(sequence, body)| (chunk.table.to_string(), sequence, body.to_vec())));
        Ok(())
    })?;
    rows.sort();
    Ok(rows)
}

/// Everything that is stored in a database, in every table: groups and entries, or rows.
fn contents(file: &Path) -> Vec<String> {
    let database = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut tables = database.prepare(tables).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut stored = Vec::new();
    for table in tables {
        let mut all = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = all.column_count();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|column| row.get_ref(column).unwrap()).collect();
            stored.push(format!("{table}: {values:?}"));
        }
    }
    stored
}
