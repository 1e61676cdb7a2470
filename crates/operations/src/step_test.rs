//! What each step may follow, held against all that the decision can come to.

use super::*;
use crate::{
    Limits, Next, next,
    next::test::{boot, change_by, enter, renewal, reshape},
    retry::{self, Attempt},
};
use cvmd_model::{Goal, Observed, Power, Proof, ProofState, StopType, System};
use std::{
    collections::{BTreeSet, HashSet},
    net::Ipv4Addr,
};

const STEPS: [Step; 12] = [
    Step::Define,
    Step::WriteLogin,
    Step::Reset,
    Step::CaptureImage,
    Step::Reshape,
    Step::ShutDown,
    Step::PowerOff,
    Step::Start,
    Step::SetDisk,
    Step::SetRescue,
    Step::Erase,
    Step::Prove,
];

/// Few tries, so that there is an end to what can happen.
const LIMITS: Limits =
    Limits { shutdown_timeout_s: 2, boot_timeout_s: 6, attempts_max: 2, parallel_max: 1, stop_timeout_s: 1 };

/// An operation under way. Time stands still at zero, and what was asked for is so much the longer ago.
#[derive(Debug, Clone)]
struct World {
    trail: Trail,
    observed: Observed,
    did: Option<(Step, Trail)>,
    now_ms: u64,
}

fn goals() -> Vec<Goal> {
    let ways = [StopType::Soft, StopType::SoftFirst, StopType::Hard];
    let mut goals = vec![Goal::Launch, Goal::Create, Goal::Start, Goal::Isolate, Goal::ExitRescue, Goal::Terminate];
    goals.extend(ways.map(|how| Goal::Reboot { how }));
    goals.extend(ways.map(enter));
    for released in [None, Some(Ipv4Addr::LOCALHOST)] {
        goals.extend(ways.map(|how| Goal::Stop { how, released }));
    }
    for running in [false, true] {
        goals.extend(ways.map(|how| change_by(running, how)));
        goals.extend(ways.map(|how| reshape(running, Some(how))));
        goals.extend([reshape(running, None), renewal(running)]);
        goals.push(Goal::CaptureImage { image: cvmd_model::IMAGES[0].id(), shut_down: running });
    }
    goals
}

/// Everything was as promised.
fn proof(boot: cvmd_model::BootId) -> Box<Proof> {
    Box::new(Proof { state: ProofState::Proven, boot, ..Proof::not_applicable(0) })
}

impl World {
    /// The same for two worlds in which the same can happen.
    fn key(&self) -> String {
        let ago = |at_ms: Option<u64>| at_ms.map(|at_ms| i128::from(at_ms) - i128::from(self.now_ms));
        let trail = |trail: &Trail| {
            let times = [trail.off_asked_ms, trail.start_asked_ms, trail.retry_at_ms].map(ago);
            let boot = trail.boot_before.map(|boot| boot == self.observed.boot);
            // What is tried for ever is counted for ever; its pauses grow no more.
            let attempts = trail.attempts.min(8);
            let rest = Trail {
                boot_before: None,
                off_asked_ms: None,
                start_asked_ms: None,
                retry_at_ms: None,
                attempts,
                proof: None,
                ..trail.clone()
            };
            let is_asked = trail.proof.as_ref().is_some_and(|proof| proof.boot == self.observed.boot);
            format!("{times:?} {boot:?} {is_asked} {rest:?}")
        };
        let Observed { power, ready, system, .. } = self.observed;
        let did = self.did.as_ref().map(|(step, after)| (*step, trail(after)));
        format!("{power:?} {ready} {system:?} {did:?} {}", trail(&self.trail))
    }

    fn seen(&self, power: Power, ready: bool) -> World {
        World { observed: Observed { power, ready, ..self.observed }, ..self.clone() }
    }

    fn booting(&self) -> World {
        let mut next = self.seen(Power::Starting, false);
        next.observed.boot = boot(self.observed.boot.0.as_u128() + 1);
        next
    }

    /// What the machine may do by itself, or somebody with it.
    fn changes(&self) -> Vec<World> {
        match self.observed.power {
            Power::Absent => vec![],
            Power::Off => vec![self.booting(), self.seen(Power::Absent, false)],
            Power::Starting => vec![self.seen(Power::Running, false), self.seen(Power::Off, false)],
            Power::Running => vec![
                self.seen(Power::Running, true),
                self.seen(Power::ShuttingDown, false),
                self.seen(Power::Off, false),
                self.booting(),
            ],
            Power::ShuttingDown => vec![self.seen(Power::Off, false), self.booting()],
        }
    }

