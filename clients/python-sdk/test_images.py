"""Images made of a machine's disk, machines made of them with the same login or another, and reinstalled systems."""

import pytest

from support.fleet import BOOT
from support.login import admits_nobody_by_password, methods, new_key, public_half, with_key, with_password
from support.surroundings import ZONE
from support.waiting import wait_until

PASSWORD = "Image7maker+"
OTHER = "Other7maker+"


class Source:
    """An instance that a key and a password enter, and a key whose line was written into the guest's own file by hand."""

    def __init__(self, cloud):
        self.cloud = cloud
        bound = cloud.with_key("image_source")
        self.id, self.key, self.key_id = bound.id, bound.key, bound.key_id
        cloud.set_password(self.id, PASSWORD)
        self.hand = new_key("image_by_hand")
        line = f"echo '{public_half(self.hand)}' >> ~/.ssh/authorized_keys"
        with_key(self.machine, self.key, line).entered()
        self.second = new_key("image_second")
        self.second_id = cloud.imported("image_second", public_half(self.second))

    @property
    def machine(self):
        return self.cloud.machine(self.id)

    def boot(self):
        return with_key(self.machine, self.key, BOOT).entered()

    def new_image(self, name, **more):
        """Waits as Packer does: until the image of that id is NORMAL."""
        done = self.cloud.call("CreateImage", InstanceId=self.id, ImageName=name, **more)
        image_id = done["ImageId"]
        normal = lambda: self.image(image_id)["ImageState"] == "NORMAL"
        wait_until(f"{image_id} is NORMAL", normal)
        return done

    def golden(self):
        return self.new_image("golden")["ImageId"]

    def image(self, image_id):
        found = self.cloud.call("DescribeImages", ImageIds=[image_id])["ImageSet"]
        assert len(found) == 1, f"{image_id}: {len(found)} images"
        return found[0]

    def of_image(self, image_id, login):
        """An instance made of the image, with those LoginSettings."""
        return self.cloud.run("of_image", image=image_id, LoginSettings=login)


@pytest.fixture
def source(cloud):
    return Source(cloud)


KEEP = {"KeepImageLogin": "TRUE"}


def test_an_image_is_made_of_a_running_instance_with_a_key_and_a_password(cloud, source):
    boot = source.boot()
    cloud.call("CreateImage", InstanceId=source.id, ImageName="rehearsed", DryRun=True)
    assert cloud.call("DescribeImages", Filters=[{"Name": "image-name", "Values": ["rehearsed"]}])["TotalCount"] == 0
    done = source.new_image("golden", ImageDescription="with a login")
    image = source.image(done["ImageId"])
    assert (image["ImageName"], image["ImageType"], image["ImageSource"]) == ("golden", "PRIVATE_IMAGE", "CREATE_IMAGE")
    instance = cloud.settled(source.id)
    assert (instance["LatestOperation"], instance["LatestOperationRequestId"]) == ("CreateImage", done["RequestId"])
    # The machine ran on.
    assert source.boot() == boot
    cloud.refuses("InvalidImageName.Duplicate", "CreateImage", InstanceId=source.id, ImageName="golden")


def test_an_instance_shut_down_for_its_image_runs_again_afterwards(cloud, source):
    boot = source.boot()
    image = source.new_image("at rest", ForcePoweroff="TRUE")["ImageId"]
    cloud.settled(source.id)
    assert source.boot() != boot
    cloud.call("ModifyImageAttribute", ImageId=image, ImageName="made while off", ImageDescription="off")
    assert source.image(image)["ImageName"] == "made while off"
    cloud.call("ModifyImageAttribute", ImageId=image, ImageFamily="ours")
    assert cloud.call("DescribeImageFromFamily", ImageFamily="ours")["Image"]["ImageId"] == image
    cloud.call("DeleteImages", ImageIds=[image])
    assert cloud.call("DescribeImages", ImageIds=[image])["TotalCount"] == 0
    assert cloud.call("DescribeImageQuota")["ImageNumQuota"] == 500


def test_a_machine_that_keeps_the_images_login_is_entered_as_its_source_was(cloud, source):
    copy = source.of_image(source.golden(), KEEP)
    assert cloud.instance(copy)["LoginSettings"]["KeyIds"] == [source.key_id]
    machine = cloud.machine(copy)
    with_key(machine, source.key).entered()
    with_password(machine, PASSWORD).entered()
    with_key(machine, source.hand).entered()
    with_key(machine, source.second).was_refused()


def test_a_machine_that_does_not_is_entered_with_what_was_asked_for_and_not_as_its_source_was(cloud, source):
    fresh = source.of_image(source.golden(), {"KeyIds": [source.second_id]})
    assert cloud.instance(fresh)["LoginSettings"]["KeyIds"] == [source.second_id]
    machine = cloud.machine(fresh)
    with_key(machine, source.second).entered()
    with_key(machine, source.key).was_refused()
    with_password(machine, PASSWORD).was_refused()
    admits_nobody_by_password(machine)
    # What a person wrote into the source's own file is data of the disk, as everything else on it.
    with_key(machine, source.hand).entered()


