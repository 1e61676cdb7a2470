//! One machine that runs, and clients at its sshd in this process.

use super::{definition, login, settings, until};
use cvmd_hypervisor::{Clock, Hypervisor, Trouble};
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::{InstanceId, Power};
use russh::{
    client::{self, Handle},
    keys::PublicKeyOrCertificate,
};
use std::{net::IpAddr, sync::Arc};

pub(crate) const PASSWORD: &str = "Channels+Password7";

pub(crate) struct House {
    _directory: tempfile::TempDir,
    pub(crate) driver: Arc<SimulatedHypervisor>,
    pub(crate) id: InstanceId,
}

pub(crate) struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

impl House {
    pub(crate) async fn new() -> House {
        let directory = tempfile::tempdir().unwrap();
        let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
        let definition = definition("boot-ms=1,shutdown-ms=1");
        driver.define(&definition).await.unwrap();
        driver.write_login(definition.id, &login(&[], Some(PASSWORD)), &[]).await.unwrap();
        driver.start(definition.id).await.unwrap();
        until(&driver, definition.id, |observed| observed.power == Power::Running).await;
        House { _directory: directory, driver, id: definition.id }
    }

    /// A client that has not logged in, at the end of the driver's `connect` for a peer.
    pub(crate) async fn stranger(&self, peer: Option<IpAddr>) -> Result<Handle<Trusting>, Trouble> {
        let stream = self.driver.connect(self.id, peer).await?;
        Ok(client::connect_stream(Arc::default(), stream, Trusting).await.unwrap())
    }

    pub(crate) async fn client(&self) -> Handle<Trusting> {
        let mut client = self.stranger(None).await.unwrap();
        assert!(client.authenticate_password("root", PASSWORD).await.unwrap().success());
        client
    }

    pub(crate) fn reached(&self, bound: &str) -> u64 {
        self.driver.bounds_reached().into_iter().find(|(name, _)| *name == bound).unwrap().1
    }
}
