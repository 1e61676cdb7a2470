//! Whether an evidence file agrees with itself, with its maker's key, and with a checkpoint that was kept elsewhere.
//!
//! The order of the checks is that of docs/evidence.md: all verifiers name the same first thing that does not agree.

use crate::{
    Bundle, Checkpoint, Event, Hash, Link, Selection, SignedCheckpoint, VerifyingKey, is_consistent, is_included,
};
use cvmd_model::{AccountNumber, InstanceId};
use std::{collections::HashMap, fmt};

/// What an evidence file is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything agrees with the key and the checkpoint that came from outside.
    Proven {
        events: u64,
        /// So many of them are covered by the kept checkpoint: nobody has changed them since. The others are signed, and can
        /// be rewritten until somebody keeps a checkpoint that covers them.
        covered: u64,
    },
    /// Nothing contradicts itself. But without a key from outside anybody can have written it, and without a kept
    /// checkpoint the operator can have rewritten it.
    SelfConsistent {
        events: u64,
        by_known_key: bool,
    },
    Disagrees(Disagreement),
}

/// The first thing that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {}{why}", .sequence.map(|sequence| format!("event {sequence}: ")).unwrap_or_default())]
pub struct Disagreement {
    pub check: Check,
    /// The sequence of the event, if it is about one that could be read.
    pub sequence: Option<u64>,
    pub why: Box<str>,
}

/// What is checked, in this order; of events `Event` to `Inclusion` one event after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It is a file of this format.
    Form,
    /// The given keys hold the one that it names.
    Key,
    /// The file's own signature.
    Signature,
    Checkpoint,
    /// The earlier checkpoint in the file, and its proof.
    Consistency,
    /// The kept checkpoint.
    Kept,
    Count,
    /// An event's form.
    Event,
    /// Events come in order of their sequence.
    Order,
    /// An event is of the selection.
    Selection,
    /// An event follows the one before it in its account and its instance.
    Chain,
    /// An event is in the tree.
    Inclusion,
    /// The first and the last number.
    Numbers,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

impl Check {
    fn fails(self, why: impl Into<Box<str>>) -> Disagreement {
        Disagreement { check: self, sequence: None, why: why.into() }
    }
}

/// Checks an evidence file. The keys (several when they were changed) and the checkpoint must come from outside of it:
/// from a witness, or from an earlier visit.
#[must_use]
pub fn verify(file: &[u8], keys: &[VerifyingKey], kept: Option<&SignedCheckpoint>) -> Verdict {
    match verify_signed(file, keys, kept) {
        Err(disagreement) => Verdict::Disagrees(disagreement),
        Ok((events, covered)) if kept.is_some() && !keys.is_empty() => Verdict::Proven { events, covered },
        Ok((events, _)) => Verdict::SelfConsistent { events, by_known_key: !keys.is_empty() },
    }
}

fn verify_signed(
    file: &[u8],
    keys: &[VerifyingKey],
    kept: Option<&SignedCheckpoint>,
) -> Result<(u64, u64), Disagreement> {
    let parsed = Bundle::parse(file).map_err(|error| Check::Form.fails(error.to_string()))?;
    let signer = &parsed.bundle.signed_by;
    if !keys.is_empty() && !keys.contains(signer) {
        return Err(Check::Key.fails(format!("it is signed by {signer}, which is none of the given keys")));
    }
    if !signer.verifies(parsed.signed, &parsed.signature) {
        return Err(Check::Signature.fails("the file was changed after it was signed"));
    }
    let covered = check(&parsed.bundle, keys, kept)?;
    Ok((parsed.bundle.count, covered))
}

/// Everything but the file's own signature. Returns how many of the events the kept checkpoint covers.
pub(crate) fn check(
    bundle: &Bundle,
    keys: &[VerifyingKey],
    kept: Option<&SignedCheckpoint>,
) -> Result<u64, Disagreement> {
    check_checkpoints(bundle, keys, kept)?;
    if bundle.count != bundle.events.len() as u64 {
        return Err(Check::Count.fails(format!("it says {}, and holds {}", bundle.count, bundle.events.len())));
    }
    let (selection, checkpoint) = (&bundle.selection, &bundle.checkpoint.checkpoint);
    let mut chains = Chains::default();
    let (mut covered, mut first, mut last) = (0, None, None::<Event>);
    for (place, proven) in bundle.events.iter().enumerate() {
        let event = Event::decode(proven.event.as_bytes())
            .map_err(|error| Check::Event.fails(format!("number {} in the file: {error}", place + 1)))?;
        let sequence = event.sequence;
        let fails = |check: Check, why: &str| Disagreement { check, sequence: Some(sequence), why: why.into() };
        if last.as_ref().is_some_and(|last| last.sequence >= sequence) {
            return Err(fails(Check::Order, "its sequence is not above the one before"));
        }
        let is_last = place + 1 == bundle.events.len();
        let is_in_time = (place > 0 || selection.may_begin(&event)) && (!is_last || selection.may_end(&event));
        if !selection.holds(&event) || !is_in_time {
            return Err(fails(Check::Selection, "it is not of the selection"));
        }
        let hash = Hash::of_leaf(proven.event.as_bytes());
        chains.follow(selection, &event, hash).map_err(|why| fails(Check::Chain, why))?;
        if !is_included(hash, sequence - 1, checkpoint.size, &proven.proof, checkpoint.root) {
            return Err(fails(Check::Inclusion, "it is not in the tree"));
        }
        covered += u64::from(kept.is_some_and(|kept| sequence <= kept.checkpoint.size));
        first.get_or_insert(selection.number_of(&event));
        last = Some(event);
    }
    if (bundle.first, bundle.last) != (first, last.as_ref().map(|event| selection.number_of(event))) {
        return Err(Check::Numbers.fails("the first or the last number is not that of its event"));
    }
    let is_to_the_end = selection.is_whole_ledger() && selection.until_ms.is_none();
    let last = last.map(|event| event.sequence).or(selection.since_ms.is_none().then_some(0));
    if is_to_the_end && last.is_some_and(|last| last != checkpoint.size) {
        return Err(Check::Numbers.fails("the whole ledger goes on after the last event"));
    }
    Ok(covered)
}

