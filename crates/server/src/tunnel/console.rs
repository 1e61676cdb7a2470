//! Opens a machine's console with the ticket in an address from DescribeInstanceVncUrl: once, and in time.

use crate::{
    app::App,
    metrics::Bound,
    tunnel::{slots::Slot, tickets::NoConsole},
};
use cvmd_hypervisor::{Connection, Error};
use std::net::IpAddr;

/// Redeems the query's ticket and opens its console, which takes one of the slots for consoles.
pub(crate) async fn open(app: &App, query: &str, peer: IpAddr) -> Result<(Connection, Slot), NoConsole> {
    let ticket = app.consoles.redeem(&app.master_key, query, app.now_seconds())?;
    let id = ticket.instance;
    let machine = app.hypervisor.console(id, Some(peer)).await.map_err(|error| match error {
        Error::Absent(_) | Error::NotRunning(_) => NoConsole::NotRunning,
        Error::Crowded { .. } => NoConsole::Crowded,
        error => {
            tracing::warn!(instance = %id, %error, "a console cannot be opened");
            NoConsole::Broken
        }
    })?;
    let account = app.state.view().instance(id).ok_or(NoConsole::NotRunning)?.account;
    let place = app.open_consoles.take(account.0, id).await.map_err(|_| {
        app.metrics.reached(Bound::Consoles);
        NoConsole::TooMany
    })?;
    if place.is_anothers {
        app.metrics.reached(Bound::Consoles);
    }
    Ok((place.watch(machine), place))
}
