"""What Packer's plugin for this cloud asks, in the plugin's order, through the vendor's SDK: a temporary key pair, an
instance that is provisioned over ssh, the key pair taken off, an image, and nothing left behind but that.

https://github.com/hashicorp/packer-plugin-tencentcloud: builder.go names the steps; they are undone in reverse.
"""

import pytest

from support.fleet import Bound
from support.login import admits_nobody_by_password, private_key_file, with_key, with_password
from support.surroundings import ZONE
from support.waiting import wait_until

NAME = "packer-built"
PASSWORD = "Baked4machine+"


class Build:
    """The plugin's steps, one method each."""

    def __init__(self, cloud):
        self.cloud = cloud

    def named(self, name):
        """The plugin knows an image by its name only: the one whose name is that exactly."""
        found = self.cloud.call("DescribeImages", Filters=[{"Name": "image-name", "Values": [name]}])
        assert found["TotalCount"] == len(found["ImageSet"]) <= 20, "the plugin looks at the first page only"
        return next((image for image in found["ImageSet"] if image["ImageName"] == name), None)

    def settled(self, instance_id):
        """RUNNING, and nothing under way: both are looked at in one answer, so OPERATING must be there in time."""

        def done():
            instance = self.cloud.instance(instance_id)
            return instance["InstanceState"] == "RUNNING" and instance["LatestOperationState"] != "OPERATING"

        wait_until("the instance is as the plugin wants it", done)

    def launched(self):
        pair = self.cloud.call("CreateKeyPair", KeyName="packer_1", ProjectId=0)["KeyPair"]
        instance = self.cloud.call(
            "RunInstances",
            Placement={"Zone": ZONE},
            ImageId=self.cloud.image("Debian"),
            InstanceChargeType="POSTPAID_BY_HOUR",
            InstanceType="S5.SMALL1",
            InstanceName="packer",
            InstanceCount=1,
            LoginSettings={"KeyIds": [pair["KeyId"]]},
            UserData="",
        )["InstanceIdSet"][0]
        self.settled(instance)
        return Bound(self.cloud, instance, private_key_file("packer_1", pair["PrivateKey"]), pair["KeyId"])

    def with_its_key_taken_off(self):
        bound = self.launched()
        self.cloud.call("DisassociateInstancesKeyPairs", ForceStop=True, **bound.batch)
        self.settled(bound.id)
        return bound

    def image_of(self, bound):
        self.cloud.call(
            "CreateImage",
            ImageName=NAME,
            ImageDescription="built by packer",
            InstanceId=bound.id,
            ForcePoweroff="False",
            Sysprep="False",
        )
        normal = lambda: (found := self.named(NAME)) and found["ImageState"] == "NORMAL" and found
        return wait_until("the image is NORMAL", normal)["ImageId"]


@pytest.fixture
def build(cloud):
    return Build(cloud)


def test_nobody_has_the_images_name_and_the_source_image_is_there(cloud, build):
    assert build.named(NAME) is None
    filters = [{"Name": "image-id", "Values": [cloud.image("Debian")]}]
    assert cloud.call("DescribeImages", Filters=filters, InstanceType="S5.SMALL1")["TotalCount"] == 1


def test_an_instance_with_a_temporary_key_pair_is_provisioned(build):
    bound = build.launched()
    assert with_key(bound.machine, bound.key).entered().strip() == "root"


def test_the_temporary_key_pair_is_taken_off_the_running_instance(build):
    bound = build.with_its_key_taken_off()
    with_key(bound.machine, bound.key).was_refused()


def test_an_image_is_created_and_found_by_its_name_until_it_is_normal(build):
    image = build.image_of(build.with_its_key_taken_off())
    assert build.named(NAME)["ImageId"] == image


def test_instance_and_key_pair_are_gone_and_the_image_holds_neither(cloud, build):
    bound = build.with_its_key_taken_off()
    build.image_of(bound)
    cloud.terminate(bound.id)
    cloud.call("DeleteKeyPairs", KeyIds=[bound.key_id])
    assert cloud.call("DescribeKeyPairs", KeyIds=[bound.key_id])["TotalCount"] == 0
    assert build.named(NAME)["ImageState"] == "NORMAL"


def test_what_is_built_runs_and_the_temporary_key_is_dead_in_it(cloud, build):
    source = build.with_its_key_taken_off()
    image = build.image_of(source)
    instance = cloud.run("built", password=PASSWORD, image=image)
    machine = cloud.machine(instance)
    with_password(machine, PASSWORD).entered()
    with_key(machine, source.key).was_refused()
    cloud.call("ResetInstance", InstanceId=instance, ImageId=image, LoginSettings={"KeepImageLogin": "TRUE"})
    cloud.settled(instance)
    machine = cloud.machine(instance)
    # Its source admitted nobody when the image was made.
    with_key(machine, source.key).was_refused()
    with_password(machine, PASSWORD).was_refused()
    admits_nobody_by_password(machine)
    cloud.terminate(instance)
    cloud.call("DeleteImages", ImageIds=[image])
    assert build.named(NAME) is None
