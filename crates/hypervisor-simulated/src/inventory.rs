//! What a directory of machines holds, read without opening it for writing.

use crate::{
    image::Image,
    machine::Machine,
    store::text,
    store_error::{StoreError, image_name, machine_name},
    takeover::{DIRECTORY, EPOCH, IMAGES, MACHINES},
};
use cvmd_model::{ImageId, InstanceId};
use cvmd_rows::Chunk;
use std::{collections::BTreeSet, path::Path};
use uuid::Uuid;

/// The machines and images of a data directory, by their ids.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The data directory that they belong to; unknown for those of older versions.
    pub directory: Option<Uuid>,
    /// The last epoch that was written down with them; 0 where none was.
    pub epoch: u64,
    pub machines: BTreeSet<InstanceId>,
    pub images: BTreeSet<ImageId>,
    /// One line for each row that is none of a machine or an image.
    pub faults: Vec<String>,
}

impl Inventory {
    /// Reads `machines/` of a data directory, whether a program has it open or not.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn read(data: &Path) -> Result<Inventory, StoreError> {
        let mut inventory = Inventory::default();
        cvmd_rows::read_rows(&data.join("machines"), &mut |chunk| {
            inventory.add(&chunk);
            Ok(())
        })?;
        Ok(inventory)
    }

    fn add(&mut self, chunk: &Chunk) {
        for (sequence, body) in chunk.rows() {
            let added = match &*chunk.table {
                MACHINES => serde_json::from_slice(body).map(|machine: Machine| {
                    self.machines.insert(machine.id);
                    machine.id.to_u64() == sequence
                }),
                IMAGES => serde_json::from_slice(body).map(|image: Image| {
                    self.images.insert(image.id);
                    image.id.to_u64() == sequence
                }),
                DIRECTORY => {
                    self.directory = text(body);
                    Ok(self.directory.is_some())
                }
                EPOCH => {
                    self.epoch = text(body).unwrap_or_default();
                    Ok(self.epoch > 0)
                }
                _ => Ok(false),
            };
            let row = match &*chunk.table {
                MACHINES => format!("the row of machine {}", machine_name(sequence)),
                IMAGES => format!("the row of image {}", image_name(sequence)),
                table => format!("row {sequence} of {table}"),
            };
            match added {
                Ok(true) => {}
                Ok(false) => self.faults.push(format!("machines: {row} is not of that one")),
                Err(cause) => self.faults.push(format!("machines: {row} cannot be read: {cause}")),
            }
        }
    }
}
