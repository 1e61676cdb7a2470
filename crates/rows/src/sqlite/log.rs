//! One row of the log: a group, as it is read back.

use super::{
    checksum,
    words::{damaged, failed},
};
use crate::{Error, stream::Touched};
use rusqlite::Row;
use std::path::Path;

/// A row of the log.
pub(super) struct LogRow<'a> {
    pub(super) revision: u64,
    pub(super) touched: Vec<Touched>,
    pub(super) body: &'a [u8],
}

/// A row of the log, checked.
pub(super) fn group<'a>(path: &Path, row: &'a Row<'_>) -> Result<LogRow<'a>, Error> {
    let revision: i64 = row.get(0).map_err(|error| failed(path, &error))?;
    let revision = revision.cast_unsigned();
    let wrong = |cause: &str| damaged(path, &format!("group {revision}"), cause);
    let bytes = |column| row.get_ref(column).and_then(|value| Ok(value.as_blob()?)).ok();
    let crc: Option<u32> = row.get(1).ok();
    let (Some(crc), Some(touched), Some(body)) = (crc, bytes(2), bytes(3)) else {
        return Err(wrong("a column is not what it was made as"));
    };
    if crc != checksum::of_group(revision, touched, body) {
        return Err(wrong("it does not agree with its checksum"));
    }
    let touched = Touched::decode_all(touched).ok_or_else(|| wrong("its streams are malformed"))?;
    Ok(LogRow { revision, touched, body })
}
