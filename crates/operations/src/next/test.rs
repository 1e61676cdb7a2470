//! The decisions as tables: every goal with every power, at each point of its walk.

use super::*;
use crate::Step;
use cvmd_model::{
    AskedKey, BootId, Failure, InstanceTypeId, InternetAccessible, KeyAnswer, KeyPairId, Login, LoginWanted, Password,
    Power, Proof, Shape, System,
};

const NOW_MS: u64 = 1_000_000;

pub(crate) fn boot(number: u128) -> BootId {
    BootId(uuid::Uuid::from_u128(number))
}

pub(crate) fn change(was_running: bool) -> Goal {
    change_by(was_running, StopType::SoftFirst)
}

pub(crate) fn change_by(was_running: bool, how: StopType) -> Goal {
    let before = LoginWanted { keys: Vec::new(), password: Password::Never, password_login: false };
    Goal::ChangeLogin { was_running, gone: Vec::new(), before, how }
}

/// In the order of the tables: absent, off, starting, running, running and ready, shutting down; on boot 1.
pub(crate) fn every_power() -> [Observed; 6] {
    let seen = |power, ready| Observed { power, boot: boot(1), ready, system: System::Disk };
    [
        seen(Power::Absent, false),
        seen(Power::Off, false),
        seen(Power::Starting, false),
        seen(Power::Running, false),
        seen(Power::Running, true),
        seen(Power::ShuttingDown, false),
    ]
}

pub(crate) fn enter(how: StopType) -> Goal {
    let login = Login { user: "root".into(), keys: Vec::new(), password_hash: None, password_login: true };
    Goal::EnterRescue { how, login }
}

fn say(next: &Next) -> String {
    let failure = |failure: &Failure| match failure {
        Failure::NotDefined { .. } => "not defined",
        Failure::LoginNotWritten { .. } => "not written",
        Failure::LoginWrittenNotStarted { .. } => "written, not started",
        Failure::NotStarted { .. } => "not started",
        Failure::NotStopped { .. } => "not stopped",
        Failure::DiskNotReset { .. } => "not reset",
        Failure::ImageNotCaptured { .. } => "not captured",
        Failure::NotReshaped { .. } => "not reshaped",
        Failure::KeyStillAccepted { .. } => "still accepted",
        Failure::Hypervisor { .. } => "hypervisor",
    };
    match next {
        Next::Do(step, _) => step.row().name.into(),
        Next::Wait(until_ms) => format!("wait {}", (until_ms - NOW_MS) / 1000),
        Next::Done => "done".into(),
        Next::GiveUp(why) => format!("give up: {}", failure(why)),
        Next::Fail(why) => format!("fail: {}", failure(why)),
    }
}

#[track_caller]
fn table(goal: &Goal, trail: &Trail, expected: [&str; 6]) {
    table_of(System::Disk, goal, trail, expected);
}

/// Checks the decisions for a machine on which the rescue system was chosen.
#[track_caller]
fn rescued(goal: &Goal, trail: &Trail, expected: [&str; 6]) {
    table_of(System::Rescue, goal, trail, expected);
}

#[track_caller]
fn table_of(system: System, goal: &Goal, trail: &Trail, expected: [&str; 6]) {
    let decided = every_power()
        .map(|observed| say(&next(goal, trail, &Observed { system, ..observed }, &Limits::default(), NOW_MS)));
    assert_eq!(decided, expected, "{system:?} {goal:?} {trail:?}");
}

fn fresh() -> Trail {
    Trail::default()
}

/// The guest was asked to shut down that many seconds ago, and received the request.
fn asked(seconds: u64) -> Trail {
    let asked_ms = NOW_MS - seconds * 1000;
    Trail {
        boot_before: Some(boot(1)),
        off_asked_ms: Some(asked_ms),
        retry_at_ms: Some(asked_ms + 20_000),
        ..Trail::default()
    }
}

/// Started that many seconds ago, after the boot with that number.
fn started(seconds: u64, from: u128) -> Trail {
    Trail {
        boot_before: Some(boot(from)),
        start_asked_ms: Some(NOW_MS - seconds * 1000),
        login_written: true,
        ..Trail::default()
    }
}

const GONE: &str = "give up: hypervisor";

