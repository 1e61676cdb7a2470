//! The effects on a machine that an operation is made of.

/// One effect on the hypervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Define,
    WriteLogin,
    Reset,
    CaptureImage,
    Reshape,
    ShutDown,
    PowerOff,
    Start,
    /// The next boots are the disk's own system.
    SetDisk,
    /// The next boots are the rescue system, with the login that the goal names.
    SetRescue,
    Erase,
}