    /// What the machine is after the step.
    fn after(&self, step: Step) -> World {
        let on = !matches!(self.observed.power, Power::Absent | Power::Off);
        let mut next = match step {
            Step::Define => self.seen(Power::Off, false),
            Step::PowerOff if on => self.seen(Power::Off, false),
            Step::ShutDown if self.observed.power == Power::Running => self.seen(Power::ShuttingDown, false),
            Step::Start if self.observed.power == Power::Off => self.booting(),
            Step::Erase => self.seen(Power::Absent, false),
            _ => self.clone(),
        };
        match step {
            Step::SetDisk => next.observed.system = System::Disk,
            Step::SetRescue => next.observed.system = System::Rescue,
            _ => {}
        }
        next.trail = retry::succeeded(step, self.trail.clone(), self.observed.power, &LIMITS, self.now_ms);
        if step == Step::Prove {
            next.trail.proof = Some(proof(self.observed.boot));
        }
        next.did = Some((step, next.trail.clone()));
        next
    }

    fn failed(&self, goal: &Goal, step: Step) -> World {
        let attempt = Attempt { goal, step, trail: &self.trail, cause: "", is_final: false };
        match retry::failed(attempt, &LIMITS, self.now_ms) {
            Ok(trail) => World { trail, did: None, ..self.clone() },
            Err(failure) => self.given_up(failure),
        }
    }

    fn given_up(&self, failure: Failure) -> World {
        let trail = Trail { giving_up: Some(failure), attempts: 0, retry_at_ms: None, ..self.trail.clone() };
        World { trail, did: None, ..self.clone() }
    }

    /// What may come next. The walk of the engine, with what it does not know tried both ways.
    fn nexts(&self, goal: &Goal, pairs: &mut BTreeSet<(u8, u8)>) -> Vec<World> {
        let mut worlds = self.changes();
        let resumed = retry::resumed(self.trail.clone(), self.now_ms);
        worlds.push(World { trail: resumed, did: None, ..self.clone() });
        match next(goal, &self.trail, &self.observed, &LIMITS, self.now_ms) {
            Next::Do(step, trail) => {
                let here = World { trail: trail.clone(), ..self.clone() };
                worlds.push(here.failed(goal, step));
                if let Some((did, _)) = self.did.as_ref().filter(|(did, _)| *did != step) {
                    pairs.insert((*did as u8, step as u8));
                }
                let asks = matches!(step.row().success, Success::Asked);
                if asks || self.did != Some((step, trail)) {
                    worlds.push(here.after(step));
                }
            }
            Next::Wait(until_ms) => worlds.push(World { now_ms: until_ms, ..self.clone() }),
            Next::GiveUp(failure) => worlds.push(self.given_up(failure)),
            Next::Done | Next::Fail(_) => worlds.clear(),
        }
        worlds
    }
}

#[test]
fn a_step_follows_what_its_row_says_and_nothing_else() {
    let mut pairs = BTreeSet::new();
    for goal in goals() {
        let mut known = HashSet::new();
        let mut open: Vec<World> = Vec::new();
        for power in [Power::Absent, Power::Off, Power::Starting, Power::Running, Power::ShuttingDown] {
            for system in [System::Disk, System::Rescue] {
                let observed = Observed { power, boot: boot(1), ready: false, system };
                open.push(World { trail: Trail::default(), observed, did: None, now_ms: 1_000_000 });
            }
        }
        while let Some(world) = open.pop() {
            if known.insert(world.key()) {
                open.extend(world.nexts(&goal, &mut pairs));
                assert!(known.len() < 200_000, "{goal:?} has no end");
            }
        }
    }
    let found = |step: Step| -> Vec<Step> {
        STEPS.into_iter().filter(|before| pairs.contains(&(*before as u8, step as u8))).collect()
    };
    let found = STEPS.map(|step| (step, found(step)));
    assert_eq!(found.iter().map(|(_, before)| before.len()).sum::<usize>(), pairs.len(), "a step is missing here");
    assert_eq!(found, STEPS.map(|step| (step, step.row().follows.to_vec())));
}
