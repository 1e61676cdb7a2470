//! SQLite's own log stays small while groups are appended.

use super::{append, group, options, place};
use crate::{Engine, Moment, Options, SqliteEngine};

#[test]
fn it_begins_anew_again_and_again() {
    let place = place();
    let mut engine = SqliteEngine::open(place.path(), Options { checkpoint_bytes: 200_000, ..options() }).unwrap();
    let wal = place.path().join("log.db-wal");
    append(&mut engine, 1..=1);
    // Bytes of its header that change each time.
    let salt = || std::fs::read(&wal).unwrap()[16..24].to_vec();
    let (mut last, mut times, mut revision) = (salt(), 0, 1);
    while times < 3 {
        revision += 1;
        assert!(revision < 20_000, "it still grows after {times} times: {} bytes", engine.log_bytes());
        engine.append(revision, &group(revision)).unwrap();
        times += usize::from(salt() != last);
        last = salt();
    }
    assert!(revision > 30, "not after each few groups: {revision}");
}

#[test]
fn it_is_small_where_the_log_is_to_be_small() {
    let bytes = |snapshot_min_bytes| Options::new(Vec::new()).snapshotting(snapshot_min_bytes).checkpoint_bytes;
    assert_eq!([32 << 20, 1 << 30].map(bytes), [4 << 20; 2]);
    assert_eq!([8 << 20, 1 << 20, 1].map(bytes), [1 << 20, 256 << 10, 256 << 10]);
}

#[test]
fn a_reader_holds_it_back_and_nothing_else() {
    let place = place();
    let mut engine = SqliteEngine::open(place.path(), Options { checkpoint_bytes: 20_000, ..options() }).unwrap();
    append(&mut engine, 1..=5);
    let moment = Moment::of(place.path()).unwrap();
    let mut revision = 5;
    while engine.log_bytes() < 500_000 {
        revision += 1;
        assert!(revision < 20_000, "{} bytes", engine.log_bytes());
        engine.append(revision, &group(revision)).unwrap();
    }
    drop(moment);
    while engine.log_bytes() > 0 {
        revision += 1;
        assert!(revision < 40_000, "{} bytes", engine.log_bytes());
        engine.append(revision, &group(revision)).unwrap();
    }
}

#[test]
fn its_size_is_known_before_it_is_written_back_for_the_first_time() {
    let place = place();
    let mut engine = SqliteEngine::open(place.path(), options()).unwrap();
    append(&mut engine, 1..=50);
    let (written, known) = (std::fs::metadata(place.path().join("log.db-wal")).unwrap().len(), engine.log_bytes());
    assert!(known >= written / 2 && known <= written * 2, "{known} of {written} bytes");
}
