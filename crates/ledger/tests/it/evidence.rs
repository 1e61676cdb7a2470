//! What an export proves, to whom, and where it refuses.

use crate::world::{World, fingerprint, instance, key};
use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_ledger::{
    Bundle, Check, Checkpoint, Event, ExportError, Hash, Link, NOT_PROVEN, ProvenEvent, Selection, SignedCheckpoint,
    Verdict, verify,
};
use cvmd_model::AccountNumber;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// One of every kind of selection.
pub(crate) fn selections() -> Vec<Selection> {
    let account = Some(AccountNumber(8));
    let (since_ms, until_ms) = (Some(1_790_000_010_000), Some(1_790_000_030_000));
    let key = Some(fingerprint(2));
    let of_instance = Selection { account, instance: Some(instance(81)), ..Selection::default() };
    vec![
        Selection::default(),
        Selection { account, ..Selection::default() },
        of_instance,
        Selection { account: None, ..of_instance },
        Selection { account, key, ..Selection::default() },
        Selection { since_ms, ..Selection::default() },
        Selection { account, since_ms, until_ms, ..Selection::default() },
        Selection { until_ms, ..of_instance },
        Selection { key, since_ms, ..of_instance },
    ]
}

fn events(file: &[u8]) -> Vec<Event> {
    let events = Bundle::parse(file).unwrap().bundle.events;
    events.iter().map(|proven| Event::decode(proven.event.as_bytes()).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn every_export_is_proven_and_holds_what_was_selected(seed: u64, size in 1..40_u64, kept in any::<u64>()) {
        let world = World::of(seed, 40);
        let kept = kept % (size + 1);
        let keys = [key(1).verifying_key()];
        for selection in selections() {
            let file = world.export(selection, size, Some(kept)).unwrap();
            let held = events(&file);
            let all: Vec<&Event> =
                world.events[..size as usize].iter().filter(|event| selection.holds(event)).collect();
            let since = all.iter().position(|event| selection.since_ms.is_none_or(|since| event.time_ms >= since));
            let until = all.iter().rposition(|event| selection.until_ms.is_none_or(|until| event.time_ms < until));
            let expected = match (since, until) {
                (Some(since), Some(until)) if since <= until => &all[since..=until],
                _ => &[],
            };
            prop_assert_eq!(held.iter().collect::<Vec<_>>(), expected);
            let events = held.len() as u64;
            let covered = held.iter().filter(|event| event.sequence <= kept).count() as u64;
            let checkpoint = world.checkpoint(kept);
            prop_assert_eq!(verify(&file, &keys, Some(&checkpoint)), Verdict::Proven { events, covered });
        }
    }
}

#[test]
fn without_a_key_and_a_checkpoint_from_outside_it_is_self_consistent_only() {
    let world = World::of(1, 30);
    let file = world.export(Selection::default(), 30, Some(20)).unwrap();
    let (keys, kept) = ([key(2).verifying_key(), key(1).verifying_key()], world.checkpoint(20));
    let worth = |by_known_key| Verdict::SelfConsistent { events: 30, by_known_key };
    assert_eq!(verify(&file, &[], None), worth(false));
    assert_eq!(verify(&file, &[], Some(&kept)), worth(false));
    assert_eq!(verify(&file, &keys, None), worth(true));
    assert_eq!(verify(&file, &keys, Some(&kept)), Verdict::Proven { events: 30, covered: 20 });
    assert_eq!(verify(&file, &keys, Some(&world.checkpoint(30))), Verdict::Proven { events: 30, covered: 30 });
}

/// The operator signs another history with his own key: who has kept nothing cannot know.
#[test]
fn a_history_that_was_rewritten_is_found_by_a_kept_checkpoint_alone() {
    let world = World::of(2, 30);
    let mut events = world.events.clone();
    events.remove(4);
    let rewritten = World::chained(&mut events);
    let keys = [key(1).verifying_key()];
    let file = rewritten.export(Selection::default(), 29, Some(20)).unwrap();
    assert_eq!(verify(&file, &keys, None), Verdict::SelfConsistent { events: 29, by_known_key: true });
    for (size, why) in [
        (20, "the ledger had other events"),
        (29, "the ledger had other events"),
        (30, "it is newer than the file, which is an old copy or of a ledger that was cut"),
        (10, "the file has no proof from it: export again, with it as the earlier checkpoint"),
    ] {
        let Verdict::Disagrees(found) = verify(&file, &keys, Some(&world.checkpoint(size))) else { panic!("{size}") };
        assert_eq!((found.check, &*found.why), (Check::Kept, why), "{size}");
    }
}

#[test]
fn two_accounts_share_no_event_and_no_text_of_one() {
    let world = World::of(3, 200);
    let of = |number| {
        let account = Some(AccountNumber(number));
        world.export(Selection { account, ..Selection::default() }, 200, Some(100)).unwrap()
    };
    let files = [of(7), of(8), of(9)];
    let salts = |file: &[u8]| events(file).iter().map(|event| event.salt.to_string()).collect::<BTreeSet<_>>();
    for (place, file) in files.iter().enumerate() {
        let account = Some(AccountNumber(place as u32 + 7));
        assert!(events(file).len() > 30);
        assert!(events(file).iter().all(|event| event.account == account));
        let machines = Bundle::parse(file).unwrap().bundle.ask_again;
        assert_eq!(machines.len(), [1, 1, 0][place], "{machines:?}");
        let text = std::str::from_utf8(file).unwrap();
        for other in files.iter().filter(|other| *other != file) {
            assert!(salts(other).iter().all(|salt| !text.contains(salt)));
        }
    }
}

#[test]
fn an_export_of_a_ledger_with_a_gap_is_refused() {
    let world = World::of(4, 30);
    for lost in [0, 7, 29] {
        let mut damaged = world.clone();
        damaged.events.remove(lost);
        let Err(ExportError::Disagrees(_)) = damaged.export(Selection::default(), 30, None) else { panic!("{lost}") };
    }
    let mut changed = world.clone();
    changed.events[7].time_ms += 1;
    let Err(ExportError::Disagrees(found)) = changed.export(Selection::default(), 30, None) else { panic!("no") };
    assert_eq!((found.check, found.sequence), (Check::Inclusion, Some(8)), "{found}");
    assert!(matches!(world.export(Selection::default(), 9, Some(10)), Err(ExportError::From { from: 10, size: 9 })));
}

/// What nothing else would find.
#[test]
fn each_thing_that_the_operator_signs_is_checked_by_itself() {
    let world = World::of(6, 40);
    let parsed = |selection| Bundle::parse(&world.export(selection, 40, Some(25)).unwrap()).unwrap().bundle;
    let whole = parsed(Selection::default());
    let by_another = |signed: &SignedCheckpoint| signed.checkpoint.clone().sign(&[&key(2)]);
    let of_another = |signed: &SignedCheckpoint| {
        let checkpoint = signed.checkpoint.clone();
        Checkpoint { origin: "cvmd.example/other".parse().unwrap(), ..checkpoint }.sign(&[&key(1)])
    };
    let with = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = whole.clone();
        change(&mut bundle);
        bundle.sign(&key(1))
    };
    let from = |bundle: &mut Bundle, change: &dyn Fn(&SignedCheckpoint) -> SignedCheckpoint| {
        let from = &mut bundle.consistency.as_mut().unwrap().from;
        *from = change(from);
    };
    let kept = world.checkpoint(25);
    let good = whole.sign(&key(1));
    let mut of_account = parsed(Selection { account: Some(AccountNumber(8)), ..Selection::default() });
    without(&mut of_account, |event| event.in_account.number == 1);
    let without_the_first = of_account.sign(&key(1));
    for (file, kept, check) in [
        (with(&|bundle| bundle.checkpoint = by_another(&bundle.checkpoint)), &kept, Check::Checkpoint),
        (with(&|bundle| bundle.tree_size -= 1), &kept, Check::Checkpoint),
        (with(&|bundle| from(bundle, &by_another)), &kept, Check::Consistency),
        (with(&|bundle| from(bundle, &of_another)), &kept, Check::Consistency),
        (good.clone(), &by_another(&kept), Check::Kept),
        (good.clone(), &of_another(&kept), Check::Kept),
        (with(&|bundle| bundle.count += 1), &kept, Check::Count),
        (with(&|bundle| bundle.events[3].event = format!(" {}", bundle.events[3].event).into()), &kept, Check::Event),
        (with(&|bundle| bundle.selection.since_ms = Some(1_790_000_030_000)), &kept, Check::Selection),
        (with(&|bundle| bundle.selection.until_ms = Some(1_790_000_030_000)), &kept, Check::Selection),
        (with(&|bundle| bundle.selection.account = Some(AccountNumber(7))), &kept, Check::Selection),
        (with(&|bundle| bundle.first = Some(2)), &kept, Check::Numbers),
        (with(&|bundle| without(bundle, |event| event.sequence == 40)), &kept, Check::Numbers),
        (with(&|bundle| without(bundle, |event| event.account == Some(AccountNumber(9)))), &kept, Check::Chain),
        (without_the_first, &kept, Check::Chain),
        (with(&with_one_twice), &kept, Check::Order),
        (with(&|bundle| bundle.consistency.as_mut().unwrap().proof[1].0[0] ^= 1), &kept, Check::Consistency),
        (with(&|bundle| bundle.events[5].proof[1].0[0] ^= 1), &kept, Check::Inclusion),
        (with(&|bundle| bundle.format = "cvmd-evidence-2".into()), &kept, Check::Form),
        (with_blank(&good), &kept, Check::Form),
    ] {
        let Verdict::Disagrees(found) = verify(&file, &[key(1).verifying_key()], Some(kept)) else { panic!("{check}") };
        assert_eq!(found.check, check, "{found}");
    }
    assert!(matches!(verify(&good, &[key(1).verifying_key()], Some(&kept)), Verdict::Proven { .. }));
}

