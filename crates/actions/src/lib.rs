//! One file per API action, the catalog of all actions, reading of parameters, and the reasons for refusing.
//!
//! An action never touches a machine: it refuses, or answers, or writes an intent into the state.
//!
//! Architecture invariant: this crate does not depend on `hypervisor`, so no request can leave something half-done on a
//! machine.

#[macro_use]
mod catalog;
#[macro_use]
mod filters;
#[macro_use]
mod object;
mod action;
mod address;
mod api_error;
mod batch;
mod bounds;
mod context;
mod controls;
mod disks;
mod facts;
mod login;
mod names;
mod network;
mod new_instance;
mod parameters;
mod places;
mod prices;
mod product;
mod reasons;
mod reply;
mod seal;
mod seeds;
mod snapshots;
mod source;
mod tags;
#[cfg(test)]
mod testing;
mod touched;
mod types;

catalog!(modules);

pub use action::{Action, Answer, Apply, Body, Effect, Pace, Prepare, carry_out};
pub use address::{Address, find};
pub use api_error::ApiError;
pub use catalog::ACTIONS;
pub use context::{AccountBounds, ConsoleAt, Context, Policy, RunningKeyChange};
pub use cvm::console::{PAGE as CONSOLE_PAGE, Ticket};
pub use login::{hash as hash_password, password as check_password};
pub use new_instance::{Disks, NAMELESS, Plan, Wanted, seeded};
pub use parameters::Parameters;
pub use prices::{DiskPrices, Prices, Yuan};
pub use product::{Product, VENDOR_DOMAINS, is_vendor_host};
pub use reasons::{
    codes::{Declared, is_declared},
    denied::denied,
    disk::DiskReason,
    key::KeyNameReason,
    parameter::{Excess, Untaken},
    reason::Reason,
    table::Words,
    tag::TagRefusal,
};
pub use reply::{time, time_with_milliseconds};
pub use seal::{Purpose, Seal};
pub use seeds::{check_instance as check_seeded_instance, check_key_pair as check_seeded_key_pair};
pub use source::Source;
pub use touched::Touched;

// What most actions name.
use action::page;
use batch::{Batch, change_all};
use bounds::shorten;
use filters::Filter;
use object::{EMPTY, NULL};
use tags::{tagged, words as tag_words};