#[test]
fn launch() {
    let goal = Goal::Launch;
    table(&goal, &fresh(), ["define", "write login", "power off", "power off", "power off", "power off"]);
    let written = Trail { login_written: true, ..fresh() };
    table(&goal, &written, ["define", "start", "start", "start", "prove", "start"]);
    table(&goal, &started(20, 0), [GONE, "start", "wait 100", "wait 100", "prove", "wait 100"]);
    table(&goal, &started(20, 1), [GONE, "start", "wait 100", "wait 100", "wait 100", "wait 100"]);
    let late = "give up: not started";
    table(&goal, &started(120, 0), [GONE, late, late, late, "prove", late]);
}

#[test]
fn create() {
    let off = ["power off"; 4];
    let table = |trail: &Trail, begin: [&'static str; 2]| {
        table(&Goal::Create, trail, [begin[0], begin[1], off[0], off[1], off[2], off[3]]);
    };
    table(&fresh(), ["define", "write login"]);
    table(&Trail { login_written: true, ..fresh() }, ["define", "done"]);
}

#[test]
fn start() {
    let goal = Goal::Start;
    table(&goal, &fresh(), [GONE, "start", "start", "start", "prove", "start"]);
    table(&goal, &started(20, 0), [GONE, "start", "wait 100", "wait 100", "prove", "wait 100"]);
    let late = "give up: not started";
    table(&goal, &started(120, 0), [GONE, late, late, late, "prove", late]);
}

/// Its sshd, on that boot, was asked about a key that was taken off.
fn answered(number: u128, answer: KeyAnswer) -> Trail {
    let asked = AskedKey { key: KeyPairId::from_random(1), promised: KeyAnswer::Refused, answer };
    let proof = Proof { boot: boot(number), asked: [asked].into(), ..Proof::not_applicable(0) };
    Trail { proof: Some(Box::new(proof)), ..started(20, 0) }
}

#[test]
fn what_was_asked_of_this_boot_ends_an_operation() {
    for goal in [Goal::Launch, Goal::Start, change(true), Goal::Reboot { how: StopType::Soft }] {
        for (answer, end) in [
            (KeyAnswer::Refused, "done"),
            (KeyAnswer::NotAnswered, "done"),
            (KeyAnswer::Accepted, "give up: still accepted"),
        ] {
            table(&goal, &answered(1, answer), [GONE, "start", "wait 100", "wait 100", end, "wait 100"]);
            table(&goal, &answered(7, answer), [GONE, "start", "wait 100", "wait 100", "prove", "wait 100"]);
        }
        let failure = Failure::KeyStillAccepted { keys: Box::default(), user: "root".into() };
        let giving_up = Trail { giving_up: Some(failure), ..answered(1, KeyAnswer::Accepted) };
        // A launch was not announced to anybody yet.
        let on = if goal == Goal::Launch { "power off" } else { "fail: still accepted" };
        table(&goal, &giving_up, ["fail: still accepted", "fail: still accepted", on, on, on, on]);
    }
}

#[test]
fn stop() {
    let (soft, first, hard) = (StopType::Soft, StopType::SoftFirst, StopType::Hard);
    let all = |act| [GONE, "done", act, act, act, act];
    table(&Goal::Stop { how: soft, released: None }, &fresh(), all("shut down"));
    table(&Goal::Stop { how: first, released: None }, &fresh(), all("shut down"));
    table(&Goal::Stop { how: hard, released: None }, &fresh(), all("power off"));
    table(&Goal::Stop { how: soft, released: None }, &asked(5), all("wait 15"));
    table(&Goal::Stop { how: first, released: None }, &asked(5), all("wait 15"));
    table(&Goal::Stop { how: soft, released: None }, &asked(20), all("give up: not stopped"));
    table(&Goal::Stop { how: first, released: None }, &asked(20), all("power off"));
}

#[test]
fn isolate() {
    let all = |act| [GONE, "done", act, act, act, act];
    table(&Goal::Isolate, &fresh(), all("shut down"));
    table(&Goal::Isolate, &asked(5), all("wait 15"));
    table(&Goal::Isolate, &asked(20), all("power off"));
}

