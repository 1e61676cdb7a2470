//! A ledger with a few accounts' events. The same seed gives the same bytes.

use cvmd_ledger::{
    Answered, Checkpoint, Event, EventKey, ExportError, Fingerprint, Hash, KeyAnswer, Link, Machine, MachineKey,
    ProofState, Request, Salt, Selection, SignedCheckpoint, SigningKey, Transcript, Tree, What, Who, export, root,
};
use cvmd_model::{AccountNumber, InstanceId, KeyPairId, RequestId};
use std::{collections::HashMap, convert::Infallible};

/// The key that signs, by a number.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("cvmd.example/ledger".parse().unwrap(), &[seed; 32])
}

pub(crate) fn instance(number: u64) -> InstanceId {
    InstanceId::from_random(number.wrapping_mul(0x1234_5678_9abc))
}

pub(crate) fn fingerprint(number: u8) -> Fingerprint {
    Fingerprint([number; 32])
}

/// Numbers that are spread well and always the same (splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) events: Vec<Event>,
    pub(crate) tree: Tree,
}

impl World {
    /// Events of three accounts with three instances each, and of the ledger itself.
    pub(crate) fn of(seed: u64, size: usize) -> World {
        let mut numbers = Numbers(seed);
        let mut events: Vec<Event> = (0..size).map(|place| event(place, &mut numbers)).collect();
        World::chained(&mut events)
    }

    /// The ledger of these events, whose numbers and hashes are set.
    pub(crate) fn chained(events: &mut Vec<Event>) -> World {
        let (mut accounts, mut instances) = (HashMap::new(), HashMap::new());
        let mut tree = Tree::default();
        for (place, event) in events.iter_mut().enumerate() {
            let next =
                |last: Option<&(Link, Hash)>| last.map_or(Link::FIRST, |(link, hash)| Link::after(link.number, *hash));
            event.sequence = place as u64 + 1;
            event.in_account = next(accounts.get(&event.account));
            event.in_instance = event.instance.map(|instance| next(instances.get(&instance)));
            let hash = Hash::of_leaf(&event.encode());
            tree.append(hash);
            accounts.insert(event.account, (event.in_account, hash));
            event.instance.zip(event.in_instance).map(|(instance, link)| instances.insert(instance, (link, hash)));
        }
        World { events: std::mem::take(events), tree }
    }

    pub(crate) fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let Ok(root) = root(&self.tree, size);
        Checkpoint { origin: "cvmd.example/ledger".parse().unwrap(), size, root }.sign(&[&key(1)])
    }

    /// An evidence file of the ledger when it had this size.
    pub(crate) fn export(
        &self,
        selection: Selection,
        size: u64,
        from: Option<u64>,
    ) -> Result<Vec<u8>, ExportError<Infallible>> {
        let from = from.map(|size| self.checkpoint(size));
        let request =
            Request { selection, checkpoint: self.checkpoint(size), from, ask_again: vec![machine(81), machine(71)] };
        export(&self.tree, self.events.iter().cloned(), request, &key(1))
    }
}

fn machine(number: u64) -> Machine {
    let public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f somebody";
    Machine {
        instance: instance(number),
        address: "127.64.0.2:22".into(),
        user: "ubuntu".into(),
        host_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/".into(),
        keys: vec![MachineKey { public_key: public_key.into(), answered: Answered::Refused }],
    }
}

fn event(place: usize, numbers: &mut Numbers) -> Event {
    let account = numbers.below(3) as u32 + 7;
    let is_ledgers = numbers.below(12) == 0;
    let machine = instance(u64::from(account) * 10 + numbers.below(3));
    let number = numbers.below(4) as u8;
    let key = EventKey {
        id: (number > 0).then(|| KeyPairId::from_random(u64::from(number))),
        fingerprint: fingerprint(number),
        comment: ["", "a\"b\\c", "李\u{7f}\u{1}\n/", "somebody@somewhere"][usize::from(number)].into(),
    };
    let answer = KeyAnswer { user: "ubuntu".into(), key: key.fingerprint, answer: Answered::Refused };
    let transcript = Transcript {
        address: "127.64.0.2:22".into(),
        boot: Some("3".into()),
        host_key: Some(fingerprint(200)),
        server: Some("SSH-2.0-OpenSSH_9.2".into()),
        methods: Some(["publickey".into()].into()),
        connections: 1,
        took_ms: 7,
        answers: [answer].into(),
        not_answered: None,
    };
    let what = match numbers.below(6) {
        _ if is_ledgers => What::BackupRestored { last_origin: "cvmd.example/old".parse().unwrap(), last_size: 3 },
        0 | 1 => What::KeyBound {},
        2 => What::KeyUnbound {},
        3 => What::ProofChanged { state: ProofState::Proven, transcript: Some(Box::new(transcript)) },
        4 => What::PasswordSet {},
        _ => What::OperationFailed { reason: "KeyStillAccepted".into() },
    };
    let who = if is_ledgers { Who::Operator {} } else { Who::Credential { secret_id: "AKIDexample".into() } };
    Event {
        sequence: 0,
        // Now and then the clock is set back.
        time_ms: 1_790_000_000_000 + 1000 * place as u64 - numbers.below(2000),
        account: (!is_ledgers).then_some(AccountNumber(account)),
        instance: (!is_ledgers && numbers.below(8) > 0).then_some(machine),
        user: (!is_ledgers).then(|| "ubuntu".into()),
        key: (!is_ledgers).then_some(key),
        request: Some(RequestId(uuid::Uuid::from_u128(u128::from(numbers.below(u64::MAX))))),
        who,
        what,
        why: "DisassociateInstancesKeyPairs".into(),
        salt: Salt(std::array::from_fn(|_| numbers.below(256) as u8)),
        in_account: Link::FIRST,
        in_instance: None,
    }
}
