//! The contract suite at the simulated driver, under a virtual clock.

mod ground;

use async_trait::async_trait;
use cvmd_hypervisor::{Clock, Definition, Hypervisor, contract};
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::InstanceId;
use std::sync::Arc;

struct World {
    clock: Clock,
    directory: tempfile::TempDir,
    driver: Arc<SimulatedHypervisor>,
}

impl World {
    fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::tokio(1_800_000_000_000);
        let driver = SimulatedHypervisor::open(ground::settings(&directory, clock)).unwrap();
        World { clock, directory, driver }
    }
}

#[async_trait]
impl contract::World for World {
    fn hypervisor(&self) -> Arc<dyn Hypervisor> {
        self.driver.clone()
    }

    fn definition(&self) -> Definition {
        ground::definition("")
    }

    async fn reopen(&mut self) {
        let (directory, driver) = ground::after_a_crash(&self.directory, self.clock);
        (self.directory, self.driver) = (directory, driver);
    }

    async fn text(&self, id: InstanceId) -> String {
        self.driver.machine(id).unwrap().disk.authorized_keys.clone().into()
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
