//! The machines' listeners: the addresses and ports at which they answer.

use crate::support::{LIMIT, card, definition, own_ports, settings, until};
use cvmd_clock::Clock;
use cvmd_hypervisor::{Definition, Hypervisor};
use cvmd_hypervisor_simulated::{OwnPorts, SimulatedHypervisor};
use cvmd_model::InstanceId;
use cvmd_model::Power;
use std::{net::Ipv4Addr, sync::Arc};
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
async fn the_last_port_is_skipped_if_it_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let first = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
    let taken = first.ssh_port();
    let other = tempfile::tempdir().unwrap();
    let mut settings = settings(&other, Clock::System);
    settings.ssh.last_port = taken;
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

/// Machines with ports at one address.
fn at_ports(directory: &tempfile::TempDir, range: Option<(u16, u16)>) -> Arc<SimulatedHypervisor> {
    let mut settings = own_ports(settings(directory, Clock::System));
    settings.ssh.own_ports = Some(OwnPorts { address: Ipv4Addr::LOCALHOST, range });
    SimulatedHypervisor::open(settings).unwrap()
}

async fn defined(driver: &SimulatedHypervisor) -> InstanceId {
    let definition = definition("boot-ms=1");
    driver.define(&definition).await.unwrap();
    definition.id
}

async fn port(driver: &SimulatedHypervisor, id: InstanceId) -> u16 {
    driver.endpoint(id).await.unwrap().address.unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_keeps_its_own_port_over_restarts_and_boots() {
    let directory = tempfile::tempdir().unwrap();
    let driver = at_ports(&directory, None);
    let (one, two) = (defined(&driver).await, defined(&driver).await);
    let before = (port(&driver, one).await, port(&driver, two).await);
    assert_ne!(before.0, before.1);
    driver.start(one).await.unwrap();
    driver.power_off(one).await.unwrap();
    assert_eq!(port(&driver, one).await, before.0);
    driver.close().await;
    let driver = at_ports(&directory, None);
    assert_eq!((port(&driver, one).await, port(&driver, two).await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_port_that_is_taken_is_passed_over_for_good() {
    let directory = tempfile::tempdir().unwrap();
    let driver = at_ports(&directory, None);
    let id = defined(&driver).await;
    let before = port(&driver, id).await;
    driver.close().await;
    let other = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, before)).unwrap();
    let driver = at_ports(&directory, None);
    let moved = port(&driver, id).await;
    assert_ne!(moved, before);
    // A verb on the machine waits for the one that stores its port.
    let stored = async {
        while driver.written().rows == 0 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(LIMIT, stored).await.unwrap();
    driver.close().await;
    drop(other);
    let driver = at_ports(&directory, None);
    assert_eq!(port(&driver, id).await, moved);
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_of_a_range_run_out_and_come_back_with_a_machines_end() {
    let directory = tempfile::tempdir().unwrap();
    // Two neighbouring ports that are free now; if another program takes one, others are tried.
    let (driver, first) = (21_000..32_000)
        .step_by(97)
        .find_map(|first| {
            let both = [first, first + 1].map(|port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
            both.iter().all(Result::is_ok).then_some(())?;
            drop(both);
            Some((at_ports(&directory, Some((first, first + 1))), first))
        })
        .unwrap();
    let (one, two) = (defined(&driver).await, defined(&driver).await);
    assert_eq!((port(&driver, one).await, port(&driver, two).await), (first, first + 1));
    let third = definition("");
    let error = driver.define(&third).await.unwrap_err().to_string();
    assert!(error.contains(&format!("all ports from {first} to {} are taken", first + 1)), "{error}");
    assert_eq!(driver.observe(third.id).await.unwrap().power, Power::Absent);
    driver.erase(one).await.unwrap();
    let again = async {
        while driver.define(&third).await.is_err() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(LIMIT, again).await.unwrap();
    assert_eq!(port(&driver, third.id).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_ones_own_comes_with_the_mode_and_goes_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
    let id = defined(&driver).await;
    let address = driver.endpoint(id).await.unwrap().address.unwrap();
    assert!(!driver.capabilities().own_ports);
    driver.close().await;
    let driver = at_ports(&directory, None);
    assert!(driver.capabilities().own_ports);
    let own = driver.endpoint(id).await.unwrap().address.unwrap();
    assert!(own.ip() != address.ip() && driver.ssh_port().is_none());
    driver.close().await;
    let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
    assert_eq!(driver.endpoint(id).await.unwrap().address.unwrap().ip(), address.ip());
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_whose_address_means_nothing_here_may_share_it_and_are_reached_by_connection_alone() {
    let directory = tempfile::tempdir().unwrap();
    let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
    for _ in 0..2 {
        let definition =
            Definition { network_cards: vec![card(Ipv4Addr::new(10, 0, 0, 2))], ..definition("boot-ms=1") };
        driver.define(&definition).await.unwrap();
        driver.start(definition.id).await.unwrap();
        until(&driver, definition.id, |observed| observed.ready).await;
        assert_eq!(driver.endpoint(definition.id).await.unwrap().address, None);
        let mut connection = driver.connect(definition.id, None).await.unwrap();
        let mut greeting = [0; 8];
        tokio::time::timeout(LIMIT, connection.read_exact(&mut greeting)).await.unwrap().unwrap();
        assert_eq!(&greeting, b"SSH-2.0-");
    }
}
