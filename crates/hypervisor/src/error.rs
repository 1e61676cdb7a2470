//! Why a hypervisor could not do something.

use cvmd_model::{ImageId, InstanceId};

/// A verb failed. The engine tries again unless [`Error::is_final`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("there is no machine {0}")]
    Absent(InstanceId),
    #[error("there is no disk of the image {0}")]
    NoImage(ImageId),
    /// Like the image lock of a real disk, which refuses a second writer.
    #[error("the machine {0} is not off; its disk is in use")]
    NotOff(InstanceId),
    /// It cannot be connected to now.
    #[error("the machine {0} is not running")]
    NotRunning(InstanceId),
    #[error("the machine {0} runs, but nothing answers at its SSH port")]
    Unreachable(InstanceId),
    /// Only for this peer: others are admitted.
    #[error("logins from this address failed too often: no machine answers it for another {seconds} s")]
    Penalized { seconds: u64 },
    /// More sessions than allowed.
    #[error("the machine {id} takes no more sessions: {most} sessions are open with {among}, which is the most")]
    Crowded { id: InstanceId, most: usize, among: Among },
    #[error("the machine {0} has no console")]
    NoConsole(InstanceId),
    #[error("read back after writing, the disk does not hold what was written: {0}")]
    NotAsWritten(Box<str>),
    #[error("the machines' store failed: {0}")]
    Store(Box<str>),
    #[error("{0}")]
    Other(Box<str>),
}

/// The group whose sessions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    Machine,
    Owner,
    All,
}

impl std::fmt::Display for Among {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Among::Machine => "it",
            Among::Owner => "the machines of its owner",
            Among::All => "all machines",
        })
    }
}

impl Error {
    /// Trying again cannot help.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Error::Absent(_) | Error::NoImage(_) | Error::NoConsole(_))
    }
}
