"""Machines that become another type, get larger disks and other names, asked from inside."""

from dataclasses import replace

import pytest

from support.fleet import BOOT
from support.login import nobody_answers, with_key


@pytest.fixture
def bound(cloud):
    return cloud.with_key("resize", InstanceType="S5.SMALL1", DataDisks=[{"DiskSize": 20}])


def inside(bound, command):
    return with_key(bound.machine, bound.key, command).entered().strip()


def test_a_stopped_instance_becomes_another_type_and_stays_stopped(cloud, bound):
    assert inside(bound, "nproc") == "1"
    cloud.stop(bound.id)
    cloud.call("ResetInstancesType", InstanceIds=[bound.id], InstanceType="S5.MEDIUM4")
    instance = bound.settled("STOPPED")
    assert (instance["InstanceType"], instance["CPU"], instance["Memory"]) == ("S5.MEDIUM4", 2, 4)
    cloud.start(bound.id)
    assert inside(bound, "nproc && cat /proc/meminfo") == f"2\nMemTotal: {4 << 20} kB"


def test_a_running_one_must_be_forced_and_runs_again_with_all_that_was_on_it(cloud, bound):
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ResetInstancesType",
                  InstanceIds=[bound.id], InstanceType="S5.LARGE8")
    machine, before = bound.machine, inside(bound, BOOT)
    cloud.call("ResetInstancesType", InstanceIds=[bound.id], InstanceType="S5.LARGE8", ForceStop=True)
    assert bound.describe()["LatestOperationState"] == "OPERATING"
    bound.settled()
    assert bound.machine == machine, "address, port and user"
    assert inside(bound, "nproc") == "4"
    assert inside(bound, BOOT) != before, "a new type is a boot"
    cloud.refuses("InvalidParameterValue.InstanceTypeNotFound", "ResetInstancesType",
                  InstanceIds=[bound.id], InstanceType="S99.HUGE", ForceStop=True)


def test_disks_grow_while_it_runs_or_with_a_boot_and_never_shrink(cloud, bound):
    boot = inside(bound, BOOT)
    data = bound.describe()["DataDisks"][0]
    larger = [{"DiskId": data["DiskId"], "DiskSize": 40}]
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ResizeInstanceDisks", InstanceId=bound.id, DataDisks=larger)
    cloud.call("ResizeInstanceDisks", InstanceId=bound.id, DataDisks=larger, ResizeOnline=True)
    assert bound.settled()["DataDisks"][0]["DiskSize"] == 40
    assert (inside(bound, "lsblk"), inside(bound, BOOT)) == ("NAME SIZE TYPE\nvda 50G disk\nvdb 40G disk", boot)
    cloud.call("ResizeInstanceDisks", InstanceId=bound.id, SystemDisk={"DiskSize": 80}, ForceStop=True)
    assert bound.settled()["SystemDisk"]["DiskSize"] == 80
    assert inside(bound, "lsblk") == "NAME SIZE TYPE\nvda 80G disk\nvdb 40G disk"
    assert inside(bound, BOOT) != boot, "forced is a boot"
    cloud.refuses("InvalidParameterValue", "ResizeInstanceDisks", InstanceId=bound.id, SystemDisk={"DiskSize": 60},
                  ResizeOnline=True)


def test_bandwidth_brings_a_public_address_and_takes_it_away(cloud, bound):
    boot = inside(bound, BOOT)
    assert bound.describe()["PublicIpAddresses"] is None
    internet = {"InternetMaxBandwidthOut": 5}
    cloud.call("ResetInstancesInternetMaxBandwidth", InstanceIds=[bound.id], InternetAccessible=internet)
    instance = bound.settled()
    assert instance["InternetAccessible"]["InternetMaxBandwidthOut"] == 5
    public = replace(bound.machine, address=instance["PublicIpAddresses"][0])
    assert with_key(public, bound.key, BOOT).entered().strip() == boot, "the same machine, without a boot"
    internet = {"InternetMaxBandwidthOut": 0}
    cloud.call("ResetInstancesInternetMaxBandwidth", InstanceIds=[bound.id], InternetAccessible=internet)
    assert bound.settled()["PublicIpAddresses"] is None
    nobody_answers(public, bound.key)
    assert inside(bound, BOOT) == boot, "at its private address"


def test_a_new_host_name_comes_with_a_boot_at_once_or_with_the_next_one(cloud, bound):
    boot = inside(bound, BOOT)
    cloud.call("ModifyInstancesAttribute", InstanceIds=[bound.id], HostName="web-1")
    bound.settled()
    assert inside(bound, "hostname") == "web-1"
    assert inside(bound, BOOT) != boot, "a new name is a boot"
    boot = inside(bound, BOOT)
    cloud.call("ModifyInstancesAttribute", InstanceIds=[bound.id], HostName="web-2", AutoReboot=False)
    assert bound.settled()["HostName"] == "web-2"
    assert (inside(bound, "hostname"), inside(bound, BOOT)) == ("web-1", boot), "not yet"
    cloud.call("RebootInstances", InstanceIds=[bound.id])
    bound.settled()
    assert inside(bound, "hostname") == "web-2"
