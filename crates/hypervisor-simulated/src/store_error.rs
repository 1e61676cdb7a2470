//! The errors of opening the machines of a data directory.

/// The `PRAGMA user_version` of a `machines.db` that was taken over. Versions that used it wrote 1 and 2.
pub(crate) const MOVED: i64 = 3;

/// The machines could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Rows(#[from] cvmd_rows::Error),
    #[error("machines: {0}")]
    File(#[from] std::io::Error),
    #[error("machines.db: {0}")]
    Old(#[from] rusqlite::Error),
    #[error("machines.db has schema {found}, newer than {MOVED}, the newest that this program reads")]
    Newer { found: i64 },
    #[error(
        "both machines/ and a machines.db of an earlier version are there, and only one of them is right: move the other one out of the data directory"
    )]
    Both,
    #[error("machines: the table {name} is a newer version's: use that one")]
    Table { name: Box<str> },
    #[error("machines: the row of machine {id} cannot be read: {cause}")]
    Row { id: u64, cause: serde_json::Error },
    #[error("machines: the row of image {id} cannot be read: {cause}")]
    ImageRow { id: u64, cause: serde_json::Error },
}
