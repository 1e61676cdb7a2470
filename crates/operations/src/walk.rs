//! Carries out one instance's operation: observe, decide, remember, act, until it has ended.
//!
//! ```text
//! row ─> observe ─> next ─┬─ Do ────> [permit] ─> commit trail and state if they differ ─> effect ─┐
//!  ^                      ├─ Wait ──> until then, or woken                                          │
//!  │                      ├─ GiveUp ─> read the disk, remember why                                  │
//!  │                      └─ Done, Fail ─> commit the end; no operation, no task                    │
//!  └───────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```

use crate::{
    Next, Step,
    effects::Permit,
    images,
    look::{Look, look},
    next,
    perform::{Disk, guest, perform, read_disk},
    ports::own_port,
    prove::{owed, prove},
    retry::{self, Attempt, pause_ms},
    settle::{self, Outcome},
    shared::{Counters, Shared, Task},
    step::Success,
};
use cvmd_model::{
    Failure, Goal, Instance, InstanceId, InstanceState, LoginWanted, Observed, Operation, Proof, RequestId, Trail,
};
use cvmd_state::{CommitError, JournalLine};
use std::{convert::Infallible, sync::Arc};

/// A waiting operation observes at least this often: a driver that lost its connection may have lost events.
const OBSERVE_AGAIN_MS: u64 = 2_000;

/// What the task knows of the current operation.
#[derive(Debug)]
struct Walk {
    request: RequestId,
    /// Ahead of the row's by what need not survive a crash.
    trail: Trail,
    /// What is restored on failure, when the disk holds something else than the goal expects.
    before: Option<LoginWanted>,
    /// The trail holds something that must survive a crash, though no effect follows at once.
    unsaved: bool,
    /// The latest successful effect, and the trail after it.
    did: Option<(Step, Trail)>,
    began_ms: u64,
    /// Observations or commits that failed without a success in between.
    failures: u32,
}

/// One look at the row and the machine.
struct Sight {
    row: Arc<Instance>,
    goal: Goal,
    observed: Observed,
    now_ms: u64,
}

/// The outcome of a commit.
enum Committed {
    Stored,
    /// Another operation has replaced this one, or the row is gone.
    Superseded,
    Failed,
    Closed,
}

/// Whether the operation has ended, as far as this task knows.
enum Progress {
    UnderWay,
    Ended,
}

/// The task has nothing more to do, or must not do it.
struct End;

/// Carries out any operation of the instance, until it has none or the engine stops.
pub(crate) async fn run(shared: &Shared, id: InstanceId, task: &Task) {
    let mut walk = None;
    let mut permit = None;
    while !shared.is_stopping() {
        let wakes = task.wakes();
        let row = shared.state.view().instance(id).cloned();
        let operation = row.as_ref().and_then(|row| row.operation.clone());
        let ended = match (row, operation) {
            (Some(row), Some(operation)) => {
                let walk = take_up(&mut walk, operation.request, operation.trail, shared.clock.now_ms());
                match walk.step(shared, row, operation.goal, task, &mut permit).await {
                    Ok(Progress::UnderWay) => false,
                    // The row is as the machine was seen, so nothing is to be done before it changes.
                    Ok(Progress::Ended) => shared.leave(id, task, wakes),
                    Err(End) => true,
                }
            }
            (Some(row), None) => {
                permit = None;
                match look(shared, &row).await {
                    // An idle machine that could not be observed is looked at again when it changes.
                    Look::Agrees | Look::Failed => shared.leave(id, task, wakes),
                    Look::Outdated => false,
                    Look::Closed => true,
                }
            }
            (None, _) => {
                permit = None;
                shared.leave(id, task, wakes)
            }
        };
        if ended {
            return;
        }
    }
}

/// The walk of that request: the present one, or a new one with the row's trail.
fn take_up(walk: &mut Option<Walk>, request: RequestId, trail: Trail, now_ms: u64) -> &mut Walk {
    if walk.as_ref().is_some_and(|walk| walk.request != request) {
        *walk = None;
    }
    walk.get_or_insert_with(|| Walk {
        request,
        trail: retry::resumed(trail, now_ms),
        before: None,
        unsaved: false,
        did: None,
        began_ms: now_ms,
        failures: 0,
    })
}

