//! The engine with machines made for tests, under a virtual clock: every goal, every error, every crash.

mod crashes;
mod failures;
mod harness;
mod idle;
mod images;
mod machines;
mod plan;
mod shapes;
mod walks;
