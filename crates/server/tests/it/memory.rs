//! What a server takes of the system's memory, as the system counts it.

use crate::support::{Home, Server};
use std::fs::File;

/// A number in a file about a server's process.
fn number(server: &Server, file: &str, name: &str) -> u64 {
    let about = std::fs::read_to_string(format!("/proc/{}/{file}", server.pid())).unwrap();
    let line = about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_server_takes_huge_pages_only_when_it_loads_much() {
    let home = Home::new();
    let server = home.start();
    assert_eq!(number(&server, "status", "THP_enabled"), 0);
    assert_eq!(number(&server, "smaps_rollup", "AnonHugePages"), 0);
    let anonymous_kib = number(&server, "smaps_rollup", "Anonymous");
    assert!(anonymous_kib < 12 << 10, "{anonymous_kib} KiB");
    server.stop();
    File::create(home.data().join("machines/large")).unwrap().set_len(128 << 20).unwrap();
    let server = home.start();
    assert_eq!(number(&server, "status", "THP_enabled"), 1);
    server.stop();
}
