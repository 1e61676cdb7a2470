"""What a person does inside a guest: it stays, but for the very key that is unbound; and power follows."""

from fleet import BOOT, Fleet
from login import new_key, public_half, with_key
from story import ENDPOINT, check, equal, wait_until

KEYS = "cat ~/.ssh/authorized_keys"


class It:
    fleet = instance = key = key_id = other = other_id = mine = None


@check
def a_guest_answers_what_a_person_asks_first():
    It.fleet = Fleet(ENDPOINT)
    It.key, It.other, It.mine = new_key("bound"), new_key("other-bound"), new_key("mine")
    It.key_id = It.fleet.imported("bound", public_half(It.key))
    It.other_id = It.fleet.imported("other_bound", public_half(It.other))
    It.instance = It.fleet.run(It.key_id)
    machine = It.fleet.machine(It.instance)
    equal(with_key(machine, It.key, "whoami").entered().strip(), machine.user)
    assert "uid=0(root)" in with_key(machine, It.key, "id").entered()
    assert "Linux" in with_key(machine, It.key, "uname -a").entered()
    assert with_key(machine, It.key, "hostname").entered().strip()
    assert with_key(machine, It.key, "uptime -s").entered().strip()
    equal(with_key(machine, It.key, "exit 7").status, 7, "the exit status")
    equal(with_key(machine, It.key, "no-such-program").status, 127, "the exit status")
    assert public_half(It.key).split()[1] in with_key(machine, It.key, KEYS).entered()


@check
def a_line_made_by_hand_is_kept_by_binding_and_unbinding():
    machine = It.fleet.machine(It.instance)
    with_key(machine, It.mine).was_refused()
    line = public_half(It.mine)
    with_key(machine, It.key, f"echo '# mine' >> ~/.ssh/authorized_keys; echo '{line}' >> ~/.ssh/authorized_keys").entered()
    with_key(machine, It.mine).entered()
    bind = {"InstanceIds": [It.instance], "ForceStop": "TRUE"}
    It.fleet.call("AssociateInstancesKeyPairs", KeyIds=[It.other_id], **bind)
    machine = It.fleet.settled(It.instance)
    with_key(machine, It.mine).entered()
    with_key(machine, It.key).was_refused()
    It.fleet.call("DisassociateInstancesKeyPairs", KeyIds=[It.other_id], **bind)
    machine = It.fleet.settled(It.instance)
    with_key(machine, It.other).was_refused()
    lines = with_key(machine, It.mine, KEYS).entered().splitlines()
    assert "# mine" in lines and line in lines, lines
    assert public_half(It.key).split()[1] not in " ".join(lines), lines


@check
def a_line_made_by_hand_with_the_very_key_goes_with_it():
    bind = {"InstanceIds": [It.instance], "KeyIds": [It.other_id], "ForceStop": "TRUE"}
    It.fleet.call("AssociateInstancesKeyPairs", **bind)
    machine = It.fleet.settled(It.instance)
    kind, blob, _ = public_half(It.other).split(" ", 2)
    with_key(machine, It.mine, f"echo 'no-pty {kind} {blob} by hand' >> ~/.ssh/authorized_keys").entered()
    It.fleet.call("DisassociateInstancesKeyPairs", **bind)
    machine = It.fleet.settled(It.instance)
    with_key(machine, It.other).was_refused()
    assert blob not in with_key(machine, It.mine, KEYS).entered()


@check
def a_guest_that_powers_itself_off_is_seen_stopped():
    machine = It.fleet.machine(It.instance)
    with_key(machine, It.mine, "poweroff")
    It.fleet.becomes(It.instance, "STOPPED")
    equal(with_key(machine, It.mine).status, 255, "a machine that is off")
    It.fleet.call("StartInstances", InstanceIds=[It.instance])
    with_key(It.fleet.settled(It.instance), It.mine).entered()


@check
def a_guest_that_reboots_itself_comes_back_on_another_boot():
    machine = It.fleet.machine(It.instance)
    before = with_key(machine, It.mine, BOOT).entered()
    with_key(machine, It.mine, "reboot")

    def is_back():
        outcome = with_key(machine, It.mine, BOOT)
        return outcome.status == 0 and outcome.out != before

    wait_until("it is back on another boot", is_back)
    It.fleet.becomes(It.instance, "RUNNING")


@check
def two_machines_are_two_worlds():
    second = It.fleet.run(It.key_id)
    one, two = It.fleet.machine(It.instance), It.fleet.machine(second)
    assert one.address != two.address
    with_key(two, It.key).entered()
    with_key(two, It.mine).was_refused()
    with_key(one, It.key).was_refused()
    It.fleet.call("TerminateInstances", InstanceIds=[It.instance, second])
