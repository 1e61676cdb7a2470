"""What Packer's plugin for this cloud asks, in the plugin's order, through the vendor's SDK: a temporary key pair, an
instance that is provisioned over ssh, the key pair taken off, an image, and nothing left behind but that.

https://github.com/hashicorp/packer-plugin-tencentcloud: builder.go names the steps; they are undone in reverse.
"""

from cloud import cloud
from login import admits_nobody_by_password, kept, with_key, with_password
from story import ZONE, check, equal, wait_until

NAME = "packer-built"
PASSWORD = "Baked4machine+"


class It:
    """What one check leaves for the next."""

    source_image = key = key_id = instance = image = None


def named(name):
    """The plugin knows an image by its name only: the one whose name is that exactly."""
    found = cloud.call("DescribeImages", Filters=[{"Name": "image-name", "Values": [name]}])
    assert found["TotalCount"] == len(found["ImageSet"]) <= 20, "the plugin looks at the first page only"
    return next((image for image in found["ImageSet"] if image["ImageName"] == name), None)


def settled():
    """RUNNING, and nothing under way: both are looked at in one answer, so OPERATING must be there in time."""

    def done():
        instance = cloud.instance(It.instance)
        return instance["InstanceState"] == "RUNNING" and instance["LatestOperationState"] != "OPERATING"

    wait_until("the instance is as the plugin wants it", done)


@check
def nobody_has_the_images_name_and_the_source_image_is_there():
    equal(named(NAME), None)
    It.source_image = cloud.image("Debian")
    filters = [{"Name": "image-id", "Values": [It.source_image]}]
    equal(cloud.call("DescribeImages", Filters=filters, InstanceType="S5.SMALL1")["TotalCount"], 1)


@check
def an_instance_with_a_temporary_key_pair_is_provisioned():
    pair = cloud.call("CreateKeyPair", KeyName="packer_1", ProjectId=0)["KeyPair"]
    It.key_id, It.key = pair["KeyId"], kept("packer_1", pair["PrivateKey"])
    It.instance = cloud.call(
        "RunInstances",
        Placement={"Zone": ZONE},
        ImageId=It.source_image,
        InstanceChargeType="POSTPAID_BY_HOUR",
        InstanceType="S5.SMALL1",
        InstanceName="packer",
        InstanceCount=1,
        LoginSettings={"KeyIds": [It.key_id]},
        UserData="",
    )["InstanceIdSet"][0]
    settled()
    equal(with_key(cloud.machine(It.instance), It.key).entered().strip(), "root")


@check
def the_temporary_key_pair_is_taken_off_the_running_instance():
    cloud.call("DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.key_id], ForceStop=True)
    settled()
    with_key(cloud.machine(It.instance), It.key).was_refused()


@check
def an_image_is_created_and_found_by_its_name_until_it_is_normal():
    cloud.call(
        "CreateImage",
        ImageName=NAME,
        ImageDescription="built by packer",
        InstanceId=It.instance,
        ForcePoweroff="False",
        Sysprep="False",
    )
    image = wait_until("the image is NORMAL", lambda: (found := named(NAME)) and found["ImageState"] == "NORMAL" and found)
    It.image = image["ImageId"]


@check
def instance_and_key_pair_are_gone_and_the_image_holds_neither():
    cloud.terminate(It.instance)
    cloud.call("DeleteKeyPairs", KeyIds=[It.key_id])
    equal(cloud.call("DescribeKeyPairs", KeyIds=[It.key_id])["TotalCount"], 0)
    equal(named(NAME)["ImageState"], "NORMAL")


@check
def what_is_built_runs_and_the_temporary_key_is_dead_in_it():
    cloud_instance = cloud.call(
        "RunInstances", Placement={"Zone": ZONE}, ImageId=It.image, LoginSettings={"Password": PASSWORD}
    )["InstanceIdSet"][0]
    cloud.settled(cloud_instance)
    machine = cloud.machine(cloud_instance)
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.key).was_refused()
    cloud.call("ResetInstance", InstanceId=cloud_instance, ImageId=It.image, LoginSettings={"KeepImageLogin": "TRUE"})
    cloud.settled(cloud_instance)
    machine = cloud.machine(cloud_instance)
    # Its source admitted nobody when it was kept.
    with_key(machine, It.key).was_refused()
    with_password(machine, PASSWORD).was_refused()
    admits_nobody_by_password(machine)
    cloud.terminate(cloud_instance)
    cloud.call("DeleteImages", ImageIds=[It.image])
    equal(named(NAME), None)
