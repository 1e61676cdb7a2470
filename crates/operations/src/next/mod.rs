//! Decides what an operation does next, from what is wanted, what is remembered and what is observed; has no effects.
//!
//! A file a family of goals, each with the drawing of its walks. `[X]` is an effect, `(x)` what is observed or remembered, `!`
//! what gives the operation up. Giving up ([`Next::GiveUp`]) puts the reason into the trail; from then on the same function
//! brings the machine back to where it belongs, and ends with [`Next::Fail`].
//!
//! Where a drawing ends `(ready) -> Done` in the disk's own system, its sshd is asked before: `(ready) -> [Prove] -> Done`, and
//! what it would still let in that was taken off: `! KeyStillAccepted`.

mod back;
mod disk;
mod moment;
mod power;
mod shape;

pub use moment::Next;

use crate::{Limits, Step, prove};
use cvmd_model::{Failure, Goal, KeyPairId, Observed, StopType, Trail};
use moment::Moment;

/// Decides the next step.
///
/// # Guarantees
/// - Pure: the same arguments give the same answer.
/// - A crash after any effect and before any commit leads to the same end, because every effect may be repeated, and a
///   start is repeated only while the machine is still off on the boot that the trail names.
/// - Every wait has an end, and every repetition is counted: no goal but Terminate goes on for ever.
///
/// # Assumptions
/// - The trail of a [`Next::Do`] was durable before its step was performed.
#[must_use]
pub fn next(goal: &Goal, trail: &Trail, observed: &Observed, limits: &Limits, now_ms: u64) -> Next {
    let moment = Moment { goal, trail, observed, limits, now_ms };
    let next = match (&trail.giving_up, goal) {
        (_, Goal::Terminate) => moment.terminate(),
        (Some(failure), _) => moment.bring_back(failure),
        (None, Goal::Launch) => moment.launch(),
        (None, Goal::Create) => moment.create(),
        (None, Goal::Start) => moment.come_up(),
        (None, Goal::Stop { how, released: Some(_) }) => moment.stop_and_release(*how),
        (None, Goal::Stop { how, released: None }) => moment.stop(*how),
        (None, Goal::Reshape { was_running, how, .. }) => moment.reshape(*was_running, *how),
        (None, Goal::Isolate) => moment.stop(StopType::SoftFirst),
        (None, Goal::Reboot { how }) => moment.reboot(*how),
        (None, Goal::EnterRescue { how, .. }) => moment.enter_rescue(*how),
        (None, Goal::ExitRescue) => moment.exit_rescue(),
        (None, Goal::ChangeLogin { was_running, how, .. }) => moment.change_login(*was_running, *how),
        (None, Goal::CaptureImage { shut_down, .. }) => moment.capture(*shut_down),
        (None, Goal::Reset { .. }) => moment.reset(),
    };
    match next {
        Next::Done if prove::is_to_be_asked(goal, trail, observed) => Next::Do(Step::Prove, trail.clone()),
        Next::Done => still_accepted(trail).map_or(Next::Done, Next::GiveUp),
        Next::Do(_, Trail { retry_at_ms: Some(at_ms), .. }) if at_ms > now_ms => Next::Wait(at_ms),
        next => next,
    }
}

/// The failure of an operation after which what it was to take off still enters.
fn still_accepted(trail: &Trail) -> Option<Failure> {
    let proof = trail.proof.as_ref()?;
    let keys: Box<[KeyPairId]> = proof.still_accepted().collect();
    (!keys.is_empty()).then(|| Failure::KeyStillAccepted { keys, user: proof.user.clone() })
}

#[cfg(test)]
pub(crate) mod test;