#[test]
fn a_request_to_shut_down_that_a_crash_may_have_lost_is_made_again() {
    let trail = Trail { retry_at_ms: None, ..asked(5) };
    let how = StopType::Soft;
    table(
        &Goal::Stop { how, released: None },
        &trail,
        [GONE, "done", "shut down", "shut down", "shut down", "wait 15"],
    );
}

#[test]
fn a_guest_on_another_boot_has_not_been_asked() {
    let trail = Trail { boot_before: Some(boot(7)), ..asked(5) };
    let limits = Limits::default();
    for observed in &every_power()[2..] {
        let Next::Do(Step::ShutDown, asked) = next(&change(true), &trail, observed, &limits, NOW_MS) else {
            panic!("{observed:?}");
        };
        assert_eq!((asked.boot_before, asked.off_asked_ms), (Some(boot(1)), Some(NOW_MS)));
        assert_eq!((asked.attempts, asked.retry_at_ms), (1, None));
    }
}

#[test]
fn reboot() {
    for how in [StopType::Soft, StopType::SoftFirst, StopType::Hard] {
        let off = if how == StopType::Hard { "power off" } else { "shut down" };
        table(&Goal::Reboot { how }, &fresh(), [GONE, "start", off, off, off, off]);
        table(&Goal::Reboot { how }, &started(20, 0), [GONE, "start", "wait 100", "wait 100", "prove", "wait 100"]);
        let late = "give up: not started";
        table(&Goal::Reboot { how }, &started(120, 0), [GONE, late, late, late, "prove", late]);
    }
    let how = StopType::Soft;
    table(&Goal::Reboot { how }, &asked(5), [GONE, "start", "wait 15", "wait 15", "wait 15", "wait 15"]);
    let late = "give up: not stopped";
    table(&Goal::Reboot { how }, &asked(20), [GONE, "start", late, late, late, late]);
    let left = Trail { boot_before: Some(boot(7)), ..asked(5) };
    table(&Goal::Reboot { how }, &left, [GONE, "start", "start", "start", "prove", "start"]);
}

#[test]
fn change_login() {
    let unwritten = "give up: not written";
    let off = "shut down";
    for was_running in [false, true] {
        table(&change(was_running), &fresh(), [unwritten, "write login", off, off, off, off]);
        table(&change(was_running), &asked(5), [unwritten, "write login", "wait 15", "wait 15", "wait 15", "wait 15"]);
        let now = "power off";
        table(&change(was_running), &asked(20), [unwritten, "write login", now, now, now, now]);
    }
    let written = Trail { login_written: true, ..fresh() };
    table(&change(false), &written, ["done"; 6]);
    table(&change(true), &written, [GONE, "start", "start", "start", "prove", "start"]);
    table(&change(true), &started(20, 0), [GONE, "start", "wait 100", "wait 100", "prove", "wait 100"]);
    let late = "give up: written, not started";
    table(&change(true), &started(120, 0), [GONE, late, late, late, "prove", late]);
}

#[test]
fn change_login_without_force() {
    let goal = change_by(true, StopType::Soft);
    let unwritten = "give up: not written";
    let off = "shut down";
    table(&goal, &fresh(), [unwritten, "write login", off, off, off, off]);
    table(&goal, &asked(5), [unwritten, "write login", "wait 15", "wait 15", "wait 15", "wait 15"]);
    table(&goal, &asked(20), [unwritten, "write login", unwritten, unwritten, unwritten, unwritten]);
    let Next::GiveUp(failure) = next(&goal, &asked(20), &every_power()[4], &Limits::default(), NOW_MS) else {
        panic!()
    };
    assert!(failure.to_string().contains("within 20 s; with ForceStop=TRUE"), "{failure}");
}

#[test]
fn a_guest_that_goes_down_too_late_is_started_again_with_the_login_it_had() {
    let goal = change_by(true, StopType::Soft);
    let late = |seconds| Trail { giving_up: Some(Failure::LoginNotWritten { cause: "".into() }), ..asked(seconds) };
    let failed = "fail: not written";
    table(&goal, &Trail { retry_at_ms: None, ..late(21) }, [failed, "start", failed, failed, failed, "wait 19"]);
    table(&goal, &Trail { retry_at_ms: None, ..late(40) }, [failed, "start", failed, failed, failed, failed]);
}

