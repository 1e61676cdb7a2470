//! The contract suite: what every engine must do.

use crate::{Engine, Entry, Error, Found, GROUP_BYTES_MAX, Group, Keep, StreamSpec, Streams, parse_all};
use std::{collections::BTreeMap, ops::ControlFlow};

/// Opens the same rows again, as after a restart. What was opened before has been dropped.
pub type Open<'a> = dyn FnMut() -> Box<dyn Engine> + 'a;

/// The streams with which the suite's engines are opened.
#[must_use]
pub fn streams() -> Vec<StreamSpec> {
    vec![
        StreamSpec::new("lines", Keep { entries: 100, ..Keep::ALL }),
        StreamSpec::new("keys", Keep { age: 600, ..Keep::ALL }),
        StreamSpec::in_parts("refused", Keep { entries: 8, ..Keep::ALL }),
        StreamSpec::new("events", Keep { bytes: 1_000, ..Keep::ALL }),
    ]
}

/// All rows: by table, by sequence.
pub type AllRows = BTreeMap<(String, u64), Vec<u8>>;

/// Loads everything.
///
/// # Panics
/// When it cannot be loaded, or a row comes twice.
pub fn all(engine: &mut dyn Engine) -> (u64, AllRows) {
    let mut rows = AllRows::new();
    let revision = engine.load(&mut |chunk| {
        for (sequence, body) in chunk.rows() {
            let before = rows.insert((chunk.table.to_string(), sequence), body.to_vec());
            assert!(before.is_none(), "row {sequence} of {} came twice", chunk.table);
        }
        Ok(())
    });
    (revision.unwrap(), rows)
}

/// A group of rows of one table; without a body they are deleted.
#[must_use]
pub fn group(table: &str, rows: &[(u64, Option<&str>)]) -> Group {
    let mut group = Group::new();
    for (sequence, body) in rows {
        match body {
            Some(body) => group.put(table, *sequence, body.as_bytes()),
            None => group.delete(table, *sequence),
        }
    }
    group
}

