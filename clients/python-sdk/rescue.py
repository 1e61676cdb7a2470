"""A lock-out and the way back in: the last key taken off, the disk mended from the rescue system, a new key enters."""

from dataclasses import replace

from cloud import cloud
from login import admits_nobody_by_password, methods, new_key, public_half, with_key, with_password
from story import check, equal, wait_until

PASSWORD = "Rescue9horse+"
KEYS = "/mnt/vm1/home/ubuntu/.ssh/authorized_keys"


class It:
    """What one check leaves for the next."""

    lost = lost_id = mended = instance = None


def rescue_system():
    """The same address, but its one user is root whatever the image's is."""
    return replace(cloud.machine(It.instance), user="root")


@check
def an_instance_that_lost_its_last_key_admits_nobody():
    It.lost, It.mended = new_key("rescue_lost"), new_key("rescue_mended")
    It.lost_id = cloud.imported("rescue_lost", public_half(It.lost))
    It.instance = cloud.run("rescue", key_ids=[It.lost_id], image="Ubuntu", guest="shutdown-ms=1000,boot-ms=1000")
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.lost_id]}
    cloud.call("DisassociateInstancesKeyPairs", ForceStop=True, **batch)
    cloud.settled(It.instance)
    machine = cloud.machine(It.instance)
    equal(machine.user, "ubuntu")
    with_key(machine, It.lost).was_refused()
    admits_nobody_by_password(machine)


@check
def rescue_is_entered_from_running_and_polled_as_its_own_states():
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ExitRescueMode", InstanceId=It.instance)
    cloud.refuses(
        "InvalidParameterCombination",
        "EnterRescueMode",
        InstanceId=It.instance,
        Password=PASSWORD,
        ForceStop=True,
        StopType="HARD",
    )
    done = cloud.call("EnterRescueMode", InstanceId=It.instance, Password=PASSWORD, StopType="SOFT_FIRST")
    instance = cloud.instance(It.instance)
    equal((instance["InstanceState"], instance["LatestOperationState"]), ("ENTER_RESCUE_MODE", "OPERATING"))
    equal(instance["LatestOperationRequestId"], done["RequestId"])
    cloud.settled(It.instance, "RESCUE_MODE")
    filters = [{"Name": "instance-state", "Values": ["RESCUE_MODE"]}]
    found = cloud.call("DescribeInstances", Filters=filters)["InstanceSet"]
    equal([instance["InstanceId"] for instance in found], [It.instance])


@check
def the_rescue_system_admits_its_password_and_no_key():
    machine = rescue_system()
    equal(methods(machine), {"publickey", "password", "keyboard-interactive"})
    equal(with_password(machine, PASSWORD).entered().strip(), "root")
    with_password(machine, "Rescue9horse-").was_refused()
    with_key(machine, It.lost).was_refused()
    with_password(cloud.machine(It.instance), PASSWORD).was_refused()


@check
def an_instance_in_rescue_takes_no_other_change():
    code, batch = "UnsupportedOperation.InstanceStateRescueMode", {"InstanceIds": [It.instance]}
    for action, more in [
        ("AssociateInstancesKeyPairs", {"KeyIds": [It.lost_id], "ForceStop": True}),
        ("DisassociateInstancesKeyPairs", {"KeyIds": [It.lost_id], "ForceStop": True}),
        ("ResetInstancesPassword", {"Password": PASSWORD, "ForceStop": True}),
        ("StartInstances", {}),
        ("StopInstances", {"StopType": "HARD"}),
    ]:
        cloud.refuses(code, action, **batch, **more)
    cloud.refuses(code, "EnterRescueMode", InstanceId=It.instance, Password=PASSWORD)


@check
def a_reboot_in_rescue_stays_there():
    machine, boot = rescue_system(), "cat /proc/sys/kernel/random/boot_id"
    before = with_password(machine, PASSWORD, boot).entered()
    cloud.call("RebootInstances", InstanceIds=[It.instance], StopType="HARD")
    cloud.settled(It.instance, "RESCUE_MODE")
    assert with_password(machine, PASSWORD, boot).entered() != before, "the same boot"


@check
def the_disks_authorized_keys_are_mended_by_hand():
    machine = rescue_system()
    with_password(machine, PASSWORD, "mkdir -p /mnt/vm1 && mount /dev/vda1 /mnt/vm1").entered()
    equal(with_password(machine, PASSWORD, f"cat {KEYS}").entered(), "")
    with_password(machine, PASSWORD, f"echo '{public_half(It.mended)}' >> {KEYS}").entered()
    with_key(machine, It.mended).was_refused()


@check
def after_rescue_the_mended_key_enters_and_the_lost_one_stays_out():
    cloud.call("ExitRescueMode", InstanceId=It.instance)
    equal(cloud.instance(It.instance)["InstanceState"], "EXIT_RESCUE_MODE")
    cloud.settled(It.instance, "STOPPED")
    cloud.start(It.instance)
    machine = cloud.machine(It.instance)
    equal(with_key(machine, It.mended).entered().strip(), "ubuntu")
    with_key(machine, It.lost).was_refused()
    with_password(rescue_system(), PASSWORD).was_refused()
    equal(methods(machine), {"publickey"})


@check
def a_machine_in_rescue_that_powers_itself_off_starts_from_its_disk():
    cloud.call("EnterRescueMode", InstanceId=It.instance, Password=PASSWORD, Username="medic", ForceStop=True)
    cloud.settled(It.instance, "RESCUE_MODE")
    machine = replace(cloud.machine(It.instance), user="medic")
    equal(with_password(machine, PASSWORD).entered().strip(), "medic")
    with_password(machine, PASSWORD, "sudo poweroff")
    wait_until("STOPPED is shown", lambda: cloud.instance(It.instance)["InstanceState"] == "STOPPED")
    cloud.start(It.instance)
    equal(with_key(cloud.machine(It.instance), It.mended).entered().strip(), "ubuntu")
    cloud.terminate(It.instance)
    cloud.call("DeleteKeyPairs", KeyIds=[It.lost_id])
