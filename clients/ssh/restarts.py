"""A cvmd that ends, by request or by a kill, beside machines that go on."""

from fleet import BOOT, Fleet
from login import new_key, public_half, with_key, with_password
from program import Program
from story import check, equal, wait_until

PASSWORD = "Outlives7+kill"


class It:
    cvmd = instance = slow = key = key_id = boot = None


@check
def a_restart_of_cvmd_is_no_reboot():
    It.cvmd = Program().start()
    fleet = Fleet(It.cvmd.endpoint)
    It.key = new_key("restarts")
    It.key_id = fleet.imported("restarts", public_half(It.key))
    It.instance = fleet.run(It.key_id)
    machine = fleet.machine(It.instance)
    It.boot = with_key(machine, It.key, BOOT).entered()
    before = fleet.instance(It.instance)
    It.cvmd.stop()
    equal(with_key(machine, It.key).status, 255, "nobody answers while cvmd is away")
    It.cvmd.start()
    # At once: health has answered, so the machines are there.
    equal(with_key(machine, It.key, BOOT).entered(), It.boot, "boot id")
    equal(Fleet(It.cvmd.endpoint).instance(It.instance), before)


@check
def a_killed_cvmd_has_forgotten_nothing_it_answered():
    fleet = Fleet(It.cvmd.endpoint)
    machine = fleet.machine(It.instance)
    fleet.call("ModifyInstancesAttribute", InstanceIds=[It.instance], InstanceName="answered")
    It.cvmd.kill()
    It.cvmd.start()
    fleet = Fleet(It.cvmd.endpoint)
    equal(fleet.instance(It.instance)["InstanceName"], "answered")
    equal(with_key(machine, It.key, BOOT).entered(), It.boot, "boot id")


@check
def a_kill_amid_a_forced_unbind_ends_with_the_key_off_and_one_boot():
    fleet = Fleet(It.cvmd.endpoint)
    It.slow = fleet.run(It.key_id, guest="shutdown-ms=700,boot-ms=700")
    fleet.call("ResetInstancesPassword", InstanceIds=[It.slow], Password=PASSWORD, ForceStop="TRUE")
    machine = fleet.settled(It.slow)
    boots = [with_key(machine, It.key, BOOT).entered()]
    fleet.call("DisassociateInstancesKeyPairs", InstanceIds=[It.slow], KeyIds=[It.key_id], ForceStop="TRUE")
    equal(fleet.instance(It.slow)["InstanceState"], "STOPPING")
    It.cvmd.kill()
    It.cvmd.start()
    fleet = Fleet(It.cvmd.endpoint)
    equal(fleet.instance(It.slow)["LoginSettings"]["KeyIds"], None)
    machine = fleet.settled(It.slow)
    with_key(machine, It.key).was_refused()
    boots.append(with_password(machine, PASSWORD, BOOT).entered())
    assert boots[0] != boots[1], "the guest was changed while it was off"
    # It stays on that boot: nothing is done twice.
    equal(with_password(machine, PASSWORD, BOOT).entered(), boots[1])


@check
def a_replayed_command_is_refused_after_a_restart_too():
    door = Fleet(It.cvmd.endpoint).door
    command = door.sign(door.parameters("ModifyInstancesAttribute", InstanceIds=[It.instance], InstanceName="once"))
    door.send(command).reply()
    It.cvmd.kill()
    It.cvmd.start()
    equal(Fleet(It.cvmd.endpoint).door.send(command).code(), "InvalidRequest.ReplayAttack")


@check
def a_second_cvmd_on_the_same_directory_is_refused():
    intruder = Program()
    intruder.data = It.cvmd.data
    try:
        intruder.start()
    except AssertionError:
        status = intruder.process.wait(timeout=30)
        assert status != 0, "it ended with 0"
    else:
        intruder.kill()
        raise AssertionError("two servers share one directory")
    wait_until("the first is still healthy", It.cvmd.is_healthy)


@check
def nothing_was_warned_of_on_the_way():
    It.cvmd.stop()
    equal(It.cvmd.complaints(), [])
