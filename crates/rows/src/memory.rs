//! An engine for tests: everything in memory, lost with the process. It fails, refuses and answers late when told to.

use crate::{
    Change, Chunk, Engine, Entry, Error, Found, GROUP_BYTES_MAX, Group, StreamSpec, Streams, Take,
    engine::{TakeEntry, TakeGroup},
    stream::{Part, Touched, by_part, delete_max},
};
use parking_lot::{Condvar, Mutex};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
    sync::Arc,
};

const NAME: &str = "the memory";

/// Rows in memory. Clones share them, as programs that open the same directory would; each has a revision of its own.
#[derive(Debug, Clone)]
pub struct MemoryEngine {
    shared: Arc<Shared>,
    /// The last revision that this clone knows.
    revision: u64,
    closed: Option<String>,
}

/// How appends end from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    #[default]
    Durable,
    /// Refused, as by a full disk: nothing was written, and the engine goes on.
    Refused,
    /// Failed with an unknown outcome, and in truth nothing was written. The engine closes.
    FailedWithout,
    /// Failed with an unknown outcome, and in truth the group is durable. The engine closes.
    FailedWith,
}

#[derive(Debug, Default)]
struct Shared {
    rows: Mutex<Rows>,
    /// Appends wait while it is held.
    is_held: Mutex<bool>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct Rows {
    streams: Vec<StreamSpec>,
    tables: BTreeMap<String, BTreeMap<u64, Vec<u8>>>,
    /// Groups since the last snapshot, with what they did to streams.
    log: BTreeMap<u64, (Group, Vec<Touched>)>,
    parts: BTreeMap<(String, u64), (Part, VecDeque<Stored>)>,
    revision: u64,
    outcome: Outcome,
}

#[derive(Debug, Clone)]
struct Stored {
    sequence: u64,
    revision: u64,
    entry: Entry,
}

impl MemoryEngine {
    #[must_use]
    pub fn new(streams: Vec<StreamSpec>) -> MemoryEngine {
        let rows = Mutex::new(Rows { streams, ..Rows::default() });
        MemoryEngine { shared: Arc::new(Shared { rows, ..Shared::default() }), revision: 0, closed: None }
    }

    /// The same rows, opened again as after a restart.
    #[must_use]
    pub fn reopen(&self) -> MemoryEngine {
        MemoryEngine { shared: Arc::clone(&self.shared), revision: 0, closed: None }
    }

    /// How appends of all clones end from now on.
    pub fn end_with(&self, outcome: Outcome) {
        self.shared.rows.lock().outcome = outcome;
    }

    /// Makes appends of all clones wait, or lets them go on.
    pub fn hold(&self, is_held: bool) {
        *self.shared.is_held.lock() = is_held;
        self.shared.released.notify_all();
    }

