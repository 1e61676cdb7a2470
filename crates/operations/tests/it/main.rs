//! The engine on machines of its own kind, under a virtual clock: every goal, every trouble, every crash.

mod crashes;
mod harness;
mod idle;
mod images;
mod machines;
mod plan;
mod shapes;
mod troubles;
mod walks;
