//! Making an evidence file.

use crate::{
    Bundle, Consistency, Disagreement, Event, Machine, Nodes, ProvenEvent, Selection, SignedCheckpoint, SigningKey,
    bundle::FORMAT, consistency, inclusion, verify::check,
};
use std::collections::HashSet;

/// What evidence does not prove, as each file says it.
pub const NOT_PROVEN: [&str; 6] = [
    "What a machine's sshd answered is our word. Ask it again: ask_again says how, with public keys alone.",
    "The operator can rewrite what no checkpoint covers that was kept outside of his reach.",
    "Times are those of our clock.",
    "Accepted means: would be accepted from whoever has the private key. Nobody was seen to enter.",
    "No number shows an event that is missing at the end, or at the beginning of an export that begins later in time: an export of the whole ledger does.",
    "No number shows an event that is missing in an export of one key: an export of its account or of an instance does.",
];

/// What is to be exported.
#[derive(Debug, Clone)]
pub struct Request {
    pub selection: Selection,
    /// The newest checkpoint, signed by the key that signs the file.
    pub checkpoint: SignedCheckpoint,
    /// The checkpoint that an auditor has kept.
    pub from: Option<SignedCheckpoint>,
    /// Machines; those that no selected event is about are left out.
    pub ask_again: Vec<Machine>,
}

/// Why there is no evidence file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError<E> {
    #[error("the ledger cannot be read")]
    Nodes(E),
    #[error("the earlier checkpoint is of {from} events, the newest one of {size}")]
    From { from: u64, size: u64 },
    /// What is exported is checked as an auditor would.
    #[error("the ledger does not agree with itself: {0}")]
    Disagrees(#[from] Disagreement),
}

/// Selects among the events, which come in order of their sequence, those of the selection up to the checkpoint, and makes a
/// signed file of them.
///
/// # Errors
/// When a node of the tree cannot be read, the earlier checkpoint is later, or events are missing or changed.
pub fn export<N: Nodes>(
    nodes: &N,
    events: impl IntoIterator<Item = Event>,
    request: Request,
    key: &SigningKey,
) -> Result<Vec<u8>, ExportError<N::Error>> {
    let (selection, size) = (request.selection, request.checkpoint.checkpoint.size);
    let consistency = request.from.map(|from| {
        let earlier = from.checkpoint.size;
        if earlier > size {
            return Err(ExportError::From { from: earlier, size });
        }
        Ok(Consistency { proof: consistency(nodes, earlier, size).map_err(ExportError::Nodes)?, from })
    });
    let mut selected: Vec<Event> =
        events.into_iter().filter(|event| event.sequence <= size && selection.holds(event)).collect();
    selected.truncate(selected.iter().rposition(|event| selection.may_end(event)).map_or(0, |last| last + 1));
    selected.drain(..selected.iter().position(|event| selection.may_begin(event)).unwrap_or(selected.len()));

    let prove = |event: &Event| {
        let proof = inclusion(nodes, event.sequence - 1, size).map_err(ExportError::Nodes)?;
        Ok(ProvenEvent { event: String::from_utf8(event.encode()).expect("JSON is UTF-8").into(), proof })
    };
    let number_of = |event: &Event| selection.number_of(event);
    // A machine that no event is about is no business of who asks.
    let instances: HashSet<_> = selected.iter().filter_map(|event| event.instance).collect();
    let mut ask_again = request.ask_again;
    ask_again.retain(|machine| instances.contains(&machine.instance));
    let bundle = Bundle {
        format: FORMAT.into(),
        selection,
        first: selected.first().map(number_of),
        last: selected.last().map(number_of),
        count: selected.len() as u64,
        tree_size: size,
        checkpoint: request.checkpoint,
        consistency: consistency.transpose()?,
        events: selected.iter().map(prove).collect::<Result<_, ExportError<N::Error>>>()?,
        ask_again,
        does_not_prove: NOT_PROVEN.map(Into::into).into(),
        signed_by: key.verifying_key(),
    };
    check(&bundle, &[], None)?;
    Ok(bundle.sign(key))
}
