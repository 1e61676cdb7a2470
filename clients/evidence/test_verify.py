"""verify.py, which knows docs/evidence.md alone, proves the files that the Rust tests have written, and finds what was done to them."""

import hashlib
import json
import random
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.verify import Disagrees, checkpoint_of, key_of, verify

HERE = Path(__file__).parent
KEY = (HERE / "fixture/key.txt").read_text(encoding="utf-8").strip()
KEPT = (HERE / "fixture/kept.txt").read_text(encoding="utf-8")
FILES = {name: (HERE / f"fixture/{name}.json").read_bytes() for name in ("account", "ledger", "older")}
GOOD = ("account", "ledger")
TAMPERINGS = 1000


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def signed(file, seed=1):
    """The file as the operator would have written it, whose key is of these tests."""
    file = {name: value for name, value in file.items() if name != "signature"}
    head = compact(file)[:-1].encode()
    signature = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32).sign(head)
    return head + b',"signature":"' + b64encode(signature) + b'"}\n'


def word(raw, keys=(KEY,), kept=KEPT):
    """The check that fails, or None."""
    try:
        verify(raw, keys, kept)
    except Disagrees as found:
        return found.args[0]
    return None


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_proven(name):
    assert verify(FILES[name], [KEY], KEPT) == json.loads(FILES[name])["count"] > 10
    assert signed(json.loads(FILES[name])) == FILES[name]


def test_the_program_says_what_a_file_is_worth():
    def run(name, *arguments):
        command = [sys.executable, HERE / "verify.py", HERE / f"fixture/{name}.json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    key, kept = ("--key", KEY), ("--kept", HERE / "fixture/kept.txt")
    assert run("account", *key, *kept) == (0, "proven: 15 events\n")
    for given in ((), key, kept):
        status, said = run("account", *given)
        assert (status, said[:20]) == (2, "self-consistent only"), said
    status, said = run("older", *key, *kept)
    assert status == 1 and said.startswith("does not agree: kept: the file is older"), said
    assert run("account", "--key", KEY[:-1])[0] == 2
    assert run("account", "--key", KEY[:-1])[1] == ""


# Each gets the file's content, its events and a random choice, and returns False where there is nothing to change.

def change_event(file, events, choice):
    place = choice.randrange(len(events))
    event = json.loads(events[place]["event"])
    event.update(choice.choice([
        {"time_ms": event["time_ms"] + 1}, {"why": "nothing"}, {"salt": "00" * 16}, {"user": "root"}, {"request": None},
        {"sequence": choice.randrange(1, 40)}, {"what": {"kind": "key_unbound"}}, {"account": 9}, {"who": {"kind": "cvmd"}},
        {"in_account": {**event["in_account"], "number": choice.randrange(1, 12)}},
    ]))
    changed = compact(event)
    return changed != events[place]["event"] and events[place].update(event=changed) is None


def drop_event(file, events, choice):
    # That the last one is missing shows in the whole ledger alone.
    del events[choice.randrange(len(events) - (file["selection"]["account"] is not None))]


def swap_events(file, events, choice):
    one, other = choice.sample(range(len(events)), 2)
    events[one], events[other] = events[other], events[one]


def repeat_event(file, events, choice):
    place = choice.randrange(len(events))
    events.insert(place, events[place])


def insert_event(file, events, choice):
    other = choice.choice(json.loads(FILES["ledger"])["events"])
    return other not in events and events.insert(choice.randrange(len(events) + 1), other) is None


def change_proof(file, events, choice):
    proof = choice.choice([choice.choice(events)["proof"], file["consistency"]["proof"]])
    place = choice.randrange(len(proof))
    choice.choice([lambda: proof.pop(place), lambda: proof.insert(place, "00" * 32), lambda: proof.__setitem__(place, "00" * 32)])()


def change_saying(file, events, choice):
    name = choice.choice(["count", "first", "last", "tree_size"])
    file[name] += 1


def older_copy(file, events, choice):
    file.clear()
    file.update(json.loads(FILES["older"]))


def without_way_from_kept(file, events, choice):
    file["consistency"] = None


def change_shape(file, events, choice):
    name = choice.choice([*file][:-1])
    choice.choice([lambda: file.pop(name), lambda: file.update({name: 1.5}), lambda: file.update(more=1)])()


BY_THE_OPERATOR = [
    change_event, drop_event, swap_events, repeat_event, insert_event, change_proof, change_saying, older_copy,
    without_way_from_kept, change_shape,
]


def by_the_operator(raw, choice):
    file = json.loads(raw)
    events, is_account = file["events"], file["selection"]["account"] is not None
    if choice.choice(BY_THE_OPERATOR)(file, events, choice) is False:
        return None
    numbers = []
    if file.get("events") is events and file.get("count") == json.loads(raw)["count"] != len(events):
        numbers = [json.loads(proven["event"]) for proven in (events[0], events[-1])]
        numbers = [event["in_account"]["number"] if is_account else event["sequence"] for event in numbers]
        file.update(count=len(events), first=numbers[0], last=numbers[1])
    return signed(file)


def by_anybody(raw, choice):
    place, end = sorted(choice.choices(range(len(raw)), k=2))
    return choice.choice([
        raw[:place] + bytes([raw[place] ^ 1 << choice.randrange(8)]) + raw[place + 1 :],
        raw[:place],
        raw[:place] + bytes([choice.randrange(256)]) + raw[place:],
        raw[:place] + raw[end + 1 :],
        signed(json.loads(raw), seed=2),
    ])


def test_whatever_was_done_is_found():
    choice = random.Random(7)
    found, count = {}, 0
    while count < TAMPERINGS:
        raw = FILES[choice.choice(GOOD)]
        changed = choice.choice([by_anybody, by_the_operator])(raw, choice)
        if changed is None or changed == raw:
            continue
        by = word(changed)
        assert by, f"not found, number {count}: {changed.decode(errors='replace')}"
        found[by] = found.get(by, 0) + 1
        count += 1
    checks = "form signature checkpoint consistency kept count event order selection chain inclusion numbers"
    assert set(checks.split()) <= set(found), found


def note(text, seed):
    """A checkpoint signed by a key of this name."""
    other = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    content = b"\1" + other.public_key().public_bytes_raw()
    name = key_of(KEY).name
    identity = hashlib.sha256(name.encode() + b"\n" + content).digest()[:4]
    line = f"{name}+{identity.hex()}+{b64encode(content).decode()}"
    return line, f"{text}\n— {name} {b64encode(identity + other.sign(text.encode())).decode()}\n"


def said_by(checkpoint, seed=2):
    return note(checkpoint_of(checkpoint).signed.decode(), seed)[1]


def without_the_last(file):
    file["events"].pop()
    file.update(count=file["count"] - 1, last=file["last"] - 1)


def with_blank(file):
    file["events"][3]["event"] = file["events"][3]["event"].replace(",", ", ", 1)


@pytest.mark.parametrize("check, change", [
    ("checkpoint", lambda file: file.update(checkpoint=said_by(file["checkpoint"]))),
    ("consistency", lambda file: file["consistency"].update({"from": said_by(file["consistency"]["from"])})),
    ("event", with_blank),
    ("selection", lambda file: file["selection"].update(since_ms=1_790_000_030_000)),
    ("selection", lambda file: file["selection"].update(until_ms=1_790_000_030_000)),
    ("numbers", without_the_last),
])
def test_what_the_operator_signs_is_checked_too(check, change):
    file = json.loads(FILES["ledger"])
    change(file)
    assert word(signed(file)) == check


def test_a_kept_checkpoint_of_another_key_is_none():
    assert word(FILES["ledger"], kept=said_by(KEPT)) == "kept"
    assert word(FILES["ledger"], kept=said_by(KEPT, seed=1)) is None


def test_a_file_in_another_form_is_none():
    file = json.loads(FILES["ledger"])
    head = json.dumps({name: file[name] for name in file if name != "signature"}, ensure_ascii=False)[:-1].encode()
    signature = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).sign(head)
    assert word(head + b',"signature":"' + b64encode(signature) + b'"}\n') == "form"


