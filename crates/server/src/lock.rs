//! The lock of a data directory: a server holds it for as long as it runs.

use nix::fcntl::OFlag;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Error, ErrorKind},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Opens the file, and makes it where there is none; it is not locked yet.
pub(crate) fn lock(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    // A pipe in its place is not waited for.
    options.write(true).create(true).truncate(false).mode(0o600).custom_flags(OFlag::O_NONBLOCK.bits());
    options.open(path.join("lock"))
}

/// A directory that no server has for as long as this is there.
pub(crate) struct Unserved {
    /// There is none where nobody can write one.
    _lock: Option<File>,
}

/// Locks a directory that no server has; `None` where one runs, starts or stops. To be held for a moment only: a start waits
/// for it as for a server that is stopping.
pub(crate) fn without_server(data: &Path) -> std::io::Result<Option<Unserved>> {
    let file = data.join("lock");
    if std::fs::metadata(&file).is_ok_and(|found| !found.is_file()) {
        return Err(Error::other("its lock is no file: is that directory another program's?"));
    }
    let lock = match lock(data) {
        // Without writing, a lock that is there can be had too; and a server there would have made one.
        Err(error) if matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => {
            match OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&file) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(Unserved { _lock: None })),
                lock => lock?,
            }
        }
        lock => lock?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(Some(Unserved { _lock: Some(lock) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
