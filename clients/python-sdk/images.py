"""A machine's disk kept as an image, machines made of it with its login or with another, and a system made anew."""

from cloud import cloud
from login import admits_nobody_by_password, methods, new_key, public_half, with_key, with_password
from story import ZONE, check, equal, wait_until

PASSWORD = "Image7maker+"
OTHER = "Other7maker+"


class It:
    """What one check leaves for the next."""

    key = key_id = hand = second = second_id = source = image = kept = fresh = None


def image_of(image_id):
    found = cloud.call("DescribeImages", ImageIds=[image_id])["ImageSet"]
    assert len(found) == 1, f"{image_id}: {len(found)} images"
    return found[0]


def ready(image_id):
    """Waits as Packer does: until the image of that id is NORMAL."""
    return wait_until(f"{image_id} is NORMAL", lambda: next((i for i in [image_of(image_id)] if i["ImageState"] == "NORMAL"), None))


def of_image(name, login):
    """An instance made of the image, with those LoginSettings."""
    parameters = {"Placement": {"Zone": ZONE}, "ImageId": It.image, "InstanceName": name, "LoginSettings": login}
    instance_id = cloud.call("RunInstances", **parameters)["InstanceIdSet"][0]
    cloud.settled(instance_id)
    return instance_id


def write_by_hand(instance_id, key, public_line):
    """As its owner may: one more line in the guest's own file."""
    line = f"echo '{public_line}' >> ~/.ssh/authorized_keys"
    with_key(cloud.machine(instance_id), key, line).entered()


@check
def a_running_instance_with_a_key_and_a_password_is_kept_as_an_image():
    It.key, It.hand, It.second = new_key("image_source"), new_key("image_by_hand"), new_key("image_second")
    It.key_id = cloud.imported("image_source", public_half(It.key))
    It.second_id = cloud.imported("image_second", public_half(It.second))
    It.source = cloud.run("image-source", key_ids=[It.key_id])
    cloud.call("ResetInstancesPassword", InstanceIds=[It.source], Password=PASSWORD, ForceStop=True)
    cloud.settled(It.source)
    write_by_hand(It.source, It.key, public_half(It.hand))
    boot = with_key(cloud.machine(It.source), It.key, "cat /proc/sys/kernel/random/boot_id").entered()
    cloud.call("CreateImage", InstanceId=It.source, ImageName="rehearsed", DryRun=True)
    equal(cloud.call("DescribeImages", Filters=[{"Name": "image-name", "Values": ["rehearsed"]}])["TotalCount"], 0)
    done = cloud.call("CreateImage", InstanceId=It.source, ImageName="golden", ImageDescription="with a login")
    It.image = done["ImageId"]
    image = ready(It.image)
    equal((image["ImageName"], image["ImageType"], image["ImageSource"]), ("golden", "PRIVATE_IMAGE", "CREATE_IMAGE"))
    source = cloud.settled(It.source)
    equal((source["LatestOperation"], source["LatestOperationRequestId"]), ("CreateImage", done["RequestId"]))
    # It has not been disturbed.
    equal(with_key(cloud.machine(It.source), It.key, "cat /proc/sys/kernel/random/boot_id").entered(), boot)
    cloud.refuses("InvalidImageName.Duplicate", "CreateImage", InstanceId=It.source, ImageName="golden")


@check
def an_instance_shut_down_to_be_kept_runs_again_afterwards():
    boot = with_key(cloud.machine(It.source), It.key, "cat /proc/sys/kernel/random/boot_id").entered()
    done = cloud.call("CreateImage", InstanceId=It.source, ImageName="at rest", ForcePoweroff="TRUE")
    ready(done["ImageId"])
    cloud.settled(It.source)
    assert with_key(cloud.machine(It.source), It.key, "cat /proc/sys/kernel/random/boot_id").entered() != boot
    cloud.call("ModifyImageAttribute", ImageId=done["ImageId"], ImageName="kept at rest", ImageDescription="off")
    equal(image_of(done["ImageId"])["ImageName"], "kept at rest")
    cloud.call("ModifyImageAttribute", ImageId=done["ImageId"], ImageFamily="ours")
    equal(cloud.call("DescribeImageFromFamily", ImageFamily="ours")["Image"]["ImageId"], done["ImageId"])
    cloud.call("DeleteImages", ImageIds=[done["ImageId"]])
    equal(cloud.call("DescribeImages", ImageIds=[done["ImageId"]])["TotalCount"], 0)
    equal(cloud.call("DescribeImageQuota")["ImageNumQuota"], 500)


@check
def a_machine_that_keeps_the_images_login_is_entered_as_its_source_was():
    It.kept = of_image("kept", {"KeepImageLogin": "TRUE"})
    equal(cloud.instance(It.kept)["LoginSettings"]["KeyIds"], [It.key_id])
    machine = cloud.machine(It.kept)
    with_key(machine, It.key).entered()
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.hand).entered()
    with_key(machine, It.second).was_refused()


@check
def a_machine_that_does_not_is_entered_with_what_was_asked_for_and_not_as_its_source_was():
    It.fresh = of_image("fresh", {"KeyIds": [It.second_id]})
    equal(cloud.instance(It.fresh)["LoginSettings"]["KeyIds"], [It.second_id])
    machine = cloud.machine(It.fresh)
    with_key(machine, It.second).entered()
    with_key(machine, It.key).was_refused()
    with_password(machine, PASSWORD).was_refused()
    admits_nobody_by_password(machine)
    # What a person wrote into the source's own file is data of the disk, as everything else on it.
    with_key(machine, It.hand).entered()


