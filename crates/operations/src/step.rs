//! The effects on a machine that operations consist of.

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
    /// Chooses the disk's own system for the next boots.
    SetDisk,
    /// Chooses the rescue system for the next boots, with the goal's login.
    SetRescue,
    Erase,
}
