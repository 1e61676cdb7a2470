//! Whatever is done to an evidence file, whoever holds the key and an earlier checkpoint finds it.
//!
//! `CVMD_TAMPERINGS=10000` makes so many rounds.

use crate::{
    evidence::selections,
    world::{Numbers, World, fingerprint, instance, key},
};
use cvmd_ledger::{
    Bundle, Check, Checkpoint, Event, Hash, ProvenEvent, Selection, SignedCheckpoint, Verdict, VerifyingKey, verify,
};
use cvmd_model::AccountNumber;
use std::collections::BTreeMap;

const SIZE: u64 = 60;
const KEPT: u64 = 45;

/// A way to tamper with a file: the file afterwards, or none where this file offers no place for it.
type Tampering = fn(&Base, &mut Numbers) -> Option<Vec<u8>>;

/// By somebody without the key.
const BY_ANYBODY: [(&str, Tampering); 6] = [
    ("flip a bit", |base, numbers| {
        let mut file = base.file.clone();
        let place = numbers.below(file.len() as u64) as usize;
        file[place] ^= 1 << numbers.below(8);
        Some(file)
    }),
    ("truncate", |base, numbers| Some(base.file[..numbers.below(base.file.len() as u64) as usize].to_vec())),
    ("insert a byte", |base, numbers| {
        let mut file = base.file.clone();
        file.insert(numbers.below(file.len() as u64 + 1) as usize, numbers.below(256) as u8);
        Some(file)
    }),
    ("take bytes out", |base, numbers| {
        let mut file = base.file.clone();
        let start = numbers.below(file.len() as u64) as usize;
        let end = (start + 1 + numbers.below(2000) as usize).min(file.len());
        file.drain(start..end);
        Some(file)
    }),
    ("swap two bytes", |base, numbers| {
        let mut file = base.file.clone();
        let [a, b] = [(); 2].map(|()| numbers.below(base.file.len() as u64) as usize);
        file.swap(a, b);
        (file != base.file).then_some(file)
    }),
    ("sign with another key", |base, numbers| {
        let mut bundle = base.bundle();
        if numbers.below(2) == 0 {
            bundle.signed_by = key(2).verifying_key();
            bundle.checkpoint = bundle.checkpoint.checkpoint.sign(&[&key(2)]);
        }
        Some(bundle.sign(&key(2)))
    }),
];

