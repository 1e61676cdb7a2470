//! The disk to enlarge and its new size, from a request.

use crate::{Parameters, Reason, new_instance::DISK_GIB_MAX};
use cvmd_model::DiskId;

pub(super) const NAMES: &str = "`DataDisks` and `SystemDisk`";

/// The data disk, or `None` for the system disk, and its new size.
pub(super) fn disk(parameters: &mut Parameters) -> Result<(Option<DiskId>, u32), Reason> {
    if let Some(mut system) = parameters.structure("SystemDisk")? {
        let size_gib = size(&mut system)?;
        system.finish()?;
        return Ok((None, size_gib));
    }
    let mut disks = parameters.structures("DataDisks")?;
    if disks.len() > 1 {
        return Err(Reason::TooMany { name: "DataDisks".into(), given: disks.len(), limit: 1 });
    }
    let mut disk = disks.pop().ok_or(Reason::NothingToDo { names: NAMES })?;
    let text = disk.text("DiskId")?.ok_or_else(|| Reason::Missing { name: disk.path("DiskId") })?;
    let id = text.parse().map_err(|_| disk.bad_value("DiskId", &text))?;
    let size_gib = size(&mut disk)?;
    disk.finish()?;
    Ok((Some(id), size_gib))
}

fn size(disk: &mut Parameters) -> Result<u32, Reason> {
    let missing = Reason::Missing { name: disk.path("DiskSize") };
    disk.bounded("DiskSize", 10, DISK_GIB_MAX)?.ok_or(missing)
}
