//! SQLite's errors in words for whoever runs the server.

use rusqlite::ErrorCode;

/// The errors that an operator can do something about; SQLite's own text is often only a number.
#[must_use]
pub fn in_words(cause: &rusqlite::Error) -> String {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".into(),
        Some(ErrorCode::SystemIoFailure) => {
            format!("the disk cannot be written to or read, as when it is full, over a quota or broken ({cause})")
        }
        Some(ErrorCode::ReadOnly) => format!("the database may not be written to ({cause})"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another program has the database locked ({cause})")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            format!("the database is damaged, or was written to by another program ({cause})")
        }
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use rusqlite::{Error, ffi};

    #[test]
    fn a_number_alone_is_nobodys_answer() {
        let text = |number| in_words(&Error::SqliteFailure(ffi::Error::new(number), None));
        assert_eq!(text(ffi::SQLITE_FULL), "the disk is full");
        assert!(text(ffi::SQLITE_IOERR_WRITE).starts_with("the disk cannot be written to"));
        assert!(text(ffi::SQLITE_READONLY).starts_with("the database may not be written to"));
        assert!(text(ffi::SQLITE_BUSY).starts_with("another program has the database locked"));
        assert!(text(ffi::SQLITE_CORRUPT).starts_with("the database is damaged"));
    }
}
