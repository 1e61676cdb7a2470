//! An instance's disks by their ids.

use crate::{DiskId, Instance, Tag};

impl Instance {
    /// The system disk's id, then those of the data disks.
    pub fn disk_ids(&self) -> impl Iterator<Item = DiskId> {
        std::iter::once(self.system_disk.id).chain(self.data_disks.iter().map(|disk| disk.id))
    }

    /// The tags of the disk; none if it is not the instance's.
    #[must_use]
    pub fn disk_tags(&self, id: DiskId) -> &[Tag] {
        if self.system_disk.id == id {
            return &self.system_disk.tags;
        }
        self.data_disks.iter().find(|disk| disk.id == id).map_or(&[], |disk| &disk.tags)
    }

    /// Replaces the tags of one of its disks.
    pub fn tag_disk(&mut self, id: DiskId, tags: Box<[Tag]>) {
        if self.system_disk.id == id {
            self.system_disk.tags = tags;
        } else if let Some(disk) = self.data_disks.iter_mut().find(|disk| disk.id == id) {
            disk.tags = tags;
        }
    }
}
