"""Guests that misbehave: the API never promises more than what is true of the machine."""

import pytest

from support.fleet import Fleet
from support.login import new_key, public_half, with_key
from support.program import Program


@pytest.fixture
def cvmd():
    with Program(settings={"CVMD_SHUTDOWN_TIMEOUT_S": "2", "CVMD_BOOT_TIMEOUT_S": "3"}) as program:
        yield program


@pytest.fixture
def fleet(cvmd):
    return Fleet(endpoint=cvmd.endpoint)


@pytest.fixture
def key_id(fleet):
    return fleet.imported("failing", public_half(new_key("failing")))


def test_a_guest_that_keeps_the_key_is_not_reported_free_of_it(fleet, key_id):
    # Its writes are lost, the first one too: it starts without the key, or not at all, and the operation fails.
    found = fleet.ended(fleet.start_of(key_id, "keeps-keys"))
    assert found["LatestOperationState"] == "FAILED"
    assert found["LatestOperationErrorMsg"], "the reason is one a person can act on"


def test_a_deaf_guest_is_forced_off_and_the_key_goes(fleet):
    deaf = fleet.with_key(guest="ignores-shutdown")
    with_key(deaf.machine, deaf.key).entered()
    fleet.call("DisassociateInstancesKeyPairs", ForceStop="TRUE", **deaf.batch)
    assert deaf.describe()["LoginSettings"]["KeyIds"] is None
    with_key(deaf.settled(), deaf.key).was_refused()


def test_a_deaf_guest_that_is_only_asked_goes_on_running(fleet):
    deaf = fleet.with_key(guest="ignores-shutdown")
    fleet.call("StopInstances", InstanceIds=[deaf.id])
    found = fleet.ended(deaf.id)
    assert (found["InstanceState"], found["LatestOperationState"]) == ("RUNNING", "FAILED")
    assert found["LatestOperationErrorMsg"]
    with_key(deaf.machine, deaf.key).entered()


def test_a_guest_that_does_not_boot_is_a_failed_launch(fleet, key_id):
    instance_id = fleet.start_of(key_id, "fails-to-boot")
    found = fleet.ended(instance_id)
    assert (found["InstanceState"], found["LatestOperationState"]) == ("LAUNCH_FAILED", "FAILED")
    assert found["LatestOperationErrorMsg"]
    fleet.call("TerminateInstances", InstanceIds=[instance_id])


def test_the_server_outlives_failing_guests(cvmd, fleet, key_id):
    for guest in ("keeps-keys", "fails-to-boot"):
        assert fleet.ended(fleet.start_of(key_id, guest))["LatestOperationState"] == "FAILED"
    fleet.call("DescribeZones")
    cvmd.stop()