pub(crate) fn reshape(was_running: bool, how: Option<StopType>) -> Goal {
    let internet = InternetAccessible {
        charge_type: "".into(),
        max_bandwidth_out: 0,
        public_ip_assigned: false,
        public_ip_declined: false,
    };
    let before = Shape {
        instance_type: InstanceTypeId::SMALLEST,
        system_disk_gib: 50,
        data_disks_gib: [].into(),
        host_name: "".into(),
        internet,
        public_address: None,
    };
    Goal::Reshape { was_running, how, before: Box::new(before) }
}

#[test]
fn reshaping() {
    let not = "give up: not reshaped";
    let cycled = |was_running| reshape(was_running, Some(StopType::SoftFirst));
    let off = "shut down";
    for was_running in [false, true] {
        table(&cycled(was_running), &fresh(), [not, "reshape", off, off, off, off]);
        table(&cycled(was_running), &asked(5), [not, "reshape", "wait 15", "wait 15", "wait 15", "wait 15"]);
        let now = "power off";
        table(&cycled(was_running), &asked(20), [not, "reshape", now, now, now, now]);
        table(&reshape(was_running, None), &fresh(), [not, "reshape", "reshape", "reshape", "reshape", "reshape"]);
    }
    let reshaped = Trail { reshaped: true, ..fresh() };
    table(&cycled(false), &reshaped, ["done"; 6]);
    table(&reshape(true, None), &reshaped, ["done"; 6]);
    table(&cycled(true), &reshaped, [GONE, "start", "start", "start", "prove", "start"]);
    let late = "give up: not started";
    let started = Trail { reshaped: true, ..started(120, 0) };
    table(&cycled(true), &started, [GONE, late, late, late, "prove", late]);
    let because = Trail { giving_up: Some(Failure::NotReshaped { cause: "".into() }), ..fresh() };
    let ended = "fail: not reshaped";
    table(&cycled(false), &because, [ended; 6]);
    table(&cycled(true), &because, [ended, "start", ended, ended, ended, ended]);
    table(&reshape(true, None), &because, [ended; 6]);
}

#[test]
fn capture_image() {
    let live = Goal::CaptureImage { image: cvmd_model::IMAGES[0].id(), shut_down: false };
    let off = Goal::CaptureImage { image: cvmd_model::IMAGES[0].id(), shut_down: true };
    let (lost, now) = ("give up: not captured", "capture image");
    table(&live, &fresh(), [lost, now, now, now, now, now]);
    let shut = "shut down";
    table(&off, &fresh(), [lost, now, shut, shut, shut, shut]);
    table(&off, &asked(5), [lost, now, "wait 15", "wait 15", "wait 15", "wait 15"]);
    table(&off, &asked(20), [lost, now, "power off", "power off", "power off", "power off"]);
    let captured = |trail| Trail { image_captured: true, login_written: false, ..trail };
    table(&live, &captured(fresh()), ["done"; 6]);
    table(&off, &captured(fresh()), [GONE, "start", "start", "start", "prove", "start"]);
    table(&off, &captured(started(20, 0)), [GONE, "start", "wait 100", "wait 100", "prove", "wait 100"]);
    let late = "give up: not started";
    table(&off, &captured(started(120, 0)), [GONE, late, late, late, "prove", late]);
    let failed = Trail { giving_up: Some(Failure::ImageNotCaptured { cause: "".into() }), ..fresh() };
    let ended = "fail: not captured";
    table(&live, &failed, [ended; 6]);
    table(&off, &failed, [ended, "start", ended, ended, ended, ended]);
}

pub(crate) fn renewal(was_running: bool) -> Goal {
    let login = LoginWanted { keys: Vec::new(), password: Password::Never, password_login: false };
    let before = Box::new(cvmd_model::Installed {
        image: cvmd_model::IMAGES[0].id(),
        base_image: None,
        host_name: "".into(),
        user_data: None,
        size_gib: 50,
        login,
    });
    Goal::Reset { was_running, before }
}

