//! One running machine, and clients at its sshd in this process.

use super::{LIMIT, definition, login, settings, until};
use cvmd_clock::Clock;
use cvmd_hypervisor::{Error, Hypervisor};
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::{InstanceId, Power};
use russh::{
    Channel, ChannelMsg,
    client::{self, Handle, Msg},
    keys::PublicKeyOrCertificate,
};
use std::{net::IpAddr, sync::Arc};
use tokio::time::timeout;

pub(crate) const PASSWORD: &str = "Channels+Password7";

pub(crate) struct Harness {
    pub(crate) directory: tempfile::TempDir,
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

impl Harness {
    pub(crate) async fn new() -> Harness {
        let directory = tempfile::tempdir().unwrap();
        let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
        let definition = definition("boot-ms=1,shutdown-ms=1");
        driver.define(&definition).await.unwrap();
        driver.write_login(definition.id, &login(&[], Some(PASSWORD)), &[]).await.unwrap();
        driver.start(definition.id).await.unwrap();
        until(&driver, definition.id, |observed| observed.power == Power::Running).await;
        Harness { directory, driver, id: definition.id }
    }

    /// A client that has not logged in, through the driver's `connect` for a peer.
    pub(crate) async fn stranger(&self, peer: Option<IpAddr>) -> Result<Handle<Trusting>, Error> {
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

/// The outcome of a channel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) status: Option<u32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) async fn begin(client: &Handle<Trusting>, text: &str) -> Channel<Msg> {
    let channel = client.channel_open_session().await.unwrap();
    channel.exec(true, text).await.unwrap();
    channel
}

pub(crate) async fn ended(mut channel: Channel<Msg>) -> Ended {
    let mut ended = Ended { status: None, out: String::new(), err: String::new() };
    timeout(LIMIT, async {
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => ended.out.push_str(&String::from_utf8_lossy(&data)),
                ChannelMsg::ExtendedData { data, .. } => ended.err.push_str(&String::from_utf8_lossy(&data)),
                ChannelMsg::ExitStatus { exit_status } => ended.status = Some(exit_status),
                _ => {}
            }
        }
    })
    .await
    .expect("the channel ends");
    ended
}

pub(crate) async fn run(client: &Handle<Trusting>, text: &str) -> Ended {
    ended(begin(client, text).await).await
}
