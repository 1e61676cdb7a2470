//! The contract suite with the simulated driver: with addresses of the machines' own under a virtual clock, and with
//! ports of their own under the system's, which does not skip the waiting for the disk.

use crate::support;
use async_trait::async_trait;
use cvmd_clock::Clock;
use cvmd_hypervisor::{Definition, Hypervisor, contract};
use cvmd_hypervisor_simulated::{Settings, SimulatedHypervisor};
use cvmd_model::InstanceId;
use std::sync::Arc;

struct World {
    settings: fn(&tempfile::TempDir, Clock) -> Settings,
    clock: Clock,
    directory: tempfile::TempDir,
    driver: Arc<SimulatedHypervisor>,
}

impl World {
    fn new() -> World {
        World::of(support::settings, Clock::tokio(1_800_000_000_000))
    }

    fn of(settings: fn(&tempfile::TempDir, Clock) -> Settings, clock: Clock) -> World {
        let directory = tempfile::tempdir().unwrap();
        let driver = SimulatedHypervisor::open(settings(&directory, clock)).unwrap();
        World { settings, clock, directory, driver }
    }
}

#[async_trait]
impl contract::World for World {
    fn hypervisor(&self) -> Arc<dyn Hypervisor> {
        self.driver.clone()
    }

    fn definition(&self) -> Definition {
        support::definition("boot-ms=30,shutdown-ms=30")
    }

    async fn reopen(&mut self) {
        let (directory, driver) = support::after_a_crash(&self.directory, self.settings, self.clock);
        (self.directory, self.driver) = (directory, driver);
    }

    async fn text(&self, id: InstanceId) -> String {
        support::keys_on_disk(&self.directory, id)
    }

    async fn write_by_hand(&self, id: InstanceId, text: &str) {
        let text = text.to_owned();
        self.driver.edit_keys(id, move |_| text).await.unwrap();
    }
}

cvmd_hypervisor::contract!(
    #[tokio::test(start_paused = true)]
    World::new()
);

mod at_ports {
    use super::{Clock, World, support};

    fn world() -> World {
        World::of(|directory, clock| support::own_ports(support::settings(directory, clock)), Clock::System)
    }

    cvmd_hypervisor::contract!(
        #[tokio::test]
        world()
    );
}