/// By the operator, who signs what he has made.
const BY_THE_OPERATOR: [(&str, Tampering); 15] = [
    ("change an event", |base, numbers| {
        let instance = instance(numbers.below(1 << 40));
        let what = numbers.below(6);
        base.with_event(numbers, |event| match what {
            0 => event.time_ms += 1,
            1 => event.why = "nothing".into(),
            2 => event.salt.0[3] ^= 1,
            3 => event.user = Some("root".into()),
            4 if event.instance.is_some() => event.instance = Some(instance),
            _ => event.request = None,
        })
    }),
    ("renumber an event", |base, numbers| {
        let (what, other) = (numbers.below(3), 1 + numbers.below(SIZE));
        base.with_event(numbers, |event| match what {
            0 => event.sequence = other,
            1 => event.in_account.number = other,
            _ => event.in_instance.iter_mut().for_each(|link| link.number = other),
        })
    }),
    ("follow another event", |base, numbers| {
        base.with_event(numbers, |event| event.in_account.before = event.in_account.before.map(|_| Hash([9; 32])))
    }),
    ("flip a bit of an event", |base, numbers| {
        base.with_events(numbers, |place, events, numbers| {
            let mut bytes = events[place].event.as_bytes().to_vec();
            let at = numbers.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << numbers.below(7);
            String::from_utf8(bytes).is_ok_and(|text| {
                events[place].event = text.into();
                true
            })
        })
    }),
    ("drop an event", |base, numbers| {
        // The last one can only be missed in the whole ledger, the first one not where time begins later, and of a key's none.
        let selection = base.bundle().selection;
        let is_whole = selection == Selection::default();
        base.with_events(numbers, |place, events, _| {
            let is_last = place + 1 == events.len() && !is_whole;
            let is_first = place == 0 && selection.since_ms.is_some();
            let is_seen = selection.key.is_none() && !is_last && !is_first;
            is_seen.then(|| events.remove(place)).is_some()
        })
    }),
    ("swap two events", |base, numbers| {
        base.with_events(numbers, |place, events, numbers| {
            let other = numbers.below(events.len() as u64) as usize;
            events.swap(place, other);
            place != other
        })
    }),
    ("repeat an event", |base, numbers| {
        base.with_events(numbers, |place, events, _| {
            let again = events[place].clone();
            events.insert(place, again);
            true
        })
    }),
    ("insert somebody else's event", |base, numbers| {
        let other = &base.whole.events[numbers.below(SIZE) as usize];
        base.with_events(numbers, |_, events, numbers| {
            let place = numbers.below(events.len() as u64 + 1) as usize;
            let is_there = events.contains(other);
            events.insert(place, other.clone());
            !is_there
        })
    }),
    ("invent an event", |base, numbers| {
        base.with_events(numbers, |place, events, _| {
            let mut event = Event::decode(events[place].event.as_bytes()).unwrap();
            event.sequence += 1;
            event.in_account.before = Some(Hash::of_leaf(events[place].event.as_bytes()));
            event.in_account.number += 1;
            let proof = events[place].proof.clone();
            events.insert(place + 1, ProvenEvent { event: text(&event), proof });
            true
        })
    }),
    ("change a proof", |base, numbers| {
        base.with_events(numbers, |place, events, numbers| {
            let proof = &mut events[place].proof;
            let at = numbers.below(proof.len() as u64) as usize;
            match numbers.below(3) {
                0 => proof[at].0[7] ^= 1,
                1 => drop(proof.remove(at)),
                _ => proof.insert(at, Hash([9; 32])),
            }
            true
        })
    }),
    ("change what the file says of itself", |base, numbers| {
        let mut bundle = base.bundle();
        match numbers.below(8) {
            0 => bundle.count += 1,
            1 => bundle.first = bundle.first.map_or(Some(1), |first| Some(first + 1)),
            2 => bundle.last = Some(bundle.last.unwrap_or_default() + 1),
            3 => bundle.tree_size -= 1,
            4 => bundle.selection.account = Some(AccountNumber(99)),
            5 => bundle.selection.instance = Some(instance(99)),
            6 => bundle.selection.key = Some(fingerprint(99)),
            _ => bundle.format = "cvmd-evidence-2".into(),
        }
        // Of nothing, nothing is not of a selection.
        (!bundle.events.is_empty() || bundle.selection == base.bundle().selection).then(|| bundle.sign(&key(1)))
    }),
    ("change the checkpoint", |base, numbers| {
        let mut bundle = base.bundle();
        let mut checkpoint = bundle.checkpoint.checkpoint;
        change(&mut checkpoint, numbers);
        bundle.tree_size = checkpoint.size;
        bundle.checkpoint = checkpoint.sign(&[&key(1 + numbers.below(2) as u8)]);
        Some(bundle.sign(&key(1)))
    }),
    ("change the earlier checkpoint or its proof", |base, numbers| {
        let mut bundle = base.bundle();
        let consistency = bundle.consistency.as_mut().unwrap();
        match numbers.below(3) {
            0 => {
                let at = numbers.below(consistency.proof.len() as u64) as usize;
                consistency.proof[at].0[7] ^= 1;
            }
            1 => drop(bundle.consistency.take()),
            _ => {
                let mut checkpoint = consistency.from.checkpoint.clone();
                change(&mut checkpoint, numbers);
                consistency.from = checkpoint.sign(&[&key(1 + numbers.below(2) as u8)]);
            }
        }
        Some(bundle.sign(&key(1)))
    }),
    ("give an older copy", |base, numbers| base.world.export(base.bundle().selection, numbers.below(KEPT), None).ok()),
    ("rewrite the ledger", |base, numbers| {
        let mut events = base.world.events.clone();
        // So that something else comes before the kept checkpoint's end.
        let place = numbers.below(KEPT - 1) as usize;
        match numbers.below(4) {
            0 => events[place].why = "nothing".into(),
            1 => drop(events.remove(place)),
            2 => events.insert(place, events[place].clone()),
            _ => events.swap(place, place + 1),
        }
        let world = World::chained(&mut events);
        world.export(base.bundle().selection, world.tree.size(), Some(KEPT)).ok()
    }),
];

