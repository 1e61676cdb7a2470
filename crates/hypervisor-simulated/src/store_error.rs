//! The errors of opening the machines of a data directory.

/// The machines could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Rows(#[from] cvmd_rows::Error),
    #[error("machines: {0}")]
    File(#[from] std::io::Error),
    #[error("machines: the table {name} is a newer version's: use that one")]
    Table { name: Box<str> },
    #[error("machines: the row of machine {id} cannot be read: {cause}")]
    Row { id: u64, cause: serde_json::Error },
    #[error("machines: the row of image {id} cannot be read: {cause}")]
    ImageRow { id: u64, cause: serde_json::Error },
}