/// Takes events out, and puts right what the file says of itself.
fn without(bundle: &mut Bundle, is_gone: fn(&Event) -> bool) {
    let event = |proven: &ProvenEvent| Event::decode(proven.event.as_bytes()).unwrap();
    bundle.events.retain(|proven| !is_gone(&event(proven)));
    bundle.count = bundle.events.len() as u64;
    bundle.first = bundle.events.first().map(|first| bundle.selection.number_of(&event(first)));
    bundle.last = bundle.events.last().map(|last| bundle.selection.number_of(&event(last)));
}

fn with_one_twice(bundle: &mut Bundle) {
    bundle.events.insert(3, bundle.events[3].clone());
    bundle.count += 1;
}

/// The same, signed, but written otherwise.
fn with_blank(file: &[u8]) -> Vec<u8> {
    let head = [b"{ ", &Bundle::parse(file).unwrap().signed[1..]].concat();
    let signature = STANDARD.encode(key(1).sign(&head));
    [&head, b",\"signature\":\"".as_slice(), signature.as_bytes(), b"\"}\n"].concat()
}

/// Numbers and hashes that never agreed, in a tree that does.
#[test]
fn a_ledger_that_was_written_wrongly_is_not_exported() {
    let world = World::of(6, 40);
    let account = Some(AccountNumber(8));
    let place = world.events.iter().rposition(|event| event.account == account && event.instance.is_some()).unwrap();
    let wrong: [fn(&mut Event); 5] = [
        |event| event.in_account.before = Some(Hash([9; 32])),
        |event| event.in_account.number += 1,
        |event| event.in_account = Link { number: 2, ..event.in_account },
        |event| event.in_instance = Some(Link::after(2, Hash([9; 32]))),
        |event| event.in_instance = Some(Link::after(9, Hash([9; 32]))),
    ];
    for (number, change) in wrong.into_iter().enumerate() {
        let mut events = world.events.clone();
        change(&mut events[place]);
        let tree = events.iter().map(|event| Hash::of_leaf(&event.encode())).collect();
        let damaged = World { events, tree };
        for selection in [Selection::default(), Selection { account, ..Selection::default() }] {
            let exported = damaged.export(selection, 40, None);
            let Err(ExportError::Disagrees(found)) = exported else { panic!("{number}") };
            assert_eq!((found.check, found.sequence), (Check::Chain, Some(place as u64 + 1)), "{number}: {found}");
        }
    }
}

/// docs/evidence.md has the same sentences.
#[test]
fn a_file_says_what_it_does_not_prove() {
    let page = include_str!("../../../../docs/evidence.md");
    for sentence in NOT_PROVEN {
        assert!(page.contains(sentence), "{sentence}");
    }
    let file = World::of(5, 3).export(Selection::default(), 3, None).unwrap();
    assert_eq!(Bundle::parse(&file).unwrap().bundle.does_not_prove, NOT_PROVEN.map(Into::into));
}
