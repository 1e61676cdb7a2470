//! Loads and parses on all processors: most of the time of a start goes into parsing.

use crate::{BoxError, Chunk, Engine, Error};
use parking_lot::Mutex;
use std::{
    num::NonZeroUsize,
    sync::mpsc::{Receiver, sync_channel},
};

/// Loads, and parses on all processors. Returns the last revision, and what was made of each chunk, in any order.
///
/// # Errors
/// As [`Engine::load`]; [`Error::Taking`] with the first error of `parse`.
pub fn parse_all<T: Send>(
    engine: &mut dyn Engine,
    parse: impl Fn(Chunk) -> Result<T, BoxError> + Sync,
) -> Result<(u64, Vec<T>), Error> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let (chunks, inbox) = sync_channel(2 * threads);
    let inbox = Mutex::new(inbox);
    std::thread::scope(|scope| {
        let parsing: Vec<_> = (0..threads).map(|_| scope.spawn(|| parse_received(&inbox, &parse))).collect();
        let read = engine.load(&mut |chunk| {
            // Invariant: the receiver lives as long as this function, so sending cannot fail.
            let _ = chunks.send(chunk);
            Ok(())
        });
        drop(chunks);
        let mut all = Vec::new();
        let mut outcome = Ok(());
        for parser in parsing {
            match parser.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                Ok(mut parsed) => all.append(&mut parsed),
                Err(error) => outcome = outcome.and(Err(Error::Taking(error))),
            }
        }
        let revision = read?;
        outcome.map(|()| (revision, all))
    })
}

fn parse_received<T>(
    inbox: &Mutex<Receiver<Chunk>>,
    parse: &(impl Fn(Chunk) -> Result<T, BoxError> + Sync),
) -> Result<Vec<T>, BoxError> {
    let mut all = Ok(Vec::new());
    loop {
        // The lock is held while waiting, so the parsers are served in order.
        let chunk = inbox.lock().recv();
        let Ok(chunk) = chunk else { return all };
        // After an error the chunks are still received, because the reader waits for room.
        if let Ok(parsed) = &mut all {
            match parse(chunk) {
                Ok(value) => parsed.push(value),
                Err(error) => all = Err(error),
            }
        }
    }
}
