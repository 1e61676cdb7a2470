//! Reads streams while the engine is being written to; each query opens a connection of its own.

use super::{database::look, entries::query, read::stopped_error, words::name};
use crate::{Error, StreamSpec, Streams, TakeEntry};
use rusqlite::Params;
use std::path::PathBuf;

#[derive(Debug)]
pub(super) struct SqliteStreams {
    pub(super) path: PathBuf,
    pub(super) specs: Vec<StreamSpec>,
}

impl SqliteStreams {
    fn query(
        &self,
        stream: &str,
        rest: impl Fn(&StreamSpec) -> &'static str,
        params: impl Params,
        take: &mut TakeEntry<'_>,
    ) -> Result<(), Error> {
        let spec = self.specs.iter().find(|spec| spec.name == stream);
        let spec = spec.ok_or_else(|| Error::NoStream { file: name(&self.path), stream: stream.into() })?;
        let connection = look(&self.path, std::slice::from_ref(spec))?;
        query(&connection, stream, rest(spec), params, take)
            .map_err(|stopped| stopped_error(&self.path, stream, stopped))
    }
}

impl Streams for SqliteStreams {
    fn with_key(&self, stream: &str, key: &[u8], take: &mut TakeEntry<'_>) -> Result<(), Error> {
        self.query(stream, |_| "WHERE key = ?1 ORDER BY part, sequence", [key], take)
    }

    fn newest(&self, stream: &str, take: &mut TakeEntry<'_>) -> Result<(), Error> {
        let order = |spec: &StreamSpec| {
            if spec.has_parts { "ORDER BY time DESC, sequence DESC, part DESC" } else { "ORDER BY sequence DESC" }
        };
        self.query(stream, order, [], take)
    }

    fn since(&self, stream: &str, time: u64, take: &mut TakeEntry<'_>) -> Result<(), Error> {
        // Without parts this is the order of the table, and nothing is sorted.
        let order = |spec: &StreamSpec| {
            if spec.has_parts {
                "WHERE time >= ?1 ORDER BY part, sequence"
            } else {
                "WHERE time >= ?1 ORDER BY sequence"
            }
        };
        self.query(stream, order, [time.cast_signed()], take)
    }

    fn from(&self, stream: &str, part: u64, sequence: u64, take: &mut TakeEntry<'_>) -> Result<(), Error> {
        let rest = |_: &StreamSpec| "WHERE part = ?1 AND sequence >= ?2 ORDER BY sequence";
        self.query(stream, rest, [part.cast_signed(), sequence.cast_signed()], take)
    }
}
