//! The errors of opening `machines.db`.

/// The `PRAGMA user_version` of the rows that this program writes.
pub(crate) const SCHEMA: i64 = 2;

/// The file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("machines.db: {0}")]
    File(#[from] std::io::Error),
    #[error("machines.db: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("machines.db has schema {found}, newer than {SCHEMA}, the newest that this program reads")]
    Newer { found: i64 },
    #[error("machines.db: the row of machine {id} cannot be read: {cause}")]
    Row { id: i64, cause: serde_json::Error },
    #[error("machines.db: the row of image {id} cannot be read: {cause}")]
    ImageRow { id: i64, cause: serde_json::Error },
}