def test_unbinding_the_last_key_of_a_kept_login_brings_the_images_password_back(cloud, source):
    copy = source.of_image(source.golden(), KEEP)
    cloud.bind(copy, source.second_id)
    machine = cloud.machine(copy)
    with_key(machine, source.second).entered()
    with_key(machine, source.key).was_refused()
    with_password(machine, PASSWORD).was_refused()
    cloud.unbind(copy, source.second_id)
    machine = cloud.machine(copy)
    with_key(machine, source.second).was_refused()
    with_password(machine, PASSWORD).entered()


def test_a_key_pair_bound_to_an_image_is_deleted_only_after_the_image(cloud, source):
    image = source.golden()
    copy = source.of_image(image, KEEP)
    # The machines are free of it, the image is not.
    cloud.unbind(source.id, source.key_id)
    with_key(source.machine, source.key).was_refused()
    cloud.unbind(copy, source.key_id)
    message = cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[source.key_id])
    assert image in message, message
    cloud.call("DeleteImages", ImageIds=[image], DryRun=True)
    assert source.image(image)["ImageState"] == "NORMAL"
    cloud.call("DeleteImages", ImageIds=[image])
    cloud.call("DeleteKeyPairs", KeyIds=[source.key_id])
    cloud.refuses("InvalidImageId.NotFound", "RunInstances", Placement={"Zone": ZONE}, ImageId=image)
    # Machines made of it stay.
    with_password(cloud.machine(copy), PASSWORD).entered()


def test_a_reset_leaves_no_way_in_that_was_there_before(cloud, source):
    cloud.bind(source.id, source.second_id)
    with_key(source.machine, source.second).entered()
    with_key(source.machine, source.hand).entered()
    done = cloud.call(
        "ResetInstance",
        InstanceId=source.id,
        ImageId=cloud.image("Ubuntu"),
        LoginSettings={"Password": OTHER},
        SystemDisk={"DiskSize": 80},
        HostName="anew",
    )
    # As Terraform does, right after: refused while the old disk may still admit it.
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[source.second_id])
    instance = cloud.settled(source.id)
    assert (instance["LatestOperation"], instance["LatestOperationRequestId"]) == ("ResetInstance", done["RequestId"])
    found = (instance["SystemDisk"]["DiskSize"], instance["HostName"], instance["DefaultLoginUser"])
    assert found == (80, "anew", "ubuntu")
    assert instance["LoginSettings"]["KeyIds"] is None
    machine = source.machine
    with_key(machine, source.second).was_refused()
    with_key(machine, source.hand).was_refused()
    with_password(machine, PASSWORD).was_refused()
    assert with_password(machine, OTHER).entered().strip() == "ubuntu"
    assert methods(machine) == {"publickey", "password", "keyboard-interactive"}


def test_a_stopped_instance_is_reset_from_its_own_image_and_runs(cloud):
    instance = cloud.run("stopped", password=OTHER, image="Ubuntu", SystemDisk={"DiskSize": 80})
    key = new_key("second")
    key_id = cloud.imported("second", public_half(key))
    cloud.stop(instance)
    cloud.refuses("InvalidParameterValue", "ResetInstance", InstanceId=instance, SystemDisk={"DiskSize": 40})
    cloud.refuses("UnsupportedOperation", "ResetInstance", InstanceId=instance, LoginSettings=KEEP)
    cloud.settled(instance, "STOPPED")
    cloud.call("ResetInstance", InstanceId=instance, LoginSettings={"KeyIds": [key_id]})
    cloud.settled(instance)
    machine = cloud.machine(instance)
    with_key(machine, key).entered()
    with_password(machine, OTHER).was_refused()
    admits_nobody_by_password(machine)


def test_an_instance_is_reset_from_an_image_of_its_own_with_the_login_it_had_then(cloud):
    bound = cloud.with_key(image="Ubuntu")
    image = cloud.call("CreateImage", InstanceId=bound.id, ImageName="of its own")["ImageId"]
    normal = lambda: cloud.call("DescribeImages", ImageIds=[image])["ImageSet"][0]["ImageState"] == "NORMAL"
    wait_until(f"{image} is NORMAL", normal)
    cloud.call("ResetInstance", InstanceId=bound.id, ImageId=cloud.image("Debian"), LoginSettings={"Password": OTHER})
    bound.settled()
    with_key(bound.machine, bound.key).was_refused()
    with_password(bound.machine, OTHER).entered()
    cloud.call("ResetInstance", InstanceId=bound.id, ImageId=image, LoginSettings=KEEP)
    instance = bound.settled()
    assert (instance["ImageId"], instance["LoginSettings"]["KeyIds"]) == (image, [bound.key_id])
    assert with_key(bound.machine, bound.key).entered().strip() == "ubuntu"
    with_password(bound.machine, OTHER).was_refused()


def test_all_of_it_goes(cloud, source):
    image = source.golden()
    made = [source.of_image(image, KEEP), source.of_image(image, {"KeyIds": [source.second_id]})]
    cloud.terminate(source.id, *made)
    private = [{"Name": "image-type", "Values": ["PRIVATE_IMAGE"]}]
    left = cloud.call("DescribeImages", Filters=private)["ImageSet"]
    assert [one["ImageId"] for one in left] == [image]
    cloud.call("DeleteImages", ImageIds=[image])
    cloud.call("DeleteKeyPairs", KeyIds=[source.key_id, source.second_id])
    assert cloud.call("DescribeImages", Filters=private)["TotalCount"] == 0
    assert cloud.call("DescribeKeyPairs")["TotalCount"] == 0
