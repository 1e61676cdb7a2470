//! The one listener in front of all machines: whose addresses it answers, and at which port.

mod ground;

use cvmd_hypervisor::{Clock, Hypervisor};
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::Power;
use ground::{LIMIT, definition, settings, until};
use tokio::io::AsyncReadExt;

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_no_machine_is_closed_before_a_byte() {
    let directory = tempfile::tempdir().unwrap();
    let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
    let definition = definition("boot-ms=1,unreachable");
    driver.define(&definition).await.unwrap();
    driver.start(definition.id).await.unwrap();
    until(&driver, definition.id, |observed| observed.power == Power::Running).await;
    let unreachable = driver.endpoint(definition.id).await.unwrap().address.unwrap().ip();
    for address in [unreachable, "127.0.0.1".parse().unwrap()] {
        let port = driver.ssh_port().unwrap();
        let mut connection = tokio::net::TcpStream::connect((address, port)).await.unwrap();
        let read = tokio::time::timeout(LIMIT, connection.read(&mut [0; 8])).await.unwrap();
        assert_eq!(read.unwrap(), 0, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_port_that_is_taken_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let first = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
    let taken = first.ssh_port();
    let other = tempfile::tempdir().unwrap();
    let mut settings = settings(&other, Clock::System);
    settings.ssh.kept_port = taken;
    let driver = SimulatedHypervisor::open(settings.clone()).unwrap();
    assert!(driver.ssh_port().is_some() && driver.ssh_port() != taken);
    driver.close().await;
    drop(driver);
    first.close().await;
    let free = async {
        loop {
            // The listener's task ends soon after `close`.
            let driver = SimulatedHypervisor::open(settings.clone()).unwrap();
            if driver.ssh_port() == taken {
                return;
            }
            driver.close().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, free).await.unwrap();
}