impl Walk {
    async fn step(
        &mut self,
        shared: &Shared,
        row: Arc<Instance>,
        goal: Goal,
        task: &Task,
        permit: &mut Option<Permit>,
    ) -> Result<Progress, End> {
        let observed = match shared.unless_abandoned(shared.hypervisor.observe(row.id)).await.ok_or(End)? {
            Ok(observed) => observed,
            Err(error) => {
                // An unknown state is no failure: the operation waits for an answer.
                tracing::warn!(instance = %row.id, request = %self.request, %error, "the machine cannot be observed");
                *permit = None;
                self.back_off(shared, task).await;
                return Ok(Progress::UnderWay);
            }
        };
        // A tag that was set meanwhile applies from the next step on, or at the next look if that fails now.
        if let Err(error) = shared.hypervisor.behave(row.id, guest(&row)).await {
            tracing::debug!(instance = %row.id, request = %self.request, %error, "its guest's behaviour cannot be set");
        }
        let sight = Sight { row, goal, observed, now_ms: shared.clock.now_ms() };
        match next(&sight.goal, &self.trail, &sight.observed, &shared.limits, sight.now_ms) {
            Next::Do(step, trail) => {
                if permit.is_none() {
                    *permit = shared.effects.try_begin(sight.row.account);
                    if permit.is_none() {
                        // The decision may be outdated when the permit comes: decide again then.
                        *permit = tokio::select! {
                            () = shared.stopped() => None,
                            begun = shared.effects.begin(sight.row.account) => begun,
                        };
                        return Ok(Progress::UnderWay);
                    }
                }
                self.act(shared, &sight, step, trail, task).await?;
                *permit = None;
            }
            Next::Wait(until_ms) => {
                *permit = None;
                let state = settle::shown(&sight.goal, &self.trail, &sight.observed);
                if self.unsaved || state != sight.row.state {
                    self.remember(shared, &sight, self.trail.clone(), state, task).await?;
                }
                let until_ms = until_ms.min(sight.now_ms.saturating_add(OBSERVE_AGAIN_MS));
                wait(shared, task, until_ms).await;
            }
            Next::GiveUp(failure) => self.give_up(shared, &sight, failure, None).await,
            Next::Done => {
                *permit = None;
                return self.finish(shared, &sight, Outcome::Success, task).await;
            }
            Next::Fail(failure) => {
                *permit = None;
                return self.finish(shared, &sight, Outcome::Failed(failure), task).await;
            }
        }
        Ok(Progress::UnderWay)
    }

    /// Commits what the effect needs, performs it, and records its outcome in the trail.
    async fn act(&mut self, shared: &Shared, sight: &Sight, step: Step, trail: Trail, task: &Task) -> Result<(), End> {
        // A successful effect that is decided again, with nothing else changed, has not worked. Asking a guest again is
        // different: its effect cannot be observed.
        let same = self.did.as_ref().is_some_and(|(did, after)| *did == step && *after == trail);
        debug_assert!(self.did.as_ref().is_none_or(|(did, _)| step.may_follow(*did)), "{step:?} after {:?}", self.did);
        if same && !matches!(step.row().success, Success::Asked) {
            self.did = None;
            self.trail = trail;
            self.failed(shared, sight, step, "it answered that it was done, but the machine is as it was", false).await;
            return Ok(());
        }
        let state = settle::shown(&sight.goal, &trail, &sight.observed);
        let saved = sight.row.operation.as_ref().is_some_and(|operation| operation.trail == trail);
        if saved && state == sight.row.state {
            self.trail = trail;
        } else if !self.remember(shared, sight, trail, state, task).await? {
            return Ok(());
        }
        // After the commit: what is noted once nothing is started has what each effect needs.
        shared.unless_abandoned(shared.gate.opened()).await.ok_or(End)?;
        if shared.is_stopping() {
            return Err(End);
        }
        tracing::debug!(instance = %sight.row.id, request = %self.request, step = step.row().name, "effect");
        Counters::add(&shared.counters.effects);
        // The row's present operation determines what is written. Another one has begun only if it superseded this one,
        // and then its own effects undo this one.
        let view = shared.state.view();
        let effect = async {
            if step == Step::Prove {
                return Ok(Some(Box::new(prove(shared, &view, &sight.row, &sight.observed).await)));
            }
            perform(shared.hypervisor.as_ref(), &view, &sight.row, step).await.map(|()| None)
        };
        match shared.unless_abandoned(effect).await.ok_or(End)? {
            Ok(proof) => {
                self.trail = self.after(shared, sight, step);
                self.trail.proof = proof.or(self.trail.proof.take());
                self.did = Some((step, self.trail.clone()));
            }
            Err(error) => {
                Counters::add(&shared.counters.effects_failed);
                self.did = None;
                self.failed(shared, sight, step, &error.to_string(), error.is_final()).await;
            }
        }
        Ok(())
    }

