"""The disk product: disks of instances, as Terraform reads them after each of its steps."""

import pytest

from support.surroundings import ZONE
from support.waiting import wait_until

PASSWORD = "Correct9horse+"
DATA = [{"DiskSize": 100, "DiskType": "CLOUD_SSD", "DiskName": "logs"}, {"DiskSize": 20, "DiskType": "CLOUD_PREMIUM"}]


@pytest.fixture
def cbs(cloud):
    return cloud.of("cbs")


@pytest.fixture
def instance(cloud):
    """With a system disk and two of data."""
    return cloud.instance(cloud.run("with_disks", password=PASSWORD, DataDisks=DATA))


def ids_of(disks):
    return [disk["DiskId"] for disk in disks]


def disks(cbs, **parameters):
    return cbs.call("DescribeDisks", **parameters)["DiskSet"]


def test_system_and_data_disks_are_found_by_their_ids_and_by_their_instance(cbs, instance):
    system, owner = instance["SystemDisk"]["DiskId"], instance["InstanceId"]
    found = disks(cbs, DiskIds=[system], Limit=100)
    assert [(disk["DiskId"], disk["DiskState"], disk["InstanceId"]) for disk in found] == [(system, "ATTACHED", owner)]
    ids = ids_of(instance["DataDisks"])
    assert sorted(ids_of(disks(cbs, DiskIds=ids, Limit=100))) == sorted(ids)
    of_instance = disks(cbs, Filters=[{"Name": "instance-id", "Values": [owner]}])
    assert [(disk["DiskUsage"], disk["DiskSize"]) for disk in of_instance][1:] == [("DATA_DISK", 100), ("DATA_DISK", 20)]
    assert [disk["DiskName"] for disk in of_instance][1:] == ["logs", ""]
    assert {disk["Placement"]["Zone"] for disk in of_instance} == {ZONE}
    usage = [{"Name": "disk-usage", "Values": ["DATA_DISK"]}, {"Name": "instance-id", "Values": [owner]}]
    assert cbs.call("DescribeDisks", Filters=usage, Limit=1)["TotalCount"] == 2
    cbs.refuses("InvalidParameter", "DescribeDisks", DiskIds=[system], Filters=usage)


def test_an_image_of_all_its_disks_keeps_a_snapshot_of_each(cloud, cbs, instance):
    assert cbs.call("DescribeSnapshots", SnapshotIds=["snap-00000000"])["SnapshotSet"] == []
    system, data = instance["SystemDisk"]["DiskId"], ids_of(instance["DataDisks"])
    given = {"InstanceId": instance["InstanceId"], "ImageName": "whole", "DataDiskIds": data}
    image_id = cloud.call("CreateImage", **given)["ImageId"]
    named = [{"Name": "image-name", "Values": ["whole"]}]
    image = wait_until(
        "the image is NORMAL",
        lambda: next((i for i in cloud.call("DescribeImages", Filters=named)["ImageSet"] if i["ImageState"] == "NORMAL"), None),
    )
    ids = [snapshot["SnapshotId"] for snapshot in image["SnapshotSet"]]
    found = cbs.call("DescribeSnapshots", SnapshotIds=ids)["SnapshotSet"]
    assert {snapshot["DiskId"] for snapshot in found} == {system, *data}
    assert {(snapshot["SnapshotState"], snapshot["Images"][0]["ImageId"]) for snapshot in found} == {("NORMAL", image_id)}
    assert [disk["SnapshotCount"] for disk in disks(cbs, DiskIds=[system])] == [1]
    cbs.refuses("UnsupportedOperation.SnapshotHasBindedImage", "DeleteSnapshots", SnapshotIds=ids)
    cloud.call("DeleteImages", ImageIds=[image_id], DeleteBindedSnap=True)
    assert cbs.call("DescribeSnapshots", SnapshotIds=ids)["TotalCount"] == 0


def test_disks_are_gone_with_their_instance(cloud, cbs, instance):
    ids = ids_of(disks(cbs, Filters=[{"Name": "instance-id", "Values": [instance["InstanceId"]]}]))
    assert len(ids) == 3
    cloud.call("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    wait_until("the disks are gone", lambda: not disks(cbs, DiskIds=ids))