#[test]
fn reset() {
    let unset = "give up: not reset";
    for goal in [renewal(true), renewal(false)] {
        let off = "shut down";
        table(&goal, &fresh(), [unset, "reset", off, off, off, off]);
        table(&goal, &asked(5), [unset, "reset", "wait 15", "wait 15", "wait 15", "wait 15"]);
        let now = "power off";
        table(&goal, &asked(20), [unset, "reset", now, now, now, now]);
        // A new system without its login must not run.
        let reset = Trail { disk_reset: true, ..fresh() };
        table(&goal, &reset, [GONE, "write login", now, now, now, now]);
        let written = Trail { login_written: true, ..reset };
        table(&goal, &written, [GONE, "start", "start", "start", "prove", "start"]);
        let started = Trail { disk_reset: true, ..started(120, 0) };
        let late = "give up: not started";
        table(&goal, &started, [GONE, late, late, late, "prove", late]);
        let late =
            Trail { giving_up: Some(Failure::LoginNotWritten { cause: "".into() }), disk_reset: true, ..fresh() };
        let ended = "fail: not written";
        table(&goal, &late, [ended, ended, now, now, now, now]);
    }
    let failed = Trail { giving_up: Some(Failure::DiskNotReset { cause: "".into() }), ..fresh() };
    let ended = "fail: not reset";
    table(&renewal(false), &failed, [ended; 6]);
    table(&renewal(true), &failed, [ended, "start", ended, ended, ended, ended]);
}

#[test]
fn enter_rescue() {
    for (how, first) in
        [(StopType::Soft, "shut down"), (StopType::SoftFirst, "shut down"), (StopType::Hard, "power off")]
    {
        table(&enter(how), &fresh(), [GONE, "set rescue", first, first, first, first]);
        // Chosen by an earlier operation, with another password.
        rescued(&enter(how), &fresh(), [GONE, "set rescue", first, first, first, first]);
        let written = Trail { login_written: true, ..fresh() };
        rescued(&enter(how), &written, [GONE, "start", "start", "start", "done", "start"]);
        table(&enter(how), &written, [GONE, "set rescue", "power off", "power off", "power off", "power off"]);
        rescued(&enter(how), &started(20, 0), [GONE, "start", "wait 100", "wait 100", "done", "wait 100"]);
        let late = "give up: not started";
        rescued(&enter(how), &started(120, 0), [GONE, late, late, late, "done", late]);
    }
    let late = "give up: not stopped";
    table(&enter(StopType::Soft), &asked(20), [GONE, "set rescue", late, late, late, late]);
    let off = "power off";
    table(&enter(StopType::SoftFirst), &asked(20), [GONE, "set rescue", off, off, off, off]);
}

#[test]
fn exit_rescue() {
    let (goal, off) = (Goal::ExitRescue, "shut down");
    rescued(&goal, &fresh(), [GONE, "set disk", off, off, off, off]);
    rescued(&goal, &asked(5), [GONE, "set disk", "wait 15", "wait 15", "wait 15", "wait 15"]);
    let now = "power off";
    rescued(&goal, &asked(20), [GONE, "set disk", now, now, now, now]);
    table(&goal, &asked(5), [GONE, "done", "wait 15", "wait 15", "wait 15", "wait 15"]);
}

#[test]
fn nothing_but_a_rescue_comes_up_in_the_rescue_system() {
    let off = "power off";
    let written = Trail { login_written: true, ..fresh() };
    for (goal, trail) in [(Goal::Start, &fresh()), (change(true), &written), (Goal::Launch, &written)] {
        let absent = if goal == Goal::Launch { "define" } else { GONE };
        rescued(&goal, trail, [absent, "set disk", off, off, off, off]);
    }
    let how = StopType::Soft;
    let left = Trail { boot_before: Some(boot(7)), ..asked(5) };
    rescued(&Goal::Reboot { how }, &left, [GONE, "start", "start", "start", "done", "start"]);
}

#[test]
fn a_rescue_that_is_given_up_leaves_a_machine_that_boots_its_disk() {
    let because = |failure: Failure| Trail { giving_up: Some(failure), ..fresh() };
    let late = because(Failure::NotStarted { within_s: 120, cause: "".into() });
    let (ended, off) = ("fail: not started", "power off");
    rescued(&enter(StopType::Soft), &late, [ended, "set disk", off, off, off, off]);
    table(&enter(StopType::Soft), &late, [ended, ended, off, off, off, off]);
    rescued(&enter(StopType::Soft), &Trail { attempts: 5, ..late }, [ended; 6]);
    let refused = because(Failure::Hypervisor { cause: "".into() });
    let ended = "fail: hypervisor";
    rescued(&enter(StopType::Soft), &refused, [ended, "set disk", ended, ended, ended, ended]);
    table(&enter(StopType::Soft), &refused, [ended; 6]);
    rescued(&Goal::ExitRescue, &refused, [ended; 6]);
}

