//! File descriptors: the maximum that the system allows, and its division.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Reserved for the stores, the listeners, the operator's socket and the runtime.
const OUR_OWN: usize = 64;
/// The maximum of connections: each may hold the head of a request in memory.
const CONNECTIONS_MAX: usize = 4_096;
const TUNNELS_MAX: usize = 2_000;
/// Assumed where the system does not give the number.
const ASSUMED: u64 = 1_024;

/// The maximum of descriptors for each kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Connections to the API's port, including what they become.
    pub(crate) connections: usize,
    /// Tunnels to machines, part of them.
    pub(crate) tunnels: usize,
    /// Open consoles, part of them.
    pub(crate) consoles: usize,
    /// Sessions with the machines' sshd. Each one at a machine's own address needs a descriptor.
    pub(crate) sessions: usize,
}

impl Shares {
    /// Half of the rest goes to the API's port; the other half to SSH at the machines' own addresses.
    pub(crate) fn of(descriptors: u64) -> Shares {
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        let connections = (descriptors.saturating_sub(OUR_OWN) / 2).clamp(2, CONNECTIONS_MAX);
        Shares {
            connections,
            tunnels: (connections / 2).min(TUNNELS_MAX),
            consoles: (connections / 8).max(1),
            sessions: connections,
        }
    }
}

/// Raises the limit of open files to the maximum for this user, and returns it. Systems start with a low limit only for
/// programs that call `select`; this one does not.
pub(crate) fn raise() -> u64 {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) if soft < hard => match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
            Ok(()) => hard,
            Err(error) => {
                tracing::info!(%error, soft, hard, "the limit of open files stays as it is");
                soft
            }
        },
        Ok((soft, _)) => soft,
        Err(_) => ASSUMED,
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn half_of_what_is_left_goes_to_the_listener_and_never_more_than_is_of_use() {
        let shares = |descriptors| {
            let Shares { connections, tunnels, consoles, sessions } = Shares::of(descriptors);
            (connections, tunnels, consoles, sessions)
        };
        assert_eq!(shares(1_024), (480, 240, 60, 480));
        assert_eq!(shares(u64::MAX), (CONNECTIONS_MAX, TUNNELS_MAX, 512, CONNECTIONS_MAX));
        assert_eq!(shares(3), (2, 1, 1, 2));
    }
}
