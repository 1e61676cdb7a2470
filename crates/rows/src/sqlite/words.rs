//! SQLite's errors in words for whoever runs the server.

use crate::Error;
use rusqlite::{ErrorCode, ffi};
use std::path::Path;

/// A file by its path, as messages name it.
pub(crate) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// What SQLite said about a file, and what to do.
pub(crate) fn failed(path: &Path, cause: &rusqlite::Error) -> Error {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Full { file: name(path) },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path, "in its pages", &in_words(cause)),
        _ => Error::Failed { file: name(path), cause: in_words(cause) },
    }
}

/// What the operating system said about a file.
pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> Error {
    |cause| match cause.kind() {
        std::io::ErrorKind::StorageFull => Error::Full { file: name(path) },
        _ => Error::Failed { file: name(path), cause: cause.to_string() },
    }
}

pub(super) fn damaged(path: &Path, place: &str, cause: &str) -> Error {
    Error::Damaged { file: name(path), place: place.into(), cause: cause.into() }
}

/// What a data directory on vfat, NFS or another network's file system comes to.
pub(super) const NOT_FIT: &str = "its file system does not share memory or lock files as SQLite needs it: move the directory to a local \
                                  one such as ext4, xfs or tmpfs";

fn is_of_sharing(cause: &rusqlite::Error) -> bool {
    let codes = [
        ffi::SQLITE_IOERR_LOCK,
        ffi::SQLITE_IOERR_RDLOCK,
        ffi::SQLITE_IOERR_UNLOCK,
        ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
        ffi::SQLITE_IOERR_SHMOPEN,
        ffi::SQLITE_IOERR_SHMLOCK,
        ffi::SQLITE_IOERR_SHMMAP,
    ];
    cause.sqlite_error().is_some_and(|error| codes.contains(&error.extended_code))
}

/// The errors that an operator can do something about; SQLite's own text is often only a number.
pub(super) fn in_words(cause: &rusqlite::Error) -> String {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".into(),
        Some(ErrorCode::FileLockingProtocolFailed) => NOT_FIT.into(),
        Some(ErrorCode::SystemIoFailure) if is_of_sharing(cause) => format!("{NOT_FIT} ({cause})"),
        Some(ErrorCode::SystemIoFailure) => {
            format!("the disk cannot be written to or read, as when it is full, over a quota or broken ({cause})")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            format!("it may not be opened or written to, as on a read-only disk or with another owner ({cause})")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!("another program has it locked ({cause})"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            format!("it is not what SQLite wrote ({cause})")
        }
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_number_alone_is_nobodys_answer() {
        let text = |number| {
            failed(Path::new("log.db"), &rusqlite::Error::SqliteFailure(ffi::Error::new(number), None)).to_string()
        };
        assert_eq!(text(ffi::SQLITE_FULL), "log.db: the disk is full: make room, and it goes on");
        for code in [ffi::SQLITE_PROTOCOL, ffi::SQLITE_IOERR_SHMMAP, ffi::SQLITE_IOERR_LOCK] {
            assert!(text(code).starts_with("log.db: its file system does not share memory or lock files"), "{code}");
        }
        assert!(text(ffi::SQLITE_IOERR_SHMSIZE).starts_with("log.db: the disk cannot be written to"));
        assert!(text(ffi::SQLITE_IOERR_WRITE).starts_with("log.db: the disk cannot be written to"));
        assert!(text(ffi::SQLITE_READONLY).starts_with("log.db: it may not be opened or written to"));
        assert!(text(ffi::SQLITE_BUSY).starts_with("log.db: another program has it locked"));
        assert!(text(ffi::SQLITE_CORRUPT).starts_with("log.db is damaged, in its pages: it is not what SQLite wrote"));
    }
}
