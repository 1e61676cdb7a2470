"""A cvmd that ends, by request or by a kill, beside machines that go on."""

import pytest

from support.fleet import BOOT, Fleet
from support.login import with_key, with_password
from support.program import Program
from support.waiting import wait_until

PASSWORD = "Outlives7+kill"


@pytest.fixture
def cvmd():
    """A server of this check's own, which has warned of nothing when the check is over."""
    with Program() as program:
        yield program
        program.stop()
        assert program.complaints() == []


def fleet_of(cvmd):
    """Its address is another one after each start."""
    return Fleet(endpoint=cvmd.endpoint)


def test_a_restart_of_cvmd_is_no_reboot(cvmd):
    bound = fleet_of(cvmd).with_key()
    machine, before = bound.machine, bound.describe()
    boot = with_key(machine, bound.key, BOOT).entered()
    cvmd.stop()
    assert with_key(machine, bound.key).status == 255, "nobody answers while cvmd is away"
    cvmd.start()
    # At once: health has answered, so the machines are there.
    assert with_key(machine, bound.key, BOOT).entered() == boot, "boot id"
    assert fleet_of(cvmd).instance(bound.id) == before


def test_a_killed_cvmd_has_forgotten_nothing_it_answered(cvmd):
    fleet = fleet_of(cvmd)
    bound = fleet.with_key()
    machine = bound.machine
    boot = with_key(machine, bound.key, BOOT).entered()
    fleet.call("ModifyInstancesAttribute", InstanceIds=[bound.id], InstanceName="answered")
    cvmd.kill()
    cvmd.start()
    assert fleet_of(cvmd).instance(bound.id)["InstanceName"] == "answered"
    assert with_key(machine, bound.key, BOOT).entered() == boot, "boot id"


def test_a_kill_amid_a_forced_unbind_ends_with_the_key_off_and_one_boot(cvmd):
    fleet = fleet_of(cvmd)
    slow = fleet.with_key(guest="shutdown-ms=700,boot-ms=700")
    machine = fleet.set_password(slow.id, PASSWORD)
    before = with_key(machine, slow.key, BOOT).entered()
    fleet.call("DisassociateInstancesKeyPairs", ForceStop="TRUE", **slow.batch)
    assert fleet.instance(slow.id)["InstanceState"] == "STOPPING"
    cvmd.kill()
    cvmd.start()
    fleet = fleet_of(cvmd)
    assert fleet.instance(slow.id)["LoginSettings"]["KeyIds"] is None
    machine = fleet.settled(slow.id)
    with_key(machine, slow.key).was_refused()
    after = with_password(machine, PASSWORD, BOOT).entered()
    assert before != after, "the guest was changed while it was off"
    # The boot id stays: nothing is done twice.
    assert with_password(machine, PASSWORD, BOOT).entered() == after


def test_a_replayed_command_is_refused_after_a_restart_too(cvmd):
    fleet = fleet_of(cvmd)
    instance = fleet.run(None)
    command = fleet.client.sign(
        fleet.client.parameters("ModifyInstancesAttribute", InstanceIds=[instance], InstanceName="once")
    )
    fleet.client.send(command).reply()
    cvmd.kill()
    cvmd.start()
    assert fleet_of(cvmd).client.send(command).code() == "InvalidRequest.ReplayAttack"


def test_a_second_cvmd_on_the_same_directory_is_refused(cvmd):
    intruder = Program()
    intruder.data = cvmd.data
    try:
        intruder.start()
    except AssertionError:
        assert intruder.process.wait(timeout=30) != 0, "it ended with 0"
    else:
        intruder.kill()
        raise AssertionError("two servers share one directory")
    wait_until("the first is still healthy", cvmd.is_healthy)


def test_nothing_was_warned_of_on_the_way(cvmd):
    bound = fleet_of(cvmd).with_key()
    cvmd.stop()
    cvmd.start()
    cvmd.kill()
    cvmd.start()
    with_key(fleet_of(cvmd).machine(bound.id), bound.key).entered()
    cvmd.stop()
    assert cvmd.complaints() == []
    cvmd.start()
