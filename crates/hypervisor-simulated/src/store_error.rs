//! The errors of opening the machines of a data directory.

use cvmd_model::{ImageId, InstanceId};
use cvmd_rows::row_name;

/// The machines could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Rows(#[from] cvmd_rows::Error),
    #[error("machines: {0}")]
    File(#[from] std::io::Error),
    #[error("machines: the table {name} is a newer version's: use that one")]
    Table { name: Box<str> },
    #[error("machines: the row of machine {} cannot be read: {cause}", machine_name(*id))]
    Row { id: u64, cause: serde_json::Error },
    #[error("machines: the row of image {} cannot be read: {cause}", image_name(*id))]
    ImageRow { id: u64, cause: serde_json::Error },
}

/// The id of the machine whose row has this number.
pub(crate) fn machine_name(id: u64) -> String {
    format!("{}-{}", InstanceId::PREFIX, row_name(id))
}

pub(crate) fn image_name(id: u64) -> String {
    format!("{}-{}", ImageId::PREFIX, row_name(id))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_row_is_named_by_its_id() {
        let (machine, image): (InstanceId, ImageId) =
            ("ins-1e4r6y8i".parse().unwrap(), "img-487zeit5".parse().unwrap());
        assert_eq!(machine_name(machine.to_u64()), machine.to_string());
        assert_eq!(image_name(image.to_u64()), image.to_string());
    }
}