fn check_checkpoints(
    bundle: &Bundle,
    keys: &[VerifyingKey],
    kept: Option<&SignedCheckpoint>,
) -> Result<(), Disagreement> {
    let keys = if keys.is_empty() { std::slice::from_ref(&bundle.signed_by) } else { keys };
    let is_signed = |signed: &SignedCheckpoint| keys.iter().any(|key| signed.is_signed_by(key));
    let newest = &bundle.checkpoint.checkpoint;
    if !is_signed(&bundle.checkpoint) {
        return Err(Check::Checkpoint.fails("its signature is not by the key"));
    }
    if newest.size != bundle.tree_size {
        return Err(Check::Checkpoint.fails("its size is not the tree's"));
    }
    if let Some(consistency) = &bundle.consistency {
        let from = &consistency.from.checkpoint;
        if !is_signed(&consistency.from) {
            return Err(Check::Consistency.fails("the earlier checkpoint's signature is not by the key"));
        }
        if from.origin != newest.origin {
            return Err(Check::Consistency.fails("the earlier checkpoint is of another ledger"));
        }
        if !is_consistent(from.size, from.root, newest.size, newest.root, &consistency.proof) {
            return Err(Check::Consistency.fails("the earlier ledger is not the beginning of this one"));
        }
    }
    let Some(kept) = kept else { return Ok(()) };
    if !is_signed(kept) {
        return Err(Check::Kept.fails("its signature is not by the key"));
    }
    let from = bundle.consistency.as_ref().map(|consistency| &consistency.from.checkpoint);
    disagreement_with_kept(&kept.checkpoint, newest, from).map_or(Ok(()), |why| Err(Check::Kept.fails(why)))
}

/// The earlier checkpoint is one that leads to the newest.
fn disagreement_with_kept(kept: &Checkpoint, newest: &Checkpoint, from: Option<&Checkpoint>) -> Option<&'static str> {
    if kept.origin != newest.origin {
        Some("it is of another ledger")
    } else if kept.size > newest.size {
        Some("it is newer than the file, which is an old copy or of a ledger that was cut")
    } else if kept == newest || from == Some(kept) {
        None
    } else if kept.size == newest.size || from.is_some_and(|from| from.size == kept.size) {
        Some("the ledger had other events")
    } else {
        Some("the file has no proof from it: export again, with it as the earlier checkpoint")
    }
}

/// The last event that was met in the ledger, of each account and of each instance.
#[derive(Default)]
struct Chains {
    ledger: Option<u64>,
    accounts: HashMap<Option<AccountNumber>, (u64, Hash)>,
    instances: HashMap<InstanceId, (u64, Hash)>,
}

impl Chains {
    fn follow(&mut self, selection: &Selection, event: &Event, hash: Hash) -> Result<(), &'static str> {
        let from_first = selection.since_ms.is_none();
        let last = self.ledger.replace(event.sequence);
        let next = last.map(|last| last + 1).or(from_first.then_some(1));
        if selection.is_whole_ledger() && next.is_some_and(|next| next != event.sequence) {
            return Err("events of the ledger are missing before it");
        }
        let last = self.accounts.insert(event.account, (event.in_account.number, hash));
        step(last, event.in_account, selection.is_whole_in_accounts(), from_first)?;
        let Some((instance, link)) = event.instance.zip(event.in_instance) else { return Ok(()) };
        let last = self.instances.insert(instance, (link.number, hash));
        step(last, link, selection.is_whole_in_instances(), from_first)
    }
}

/// Whether a link follows the last one that was met in its chain, of which none may be missing when it is whole.
fn step(last: Option<(u64, Hash)>, link: Link, is_whole: bool, from_first: bool) -> Result<(), &'static str> {
    const MISSING: &str = "events of its account or instance are missing before it";
    match last {
        None if is_whole && from_first && link.number != 1 => Err(MISSING),
        Some((number, _)) if is_whole && link.number > number + 1 => Err(MISSING),
        Some((number, _)) if link.number <= number => {
            Err("its number in its account or instance is not above the one before")
        }
        Some((number, hash)) if link.number == number + 1 && link.before != Some(hash) => {
            Err("the event before it in its account or instance is another one")
        }
        _ => Ok(()),
    }
}
