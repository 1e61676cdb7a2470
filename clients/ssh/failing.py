"""Guests that do not do as they are told: what is promised is never more than what is so."""

from fleet import Fleet
from login import new_key, public_half, with_key
from program import Program
from story import check, equal, wait_until


class It:
    cvmd = fleet = key = key_id = None


def ended(instance_id):
    def is_over():
        found = It.fleet.instance(instance_id)
        return found if found["LatestOperationState"] != "OPERATING" else None

    return wait_until(f"the operation on {instance_id} ended", is_over)


def unbind(instance_id):
    It.fleet.call("DisassociateInstancesKeyPairs", InstanceIds=[instance_id], KeyIds=[It.key_id], ForceStop="TRUE")
    equal(It.fleet.instance(instance_id)["LoginSettings"]["KeyIds"], None)
    return ended(instance_id)


@check
def a_guest_that_keeps_the_key_is_not_reported_free_of_it():
    It.cvmd = Program(settings={"CVMD_SHUTDOWN_TIMEOUT_S": "2", "CVMD_BOOT_TIMEOUT_S": "3"}).start()
    It.fleet, It.key = Fleet(It.cvmd.endpoint), new_key("failing")
    It.key_id = It.fleet.imported("failing", public_half(It.key))
    # Its writes are lost, the first one too: it starts without the key, or not at all, and says so.
    instance_id = It.fleet.start_of(It.key_id, "keeps-keys")
    found = ended(instance_id)
    equal(found["LatestOperationState"], "FAILED")
    assert found["LatestOperationErrorMsg"], "the reason is one a person can act on"


@check
def a_deaf_guest_is_forced_off_and_the_key_goes():
    instance_id = It.fleet.run(It.key_id, "ignores-shutdown")
    with_key(It.fleet.machine(instance_id), It.key).entered()
    found = unbind(instance_id)
    equal((found["InstanceState"], found["LatestOperationState"]), ("RUNNING", "SUCCESS"), found["LatestOperationErrorMsg"])
    with_key(It.fleet.machine(instance_id), It.key).was_refused()


@check
def a_deaf_guest_that_is_only_asked_goes_on_running():
    instance_id = It.fleet.run(It.key_id, "ignores-shutdown")
    It.fleet.call("StopInstances", InstanceIds=[instance_id])
    found = ended(instance_id)
    equal((found["InstanceState"], found["LatestOperationState"]), ("RUNNING", "FAILED"))
    assert found["LatestOperationErrorMsg"]
    with_key(It.fleet.machine(instance_id), It.key).entered()


@check
def a_guest_that_does_not_boot_is_a_failed_launch():
    instance_id = It.fleet.start_of(It.key_id, "fails-to-boot")
    found = ended(instance_id)
    equal((found["InstanceState"], found["LatestOperationState"]), ("LAUNCH_FAILED", "FAILED"))
    assert found["LatestOperationErrorMsg"]
    It.fleet.call("TerminateInstances", InstanceIds=[instance_id])


@check
def the_server_outlives_failing_guests():
    It.fleet.call("DescribeZones")
    It.cvmd.stop()
