//! File descriptors: as many as the system allows, and what part of them may be taken by whom.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// For the stores, the listeners, the operator's socket and the runtime, which may not be crowded out.
const OUR_OWN: usize = 64;
/// More connections than this are no use to anybody: each may hold the head of a request.
const CONNECTIONS_MAX: usize = 4_096;
/// What is reckoned with where the system does not tell.
const ASSUMED: u64 = 1_024;

/// How many descriptors each kind of connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Connections to the port of the API, what they become included.
    pub(crate) connections: usize,
}

impl Shares {
    /// Half of what is not our own goes to the API's port; the other half is for SSH at the machines' own addresses.
    pub(crate) fn of(descriptors: u64) -> Shares {
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        Shares { connections: (descriptors.saturating_sub(OUR_OWN) / 2).clamp(1, CONNECTIONS_MAX) }
    }
}

/// Raises the limit of open files to what the system lets this user have, and tells it. A program that calls `select` could
/// not bear that, which is why systems begin with a low one; this program does not.
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
        let connections = |descriptors| Shares::of(descriptors).connections;
        assert_eq!((connections(1_024), connections(u64::MAX), connections(3)), (480, CONNECTIONS_MAX, 1));
    }
}