    fn close(&mut self) -> Error {
        let cause = "made to fail".to_owned();
        self.closed = Some(cause.clone());
        Error::Unknown { file: NAME.into(), cause }
    }
}

impl Engine for MemoryEngine {
    fn load(&mut self, take: &mut Take<'_>) -> Result<u64, Error> {
        let rows = self.shared.rows.lock();
        for (table, bodies) in &rows.tables {
            let mut chunk = Chunk::new(table.as_str().into());
            for (sequence, body) in bodies {
                chunk.push(*sequence, body);
                if chunk.is_full() {
                    let next = Chunk::new(Arc::clone(&chunk.table));
                    take(std::mem::replace(&mut chunk, next)).map_err(Error::Taking)?;
                }
            }
            if !chunk.is_empty() {
                take(chunk).map_err(Error::Taking)?;
            }
        }
        self.revision = rows.revision;
        Ok(rows.revision)
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn append(&mut self, revision: u64, group: &Group) -> Result<(), Error> {
        if let Some(cause) = &self.closed {
            return Err(Error::Closed { file: NAME.into(), cause: cause.clone() });
        }
        let mut is_held = self.shared.is_held.lock();
        self.shared.released.wait_while(&mut is_held, |is_held| *is_held);
        drop(is_held);
        let outcome = {
            let mut rows = self.shared.rows.lock();
            rows.admit(revision, group)?;
            let outcome = rows.outcome;
            if matches!(outcome, Outcome::Durable | Outcome::FailedWith) {
                rows.write(revision, group);
            }
            outcome
        };
        match outcome {
            Outcome::Durable => self.revision = revision,
            Outcome::Refused => return Err(Error::Full { file: NAME.into() }),
            Outcome::FailedWith | Outcome::FailedWithout => return Err(self.close()),
        }
        Ok(())
    }

    fn get(&mut self, table: &str, sequence: u64) -> Result<Option<Vec<u8>>, Error> {
        let rows = self.shared.rows.lock();
        Ok(rows.tables.get(table).and_then(|bodies| bodies.get(&sequence)).cloned())
    }

    fn read(&mut self, from: u64, take: &mut TakeGroup<'_>) -> Result<(), Error> {
        let groups = self.shared.rows.lock().groups(from)?;
        for (revision, group) in groups {
            if take(revision, group).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), Error> {
        self.shared.rows.lock().log.clear();
        Ok(())
    }

    fn tidy(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    fn check(&mut self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    fn log_bytes(&self) -> u64 {
        0
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::clone(&self.shared) as Arc<dyn Streams>
    }
}

impl Rows {
    fn admit(&self, revision: u64, group: &Group) -> Result<(), Error> {
        if revision != self.revision + 1 {
            return Err(Error::Fenced { file: NAME.into(), given: revision, next: self.revision + 1 });
        }
        if group.bytes() > GROUP_BYTES_MAX {
            return Err(Error::TooLarge { bytes: group.bytes(), max: GROUP_BYTES_MAX });
        }
        group.entries().iter().try_for_each(|entry| self.spec(&entry.stream)?.admit(entry, NAME))
    }

    fn spec(&self, stream: &str) -> Result<&StreamSpec, Error> {
        let spec = self.streams.iter().find(|spec| spec.name == stream);
        spec.ok_or_else(|| Error::NoStream { file: NAME.into(), stream: stream.into() })
    }

    fn write(&mut self, revision: u64, group: &Group) {
        for Change { table, sequence, body } in group.changes() {
            let bodies = self.tables.entry(table.to_owned()).or_default();
            match body {
                Some(body) => bodies.insert(sequence, body.to_vec()),
                None => bodies.remove(&sequence),
            };
        }
        let mut touched = Vec::new();
        for (stream, number, entries) in by_part(group.entries()) {
            let Some(spec) = self.streams.iter().find(|spec| spec.name == stream) else { continue };
            let (part, stored) = self.parts.entry((stream.to_owned(), number)).or_default();
            let newest_time = entries.iter().map(|entry| entry.time).max().unwrap_or_default();
            for entry in &entries {
                part.last += 1;
                part.bytes += entry.bytes() as u64;
                stored.push_back(Stored { sequence: part.last, revision, entry: (*entry).clone() });
            }
            let appended = entries.len() as u64;
            for _ in 0..delete_max(appended) {
                let Some(oldest) =
                    stored.front().filter(|oldest| spec.keep.is_over(part, oldest.entry.time, newest_time))
                else {
                    break;
                };
                part.first += 1;
                part.bytes -= oldest.entry.bytes() as u64;
                stored.pop_front();
            }
            touched.push(Touched { stream: stream.to_owned(), number, appended, part: *part });
        }
        self.log.insert(revision, (group.clone(), touched));
        self.revision = revision;
    }

    fn groups(&self, from: u64) -> Result<Vec<(u64, Group)>, Error> {
        let first = self.log.keys().next().copied().unwrap_or(self.revision + 1);
        if from < first {
            return Err(Error::Gone { from, first });
        }
        let group = |(revision, (group, touched)): (&u64, &(Group, Vec<Touched>))| {
            let entries = touched.iter().flat_map(|touched| {
                let (part, stored) = &self.parts[&(touched.stream.clone(), touched.number)];
                let range = touched.appended_from(part.first);
                stored.iter().filter(move |stored| range.contains(&stored.sequence)).map(|stored| stored.entry.clone())
            });
            let group = Group::decode(group.body().to_vec(), entries.collect());
            (*revision, group.expect("the body is a group's"))
        };
        Ok(self.log.range(from..).map(group).collect())
    }
}

impl Shared {
    fn entries(&self, stream: &str) -> Result<Vec<(u64, Stored)>, Error> {
        let rows = self.rows.lock();
        rows.spec(stream)?;
        let parts = rows.parts.range((stream.to_owned(), 0)..=(stream.to_owned(), u64::MAX));
        Ok(parts.flat_map(|((_, part), (_, stored))| stored.iter().map(|stored| (*part, stored.clone()))).collect())
    }
}

fn pass<'a>(entries: impl IntoIterator<Item = &'a (u64, Stored)>, take: &mut TakeEntry<'_>) {
    for (part, Stored { sequence, revision, entry }) in entries {
        let Entry { time, key, body, .. } = entry;
        let found = Found { part: *part, sequence: *sequence, revision: *revision, time: *time, key, body };
        if take(found) == ControlFlow::Break(()) {
            break;
        }
    }
}

impl Streams for Shared {
    fn with_key(&self, stream: &str, key: &[u8], take: &mut TakeEntry<'_>) -> Result<(), Error> {
        let entries = self.entries(stream)?;
        pass(entries.iter().filter(|(_, stored)| stored.entry.key == key), take);
        Ok(())
    }

    fn newest(&self, stream: &str, take: &mut TakeEntry<'_>) -> Result<(), Error> {
        let mut entries = self.entries(stream)?;
        let has_parts = self.rows.lock().spec(stream)?.has_parts;
        entries.sort_by_key(|(_, stored)| Reverse((if has_parts { stored.entry.time } else { 0 }, stored.sequence)));
        pass(&entries, take);
        Ok(())
    }

    fn since(&self, stream: &str, time: u64, take: &mut TakeEntry<'_>) -> Result<(), Error> {
        let entries = self.entries(stream)?;
        pass(entries.iter().filter(|(_, stored)| stored.entry.time >= time), take);
        Ok(())
    }

    fn from(&self, stream: &str, part: u64, sequence: u64, take: &mut TakeEntry<'_>) -> Result<(), Error> {
        let entries = self.entries(stream)?;
        pass(entries.iter().filter(|(of, stored)| *of == part && stored.sequence >= sequence), take);
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn one() -> Group {
        let mut group = Group::new();
        group.put("vpcs", 1, b"one");
        group
    }

    #[test]
    fn appends_end_as_they_were_told_to() {
        let mut engine = MemoryEngine::new(vec![]);
        engine.end_with(Outcome::Refused);
        assert!(matches!(engine.append(1, &one()), Err(Error::Full { .. })));
        engine.end_with(Outcome::FailedWithout);
        assert!(matches!(engine.append(1, &one()), Err(Error::Unknown { .. })));
        assert!(matches!(engine.append(1, &one()), Err(Error::Closed { .. })), "until it is opened again");
        assert_eq!(engine.closed(), Some("made to fail"));
        let mut engine = engine.reopen();
        assert_eq!(engine.load(&mut |_| Ok(())).unwrap(), 0);
        engine.end_with(Outcome::FailedWith);
        assert!(matches!(engine.append(1, &one()), Err(Error::Unknown { .. })));
        let mut engine = engine.reopen();
        assert_eq!(engine.load(&mut |_| Ok(())).unwrap(), 1, "it was durable in truth");
        engine.end_with(Outcome::Durable);
        engine.append(2, &one()).unwrap();
    }

    #[test]
    fn an_append_that_is_held_ends_when_it_is_let_go() {
        let mut engine = MemoryEngine::new(vec![]);
        let control = engine.clone();
        control.hold(true);
        let (begun, inbox) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let appending = scope.spawn(move || {
                begun.send(()).unwrap();
                engine.append(1, &one())
            });
            inbox.recv().unwrap();
            assert_eq!(control.reopen().load(&mut |_| panic!("nothing is there yet")).unwrap(), 0);
            control.hold(false);
            appending.join().unwrap().unwrap();
        });
        assert_eq!(control.reopen().load(&mut |_| Ok(())).unwrap(), 1);
    }
}
