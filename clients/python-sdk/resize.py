"""Machines that become another type, get larger disks and other names, asked from inside."""

from cloud import cloud
from login import Machine, new_key, public_half, with_key
from story import check, equal

BOOT = "cat /proc/sys/kernel/random/boot_id"


class It:
    key = key_id = id = machine = None


def inside(command):
    return with_key(It.machine, It.key, command).entered().strip()


@check
def a_stopped_instance_becomes_another_type_and_stays_stopped():
    It.key = new_key("resize")
    It.key_id = cloud.imported("resize", public_half(It.key))
    It.id = cloud.run("resize", [It.key_id], InstanceType="S5.SMALL1", DataDisks=[{"DiskSize": 20}])
    It.machine = cloud.machine(It.id)
    equal(inside("nproc"), "1")
    cloud.stop(It.id)
    cloud.call("ResetInstancesType", InstanceIds=[It.id], InstanceType="S5.MEDIUM4")
    instance = cloud.settled(It.id, "STOPPED")
    equal((instance["InstanceType"], instance["CPU"], instance["Memory"]), ("S5.MEDIUM4", 2, 4))
    cloud.start(It.id)
    equal(inside("nproc && cat /proc/meminfo"), f"2\nMemTotal: {4 << 20} kB")


@check
def a_running_one_must_be_forced_and_runs_again_with_all_that_was_on_it():
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ResetInstancesType",
                  InstanceIds=[It.id], InstanceType="S5.LARGE8")
    before = inside(BOOT)
    cloud.call("ResetInstancesType", InstanceIds=[It.id], InstanceType="S5.LARGE8", ForceStop=True)
    equal(cloud.instance(It.id)["LatestOperationState"], "OPERATING")
    cloud.settled(It.id)
    equal(cloud.machine(It.id), It.machine, "address, port and user")
    equal(inside("nproc"), "4")
    assert inside(BOOT) != before, "a new type is a boot"
    cloud.refuses("InvalidParameterValue.InstanceTypeNotFound", "ResetInstancesType",
                  InstanceIds=[It.id], InstanceType="S99.HUGE", ForceStop=True)


@check
def disks_grow_while_it_runs_or_with_a_boot_and_never_shrink():
    boot = inside(BOOT)
    data = cloud.instance(It.id)["DataDisks"][0]
    larger = [{"DiskId": data["DiskId"], "DiskSize": 40}]
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ResizeInstanceDisks", InstanceId=It.id, DataDisks=larger)
    cloud.call("ResizeInstanceDisks", InstanceId=It.id, DataDisks=larger, ResizeOnline=True)
    equal(cloud.settled(It.id)["DataDisks"][0]["DiskSize"], 40)
    equal((inside("lsblk"), inside(BOOT)), ("NAME SIZE TYPE\nvda 50G disk\nvdb 40G disk", boot))
    cloud.call("ResizeInstanceDisks", InstanceId=It.id, SystemDisk={"DiskSize": 80}, ForceStop=True)
    equal(cloud.settled(It.id)["SystemDisk"]["DiskSize"], 80)
    equal(inside("lsblk"), "NAME SIZE TYPE\nvda 80G disk\nvdb 40G disk")
    assert inside(BOOT) != boot, "forced is a boot"
    cloud.refuses("InvalidParameterValue", "ResizeInstanceDisks", InstanceId=It.id, SystemDisk={"DiskSize": 60},
                  ResizeOnline=True)


@check
def bandwidth_brings_a_public_address_and_takes_it_away():
    boot = inside(BOOT)
    equal(cloud.instance(It.id)["PublicIpAddresses"], None)
    cloud.call("ResetInstancesInternetMaxBandwidth", InstanceIds=[It.id],
               InternetAccessible={"InternetMaxBandwidthOut": 5})
    instance = cloud.settled(It.id)
    equal(instance["InternetAccessible"]["InternetMaxBandwidthOut"], 5)
    public = Machine(instance["PublicIpAddresses"][0], It.machine.port, It.machine.user)
    equal(with_key(public, It.key, BOOT).entered().strip(), boot, "the same machine, without a boot")
    cloud.call("ResetInstancesInternetMaxBandwidth", InstanceIds=[It.id],
               InternetAccessible={"InternetMaxBandwidthOut": 0})
    equal(cloud.settled(It.id)["PublicIpAddresses"], None)
    outcome = with_key(public, It.key)
    assert outcome.status == 255 and "Permission denied" not in outcome.err, f"somebody answered: {outcome}"
    equal(inside(BOOT), boot, "at its private address")


@check
def a_new_host_name_comes_with_a_boot_at_once_or_with_the_next_one():
    boot = inside(BOOT)
    cloud.call("ModifyInstancesAttribute", InstanceIds=[It.id], HostName="web-1")
    cloud.settled(It.id)
    equal(inside("hostname"), "web-1")
    assert inside(BOOT) != boot, "a new name is a boot"
    boot = inside(BOOT)
    cloud.call("ModifyInstancesAttribute", InstanceIds=[It.id], HostName="web-2", AutoReboot=False)
    equal(cloud.settled(It.id)["HostName"], "web-2")
    equal((inside("hostname"), inside(BOOT)), ("web-1", boot), "not yet")
    cloud.call("RebootInstances", InstanceIds=[It.id])
    cloud.settled(It.id)
    equal(inside("hostname"), "web-2")
    cloud.terminate(It.id)
    cloud.call("DeleteKeyPairs", KeyIds=[It.key_id])
