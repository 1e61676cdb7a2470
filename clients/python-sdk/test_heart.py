"""One key's life: made, entered with, taken off a running machine, refused; the password set afterwards enters."""

import pytest

from support.fleet import BOOT
from support.login import admits_nobody_by_password, methods, new_key, private_key_file, public_half, with_key, with_password
from support.surroundings import ZONE
from support.waiting import wait_until

PASSWORD = "Correct9horse+"
UNBIND = "DisassociateInstancesKeyPairs"


@pytest.fixture
def bound(cloud):
    return cloud.with_key()


@pytest.fixture
def guarded(cloud):
    """An instance that only a password enters."""
    return cloud.run("guarded", password=PASSWORD)


def imported(cloud, name):
    key = new_key(name)
    return key, cloud.imported(name, public_half(key))


def test_a_created_key_pair_gives_its_private_key_once(cloud):
    pair = cloud.call("CreateKeyPair", KeyName="heart_created", ProjectId=0)["KeyPair"]
    first_line = pair["PrivateKey"].splitlines()[0]
    assert first_line == "-----BEGIN RSA PRIVATE KEY-----"
    assert pair["PublicKey"].startswith("ssh-rsa ")
    seen = cloud.key_pair(pair["KeyId"])
    is_shown_again = seen["PrivateKey"] is not None
    assert not is_shown_again
    assert seen["PublicKey"].split()[:2] == pair["PublicKey"].split()[:2]
    assert seen["AssociatedInstanceIds"] == []
    instance = cloud.run("created", [pair["KeyId"]])
    with_key(cloud.machine(instance), private_key_file("created", pair["PrivateKey"])).entered()


def test_key_pairs_of_both_kinds_are_imported(cloud):
    ed25519, rsa = new_key("other", "ed25519"), new_key("third", "rsa", 2048)
    for name, key in (("heart_ed25519", ed25519), ("heart_rsa", rsa)):
        words = cloud.key_pair(cloud.imported(name, public_half(key)))["PublicKey"].split()
        assert words[:2] == public_half(key).split()[:2]
        assert len(words) >= 3, "clients take the last word off"


def test_an_instance_with_a_key_runs_once_per_client_token(cloud):
    _, key_id = imported(cloud, "heart")
    parameters = {
        "Placement": {"Zone": ZONE},
        "ImageId": cloud.image("Debian"),
        "InstanceName": "heart",
        "LoginSettings": {"KeyIds": [key_id]},
        "ClientToken": "heart-token-1",
        "TagSpecification": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}],
    }
    instance_id = cloud.call("RunInstances", **parameters)["InstanceIdSet"][0]
    assert cloud.instance(instance_id)["InstanceState"] in ("PENDING", "RUNNING"), "visible at once"
    assert cloud.call("RunInstances", **parameters)["InstanceIdSet"] == [instance_id], "the same token's instance"
    instance = cloud.settled(instance_id)
    assert instance["LoginSettings"]["KeyIds"] == [key_id]
    assert cloud.key_pair(key_id)["AssociatedInstanceIds"] == [instance_id]
    assert {"Key": "team", "Value": "blue"} in instance["Tags"], instance["Tags"]
    assert cloud.call("DescribeInstances")["TotalCount"] == 1


def test_the_bound_key_enters_and_another_does_not(bound):
    machine = bound.machine
    assert with_key(machine, bound.key).entered().strip() == machine.user
    with_key(machine, new_key("other")).was_refused()
    assert methods(machine) == {"publickey"}


def test_a_running_instance_must_be_forced(cloud, bound):
    message = cloud.refuses("UnsupportedOperation.InstanceStateRunning", UNBIND, **bound.batch)
    assert bound.id in message, f"the message names the instance: {message}"
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", UNBIND, ForceStop=False, **bound.batch)
    assert bound.describe()["LoginSettings"]["KeyIds"] == [bound.key_id]
    with_key(bound.machine, bound.key).entered()


def test_a_forced_unbind_is_seen_at_once_and_ends_running(cloud):
    # A slow shutdown leaves time to look at what a client polls meanwhile.
    bound = cloud.with_key(guest="shutdown-ms=1500")
    done = cloud.call(UNBIND, ForceStop=True, **bound.batch)
    instance = bound.describe()
    assert instance["LatestOperationState"] == "OPERATING"
    assert instance["LatestOperation"] == "DisassociateInstancesKeyPairs"
    assert instance["LatestOperationRequestId"] == done["RequestId"]
    assert instance["LoginSettings"]["KeyIds"] is None
    assert cloud.key_pair(bound.key_id)["AssociatedInstanceIds"] == []
    # As Terraform does, right after: refused while the guest still holds the key, and retried on this very code.
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[bound.key_id])
    cloud.refuses("OperationDenied.InstanceOperationInProgress", UNBIND, ForceStop=True, **bound.batch)

    states = []

    def ended():
        now = bound.describe()
        if now["InstanceState"] not in states[-1:]:
            states.append(now["InstanceState"])
        return now["LatestOperationState"] != "OPERATING"

    wait_until("the forced unbind is done", ended)
    bound.settled()
    assert states[0] == "STOPPING" and states[-1] == "RUNNING", states
    cloud.call("DeleteKeyPairs", KeyIds=[bound.key_id])
    assert cloud.call("DescribeKeyPairs", KeyIds=[bound.key_id])["KeyPairSet"] == []


