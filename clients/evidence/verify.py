"""Verifies an evidence file of cvmd, by docs/evidence.md alone.

    python3 verify.py FILE [--key PUBLIC-KEY]... [--kept CHECKPOINT-FILE]

Exit status: 0 proven, 1 something does not agree, 2 self-consistent only.
"""

import argparse
import base64
import hashlib
import json
import re
from collections import namedtuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Key = namedtuple("Key", "text name id key")
Checkpoint = namedtuple("Checkpoint", "signed says size root signatures")


class Disagrees(Exception):
    """The first thing that does not agree: the check's word, and why."""


def demand(holds, *disagreement):
    if not holds:
        raise Disagrees(*disagreement)


def decoded(raw):
    """JSON in its one form, or None."""
    try:
        value = json.loads(raw)
        return value if json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() == raw else None
    except (ValueError, RecursionError):
        return None


def unbased(value):
    """The bytes of base64 in its one form, or none."""
    try:
        found = base64.b64decode(value, validate=True)
        return found if base64.b64encode(found).decode() == value else b""
    except ValueError:
        return b""


# Kinds: each is a function that says whether a value is of it.
NAME = r"(?!\{)[!-*,-~]{1,128}"
number = lambda value: type(value) is int and 0 <= value < 2**64
small = lambda value: number(value) and value < 2**32
pattern = lambda form: lambda value: isinstance(value, str) and re.fullmatch(form, value, re.DOTALL) is not None
maybe = lambda kind: lambda value: value is None or kind(value)
every = lambda kind: lambda value: isinstance(value, list) and all(map(kind, value))
of = lambda kinds: lambda value: isinstance(value, dict) and [*value] == [*kinds] and all(kinds[name](value[name]) for name in kinds)
members = lambda **kinds: of(kinds)
by_kind = lambda kinds: lambda value: any(members(kind=pattern(kind), **kinds[kind])(value) for kind in kinds)
key = lambda value: text(value) and key_of(value) is not None
checkpoint = lambda value: text(value) and checkpoint_of(value) is not None
fingerprint = lambda value: pattern("SHA256:.{43}")(value) and len(unbased(value[7:] + "=")) == 32


def key_of(line):
    name, identity, content = (*line.split("+", 2), "", "")[:3]
    raw = unbased(content)
    digest = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if not origin(name) or len(raw) != 33 or raw[0] != 1 or digest.hex() != identity:
        return None
    return Key(line, name, digest, Ed25519PublicKey.from_public_bytes(raw[1:]))


def checkpoint_of(note):
    found = re.fullmatch(f"(({NAME})\n(0|[1-9][0-9]{{0,19}})\n(.{{44}})\n)\n((?:— {NAME} [A-Za-z0-9+/=]+\n){{1,16}})", note)
    if not found:
        return None
    size, root = int(found[3]), unbased(found[4])
    signatures = [(name, unbased(signature)) for name, signature in re.findall("— (.*) (.*)\n", found[5])]
    is_formed = number(size) and len(root) == 32 and all(len(signature) > 4 for _, signature in signatures)
    return Checkpoint(found[1].encode(), (found[2], size, root), size, root, signatures) if is_formed else None