@check
def unbinding_the_last_key_of_a_kept_login_brings_the_images_password_back():
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=[It.kept], KeyIds=[It.second_id], ForceStop=True)
    cloud.settled(It.kept)
    machine = cloud.machine(It.kept)
    with_key(machine, It.second).entered()
    with_key(machine, It.key).was_refused()
    with_password(machine, PASSWORD).was_refused()
    cloud.call("DisassociateInstancesKeyPairs", InstanceIds=[It.kept], KeyIds=[It.second_id], ForceStop=True)
    cloud.settled(It.kept)
    machine = cloud.machine(It.kept)
    with_key(machine, It.second).was_refused()
    with_password(machine, PASSWORD).entered()


@check
def a_key_pair_bound_to_an_image_is_deleted_only_after_the_image():
    cloud.call("DisassociateInstancesKeyPairs", InstanceIds=[It.source], KeyIds=[It.key_id], ForceStop=True)
    cloud.settled(It.source)
    with_key(cloud.machine(It.source), It.key).was_refused()
    message = cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[It.key_id])
    assert It.image in message, message
    cloud.call("DeleteImages", ImageIds=[It.image], DryRun=True)
    equal(image_of(It.image)["ImageState"], "NORMAL")
    cloud.call("DeleteImages", ImageIds=[It.image])
    cloud.call("DeleteKeyPairs", KeyIds=[It.key_id])
    cloud.refuses("InvalidImageId.NotFound", "RunInstances", Placement={"Zone": ZONE}, ImageId=It.image)
    # What was made of it stays.
    with_password(cloud.machine(It.kept), PASSWORD).entered()


@check
def a_reset_leaves_no_way_in_that_was_there_before():
    cloud.call("ResetInstancesPassword", InstanceIds=[It.source], Password=PASSWORD, ForceStop=True)
    cloud.settled(It.source)
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=[It.source], KeyIds=[It.second_id], ForceStop=True)
    cloud.settled(It.source)
    with_key(cloud.machine(It.source), It.hand).entered()
    done = cloud.call(
        "ResetInstance",
        InstanceId=It.source,
        ImageId=cloud.image("Ubuntu"),
        LoginSettings={"Password": OTHER},
        SystemDisk={"DiskSize": 80},
        HostName="anew",
    )
    # As Terraform does, right after: refused while the old disk may still admit it.
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[It.second_id])
    instance = cloud.settled(It.source)
    equal((instance["LatestOperation"], instance["LatestOperationRequestId"]), ("ResetInstance", done["RequestId"]))
    equal((instance["SystemDisk"]["DiskSize"], instance["HostName"], instance["DefaultLoginUser"]), (80, "anew", "ubuntu"))
    equal(instance["LoginSettings"]["KeyIds"], None)
    machine = cloud.machine(It.source)
    with_key(machine, It.second).was_refused()
    with_key(machine, It.hand).was_refused()
    with_password(machine, PASSWORD).was_refused()
    equal(with_password(machine, OTHER).entered().strip(), "ubuntu")
    equal(methods(machine), {"publickey", "password", "keyboard-interactive"})


@check
def a_stopped_instance_is_reset_from_its_own_image_and_runs():
    cloud.stop(It.source)
    cloud.refuses(
        "InvalidParameterValue", "ResetInstance", InstanceId=It.source, SystemDisk={"DiskSize": 40}
    )
    cloud.refuses(
        "UnsupportedOperation", "ResetInstance", InstanceId=It.source, LoginSettings={"KeepImageLogin": "TRUE"}
    )
    cloud.settled(It.source, "STOPPED")
    cloud.call("ResetInstance", InstanceId=It.source, LoginSettings={"KeyIds": [It.second_id]})
    cloud.settled(It.source)
    machine = cloud.machine(It.source)
    with_key(machine, It.second).entered()
    with_password(machine, OTHER).was_refused()
    admits_nobody_by_password(machine)


@check
def an_instance_is_reset_from_an_image_of_its_own_with_the_login_it_had_then():
    image = cloud.call("CreateImage", InstanceId=It.source, ImageName="of its own")["ImageId"]
    ready(image)
    cloud.call("ResetInstance", InstanceId=It.source, ImageId=cloud.image("Debian"), LoginSettings={"Password": OTHER})
    cloud.settled(It.source)
    with_key(cloud.machine(It.source), It.second).was_refused()
    cloud.call("ResetInstance", InstanceId=It.source, ImageId=image, LoginSettings={"KeepImageLogin": "TRUE"})
    instance = cloud.settled(It.source)
    equal((instance["ImageId"], instance["LoginSettings"]["KeyIds"]), (image, [It.second_id]))
    machine = cloud.machine(It.source)
    equal(with_key(machine, It.second).entered().strip(), "ubuntu")
    with_password(machine, OTHER).was_refused()


@check
def all_of_it_goes():
    cloud.terminate(It.source, It.kept, It.fresh)
    left = cloud.call("DescribeImages", Filters=[{"Name": "image-type", "Values": ["PRIVATE_IMAGE"]}])["ImageSet"]
    cloud.call("DeleteImages", ImageIds=[image["ImageId"] for image in left])
    cloud.call("DeleteKeyPairs", KeyIds=[It.second_id])