def test_an_event_that_never_followed_the_one_before_is_found():
    """The tree of two events, of which the second one names another as the one before it."""
    def tree(before):
        first = json.loads(json.loads(FILES["ledger"])["events"][0]["event"])
        first = {**first, "instance": None, "in_instance": None}
        leaf = hashlib.sha256(b"\0" + compact(first).encode()).digest()
        second = {**first, "sequence": 2, "in_account": {"number": 2, "before": before or leaf.hex()}}
        other = hashlib.sha256(b"\0" + compact(second).encode()).digest()
        root = hashlib.sha256(b"\1" + leaf + other).digest()
        text = f"{key_of(KEY).name}\n2\n{b64encode(root).decode()}\n"
        events = [{"event": compact(first), "proof": [other.hex()]}, {"event": compact(second), "proof": [leaf.hex()]}]
        file = {**json.loads(FILES["ledger"]), "first": 1, "last": 2, "count": 2, "tree_size": 2, "events": events}
        return signed({**file, "checkpoint": note(text, seed=1)[1], "consistency": None})

    assert word(tree(None), kept=None) is None
    assert word(tree("00" * 32), kept=None) == "chain"


def test_another_key_is_seen_from_outside_alone():
    file = json.loads(FILES["ledger"])
    file["signed_by"], file["checkpoint"] = note(checkpoint_of(file["checkpoint"]).signed.decode(), seed=2)
    file["consistency"] = None
    changed = signed(file, seed=2)
    assert word(changed, keys=(), kept=None) is None
    assert word(changed, kept=None) == "key"
    assert word(changed, keys=()) == "kept"
