//! Rows of one table, read together, so that several threads can parse them.

use std::sync::Arc;

/// A chunk is full at this number of rows, or of bytes.
const ROWS_MAX: usize = 512;
const BYTES_MAX: usize = 1 << 20;

/// Rows of one table.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub table: Arc<str>,
    bytes: Vec<u8>,
    /// Sequence, and where the row's content ends.
    rows: Vec<(u64, usize)>,
}

impl Chunk {
    pub(crate) fn new(table: Arc<str>) -> Chunk {
        Chunk { table, bytes: Vec::new(), rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, sequence: u64, body: &[u8]) {
        self.bytes.extend_from_slice(body);
        self.rows.push((sequence, self.bytes.len()));
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS_MAX || self.bytes.len() >= BYTES_MAX
    }

    /// The rows: sequence and content.
    pub fn rows(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let starts = std::iter::once(0).chain(self.rows.iter().map(|(_, end)| *end));
        starts.zip(&self.rows).map(|(start, (sequence, end))| (*sequence, &self.bytes[start..*end]))
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