def test_a_machine_that_lost_its_only_login_admits_nobody(cloud, bound):
    machine = bound.machine
    with_key(machine, bound.key).entered()
    cloud.unbind(bound.id, bound.key_id)
    with_key(machine, bound.key).was_refused()
    admits_nobody_by_password(machine)
    with_password(machine, PASSWORD).was_refused()


def test_a_password_set_afterwards_enters_and_the_key_stays_out(cloud, bound):
    cloud.unbind(bound.id, bound.key_id)
    reset = {"InstanceIds": [bound.id], "Password": PASSWORD}
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ResetInstancesPassword", **reset)
    cloud.call("ResetInstancesPassword", ForceStop=True, **reset)
    bound.settled()
    machine = bound.machine
    assert with_password(machine, PASSWORD).entered().strip() == machine.user
    with_key(machine, bound.key).was_refused()
    with_password(machine, PASSWORD + "x").was_refused()


def test_binding_a_key_turns_the_password_off(cloud, guarded):
    with_password(cloud.machine(guarded), PASSWORD).entered()
    other, other_id = imported(cloud, "other")
    bind = {"InstanceIds": [guarded], "KeyIds": [other_id]}
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "AssociateInstancesKeyPairs", **bind)
    cloud.call("AssociateInstancesKeyPairs", ForceStop=True, **bind)
    cloud.settled(guarded)
    machine = cloud.machine(guarded)
    with_key(machine, other).entered()
    with_password(machine, PASSWORD).was_refused()
    admits_nobody_by_password(machine)


def test_an_unbind_on_a_stopped_instance_leaves_it_stopped_and_the_old_password_returns(cloud, guarded):
    other, other_id = imported(cloud, "other")
    cloud.bind(guarded, other_id)
    with_key(cloud.machine(guarded), other).entered()
    cloud.stop(guarded)
    cloud.call(UNBIND, InstanceIds=[guarded], KeyIds=[other_id], ForceStop=True)
    cloud.settled(guarded, "STOPPED")
    cloud.start(guarded)
    machine = cloud.machine(guarded)
    with_password(machine, PASSWORD).entered()
    with_key(machine, other).was_refused()


def test_one_of_two_keys_goes_and_the_other_stays(cloud, guarded):
    (first, first_id), (second, second_id) = imported(cloud, "first"), imported(cloud, "second")
    cloud.stop(guarded)
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=[guarded], KeyIds=[first_id, second_id])
    cloud.settled(guarded, "STOPPED")
    cloud.start(guarded)
    machine = cloud.machine(guarded)
    with_key(machine, first).entered()
    with_key(machine, second).entered()
    cloud.call(UNBIND, InstanceIds=[guarded], KeyIds=[first_id], ForceStop=True)
    assert cloud.settled(guarded)["LoginSettings"]["KeyIds"] == [second_id]
    with_key(machine, first).was_refused()
    with_key(machine, second).entered()
    # Unbinding some keys leaves password login as it is: off.
    admits_nobody_by_password(machine)


def test_binding_replaces_what_was_bound(cloud, bound):
    with_key(bound.machine, bound.key).entered()
    other, other_id = imported(cloud, "other")
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=[bound.id], KeyIds=[other_id], ForceStop=True)
    assert bound.settled()["LoginSettings"]["KeyIds"] == [other_id]
    with_key(bound.machine, other).entered()
    with_key(bound.machine, bound.key).was_refused()


def test_a_password_beside_a_key_opens_both_ways(cloud, guarded):
    key, key_id = imported(cloud, "beside")
    cloud.bind(guarded, key_id)
    cloud.call("ResetInstancesPassword", InstanceIds=[guarded], Password="Another8+word", ForceStop=True)
    assert cloud.settled(guarded)["LoginSettings"]["KeyIds"] == [key_id]
    machine = cloud.machine(guarded)
    with_password(machine, "Another8+word").entered()
    with_key(machine, key).entered()
    with_password(machine, PASSWORD).was_refused()


def test_nothing_to_unbind_on_a_running_instance_needs_no_power_cycle(cloud, bound):
    _, loose_id = imported(cloud, "loose")
    batch = {"InstanceIds": [bound.id], "KeyIds": [loose_id]}
    before = with_key(bound.machine, bound.key, BOOT).entered()
    cloud.call(UNBIND, ForceStop=True, **batch)
    instance = bound.describe()
    assert (instance["InstanceState"], instance["LatestOperationState"]) == ("RUNNING", "SUCCESS")
    assert with_key(bound.machine, bound.key, BOOT).entered() == before, "boot id"
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", UNBIND, **batch)