/// Runs the whole suite, each part on rows of its own.
///
/// # Panics
/// When the engine does not do what it must.
pub fn suite(mut fresh: impl FnMut() -> Box<dyn FnMut() -> Box<dyn Engine>>) {
    let parts: [fn(&mut Open<'_>); 9] = [
        rows_are_there_again,
        only_the_next_revision_is_appended,
        a_row_is_read_as_it_was_put_last,
        many_rows_are_parsed_in_parallel,
        groups_are_read_in_order,
        entries_are_found,
        streams_keep_what_they_must,
        parts_are_bounded_one_by_one,
        an_unknown_stream_is_refused,
    ];
    for part in parts {
        part(&mut *fresh());
    }
}

fn rows_are_there_again(open: &mut Open<'_>) {
    let mut engine = open();
    assert_eq!(all(&mut *engine), (0, AllRows::new()), "new rows are none");
    let mut first = group("vpcs", &[(2, Some("two")), (1, Some("one")), (u64::MAX, Some(""))]);
    first.put("key_pairs", 1, b"\xff\0");
    engine.append(1, &first).unwrap();
    engine.append(2, &Group::new()).unwrap();
    engine
        .append(3, &group("vpcs", &[(1, None), (3, Some("three")), (2, Some("2")), (4, None), (2, Some("II"))]))
        .unwrap();
    assert_eq!(engine.revision(), 3);
    let expected =
        [(("key_pairs", 1), &b"\xff\0"[..]), (("vpcs", 2), b"II"), (("vpcs", 3), b"three"), (("vpcs", u64::MAX), b"")];
    let expected: AllRows =
        expected.map(|((table, sequence), body)| ((table.to_owned(), sequence), body.to_vec())).into();
    assert_eq!(all(&mut *engine), (3, expected.clone()));
    drop(engine);
    let mut engine = open();
    assert_eq!(all(&mut *engine), (3, expected));
    let refused = engine.load(&mut |_| Err("no".into()));
    assert!(matches!(refused, Err(Error::Taking(_))), "{refused:?}");
}

fn only_the_next_revision_is_appended(open: &mut Open<'_>) {
    let mut engine = open();
    let one = |body| group("vpcs", &[(1, Some(body))]);
    for revision in [0, 2, u64::MAX] {
        let refused = engine.append(revision, &one("wrong"));
        assert!(matches!(refused, Err(Error::Fenced { next: 1, .. })), "{revision}: {refused:?}");
    }
    engine.append(1, &one("right")).unwrap();
    let refused = engine.append(1, &one("again"));
    assert!(matches!(refused, Err(Error::Fenced { given: 1, next: 2, .. })), "{refused:?}");
    let mut large = Group::new();
    large.put("vpcs", 1, &vec![0; GROUP_BYTES_MAX]);
    let refused = engine.append(2, &large);
    assert!(matches!(refused, Err(Error::TooLarge { .. })), "{refused:?}");
    drop(engine);
    let mut engine = open();
    assert_eq!(all(&mut *engine), (1, [(("vpcs".to_owned(), 1), b"right".to_vec())].into()));
    engine.append(2, &one("next")).unwrap();
    let mut other = open();
    assert_eq!(all(&mut *other).0, 2);
    other.append(3, &one("of another")).unwrap();
    let refused = engine.append(3, &one("late"));
    assert!(matches!(refused, Err(Error::Fenced { next: 4, .. })), "{refused:?}");
    assert_eq!(all(&mut *engine), (3, [(("vpcs".to_owned(), 1), b"of another".to_vec())].into()));
}

fn a_row_is_read_as_it_was_put_last(open: &mut Open<'_>) {
    let mut engine = open();
    let get = |engine: &mut dyn Engine, sequence| {
        engine.get("vpcs", sequence).unwrap().map(|body| String::from_utf8(body).unwrap())
    };
    assert_eq!(get(&mut *engine, 1), None);
    engine.append(1, &group("vpcs", &[(1, Some("a")), (2, Some("b")), (1, Some("A"))])).unwrap();
    engine.append(2, &group("key_pairs", &[(1, Some("k"))])).unwrap();
    engine.append(3, &group("vpcs", &[(2, None), (3, Some("c"))])).unwrap();
    let expected = [Some("A".to_owned()), None, Some("c".to_owned()), None];
    assert_eq!([1, 2, 3, 4].map(|sequence| get(&mut *engine, sequence)), expected);
    drop(engine);
    let mut engine = open();
    assert_eq!([1, 2, 3, 4].map(|sequence| get(&mut *engine, sequence)), expected, "before it was loaded");
    engine.snapshot().unwrap();
    assert_eq!([1, 2, 3, 4].map(|sequence| get(&mut *engine, sequence)), expected, "out of a snapshot");
    engine.append(4, &group("vpcs", &[(1, None), (2, Some("bb"))])).unwrap();
    assert_eq!([1, 2].map(|sequence| get(&mut *engine, sequence)), [None, Some("bb".to_owned())]);
}

fn many_rows_are_parsed_in_parallel(open: &mut Open<'_>) {
    let mut engine = open();
    let rows: Vec<_> = (0..2_000).map(|sequence| (sequence, Some("x"))).collect();
    for revision in 1..=5 {
        engine.append(revision, &group(["a", "b", "c"][revision as usize % 3], &rows)).unwrap();
    }
    let (revision, counts) = parse_all(&mut *engine, |chunk| Ok(chunk.len())).unwrap();
    assert_eq!((revision, counts.iter().sum::<usize>()), (5, 6_000));
    assert!(counts.len() > 6, "in many chunks");
    let refused = parse_all(&mut *engine, |_| Err::<(), _>("no".into()));
    assert!(matches!(refused, Err(Error::Taking(_))), "{refused:?}");
}

fn entry(stream: &'static str, part: u64, time: u64, key: &str, body: &str) -> Entry {
    Entry { stream: stream.into(), part, time, key: key.into(), body: body.into() }
}

/// All groups from a revision on.
fn groups(engine: &mut dyn Engine, from: u64) -> Vec<(u64, Group)> {
    let mut groups = Vec::new();
    let mut take = |revision, group| {
        groups.push((revision, group));
        ControlFlow::Continue(())
    };
    engine.read(from, &mut take).unwrap();
    groups
}

fn groups_are_read_in_order(open: &mut Open<'_>) {
    let mut engine = open();
    let appended: Vec<(u64, Group)> = (1..=40)
        .map(|revision| {
            let mut group = group("vpcs", &[(revision, Some("x")), (7, None)]);
            group.append(entry("lines", 0, revision, "k", &format!("line of {revision}")));
            group.append(entry("refused", revision % 3, revision, "", "no"));
            group.append(entry("refused", 3, revision, "", "no"));
            (revision, group)
        })
        .collect();
    for (revision, group) in &appended {
        engine.append(*revision, group).unwrap();
    }
    let gone = |(revision, group): &(u64, Group)| {
        // The streams' parts keep 8 entries each.
        let is_kept = |entry: &&Entry| entry.stream != "refused" || *revision > if entry.part == 3 { 32 } else { 16 };
        (*revision, group.entries().iter().filter(is_kept).cloned().collect::<Vec<_>>())
    };
    let found = groups(&mut *engine, 1);
    assert_eq!(found.len(), 40);
    for (found, appended) in found.iter().zip(&appended) {
        assert_eq!((found.0, found.1.body()), (appended.0, appended.1.body()));
        assert_eq!((found.0, found.1.entries().to_vec()), gone(appended));
    }
    drop(engine);
    let mut engine = open();
    assert_eq!(groups(&mut *engine, 35), appended[34..]);
    assert_eq!(groups(&mut *engine, 41), []);
    let mut count = 0;
    let mut take = |_, _| {
        count += 1;
        if count == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    engine.read(1, &mut take).unwrap();
    assert_eq!(count, 20);
    engine.snapshot().unwrap();
    let gone = engine.read(40, &mut |_, _| ControlFlow::Continue(()));
    assert!(matches!(gone, Err(Error::Gone { from: 40, first: 41 })), "{gone:?}");
    engine.append(41, &Group::new()).unwrap();
    assert_eq!(groups(&mut *engine, 41), [(41, Group::new())]);
}

/// Sequences and bodies that a query finds, `max` at most.
fn found(max: usize, query: impl FnOnce(&mut crate::TakeEntry<'_>) -> Result<(), Error>) -> Vec<(u64, u64, String)> {
    let mut all = Vec::new();
    let mut take = |found: Found<'_>| {
        all.push((found.part, found.sequence, String::from_utf8(found.body.to_vec()).unwrap()));
        if all.len() == max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    query(&mut take).unwrap();
    all
}

fn bodies(found: Vec<(u64, u64, String)>) -> Vec<String> {
    found.into_iter().map(|(_, _, body)| body).collect()
}

fn entries_are_found(open: &mut Open<'_>) {
    let mut engine = open();
    let mut group = Group::new();
    for (time, key, body) in [(100, "a", "first"), (101, "b", "second"), (101, "a", "third")] {
        group.append(entry("lines", 0, time, key, body));
        group.append(entry("refused", time % 2, time, key, body));
    }
    engine.append(1, &group).unwrap();
    let streams = engine.streams();
    let mut group = Group::new();
    group.append(entry("lines", 0, 99, "", "fourth"));
    group.append(entry("refused", 0, 99, "", "fourth"));
    engine.append(2, &group).unwrap();
    drop(engine);
    let engine = open();
    for streams in [streams, engine.streams()] {
        let streams: &dyn Streams = &*streams;
        let with_key = |stream, key: &str| bodies(found(9, |take| streams.with_key(stream, key.as_bytes(), take)));
        assert_eq!(with_key("lines", "a"), ["first", "third"]);
        assert_eq!(with_key("refused", "a"), ["first", "third"]);
        assert_eq!(with_key("lines", "c"), [""; 0]);
        let newest = |stream, max| bodies(found(max, |take| streams.newest(stream, take)));
        assert_eq!(newest("lines", 9), ["fourth", "third", "second", "first"]);
        assert_eq!(newest("lines", 2), ["fourth", "third"]);
        assert_eq!(newest("refused", 9), ["third", "second", "first", "fourth"], "by time, across parts");
        let since = |stream, time| bodies(found(9, |take| streams.since(stream, time, take)));
        assert_eq!(since("lines", 101), ["second", "third"]);
        assert_eq!(since("refused", 100), ["first", "second", "third"], "part by part");
        assert_eq!(
            found(9, |take| streams.from("refused", 1, 2, take)),
            [(1, 2, "third".to_owned())],
            "each part has its own sequences"
        );
        assert_eq!(found(9, |take| streams.from("lines", 0, 3, take)).len(), 2);
    }
}

fn streams_keep_what_they_must(open: &mut Open<'_>) {
    let first_last = |engine: &dyn Engine, stream| {
        let sequences: Vec<u64> = found(usize::MAX, |take| engine.streams().from(stream, 0, 0, take))
            .into_iter()
            .map(|found| found.1)
            .collect();
        assert!(sequences.windows(2).all(|pair| pair[1] == pair[0] + 1), "{stream}: {sequences:?}");
        (sequences[0], sequences[sequences.len() - 1])
    };
    let append = |engine: &mut dyn Engine, time: u64, count: u64| {
        let mut group = Group::new();
        for _ in 0..count {
            group.append(entry("lines", 0, time, "", "x"));
            group.append(entry("keys", 0, time, "", "x"));
            group.append(entry("events", 0, time, "key", "0123456"));
        }
        engine.append(engine.revision() + 1, &group).unwrap();
    };
    let mut engine = open();
    append(&mut *engine, 1_000, 60);
    append(&mut *engine, 1_600, 60);
    assert_eq!(first_last(&*engine, "lines"), (21, 120), "100 entries");
    assert_eq!(first_last(&*engine, "keys"), (1, 120), "none is older than 600");
    assert_eq!(first_last(&*engine, "events"), (21, 120), "1,000 bytes, keys counted");
    drop(engine);
    let mut engine = open();
    all(&mut *engine);
    append(&mut *engine, 1_601, 1);
    assert_eq!(first_last(&*engine, "lines"), (22, 121));
    assert_eq!(first_last(&*engine, "keys"), (61, 121), "66 were too old at most, and 60 are");
    append(&mut *engine, 9_999, 1);
    assert_eq!(first_last(&*engine, "keys"), (122, 122), "the newest one stays");
    engine.snapshot().unwrap();
    drop(engine);
    let mut engine = open();
    all(&mut *engine);
    append(&mut *engine, 9_999, 1);
    assert_eq!(
        ["lines", "keys", "events"].map(|stream| first_last(&*engine, stream)),
        [(24, 123), (122, 123), (24, 123)]
    );
    append(&mut *engine, 10_000, 400);
    assert_eq!(first_last(&*engine, "lines"), (424, 523));
    assert_eq!(engine.check().unwrap(), [""; 0]);
}

fn parts_are_bounded_one_by_one(open: &mut Open<'_>) {
    let mut engine = open();
    let mut group = Group::new();
    group.append(entry("refused", 2, 1, "", "of the second"));
    for number in 0..50 {
        group.append(entry("refused", u64::MAX, 2, "", &number.to_string()));
    }
    engine.append(1, &group).unwrap();
    let streams = engine.streams();
    let of = |part| bodies(found(99, |take| streams.from("refused", part, 0, take)));
    assert_eq!(of(2), ["of the second"]);
    assert_eq!(of(u64::MAX), ["42", "43", "44", "45", "46", "47", "48", "49"]);
    assert_eq!(of(3), [""; 0]);
}

fn an_unknown_stream_is_refused(open: &mut Open<'_>) {
    let mut engine = open();
    for entry in [entry("nobodys", 0, 0, "", ""), entry("lines", 1, 0, "", "")] {
        let mut group = Group::new();
        group.append(entry);
        let refused = engine.append(1, &group);
        assert!(matches!(refused, Err(Error::NoStream { .. })), "{refused:?}");
    }
    let refused = engine.streams().newest("nobodys", &mut |_| ControlFlow::Continue(()));
    assert!(matches!(refused, Err(Error::NoStream { .. })), "{refused:?}");
    engine.append(1, &Group::new()).unwrap();
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{MemoryEngine, Options, SqliteEngine};

    #[test]
    fn memory_passes() {
        suite(|| {
            let engine = MemoryEngine::new(streams());
            Box::new(move || Box::new(engine.reopen()))
        });
    }

    #[test]
    fn sqlite_passes() {
        for has_index in [true, false] {
            suite(|| {
                let directory = tempfile::tempdir().unwrap();
                Box::new(move || {
                    let mut options = Options::new(streams());
                    options.has_index = has_index;
                    Box::new(SqliteEngine::open(&directory.path().join("rows"), options).unwrap())
                })
            });
        }
    }
}
