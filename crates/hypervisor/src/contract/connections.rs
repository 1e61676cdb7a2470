//! Promises about connections to a machine: its sshd, and its console.

use super::{
    World,
    ground::{LIMIT, defined, shut_down, start, until},
};
use crate::{Connection, Error};
use cvmd_model::Power;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a connection may outlive its end: less than sshd waits for a client that does not log in.
const SOON: Duration = Duration::from_secs(20);

pub async fn a_machine_is_connected_to_only_while_it_runs(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    let refused = async |when: &str| {
        let error = hypervisor.connect(id, None).await.map(drop).unwrap_err();
        assert!(matches!(error, Error::NotRunning(named) if named == id), "{when}: {error}");
    };
    refused("off").await;
    hypervisor.start(id).await.unwrap();
    if hypervisor.observe(id).await.unwrap().power == Power::Starting {
        refused("starting").await;
    }
    until(&*hypervisor, id, |observed| observed.ready).await;
    let (mut first, mut second) =
        (hypervisor.connect(id, None).await.unwrap(), hypervisor.connect(id, None).await.unwrap());
    greeted(&mut first).await;
    greeted(&mut second).await;
    hypervisor.power_off(id).await.unwrap();
    refused("off again").await;
}

pub async fn going_off_ends_the_open_connections(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    for way in ["shut down", "powered off", "erased"] {
        hypervisor.start(id).await.unwrap();
        until(&*hypervisor, id, |observed| observed.ready).await;
        let mut connection = hypervisor.connect(id, None).await.unwrap();
        greeted(&mut connection).await;
        match way {
            "shut down" => shut_down(&*hypervisor, id).await,
            "powered off" => hypervisor.power_off(id).await.unwrap(),
            _ => hypervisor.erase(id).await.unwrap(),
        }
        let ends = async { while connection.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {} };
        tokio::time::timeout(SOON, ends).await.unwrap_or_else(|_| panic!("{way}: the connection goes on"));
    }
}

pub async fn a_client_that_goes_away_ends_its_connection_alone(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.start(id).await.unwrap();
    until(&*hypervisor, id, |observed| observed.ready).await;
    let mut stays = hypervisor.connect(id, None).await.unwrap();
    drop(hypervisor.connect(id, None).await.unwrap());
    let mut hangs_up = hypervisor.connect(id, None).await.unwrap();
    greeted(&mut hangs_up).await;
    hangs_up.shutdown().await.unwrap();
    let ends = async { while hangs_up.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(SOON, ends).await.expect("half closed by its client, it goes on");
    greeted(&mut stays).await;
}

pub async fn a_console_is_had_of_a_machine_that_runs_and_ends_with_it(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    if !hypervisor.capabilities().consoles {
        assert!(matches!(hypervisor.console(id, None).await.map(drop), Err(Error::NoConsole(named)) if named == id));
        return;
    }
    assert!(matches!(hypervisor.console(id, None).await.map(drop), Err(Error::NotRunning(named)) if named == id));
    start(&*hypervisor, id).await;
    let mut console = hypervisor.console(id, None).await.unwrap();
    assert!(console.read_u8().await.is_ok(), "it greets");
    hypervisor.power_off(id).await.unwrap();
    let mut rest = Vec::new();
    // An end or an error: in both cases it has ended.
    let _ = tokio::time::timeout(LIMIT, console.read_to_end(&mut rest)).await.expect("it goes on");
}

/// sshd sends first: `SSH-2.0-` and its version.
async fn greeted(connection: &mut Connection) {
    let mut greeting = [0; 8];
    let read = connection.read_exact(&mut greeting);
    tokio::time::timeout(LIMIT, read).await.expect("sshd says nothing").unwrap();
    assert_eq!(&greeting, b"SSH-2.0-");
}
