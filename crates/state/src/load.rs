//! Loads the state: reads the store on one thread, parses on all cores, and puts rows into the view.
//!
//! ```text
//!               ┌─> parser ─┐
//! read ── chunks┤           ├puts ─> view
//!               └─> parser ─┘
//! ```
//!
//! Parsers get chunks in turn and are read in turn, so that the row that is reported is the first that cannot be read.

use crate::{
    View,
    changes::Put,
    store::{Store, StoreError, Table, decode},
};
use std::{
    num::NonZeroUsize,
    panic::resume_unwind,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{available_parallelism, scope},
};

/// The number of rows that a parser gets together.
const CHUNK_ROWS: usize = 256;
/// The maximum of chunks that wait before each parser, and after it.
const WAITING_CHUNKS: usize = 4;

/// Undecoded rows, with their bodies one after the other.
#[derive(Debug, Default)]
struct Chunk {
    /// Table, sequence, and the end of the body.
    rows: Vec<(Table, u64, usize)>,
    bodies: Vec<u8>,
}

type Parsed = Result<Vec<Put>, StoreError>;

/// The store's rows as a view, and its last revision.
///
/// # Errors
/// When a row cannot be read: the first one that the store has.
pub(crate) fn load(store: &mut dyn Store) -> Result<(View, u64), StoreError> {
    let parsers = available_parallelism().map_or(1, NonZeroUsize::get);
    scope(|scope| {
        let (mut chunks, mut parsed) = (Vec::new(), Vec::new());
        for _ in 0..parsers {
            let (chunk_sender, chunk_receiver) = sync_channel(WAITING_CHUNKS);
            let (put_sender, put_receiver) = sync_channel(WAITING_CHUNKS);
            scope.spawn(move || parse(&chunk_receiver, &put_sender));
            chunks.push(chunk_sender);
            parsed.push(put_receiver);
        }
        let view = scope.spawn(move || build(&parsed));
        let revision = read(store, &chunks);
        drop(chunks);
        let view = view.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        Ok((view, revision?))
    })
}

fn read(store: &mut dyn Store, parsers: &[SyncSender<Chunk>]) -> Result<u64, StoreError> {
    let mut turns = parsers.iter().cycle();
    let mut send = |chunk| match turns.next().map(|parser| parser.send(chunk)) {
        Some(Ok(())) => Ok(()),
        // The parsers end early when a row was refused; the caller gets that refusal.
        _ => Err(StoreError::Failed("nobody takes the rows".into())),
    };
    let mut chunk = Chunk::default();
    let revision = store.load(&mut |table, sequence, body| {
        chunk.bodies.extend_from_slice(body);
        chunk.rows.push((table, sequence, chunk.bodies.len()));
        if chunk.rows.len() < CHUNK_ROWS {
            return Ok(());
        }
        send(std::mem::take(&mut chunk))
    })?;
    send(chunk)?;
    Ok(revision)
}

fn parse(chunks: &Receiver<Chunk>, parsed: &SyncSender<Parsed>) {
    for chunk in chunks {
        let mut begin = 0;
        let puts = chunk.rows.iter().map(|&(table, sequence, end)| {
            let body = &chunk.bodies[std::mem::replace(&mut begin, end)..end];
            decode(table, sequence, body)
        });
        // The receiver is gone when an earlier row was refused.
        if parsed.send(puts.collect()).is_err() {
            return;
        }
    }
}

fn build(parsed: &[Receiver<Parsed>]) -> Result<View, StoreError> {
    let mut view = View::default();
    for parser in parsed.iter().cycle() {
        // The first parser without a chunk in its turn marks the end: no later parser has one.
        let Ok(puts) = parser.recv() else { break };
        puts?.iter().for_each(|put| view.apply(put));
    }
    view.loaded();
    Ok(view)
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::store::{Group, MemoryStore, Row};

    fn account(sequence: u64) -> String {
        format!(r#"{{"number":{sequence},"name":"a{sequence}","uin":1,"app_id":1,"created_seconds":0}}"#)
    }

    fn store_with(body: impl Fn(u64) -> String) -> MemoryStore {
        let mut store = MemoryStore::default();
        let row = |sequence| Row { table: Table::Accounts, sequence, body: Some(body(sequence).into_bytes()) };
        // More rows than the channels hold, so that the reader must wait too.
        let rows = (1..=100_000).map(row).collect();
        store.persist(&Group { revision: 1, rows, ..Group::default() }).unwrap();
        store
    }

    #[test]
    fn every_row_arrives_also_of_a_last_chunk_that_is_not_full() {
        let (view, revision) = load(&mut store_with(account)).unwrap();
        assert_eq!((view.accounts().count(), revision), (100_000, 1));
        assert_eq!(view.last_sequence(), 100_000);
        assert_eq!(load(&mut MemoryStore::default()).unwrap().1, 0);
    }

    #[test]
    fn the_first_row_that_cannot_be_read_is_named_and_nobody_waits_for_ever() {
        for bad in [1, 50_000, 100_000] {
            let store = store_with(|sequence| if sequence >= bad { "{}".into() } else { account(sequence) });
            let error = load(&mut { store }).unwrap_err();
            assert!(matches!(error, StoreError::Unreadable { sequence, .. } if sequence == bad), "{bad}: {error}");
        }
    }
}