#[test]
fn terminate() {
    let expected = ["done", "erase", "erase", "erase", "erase", "erase"];
    table(&Goal::Terminate, &fresh(), expected);
    let failing = Trail { attempts: 1000, retry_at_ms: Some(NOW_MS + 5_000), ..fresh() };
    table(&Goal::Terminate, &failing, ["done", "wait 5", "wait 5", "wait 5", "wait 5", "wait 5"]);
}

#[test]
fn giving_up() {
    let because = |failure: Failure| Trail { giving_up: Some(failure), ..fresh() };
    let late = because(Failure::NotStarted { within_s: 120, cause: "".into() });
    let (ended, off) = ("fail: not started", "power off");
    for goal in [Goal::Launch, Goal::Start, Goal::Reboot { how: StopType::Soft }] {
        table(&goal, &late, [ended, ended, off, off, off, off]);
    }
    let late = because(Failure::LoginWrittenNotStarted { within_s: 120 });
    let ended = "fail: written, not started";
    table(&change(true), &late, [ended, ended, off, off, off, off]);
    let unwritten = because(Failure::LoginNotWritten { cause: "".into() });
    let ended = "fail: not written";
    table(&change(false), &unwritten, [ended; 6]);
    table(&change(true), &unwritten, [ended, "start", ended, ended, ended, ended]);
    let back = Trail { login_written: false, giving_up: unwritten.giving_up.clone(), ..started(20, 0) };
    table(&change(true), &back, [ended, "start", "wait 100", "wait 100", ended, "wait 100"]);
    let back = Trail { login_written: false, giving_up: unwritten.giving_up, ..started(120, 0) };
    table(&change(true), &back, [ended, ended, off, off, ended, off]);
    let refused = because(Failure::Hypervisor { cause: "".into() });
    for goal in [
        Goal::Start,
        Goal::Stop { how: StopType::Hard, released: None },
        Goal::Reboot { how: StopType::Hard },
        Goal::Isolate,
    ] {
        table(&goal, &refused, ["fail: hypervisor"; 6]);
    }
    let running_on = because(Failure::NotStopped { within_s: 20 });
    for goal in [Goal::Stop { how: StopType::Soft, released: None }, Goal::Reboot { how: StopType::Soft }] {
        table(&goal, &running_on, ["fail: not stopped"; 6]);
    }
    table(&Goal::Launch, &because(Failure::NotDefined { cause: "".into() }), ["fail: not defined"; 6]);
}

#[test]
fn a_failed_effect_is_not_tried_again_before_its_time() {
    let trail = Trail { attempts: 2, retry_at_ms: Some(NOW_MS + 2_000), ..fresh() };
    let off = every_power()[1];
    assert_eq!(next(&change(false), &trail, &off, &Limits::default(), NOW_MS), Next::Wait(NOW_MS + 2_000));
    assert_eq!(say(&next(&change(false), &trail, &off, &Limits::default(), NOW_MS + 2_000)), "write login");
}

#[test]
fn a_start_is_asked_for_again_only_on_the_boot_it_was_asked_on() {
    let off = every_power()[1];
    let limits = Limits::default();
    let trail = started(20, 1);
    assert_eq!(next(&Goal::Start, &trail, &off, &limits, NOW_MS), Next::Do(Step::Start, trail));
    let Next::Do(Step::Start, counted) = next(&Goal::Start, &started(20, 0), &off, &limits, NOW_MS) else { panic!() };
    assert_eq!((counted.attempts, counted.boot_before), (1, Some(boot(1))));
    let exhausted = Trail { attempts: 4, ..started(20, 0) };
    assert_eq!(say(&next(&Goal::Start, &exhausted, &off, &limits, NOW_MS)), "give up: not started");
}
