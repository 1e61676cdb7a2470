"""The disk product: disks of instances, as Terraform reads them after each of its steps."""

import heart
from cloud import Cloud, cloud
from story import ZONE, check, equal, wait_until

cbs = Cloud(product="cbs", version="v20170312")


class It:
    instance = None


def disks(**parameters):
    return cbs.call("DescribeDisks", **parameters)["DiskSet"]


@check
def system_and_data_disks_are_found_by_their_ids_and_by_their_instance():
    data = [{"DiskSize": 100, "DiskType": "CLOUD_SSD", "DiskName": "logs"}, {"DiskSize": 20, "DiskType": "CLOUD_PREMIUM"}]
    It.instance = cloud.run("with_disks", password=heart.PASSWORD, DataDisks=data)
    instance = cloud.instance(It.instance)
    system = instance["SystemDisk"]["DiskId"]
    found = disks(DiskIds=[system], Limit=100)
    equal([(disk["DiskId"], disk["DiskState"], disk["InstanceId"]) for disk in found], [(system, "ATTACHED", It.instance)])
    ids = [disk["DiskId"] for disk in instance["DataDisks"]]
    equal(sorted(disk["DiskId"] for disk in disks(DiskIds=ids, Limit=100)), sorted(ids))
    of_instance = disks(Filters=[{"Name": "instance-id", "Values": [It.instance]}])
    equal([(disk["DiskUsage"], disk["DiskSize"]) for disk in of_instance][1:], [("DATA_DISK", 100), ("DATA_DISK", 20)])
    equal([disk["DiskName"] for disk in of_instance][1:], ["logs", ""])
    equal({disk["Placement"]["Zone"] for disk in of_instance}, {ZONE})
    usage = [{"Name": "disk-usage", "Values": ["DATA_DISK"]}, {"Name": "instance-id", "Values": [It.instance]}]
    equal(cbs.call("DescribeDisks", Filters=usage, Limit=1)["TotalCount"], 2)
    cbs.refuses("InvalidParameter", "DescribeDisks", DiskIds=[system], Filters=usage)


@check
def an_image_of_all_its_disks_keeps_a_snapshot_of_each():
    equal(cbs.call("DescribeSnapshots", SnapshotIds=["snap-00000000"])["SnapshotSet"], [])
    instance = cloud.instance(It.instance)
    system, data = instance["SystemDisk"]["DiskId"], [disk["DiskId"] for disk in instance["DataDisks"]]
    image_id = cloud.call("CreateImage", InstanceId=It.instance, ImageName="whole", DataDiskIds=data)["ImageId"]
    normal = [{"Name": "image-name", "Values": ["whole"]}]
    image = wait_until(
        "the image is NORMAL",
        lambda: next((i for i in cloud.call("DescribeImages", Filters=normal)["ImageSet"] if i["ImageState"] == "NORMAL"), None),
    )
    ids = [snapshot["SnapshotId"] for snapshot in image["SnapshotSet"]]
    found = cbs.call("DescribeSnapshots", SnapshotIds=ids)["SnapshotSet"]
    equal({snapshot["DiskId"] for snapshot in found}, {system, *data})
    equal({(snapshot["SnapshotState"], snapshot["Images"][0]["ImageId"]) for snapshot in found}, {("NORMAL", image_id)})
    equal([disk["SnapshotCount"] for disk in disks(DiskIds=[system])], [1])
    cbs.refuses("UnsupportedOperation.SnapshotHasBindedImage", "DeleteSnapshots", SnapshotIds=ids)
    cloud.call("DeleteImages", ImageIds=[image_id], DeleteBindedSnap=True)
    equal(cbs.call("DescribeSnapshots", SnapshotIds=ids)["TotalCount"], 0)


@check
def disks_are_gone_with_their_instance():
    ids = [disk["DiskId"] for disk in disks(Filters=[{"Name": "instance-id", "Values": [It.instance]}])]
    equal(len(ids), 3)
    cloud.call("TerminateInstances", InstanceIds=[It.instance])
    wait_until("the disks are gone", lambda: not disks(DiskIds=ids))