    fn after(&self, shared: &Shared, sight: &Sight, step: Step) -> Trail {
        let power = sight.observed.power;
        retry::succeeded(step, self.trail.clone(), power, &shared.limits, shared.clock.now_ms())
    }

    /// Records a failed effect in the trail: to be repeated, or given up.
    async fn failed(&mut self, shared: &Shared, sight: &Sight, step: Step, cause: &str, is_final: bool) {
        let attempt = Attempt { goal: &sight.goal, step, trail: &self.trail, cause, is_final };
        let next = retry::failed(attempt, &shared.limits, shared.clock.now_ms());
        let (id, request, step_name, attempts) =
            (sight.row.id, self.request, step.row().name, self.trail.attempts.saturating_add(1));
        // One warning is enough: for an effect that is given up, or one that is repeated for ever and has failed as
        // often as others may.
        let is_to_be_logged = next.as_ref().map_or(true, |trail| trail.attempts == shared.limits.attempts_max);
        if is_to_be_logged {
            tracing::warn!(instance = %id, %request, step = step_name, error = cause, attempts, "an effect failed");
        } else {
            tracing::info!(instance = %id, %request, step = step_name, error = cause, attempts, "an effect is tried again");
        }
        match next {
            Ok(trail) => {
                self.trail = trail;
                self.unsaved = true;
            }
            Err(failure) => self.give_up(shared, sight, failure, Some(step)).await,
        }
    }

    /// Remembers why the operation fails. Before a login is reported as not written, the disk is read.
    async fn give_up(&mut self, shared: &Shared, sight: &Sight, failure: Failure, step: Option<Step>) {
        let changes_login = matches!(sight.goal, Goal::ChangeLogin { .. } | Goal::Reset { .. });
        if changes_login && !self.trail.login_written && !sight.row.is_windows() {
            match read_disk(shared.hypervisor.as_ref(), &shared.state.view(), &sight.row).await {
                Ok(Disk::AsWanted) if step == Some(Step::WriteLogin) => {
                    self.trail = self.after(shared, sight, Step::WriteLogin);
                    return;
                }
                Ok(Disk::AsWanted) => self.before = Some(sight.row.login.clone()),
                Ok(Disk::Holds(login)) => self.before = Some(login),
                Err(error) => {
                    let id = sight.row.id;
                    tracing::warn!(instance = %id, request = %self.request, %error, "the disk cannot be read");
                }
            }
        }
        self.trail =
            Trail { giving_up: Some(failure), attempts: 0, retry_at_ms: None, ..std::mem::take(&mut self.trail) };
        self.unsaved = true;
        self.did = None;
    }

    /// Commits a trail and the visible state; returns whether that was stored.
    async fn remember(
        &mut self,
        shared: &Shared,
        sight: &Sight,
        trail: Trail,
        state: InstanceState,
        task: &Task,
    ) -> Result<bool, End> {
        let before = self.before.clone();
        let (request, stored) = (self.request, trail.clone());
        let committed = commit(shared, &sight.row, request, move |mut instance, tx| {
            settle::proceed(&mut instance, stored, before, state);
            tx.put_instance(instance);
        });
        match committed.await {
            Committed::Stored => {
                self.trail = trail;
                self.unsaved = false;
                self.failures = 0;
                Ok(true)
            }
            Committed::Superseded => Ok(false),
            Committed::Closed => Err(End),
            Committed::Failed => {
                self.back_off(shared, task).await;
                Ok(false)
            }
        }
    }

