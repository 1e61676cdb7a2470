//! Clients that come through the driver's `connect`: the same rules apply as at the machine's own address.

use crate::support::{
    LIMIT,
    harness::{Harness, PASSWORD},
};
use cvmd_hypervisor::{Error, Hypervisor};
use std::net::IpAddr;
use tokio::io::AsyncReadExt;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Tries wrong passwords, each on a new connection; returns why no more can be tried, and after how many.
async fn guessed(harness: &Harness, peer: Option<IpAddr>) -> Option<(usize, Error)> {
    for tries in 0..6 {
        let mut stranger = match harness.stranger(peer).await {
            Ok(stranger) => stranger,
            Err(error) => return Some((tries, error)),
        };
        assert!(!stranger.authenticate_password("root", "Wrong+Password7").await.unwrap().success());
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_passwords_from_elsewhere_waits_and_nobody_else() {
    let harness = Harness::new().await;
    let (tries, error) = guessed(&harness, Some(address("192.0.2.1"))).await.expect("nobody guesses on and on");
    assert!((3..=4).contains(&tries), "{tries}");
    assert!(matches!(error, Error::Penalized { seconds: 14..=21 }), "{error}");
    assert_eq!(harness.reached("ssh_penalties"), 1);
    // The IPv6 form is the same peer, and a network of IPv6 counts as one peer.
    assert!(harness.stranger(Some(address("::ffff:192.0.2.1"))).await.is_err());
    assert!(guessed(&harness, Some(address("2001:db8::1"))).await.is_some());
    assert!(harness.stranger(Some(address("2001:db8::2"))).await.is_err());
    for peer in ["192.0.2.2", "2001:db8:0:1::1", "127.0.0.1"] {
        let mut other = harness.stranger(Some(address(peer))).await.unwrap();
        assert!(other.authenticate_password("root", PASSWORD).await.unwrap().success(), "{peer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_this_host_nobody_waits() {
    let harness = Harness::new().await;
    for peer in [Some("127.0.0.1"), Some("::1"), Some("::ffff:127.0.0.1"), None] {
        assert!(guessed(&harness, peer.map(address)).await.is_none(), "{peer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_elsewhere_holds_no_more_than_its_share_of_connections_without_login() {
    let harness = Harness::new().await;
    let open = async |peer: &str| harness.driver.connect(harness.id, Some(address(peer))).await.unwrap();
    let (mut other, mut here) = (open("192.0.2.2").await, open("127.0.0.1").await);
    let mut silent = Vec::new();
    for _ in 0..31 {
        silent.push(open("192.0.2.1").await);
    }
    let mut greeting = Vec::new();
    // The oldest is ended; it may have been greeted before.
    tokio::time::timeout(LIMIT, silent[0].read_to_end(&mut greeting)).await.unwrap().unwrap();
    assert_eq!(harness.reached("ssh_startups"), 1);
    for still in [&mut silent[1], &mut other, &mut here] {
        let mut greeting = [0; 8];
        tokio::time::timeout(LIMIT, still.read_exact(&mut greeting)).await.unwrap().unwrap();
        assert_eq!(&greeting, b"SSH-2.0-");
    }
}