text, digest, origin, instance, image = map(pattern, (".*", "[0-9a-f]{64}", NAME, "ins-[0-9a-z]{8}", "img-[0-9a-z]{8}"))
answered, moment = pattern("accepted|refused|not_answered"), maybe(number)
link = members(number=number, before=maybe(digest))
transcript = members(
    address=text, boot=maybe(text), host_key=maybe(fingerprint), server=maybe(text), methods=maybe(every(text)), connections=small,
    took_ms=number, answers=every(members(user=text, key=fingerprint, answer=answered)), not_answered=maybe(text),
)
state = pattern("PROVEN|OWED|UNPROVEN|CONTRADICTED|NOT_APPLICABLE|UNKNOWN")
who = by_kind({"credential": {"secret_id": text}, "console": {"user": text, "session": text}, "operator|cvmd": {}})
what = by_kind({
    "key_bound|key_unbound|key_revoked|password_set|password_login_on|password_login_off": {},
    "instance_rescued|rescue_ended|instance_terminated|stray_key_adopted|stray_key_purged": {},
    "login_carried_by_image|instance_launched|instance_reset": {"image": image},
    "stray_key_seen": {"file": text},
    "proof_changed": {"state": state, "transcript": maybe(transcript)},
    "operation_failed": {"reason": text},
    "ledger_key_rotated": {"old": key, "new": key, "by_old": text, "by_new": text},
    "backup_restored": {"last_origin": origin, "last_size": number},
})
is_event = members(
    sequence=number, time_ms=number, account=maybe(small), instance=maybe(instance), user=maybe(text),
    key=maybe(members(id=maybe(pattern("skey-[0-9a-z]{8}")), fingerprint=fingerprint, comment=text)),
    request=maybe(pattern("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")), who=who, what=what, why=text,
    salt=pattern("[0-9a-f]{32}"), in_account=link, in_instance=maybe(link),
)
asked = members(instance=instance, address=text, user=text, host_key=text, keys=every(members(public_key=text, answered=answered)))
is_file = members(
    format=pattern("cvmd-evidence-1"),
    selection=members(account=maybe(small), instance=maybe(instance), key=maybe(fingerprint), since_ms=moment, until_ms=moment),
    first=maybe(number), last=maybe(number), count=number, tree_size=number, checkpoint=checkpoint,
    consistency=maybe(of({"from": checkpoint, "proof": every(digest)})), events=every(members(event=text, proof=every(digest))),
    ask_again=every(asked), does_not_prove=every(text), signed_by=key,
)


def has_signed(by, signature, content):
    try:
        return by.key.verify(signature, content) is None
    except InvalidSignature:
        return False


def is_signed(note, keys):
    made = [(by, line[4:]) for by in keys for name, line in note.signatures if (name, line[:4]) == (by.name, by.id)]
    return any(has_signed(by, signature, note.signed) for by, signature in made)


def climb(at, last, start, proof):
    """From one hash up to the roots of what is on its left, and of all."""
    left = whole = start
    for other in map(bytes.fromhex, proof):
        if last == 0:
            return None
        if at % 2 or at == last:
            left, whole = (hashlib.sha256(b"\1" + other + found).digest() for found in (left, whole))
            while at % 2 == 0 and at > 0:
                at, last = at // 2, last // 2
        else:
            whole = hashlib.sha256(b"\1" + whole + other).digest()
        at, last = at // 2, last // 2
    return (left, whole) if last == 0 else None


def is_beginning(old, new, proof):
    if old.size == 0 or old.size >= new.size:
        return not proof and (old.root == hashlib.sha256().digest() if old.size == 0 else old.says == new.says)
    proof = proof if old.size & (old.size - 1) else [old.root.hex(), *proof]
    at, last = old.size - 1, new.size - 1
    while at % 2:
        at, last = at // 2, last // 2
    return bool(proof) and climb(at, last, bytes.fromhex(proof[0]), proof[1:]) == (old.root, new.root)


def check_checkpoints(file, keys, kept):
    newest, known = checkpoint_of(file["checkpoint"]), []
    demand(is_signed(newest, keys), "checkpoint", "its signature is not by the key")
    demand(newest.size == file["tree_size"], "checkpoint", "its size is not the tree's")
    if file["consistency"]:
        old = checkpoint_of(file["consistency"]["from"])
        leads = old.says[0] == newest.says[0] and is_beginning(old, newest, file["consistency"]["proof"])
        demand(is_signed(old, keys) and leads, "consistency", "no earlier ledger of this key is the beginning of this one")
        known = [old.says]
    if kept:
        demand(is_signed(kept, keys), "kept", "its signature is not by the key")
        demand(kept.size <= newest.size, "kept", "the file is older than it, or of a ledger that was cut")
        demand(kept.says in [newest.says, *known], "kept", "the ledger is another one, had other events, or gives no proof from it")
    return newest


def follows(last, new, is_whole, from_first):
    if last is None:
        return new["number"] == 1 or not (is_whole and from_first)
    step = new["number"] - last[0]
    return new["before"] == last[1] if step == 1 else step > 1 and not is_whole