    /// Commits the end of the operation, with its line in the journal.
    async fn finish(&mut self, shared: &Shared, sight: &Sight, outcome: Outcome, task: &Task) -> Result<Progress, End> {
        let (id, request) = (sight.row.id, self.request);
        let (observed, before, ended) = (sight.observed, self.before.clone(), outcome.clone());
        let (proof, is_written, now_ms) = (self.trail.proof.clone(), self.trail.login_written, sight.now_ms);
        let at = shared.clock.second_and_microseconds();
        let own_port = own_port(shared.hypervisor.as_ref(), &sight.row).await;
        let Ok(captured) = images::captured(shared, &sight.goal, &self.trail).await else {
            self.back_off(shared, task).await;
            return Ok(Progress::UnderWay);
        };
        let committed = commit(shared, &sight.row, request, move |mut instance, tx| {
            if instance.latest.is_some() {
                tx.write_line(line(&instance, request, &ended, at));
            }
            if let Some(Operation { goal: Goal::CaptureImage { image, .. }, .. }) = instance.operation {
                images::end(tx, image, captured.as_ref());
            }
            let terminated = matches!(instance.operation, Some(Operation { goal: Goal::Terminate, .. }));
            if terminated && ended == Outcome::Success {
                if let Some(row) = tx.view().instance(id) {
                    tx.remove_instance(row);
                }
            } else {
                let proof = proof.or_else(|| {
                    let owes = matches!(instance.operation, Some(Operation { goal: Goal::ChangeLogin { .. }, .. }));
                    (owes && is_written && !instance.is_windows())
                        .then(|| Box::new(Proof::owed(now_ms, owed(tx.view(), &instance))))
                });
                settle::finish(&mut instance, &ended, before, &observed, proof);
                instance.login_port = own_port;
                tx.put_instance(instance);
            }
        });
        match committed.await {
            Committed::Stored => {
                let ms = shared.clock.now_ms().saturating_sub(self.began_ms);
                shared.counters.ended(&sight.goal, outcome == Outcome::Success, ms);
                // A seed's operations are too many to be logged one by one.
                if let Some(latest) = &sight.row.latest {
                    tracing::info!(instance = %id, action = %latest.action, %request, %outcome, ms, "operation ended");
                }
                Ok(Progress::Ended)
            }
            Committed::Superseded => Ok(Progress::UnderWay),
            Committed::Closed => Err(End),
            Committed::Failed => {
                self.back_off(shared, task).await;
                Ok(Progress::UnderWay)
            }
        }
    }

    async fn back_off(&mut self, shared: &Shared, task: &Task) {
        self.failures = self.failures.saturating_add(1);
        let until_ms = shared.clock.now_ms().saturating_add(pause_ms(self.failures));
        wait(shared, task, until_ms).await;
    }
}

/// Waits until then, or until the task is woken or the engine stops.
async fn wait(shared: &Shared, task: &Task, until_ms: u64) {
    tokio::select! {
        () = shared.stopped() => {}
        () = task.notify.notified() => {}
        () = shared.clock.sleep_until(until_ms) => {}
    }
}

/// Changes the row, if its operation is still this request's.
async fn commit(
    shared: &Shared,
    row: &Instance,
    request: RequestId,
    change: impl FnOnce(Instance, &mut cvmd_state::Transaction<'_>) + Send + 'static,
) -> Committed {
    let id = row.id;
    let changed = shared.state.change_of(row.account, move |tx| {
        // Invariant: a superseded operation writes nothing, so the request is compared here, on the writer.
        let row = tx.view().instance(id).filter(|row| row.operation.as_ref().is_some_and(|op| op.request == request));
        let Some(row) = row else { return Ok::<bool, Infallible>(false) };
        change(Instance::clone(row), tx);
        Ok(true)
    });
    match changed.await {
        Ok(Ok(true)) => Committed::Stored,
        Ok(Ok(false)) => Committed::Superseded,
        Err(CommitError::Closed) => Committed::Closed,
        Err(error) => {
            tracing::error!(instance = %id, %request, %error, "the engine's commit failed");
            Committed::Failed
        }
    }
}

fn line(instance: &Instance, request: RequestId, outcome: &Outcome, at: (u64, u32)) -> JournalLine {
    let (at_seconds, microseconds) = at;
    JournalLine {
        request,
        account: instance.account,
        credential: "".into(),
        action: instance.latest.as_ref().map_or("", |latest| &latest.action).into(),
        at_seconds,
        microseconds,
        decision: outcome.to_string().into(),
        message: None,
        instances: vec![instance.id],
        target: None,
        dry_run: false,
        replay: None,
    }
}
