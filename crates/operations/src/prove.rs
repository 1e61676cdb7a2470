//! Asks a machine's own sshd whether it admits what was promised and nothing that was taken off.

use crate::{perform::gone_keys, shared::Shared};
use cvmd_model::{
    AskedKey, Goal, Instance, KeyAnswer, KeyBlob, KeyPairId, Observed, OwedRefusal, Power, Proof, ProofState, System,
    Trail,
};
use cvmd_ssh_probe::{self as probe, Question, Verdict};
use cvmd_state::View;

/// Whether the operation has brought up the disk's own system, whose sshd was not asked on this boot yet.
pub(crate) fn is_to_be_asked(goal: &Goal, trail: &Trail, observed: &Observed) -> bool {
    let runs = observed.power == Power::Running && observed.ready && observed.system == System::Disk;
    let brings_up = match goal {
        Goal::Launch | Goal::Start | Goal::Reboot { .. } | Goal::Reset { .. } => true,
        Goal::ChangeLogin { was_running, .. } => *was_running,
        Goal::Reshape { was_running, how, .. } => *was_running && how.is_some(),
        Goal::CaptureImage { shut_down, .. } => *shut_down,
        Goal::Create
        | Goal::Stop { .. }
        | Goal::Isolate
        | Goal::EnterRescue { .. }
        | Goal::ExitRescue
        | Goal::Terminate => false,
    };
    brings_up && runs && trail.proof.as_ref().is_none_or(|proof| proof.boot != observed.boot)
}

/// Asks the sshd of the boot that was observed. Takes as long as the probe's limits allow, and never fails: what is not
/// answered is a part of the proof.
pub(crate) async fn prove(shared: &Shared, view: &View, instance: &Instance, observed: &Observed) -> Proof {
    let at_ms = shared.clock.now_ms();
    if instance.is_windows() {
        return Proof { boot: observed.boot, ..Proof::not_applicable(at_ms) };
    }
    let (keys, owed) = promises(view, instance);
    let key = |(_, promised, blob): &(KeyPairId, KeyAnswer, KeyBlob)| probe::AskedKey {
        blob: blob.as_bytes().into(),
        expected: match promised {
            KeyAnswer::Accepted => probe::Expected::Accepted,
            KeyAnswer::Refused | KeyAnswer::NotAnswered => probe::Expected::Refused,
        },
    };
    let host_key = shared.hypervisor.endpoint(instance.id).await.ok();
    let host_key = host_key.and_then(|endpoint| KeyBlob::of_line(&endpoint.host_key));
    let question = Question {
        user: instance.user().into(),
        keys: keys.iter().map(key).collect(),
        host_key: host_key.map(|key| key.as_bytes().into()),
    };
    let connect = || async { shared.hypervisor.connect(instance.id, None).await.map_err(std::io::Error::other) };
    let limits = probe::Limits { pause_ms: 0, ..probe::Limits::default() };
    let answer = probe::ask(connect, &question, &limits, shared.clock).await;
    let asked: Box<[AskedKey]> = keys
        .iter()
        .zip(&answer.verdicts)
        .map(|((key, promised, _), verdict)| AskedKey { key: *key, promised: *promised, answer: said(*verdict) })
        .collect();
    let is_wrong_about_password =
        answer.methods.as_ref().is_some_and(|methods| offers_password(methods) != instance.login.password_login);
    let is_answered = answer.methods.is_some() && asked.iter().all(|asked| asked.answer != KeyAnswer::NotAnswered);
    let state = if is_wrong_about_password || asked.iter().any(AskedKey::contradicts) {
        ProofState::Contradicted
    } else if is_answered {
        ProofState::Proven
    } else {
        ProofState::Unproven
    };
    let is_refused = |key: KeyPairId| asked.iter().any(|one| one.key == key && one.answer == KeyAnswer::Refused);
    Proof {
        state,
        at_ms,
        boot: observed.boot,
        user: question.user,
        offers_password: answer.methods.as_ref().map(|methods| offers_password(methods)),
        took_ms: Some(answer.took_ms),
        why: answer.why.map(|why| why.to_string().into()),
        owed: owed.into_iter().filter(|owed| !is_refused(owed.key)).collect(),
        asked,
    }
}

/// OpenSSH lists one or the other, or both.
fn offers_password(methods: &[Box<str>]) -> bool {
    methods.iter().any(|method| matches!(&**method, "password" | "keyboard-interactive"))
}

const fn said(verdict: Verdict) -> KeyAnswer {
    match verdict {
        Verdict::Accepted => KeyAnswer::Accepted,
        Verdict::Refused => KeyAnswer::Refused,
        Verdict::NotAnswered => KeyAnswer::NotAnswered,
    }
}

type Promise = (KeyPairId, KeyAnswer, KeyBlob);

/// What was promised of each key, those that must be accepted first, and all refusals that are owed.
fn promises(view: &View, instance: &Instance) -> (Vec<Promise>, Vec<OwedRefusal>) {
    let bound = instance.login.keys.iter().filter_map(|id| view.key_pair(*id));
    let mut keys: Vec<Promise> =
        bound.map(|key| (key.id, KeyAnswer::Accepted, key.public_key.blob().clone())).collect();
    let owed = owed(view, instance);
    keys.extend(owed.iter().map(|owed| (owed.key, KeyAnswer::Refused, owed.public_key.blob().clone())));
    (keys, owed)
}

/// The keys whose refusal is owed: those of this operation, and those of earlier ones that were not asked for yet. What is
/// bound again, under whatever id, is owed no more.
pub(crate) fn owed(view: &View, instance: &Instance) -> Vec<OwedRefusal> {
    let bound: Vec<&KeyBlob> =
        instance.login.keys.iter().filter_map(|id| view.key_pair(*id)).map(|key| key.public_key.blob()).collect();
    let earlier = instance.proof.iter().flat_map(|proof| proof.owed.iter().cloned());
    let now = gone_keys(view, instance).map(|key| OwedRefusal { key: key.id, public_key: key.public_key.clone() });
    let mut owed: Vec<OwedRefusal> = Vec::new();
    for one in earlier.chain(now) {
        let blob = one.public_key.blob();
        if !bound.contains(&blob) && !owed.iter().any(|known| known.public_key.blob() == blob) {
            owed.push(one);
        }
    }
    owed
}