def has_good_numbers(event):
    links = [link for link in (event["in_account"], event["in_instance"]) if link]
    is_linked = event["sequence"] >= 1 and (event["instance"] is None) == (event["in_instance"] is None)
    return is_linked and all(1 <= n["number"] <= event["sequence"] and (n["number"] == 1) == (n["before"] is None) for n in links)


def check_events(file, newest):
    chosen, events, lasts, last, numbers = file["selection"], file["events"], {}, None, []
    from_first, to_end = chosen["since_ms"] is None, chosen["until_ms"] is None
    since, until = chosen["since_ms"] or 0, 2**64 if to_end else chosen["until_ms"]
    whole = {"instance": chosen["key"] is None, "account": chosen["key"] is chosen["instance"] is None}
    whole_ledger = whole["account"] and chosen["account"] is None
    counted = "instance" if chosen["instance"] else None if chosen["account"] is None else "account"
    demand(file["count"] == len(events), "count", "there are not so many events")
    for place, proven in enumerate(events, start=1):
        raw = proven["event"].encode()
        event, leaf = decoded(raw), hashlib.sha256(b"\0" + raw).digest()
        demand(is_event(event) and has_good_numbers(event), "event", f"number {place} in the file is none")
        sequence, has = event["sequence"], {**event, "key": event["key"] and event["key"]["fingerprint"]}
        demand(last is None or sequence > last, "order", f"event {sequence} is not above the one before")
        holds = all(chosen[name] in (None, has[name]) for name in ("account", "instance", "key"))
        in_time = (place > 1 or event["time_ms"] >= since) and (place < len(events) or event["time_ms"] < until)
        demand(holds and in_time, "selection", f"event {sequence} is not of the selection")
        joins = not whole_ledger or (sequence == last + 1 if last else sequence == 1 or not from_first)
        for name in ("account", "instance")[: 1 + bool(event["instance"])]:
            new, chain = event[f"in_{name}"], (name, event[name])
            joins = joins and follows(lasts.get(chain), new, whole[name], from_first)
            lasts[chain] = new["number"], leaf.hex()
        demand(joins, "chain", f"what is before event {sequence} is missing or another")
        roots = sequence <= newest.size and climb(sequence - 1, newest.size - 1, leaf, proven["proof"])
        demand(roots and roots[1] == newest.root, "inclusion", f"event {sequence} is not in the tree")
        numbers.append(event[f"in_{counted}"]["number"] if counted and whole["instance"] else sequence)
        last = sequence
    ends = [file["first"], file["last"]] == [(numbers or [None])[place] for place in (0, -1)]
    demand(ends, "numbers", "the first or the last number is another")
    is_end = last == newest.size if last else not from_first or newest.size == 0
    demand(is_end or not (whole_ledger and to_end), "numbers", "the whole ledger goes on after the last event")


def verify(raw, keys=(), kept=None):
    """How many events the file holds. Keys and the kept checkpoint are texts, from outside of it."""
    tail = re.search(rb',"signature":"([A-Za-z0-9+/=]{88})"}\n\Z', raw)
    head, signature = (raw[: tail.start()], unbased(tail[1].decode())) if tail else (b"", b"")
    file = decoded(head + b"}")
    demand(signature and is_file(file), "form", "this is no evidence file")
    signer = key_of(file["signed_by"])
    demand(not keys or signer.text in keys, "key", f"it is signed by another key, {signer.text}")
    demand(has_signed(signer, signature, head), "signature", "the file was changed after it was signed")
    check_events(file, check_checkpoints(file, [*map(key_of, keys)] or [signer], kept and checkpoint_of(kept)))
    return file["count"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=argparse.FileType("rb"))
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--kept", type=argparse.FileType("rb"))
    given = parser.parse_args()
    kept = given.kept and given.kept.read().decode()
    if not all(map(key, given.key)) or given.kept and not checkpoint(kept):
        parser.error("the key or the kept checkpoint is none")
    try:
        events = verify(given.file.read(), given.key, kept)
    except Disagrees as found:
        return print("does not agree:", ": ".join(found.args)) or 1
    print("proven:" if given.key and kept else "self-consistent only, without key and checkpoint from outside:", events, "events")
    return 0 if given.key and kept else 2


if __name__ == "__main__":
    raise SystemExit(main())
