//! The data directory's epochs: a number that the state and the machines both hold, and that grows with time.
//!
//! A start compares the two (`truths`). So `state/` and `machines/` that were put together out of copies of different times are
//! recognised, if a minute with changes, a start or a stop lies between the copies.

use crate::app::{App, write};
use cvmd_state::{Settings, Transaction};
use std::{convert::Infallible, time::Duration};

/// How often another one begins while there are changes: two rows, whatever is done meanwhile.
const EVERY: Duration = Duration::from_secs(60);

/// Begins epochs for as long as it is polled.
pub(crate) async fn keep(app: &App) -> Infallible {
    let mut ticks = tokio::time::interval(EVERY);
    let commands = || app.state.figures().1;
    let mut before = commands();
    loop {
        ticks.tick().await;
        // An idle server writes nothing.
        if commands() != before {
            begin(app).await;
            before = commands();
        }
    }
}

/// Begins another one. Where that cannot be written, the last one goes on, and the next attempt has the same number.
pub(crate) async fn begin(app: &App) {
    // Health tells of these; trying would only be logged.
    if app.state.write_error().is_some() || app.hypervisor.trouble().is_some() {
        return;
    }
    let epoch = app.state.view().settings().epoch + 1;
    // Invariant: the machines first, so that they are never more than one ahead, however often the second fails.
    if app.hypervisor.put_epoch(epoch).await.is_ok() {
        let put = move |tx: &mut Transaction<'_>| {
            let settings = Settings { epoch, ..tx.view().settings().clone() };
            tx.put_settings(settings);
        };
        // The writer logs it.
        let _ = write(&app.state, put).await;
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{descriptors::Shares, master_key::MasterKey};
    use cvmd_actions::Policy;
    use cvmd_clock::Clock;
    use cvmd_hypervisor_simulated::{Inventory, Settings as Machines, SimulatedHypervisor, SshSettings};
    use cvmd_model::RegionId;
    use cvmd_state::{State, store::MemoryStore};
    use std::{pin::pin, sync::Arc};

    #[tokio::test(start_paused = true)]
    async fn a_minute_with_changes_begins_one_in_both_halves_and_a_minute_without_begins_none() {
        let directory = tempfile::tempdir().unwrap();
        let ssh = SshSettings { listen: false, ..SshSettings::default() };
        let machines = Machines { data: directory.path().to_path_buf(), clock: Clock::System, ssh };
        let app = App::new(
            Arc::new(State::open(Box::<MemoryStore>::default()).unwrap()),
            SimulatedHypervisor::open(machines).unwrap(),
            Arc::new(MasterKey::open(&directory.path().join("master.key")).unwrap()),
            Policy::documented(RegionId::find("ap-guangzhou").unwrap()),
            Shares::of(1024),
        );
        let epochs = || (app.state.view().settings().epoch, Inventory::read(directory.path()).unwrap().epoch);
        let mut keeping = pin!(keep(&app));
        for epoch in 0..3 {
            // The clock does not wait for the stores' threads.
            for _ in 0..1_000_000 {
                assert!(tokio::time::timeout(EVERY, keeping.as_mut()).await.is_err());
                if epochs() == (epoch, epoch) {
                    break;
                }
            }
            for _ in 0..100 {
                assert!(tokio::time::timeout(EVERY, keeping.as_mut()).await.is_err());
                assert_eq!(epochs(), (epoch, epoch));
            }
            write(&app.state, |tx| tx.put_settings(tx.view().settings().clone())).await.unwrap();
        }
    }
}
