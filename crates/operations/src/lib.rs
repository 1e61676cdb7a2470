//! The engine that brings the machines to what is wanted: it reads the intents that commands committed, and repeats
//! observe, decide, remember, act until what is observed agrees with them.
//!
//! ```text
//! state ──subscribe──┐                       ┌─ next     what to do now (pure)
//!                    ├─> engine ──> walk ────┼─ perform  does it on the hypervisor
//! machines ──watch───┘      │   (a task per   ├─ retry    what a success or an error leaves in the trail (pure)
//!                           └─> follow       └─ settle   what the instance's row shows (pure)
//!                          (idle instances)
//! ```
//!
//! Architecture invariant: this crate knows no requests and no actions; it commits only on rows whose operation is
//! still the one that it walks.

mod durations;
mod effects;
mod engine;
mod failure;
mod follow;
mod gate;
mod images;
mod limits;
mod look;
mod next;
mod perform;
mod ports;
mod prove;
mod retry;
mod settle;
mod shared;
mod step;
mod tasks;
mod walk;

pub use durations::{BUCKETS, Counted, Durations};
pub use engine::Engine;
pub use gate::{Gate, Hold};
pub use limits::Limits;
pub use next::{Next, next};
pub use perform::{definition, login};
pub use ports::write_ports;
pub use shared::{Figures, GOAL_BOUNDS_MS, GOALS};
pub use step::Step;
