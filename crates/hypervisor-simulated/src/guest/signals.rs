//! What can end a command early: ctrl-C, a signal that the client sends, the end of the channel or the connection.

use tokio::sync::watch;

/// From the weakest to the strongest; a stronger one replaces a weaker one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Signal {
    #[default]
    None,
    /// ctrl-C: the command ends, but not the shell at a terminal.
    Interrupt,
    /// More input waits for the command than allowed.
    Flood,
    Terminate,
    /// The client is gone.
    HangUp,
}

impl Signal {
    /// The exit status of a command that it has ended.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Signal::None => 0,
            Signal::Interrupt => 130,
            Signal::Flood => 1,
            Signal::Terminate => 143,
            Signal::HangUp => 129,
        }
    }
}

/// The signals of one channel.
#[derive(Debug, Default)]
pub(crate) struct Signals(watch::Sender<Signal>);

impl Signals {
    pub(crate) fn raise(&self, signal: Signal) {
        self.0.send_if_modified(|raised| {
            let stronger = signal > *raised;
            *raised = signal.max(*raised);
            stronger
        });
    }

    /// The interrupt was handled.
    pub(crate) fn lower(&self) {
        self.0.send_if_modified(|raised| *raised == Signal::Interrupt && std::mem::take(raised) == Signal::Interrupt);
    }

    pub(crate) fn raised(&self) -> Signal {
        *self.0.borrow()
    }

    /// Returns when that signal, or a stronger one, is raised.
    pub(crate) async fn at_least(&self, signal: Signal) {
        // This cannot fail: the sender is borrowed meanwhile.
        let _ = self.0.subscribe().wait_for(|raised| *raised >= signal).await;
    }
}
