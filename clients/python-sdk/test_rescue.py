"""A lock-out and the way back in: the last key taken off, the disk mended from the rescue system, a new key enters."""

from dataclasses import replace

import pytest

from support.fleet import BOOT
from support.login import admits_nobody_by_password, methods, new_key, public_half, with_key, with_password
from support.waiting import wait_until

PASSWORD = "Rescue9horse+"
KEYS = "/mnt/vm1/home/ubuntu/.ssh/authorized_keys"


@pytest.fixture
def lost(cloud):
    """An Ubuntu whose only key is taken off: nobody enters it."""
    bound = cloud.with_key("rescue_lost", image="Ubuntu")
    cloud.unbind(bound.id, bound.key_id)
    return bound


def entered(bound):
    bound.owner.call("EnterRescueMode", InstanceId=bound.id, Password=PASSWORD, StopType="SOFT_FIRST")
    bound.settled("RESCUE_MODE")
    return bound


@pytest.fixture
def rescued(lost):
    """The same in its rescue system."""
    return entered(lost)


@pytest.fixture(scope="module")
def shared_rescued(shared_cloud):
    """A machine in its rescue system that no check changes."""
    return entered(shared_cloud.with_key(image="Ubuntu"))


def rescue_system(bound):
    """The same address, but its one user is root whatever the image's is."""
    return replace(bound.machine, user="root")


def mended(bound):
    """A key whose line is written into the disk's own file from the rescue system."""
    key, machine = new_key("rescue_mended"), rescue_system(bound)
    with_password(machine, PASSWORD, "mkdir -p /mnt/vm1 && mount /dev/vda1 /mnt/vm1").entered()
    assert with_password(machine, PASSWORD, f"cat {KEYS}").entered() == ""
    with_password(machine, PASSWORD, f"echo '{public_half(key)}' >> {KEYS}").entered()
    return key


def test_an_instance_that_lost_its_last_key_admits_nobody(cloud):
    bound = cloud.with_key("rescue_lost", image="Ubuntu")
    with_key(bound.machine, bound.key).entered()
    cloud.unbind(bound.id, bound.key_id)
    machine = bound.machine
    assert machine.user == "ubuntu"
    with_key(machine, bound.key).was_refused()
    admits_nobody_by_password(machine)


def test_rescue_is_entered_from_running_and_polled_as_its_own_states(cloud):
    instance_id = cloud.run("rescue", image="Ubuntu", guest="shutdown-ms=1000,boot-ms=1000")
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ExitRescueMode", InstanceId=instance_id)
    cloud.refuses(
        "InvalidParameterCombination",
        "EnterRescueMode",
        InstanceId=instance_id,
        Password=PASSWORD,
        ForceStop=True,
        StopType="HARD",
    )
    done = cloud.call("EnterRescueMode", InstanceId=instance_id, Password=PASSWORD, StopType="SOFT_FIRST")
    instance = cloud.instance(instance_id)
    assert (instance["InstanceState"], instance["LatestOperationState"]) == ("ENTER_RESCUE_MODE", "OPERATING")
    assert instance["LatestOperationRequestId"] == done["RequestId"]
    cloud.settled(instance_id, "RESCUE_MODE")
    filters = [{"Name": "instance-state", "Values": ["RESCUE_MODE"]}]
    found = cloud.call("DescribeInstances", Filters=filters)["InstanceSet"]
    assert [instance["InstanceId"] for instance in found] == [instance_id]


def test_the_rescue_system_admits_its_password_and_no_key(rescued):
    machine = rescue_system(rescued)
    assert methods(machine) == {"publickey", "password", "keyboard-interactive"}
    assert with_password(machine, PASSWORD).entered().strip() == "root"
    with_password(machine, "Rescue9horse-").was_refused()
    with_key(machine, rescued.key).was_refused()
    with_password(rescued.machine, PASSWORD).was_refused()


@pytest.mark.parametrize("action, more", [
    ("AssociateInstancesKeyPairs", {"ForceStop": True}),
    ("DisassociateInstancesKeyPairs", {"ForceStop": True}),
    ("ResetInstancesPassword", {"Password": PASSWORD, "ForceStop": True}),
    ("StartInstances", {}),
    ("StopInstances", {"StopType": "HARD"}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_an_instance_in_rescue_takes_no_other_change(shared_rescued, action, more):
    batch = shared_rescued.batch if "KeyPairs" in action else {"InstanceIds": [shared_rescued.id]}
    shared_rescued.owner.refuses("UnsupportedOperation.InstanceStateRescueMode", action, **batch, **more)


def test_an_instance_in_rescue_does_not_enter_it_again(shared_rescued):
    given = {"InstanceId": shared_rescued.id, "Password": PASSWORD}
    shared_rescued.owner.refuses("UnsupportedOperation.InstanceStateRescueMode", "EnterRescueMode", **given)


def test_a_reboot_in_rescue_stays_there(cloud, rescued):
    machine = rescue_system(rescued)
    before = with_password(machine, PASSWORD, BOOT).entered()
    cloud.call("RebootInstances", InstanceIds=[rescued.id], StopType="HARD")
    rescued.settled("RESCUE_MODE")
    assert with_password(machine, PASSWORD, BOOT).entered() != before, "the same boot"


def test_the_disks_authorized_keys_are_mended_by_hand(rescued):
    with_key(rescue_system(rescued), mended(rescued)).was_refused()


def test_after_rescue_the_mended_key_enters_and_the_lost_one_stays_out(cloud, rescued):
    key = mended(rescued)
    cloud.call("ExitRescueMode", InstanceId=rescued.id)
    assert rescued.describe()["InstanceState"] == "EXIT_RESCUE_MODE"
    rescued.settled("STOPPED")
    cloud.start(rescued.id)
    machine = rescued.machine
    assert with_key(machine, key).entered().strip() == "ubuntu"
    with_key(machine, rescued.key).was_refused()
    with_password(rescue_system(rescued), PASSWORD).was_refused()
    assert methods(machine) == {"publickey"}


def test_a_machine_in_rescue_that_powers_itself_off_starts_from_its_disk(cloud):
    bound = cloud.with_key(image="Ubuntu")
    cloud.call("EnterRescueMode", InstanceId=bound.id, Password=PASSWORD, Username="medic", ForceStop=True)
    bound.settled("RESCUE_MODE")
    medic = replace(bound.machine, user="medic")
    assert with_password(medic, PASSWORD).entered().strip() == "medic"
    with_password(medic, PASSWORD, "sudo poweroff")
    wait_until("STOPPED is shown", lambda: bound.describe()["InstanceState"] == "STOPPED")
    cloud.start(bound.id)
    assert with_key(bound.machine, bound.key).entered().strip() == "ubuntu"