fn change(checkpoint: &mut Checkpoint, numbers: &mut Numbers) {
    match numbers.below(3) {
        0 => checkpoint.origin = "cvmd.example/other".parse().unwrap(),
        // With a size that is little smaller the same proofs hold: only its signature says the size.
        1 => checkpoint.size = numbers.below(KEPT),
        _ => checkpoint.root.0[7] ^= 1,
    }
}

fn text(event: &Event) -> Box<str> {
    String::from_utf8(event.encode()).unwrap().into()
}

/// A good file, and what the auditor has.
struct Base {
    world: World,
    whole: Bundle,
    file: Vec<u8>,
    kept: SignedCheckpoint,
    keys: [VerifyingKey; 1],
}

impl Base {
    fn all() -> Vec<Base> {
        let world = World::of(6, SIZE as usize);
        let export = |selection| world.export(selection, SIZE, Some(KEPT)).unwrap();
        let whole = Bundle::parse(&export(Selection::default())).unwrap().bundle;
        let of = |selection| Base {
            file: export(selection),
            whole: whole.clone(),
            kept: world.checkpoint(KEPT),
            keys: [key(1).verifying_key()],
            world: world.clone(),
        };
        selections().into_iter().map(of).collect()
    }

    fn bundle(&self) -> Bundle {
        Bundle::parse(&self.file).unwrap().bundle
    }

    fn verify(&self, file: &[u8]) -> Verdict {
        verify(file, &self.keys, Some(&self.kept))
    }

    /// The file with one event changed, if that changes it.
    fn with_event(&self, numbers: &mut Numbers, change: impl Fn(&mut Event)) -> Option<Vec<u8>> {
        self.with_events(numbers, |place, events, _| {
            let before = Event::decode(events[place].event.as_bytes()).unwrap();
            let mut event = before.clone();
            change(&mut event);
            events[place].event = text(&event);
            event != before
        })
    }

    /// The file with its events changed, and all that it says of them put right, if `change` says that it could.
    fn with_events(
        &self,
        numbers: &mut Numbers,
        change: impl Fn(usize, &mut Vec<ProvenEvent>, &mut Numbers) -> bool,
    ) -> Option<Vec<u8>> {
        let mut bundle = self.bundle();
        let place = numbers.below((bundle.events.len() as u64).max(1)) as usize;
        if bundle.events.is_empty() || !change(place, &mut bundle.events, numbers) {
            return None;
        }
        let selection = bundle.selection;
        let number_of =
            |proven: &ProvenEvent| Event::decode(proven.event.as_bytes()).ok().map(|event| selection.number_of(&event));
        bundle.first = bundle.events.first().and_then(number_of);
        bundle.last = bundle.events.last().and_then(number_of);
        bundle.count = bundle.events.len() as u64;
        Some(bundle.sign(&key(1)))
    }
}

fn rounds() -> u64 {
    std::env::var("CVMD_TAMPERINGS").map_or(1000, |rounds| rounds.parse().expect("CVMD_TAMPERINGS is a number"))
}

#[test]
fn every_tampering_is_found() {
    let bases = Base::all();
    for base in &bases {
        assert!(matches!(base.verify(&base.file), Verdict::Proven { .. }));
    }
    let ways = [&BY_ANYBODY[..], &BY_THE_OPERATOR].concat();
    let mut found: BTreeMap<(&str, String), u64> = BTreeMap::new();
    let (mut numbers, mut round) = (Numbers(7), 0);
    while round < rounds() {
        let base = &bases[numbers.below(bases.len() as u64) as usize];
        let (name, tamper) = ways[round as usize % ways.len()];
        let Some(file) = tamper(base, &mut numbers) else { continue };
        match base.verify(&file) {
            Verdict::Disagrees(disagreement) => *found.entry((name, disagreement.check.to_string())).or_default() += 1,
            other => panic!("{name}, round {round}, {:?}: {other:?}", base.bundle().selection),
        }
        round += 1;
    }
    for check in [
        Check::Form,
        Check::Key,
        Check::Signature,
        Check::Checkpoint,
        Check::Consistency,
        Check::Kept,
        Check::Count,
        Check::Event,
        Check::Order,
        Check::Selection,
        Check::Chain,
        Check::Inclusion,
        Check::Numbers,
    ] {
        assert!(found.keys().any(|(_, by)| *by == check.to_string()), "no tampering was found by {check}: {found:#?}");
    }
}
