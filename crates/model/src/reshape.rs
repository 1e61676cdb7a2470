//! The rules for changing a machine's type, disks, host name and addresses.

use crate::{By, DiskId, DiskRefusal, Goal, Instance, InstanceState, InstanceTypeId, Refusal, Shape, Size, StopType};
use std::net::Ipv4Addr;

impl Instance {
    #[must_use]
    pub fn size(&self) -> Size {
        let kind = self.instance_type.get();
        let data = self.data_disks.iter().map(|disk| disk.size_gib);
        let disks_gib = [self.system_disk.size_gib].into_iter().chain(data).collect();
        Size { cpu: kind.cpu, memory_gib: kind.memory_gib, disks_gib }
    }

    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape {
            instance_type: self.instance_type,
            system_disk_gib: self.system_disk.size_gib,
            data_disks_gib: self.data_disks.iter().map(|disk| disk.size_gib).collect(),
            host_name: self.host_name.clone(),
            internet: self.internet.clone(),
            public_address: self.public_address,
        }
    }

    pub fn set_shape(&mut self, shape: Shape) {
        self.instance_type = shape.instance_type;
        self.system_disk.size_gib = shape.system_disk_gib;
        for (disk, size_gib) in self.data_disks.iter_mut().zip(shape.data_disks_gib) {
            disk.size_gib = size_gib;
        }
        self.host_name = shape.host_name;
        self.internet = shape.internet;
        self.public_address = shape.public_address;
    }

    /// Changes the instance's type: of a STOPPED one, or of a RUNNING one that is stopped for it and started again.
    /// <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ResetInstancesType>
    ///
    /// # Errors
    /// The [`Refusal`] of an instance on a local disk, or whose state forbids it.
    pub fn reset_type(&mut self, wanted: InstanceTypeId, force: bool, by: By) -> Result<(), Refusal> {
        if self.system_disk.kind.starts_with("LOCAL_") {
            return Err(Refusal::SystemDiskType(self.id));
        }
        self.reshape(Running::cycled(force), by, |instance| instance.instance_type = wanted)
    }

    /// Makes the disk larger. With `online` a RUNNING instance keeps running.
    /// <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ResizeInstanceDisks>
    ///
    /// # Errors
    /// The [`Refusal`] of a disk that is not the instance's, is local, or would become smaller; or of an instance whose
    /// state forbids it.
    pub fn resize_disk(
        &mut self,
        disk: Option<DiskId>,
        size_gib: u32,
        running: Running,
        by: By,
    ) -> Result<(), Refusal> {
        let (id, kind, present_gib) = match disk {
            None => (self.system_disk.id, &self.system_disk.kind, self.system_disk.size_gib),
            Some(id) if id == self.system_disk.id => return Err(Refusal::Disk(DiskRefusal::IsSystemDisk(id))),
            Some(id) => {
                let found = self.data_disks.iter().find(|disk| disk.id == id);
                let found = found.ok_or(Refusal::Disk(DiskRefusal::Elsewhere { disk: id, instance: self.id }))?;
                (id, &found.kind, found.size_gib)
            }
        };
        if kind.starts_with("LOCAL_") {
            return Err(Refusal::Disk(DiskRefusal::Local(id)));
        }
        if size_gib < present_gib {
            return Err(Refusal::Disk(DiskRefusal::Shrinks { disk: id, present_gib, size_gib }));
        }
        self.reshape(running, by, |instance| match disk {
            None => instance.system_disk.size_gib = size_gib,
            Some(id) => {
                for disk in instance.data_disks.iter_mut().filter(|disk| disk.id == id) {
                    disk.size_gib = size_gib;
                }
            }
        })
    }

    /// Changes the guest's host name: of a STOPPED instance, or of a RUNNING one that is stopped for it and started
    /// again, or that takes the new name at its next boot.
    /// <https://cloud.tencent.com/document/api/213/15739>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::reshape`].
    pub fn rename_host(&mut self, name: &str, reboot: bool, by: By) -> Result<(), Refusal> {
        let running = if reboot { Running::cycled(true) } else { Running::Untouched };
        self.reshape(running, by, |instance| instance.host_name = name.into())
    }

    /// Whether it is to have a public address: with bandwidth, unless its launch refused one, or when its launch asked
    /// for one.
    #[must_use]
    pub fn wants_public_address(&self, max_bandwidth_out: u32) -> bool {
        self.internet.wants_public_address(max_bandwidth_out)
    }

    /// Whether it wants a public address and has none, because it was stopped without charging.
    #[must_use]
    pub fn lacks_public_address(&self) -> bool {
        self.public_address.is_none() && self.wants_public_address(self.internet.max_bandwidth_out)
    }

    /// Sets the public bandwidth, in Mbit/s. `free` is the public address that it gets if it has none and wants one; an
    /// instance that wants none releases its own.
    /// <https://www.tencentcloud.com/document/product/213/33241>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::reshape`].
    pub fn reset_bandwidth(&mut self, max_bandwidth_out: u32, free: Option<Ipv4Addr>, by: By) -> Result<(), Refusal> {
        self.reshape(Running::Untouched, by, |instance| {
            instance.internet.max_bandwidth_out = max_bandwidth_out;
            let wanted = instance.wants_public_address(max_bandwidth_out);
            instance.public_address = instance.public_address.or(free).filter(|_| wanted);
        })
    }

    /// A public address that the row has released but the machine still has, until the operation has ended, or for good
    /// if it fails: nobody else may get it yet.
    #[must_use]
    pub fn leaving_address(&self) -> Option<Ipv4Addr> {
        let leaving = match &self.operation.as_ref()?.goal {
            Goal::Reshape { before, .. } => before.public_address,
            Goal::Stop { released, .. } => *released,
            _ => None,
        };
        leaving.filter(|address| self.public_address != Some(*address))
    }

    /// Changes the row, and has the machine changed accordingly. A change without effect succeeds at once.
    ///
    /// # Errors
    /// The [`Refusal`] of an operation under way, or of the state.
    pub fn reshape(&mut self, running: Running, by: By, change: impl FnOnce(&mut Instance)) -> Result<(), Refusal> {
        self.is_idle()?;
        if self.state == InstanceState::Stopped && self.is_asleep() {
            return Err(Refusal::StoppedWithoutCharging(self.id));
        }
        let how = match (self.state, running) {
            (InstanceState::Stopped, Running::Untouched) | (InstanceState::Running, Running::Untouched) => None,
            // A STOPPED machine is stopped only if somebody else has started it: then as with force.
            (InstanceState::Stopped, Running::Refused) => Some(StopType::SoftFirst),
            (InstanceState::Stopped | InstanceState::Running, Running::Cycled(how)) => Some(how),
            (InstanceState::Running, Running::Refused) => return Err(Refusal::RunningWithoutForce(self.id)),
            _ => return Err(self.in_state()),
        };
        let before = self.shape();
        change(self);
        if self.shape() == before {
            self.finish_at_once(by);
            return Ok(());
        }
        let was_running = self.state == InstanceState::Running;
        if was_running && how.is_some() {
            self.state = InstanceState::Stopping;
        }
        self.begin(Goal::Reshape { was_running, how, before: Box::new(before) }, by);
        Ok(())
    }
}

