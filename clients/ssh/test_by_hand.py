"""What a person does inside a guest: it stays, but for the very key that is unbound; and power follows."""

import pytest

from support.fleet import BOOT
from support.login import new_key, public_half, with_key
from support.waiting import wait_until

KEYS = "cat ~/.ssh/authorized_keys"


@pytest.fixture
def bound(fleet):
    return fleet.with_key()


@pytest.fixture
def mine(bound):
    """A key whose line was written in the guest by hand, with a comment above it."""
    key = new_key("mine")
    with_key(bound.machine, key).was_refused()
    lines = f"echo '# mine' >> ~/.ssh/authorized_keys; echo '{public_half(key)}' >> ~/.ssh/authorized_keys"
    with_key(bound.machine, bound.key, lines).entered()
    with_key(bound.machine, key).entered()
    return key


def test_a_guest_answers_what_a_person_asks_first(bound):
    machine, key = bound.machine, bound.key
    assert with_key(machine, key, "whoami").entered().strip() == machine.user
    assert "uid=0(root)" in with_key(machine, key, "id").entered()
    assert "Linux" in with_key(machine, key, "uname -a").entered()
    assert with_key(machine, key, "hostname").entered().strip()
    assert with_key(machine, key, "uptime -s").entered().strip()
    assert with_key(machine, key, "exit 7").status == 7, "the exit status"
    assert with_key(machine, key, "no-such-program").status == 127, "the exit status"
    assert public_half(key).split()[1] in with_key(machine, key, KEYS).entered()


def test_a_line_made_by_hand_survives_binding_and_unbinding(fleet, bound, mine):
    other = new_key("other-bound")
    bind = {"InstanceIds": [bound.id], "KeyIds": [fleet.imported("other_bound", public_half(other))], "ForceStop": "TRUE"}
    fleet.call("AssociateInstancesKeyPairs", **bind)
    machine = bound.settled()
    with_key(machine, other).entered()
    with_key(machine, mine).entered()
    with_key(machine, bound.key).was_refused()
    fleet.call("DisassociateInstancesKeyPairs", **bind)
    machine = bound.settled()
    with_key(machine, other).was_refused()
    lines = with_key(machine, mine, KEYS).entered().splitlines()
    assert "# mine" in lines and public_half(mine) in lines, lines
    assert public_half(bound.key).split()[1] not in " ".join(lines), lines


def test_a_line_made_by_hand_with_the_very_key_goes_with_it(fleet, bound, mine):
    kind, blob, _ = public_half(bound.key).split(" ", 2)
    with_key(bound.machine, mine, f"echo 'no-pty {kind} {blob} by hand' >> ~/.ssh/authorized_keys").entered()
    assert with_key(bound.machine, mine, KEYS).entered().count(blob) == 2
    machine = fleet.unbind(bound)
    with_key(machine, bound.key).was_refused()
    assert blob not in with_key(machine, mine, KEYS).entered()


def test_a_guest_that_powers_itself_off_is_seen_stopped(fleet, bound, mine):
    machine = bound.machine
    with_key(machine, mine, "poweroff")
    fleet.becomes(bound.id, "STOPPED")
    assert with_key(machine, mine).status == 255, "a machine that is off"
    fleet.call("StartInstances", InstanceIds=[bound.id])
    with_key(bound.settled(), mine).entered()


def test_a_guest_that_reboots_itself_comes_back_on_another_boot(fleet, bound, mine):
    machine = bound.machine
    before = with_key(machine, mine, BOOT).entered()
    with_key(machine, mine, "reboot")

    def is_back():
        outcome = with_key(machine, mine, BOOT)
        return outcome.status == 0 and outcome.out != before

    wait_until("it is back on another boot", is_back)
    fleet.becomes(bound.id, "RUNNING")


def test_two_machines_are_two_worlds(fleet, bound, mine):
    second = fleet.with_key("second")
    one, two = bound.machine, second.machine
    assert one.address != two.address
    with_key(two, second.key).entered()
    with_key(two, mine).was_refused()
    with_key(two, bound.key).was_refused()
    with_key(one, second.key).was_refused()
    with_key(one, mine).entered()