/// What a change means for a RUNNING instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    /// It must be STOPPED.
    Refused,
    /// It is stopped for the change, and started again.
    Cycled(StopType),
    /// It keeps running.
    Untouched,
}

impl Running {
    /// With ForceStop it is asked to shut down, and powered off if it does not; without ForceStop the change is
    /// refused.
    #[must_use]
    pub const fn cycled(force: bool) -> Running {
        if force { Running::Cycled(StopType::SoftFirst) } else { Running::Refused }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{DataDisk, Operation, Password, RequestId, instance::test::instance as any};

    fn instance(state: InstanceState) -> Instance {
        let mut instance = any(state, &[], Password::Never);
        instance.data_disks = [DataDisk::plain(disk("disk-00000001"), "CLOUD_SSD", 20)].into();
        instance
    }

    fn disk(text: &str) -> DiskId {
        text.parse().unwrap()
    }

    fn by() -> By {
        By { action: "ResetInstancesType", request: RequestId(uuid::Uuid::nil()) }
    }

    fn larger() -> InstanceTypeId {
        InstanceTypeId::find("S5.LARGE8").unwrap()
    }

    #[test]
    fn a_running_instance_must_be_forced_and_remembers_what_it_was() {
        let mut instance = instance(InstanceState::Running);
        let before = instance.shape();
        assert_eq!(instance.reset_type(larger(), false, by()), Err(Refusal::RunningWithoutForce(instance.id)));
        assert_eq!(instance.shape(), before, "a refusal changes nothing");
        instance.reset_type(larger(), true, by()).unwrap();
        assert_eq!((instance.state, instance.size().cpu), (InstanceState::Stopping, 4));
        let Some(Operation { goal, .. }) = instance.operation.take() else { panic!("no operation") };
        let how = Some(StopType::SoftFirst);
        assert_eq!(goal, Goal::Reshape { was_running: true, how, before: Box::new(before.clone()) });
        instance.set_shape(before.clone());
        assert_eq!(instance.shape(), before);
    }

    #[test]
    fn the_type_that_it_is_of_already_costs_no_power_cycle() {
        let mut instance = instance(InstanceState::Running);
        instance.reset_type(InstanceTypeId::SMALLEST, true, by()).unwrap();
        assert_eq!((instance.operation, instance.state), (None, InstanceState::Running));
    }

    #[test]
    fn a_public_address_comes_with_bandwidth_and_is_nobody_elses_while_it_goes() {
        let address = Some(Ipv4Addr::new(127, 64, 0, 9));
        let mut instance = instance(InstanceState::Running);
        instance.reset_bandwidth(5, address, by()).unwrap();
        assert_eq!((instance.public_address, instance.leaving_address()), (address, None));
        instance.operation = None;
        instance.reset_bandwidth(0, None, by()).unwrap();
        assert_eq!((instance.public_address, instance.leaving_address()), (None, address));
        instance.operation = None;
        assert_eq!(instance.leaving_address(), None);
    }

    #[test]
    fn a_disk_only_grows_and_only_ones_own() {
        let mut instance = instance(InstanceState::Running);
        let data = disk("disk-00000001");
        let online = Running::Untouched;
        let shrinks = Refusal::Disk(DiskRefusal::Shrinks { disk: data, present_gib: 20, size_gib: 10 });
        assert_eq!(instance.resize_disk(Some(data), 10, online, by()), Err(shrinks));
        let other = disk("disk-00000002");
        let elsewhere = Refusal::Disk(DiskRefusal::Elsewhere { disk: other, instance: instance.id });
        assert_eq!(instance.resize_disk(Some(other), 30, online, by()), Err(elsewhere));
        let system = instance.system_disk.id;
        assert_eq!(
            instance.resize_disk(Some(system), 90, online, by()),
            Err(Refusal::Disk(DiskRefusal::IsSystemDisk(system)))
        );
        instance.resize_disk(Some(data), 30, online, by()).unwrap();
        assert_eq!((instance.size().disks_gib, instance.state), (vec![50, 30], InstanceState::Running));
        instance.operation = None;
        instance.resize_disk(None, 60, Running::cycled(true), by()).unwrap();
        assert_eq!((instance.size().disks_gib, instance.state), (vec![60, 30], InstanceState::Stopping));
    }
}
