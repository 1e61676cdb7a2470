"""Instances beyond the heart: power, lists, attributes, images, places, the end."""

from cloud import Cloud, cloud
from login import new_key, public_half, with_key, with_password
from story import REGION, ZONE, check, equal

PASSWORD = "Instances7+days"
BOOT = "cat /proc/sys/kernel/random/boot_id"


class It:
    key = key_id = ubuntu = plain = None


@check
def an_ubuntu_is_entered_as_ubuntu():
    It.key = new_key("instances")
    It.key_id = cloud.imported("instances", public_half(It.key))
    It.ubuntu = cloud.run("ubuntu", [It.key_id], image="Ubuntu")
    machine = cloud.machine(It.ubuntu)
    equal(machine.user, "ubuntu")
    equal(with_key(machine, It.key, "whoami").entered().strip(), "ubuntu")


@check
def an_instance_with_a_password_is_entered_by_it():
    It.plain = cloud.run("plain", password=PASSWORD)
    machine = cloud.machine(It.plain)
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.key).was_refused()


@check
def power_goes_off_and_on_and_around():
    machine = cloud.machine(It.ubuntu)
    before = with_key(machine, It.key, BOOT).entered()
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "StartInstances", InstanceIds=[It.ubuntu])
    cloud.stop(It.ubuntu)
    for action in ("StopInstances", "RebootInstances"):
        cloud.refuses("UnsupportedOperation.InstanceStateStopped", action, InstanceIds=[It.ubuntu])
    cloud.start(It.ubuntu)
    equal(cloud.machine(It.ubuntu), machine, "address, port and user")
    after = with_key(machine, It.key, BOOT).entered()
    assert after != before, "a start is a boot"
    cloud.call("RebootInstances", InstanceIds=[It.ubuntu], StopType="SOFT_FIRST")
    assert cloud.instance(It.ubuntu)["LatestOperationState"] == "OPERATING"
    cloud.settled(It.ubuntu)
    assert with_key(machine, It.key, BOOT).entered() != after, "a reboot is a boot"


@check
def a_guest_deaf_to_the_button_is_powered_off_only_by_force():
    deaf = cloud.run("deaf", [It.key_id], guest="ignores-shutdown")
    cloud.call("StopInstances", InstanceIds=[deaf], StopType="HARD")
    cloud.settled(deaf, "STOPPED")
    cloud.terminate(deaf)


@check
def instances_are_filtered_and_paged():
    by_name = cloud.call("DescribeInstances", Filters=[{"Name": "instance-name", "Values": ["ubuntu"]}])
    equal([instance["InstanceId"] for instance in by_name["InstanceSet"]], [It.ubuntu])
    address = cloud.machine(It.plain).address
    for name, value in [
        ("instance-id", It.plain),
        ("private-ip-address", address),
        ("uuid", cloud.instance(It.plain)["Uuid"]),
    ]:
        found = cloud.call("DescribeInstances", Filters=[{"Name": name, "Values": [value]}])["InstanceSet"]
        equal([instance["InstanceId"] for instance in found], [It.plain], name)
    in_zone = cloud.call("DescribeInstances", Filters=[{"Name": "zone", "Values": [ZONE]}], Limit=100)
    total = cloud.call("DescribeInstances", Limit=1)
    equal(len(total["InstanceSet"]), 1)
    equal(total["TotalCount"], in_zone["TotalCount"])
    tagged = cloud.call("DescribeInstances", Filters=[{"Name": "tag:team", "Values": ["blue"]}])
    equal([instance["InstanceName"] for instance in tagged["InstanceSet"]], ["heart"])
    unknown = cloud.call("DescribeInstances", InstanceIds=["ins-00000000"])
    equal((unknown["TotalCount"], unknown["InstanceSet"]), (0, []))
    code, _ = cloud.refusal("DescribeInstances", Filters=[{"Name": "colour", "Values": ["blue"]}])
    assert code.startswith("InvalidFilter") or code == "InvalidParameterValue", code
    cloud.refuses("InvalidInstanceId.Malformed", "DescribeInstances", InstanceIds=["ins-1"])
    equal(Cloud(region="ap-shanghai").call("DescribeInstances")["TotalCount"], 0)


@check
def what_clients_dereference_is_there():
    instance = cloud.instance(It.plain)
    for name in ("Placement", "SystemDisk", "InternetAccessible", "VirtualPrivateCloud", "LoginSettings"):
        assert isinstance(instance[name], dict), f"{name} is {instance[name]!r}"
    equal(instance["Placement"]["Zone"], ZONE)
    equal(instance["LoginSettings"]["KeyIds"], None)
    equal(instance["LoginSettings"]["Password"], None)
    for name in ("InstanceChargeType", "InstanceType", "ImageId", "OsName", "CreatedTime", "Uuid", "RestrictState"):
        assert instance[name], name


@check
def states_are_listed():
    cloud.stop(It.plain)
    states = cloud.call("DescribeInstancesStatus", InstanceIds=[It.plain, It.ubuntu])
    equal(states["TotalCount"], 2)
    found = {state["InstanceId"]: state["InstanceState"] for state in states["InstanceStatusSet"]}
    equal(found, {It.plain: "STOPPED", It.ubuntu: "RUNNING"})
    cloud.start(It.plain)


@check
def attributes_of_an_instance_change():
    cloud.call("ModifyInstancesAttribute", InstanceIds=[It.plain], InstanceName="renamed")
    equal(cloud.instance(It.plain)["InstanceName"], "renamed")
    cloud.refuses("InvalidInstanceId.NotFound", "ModifyInstancesAttribute", InstanceIds=["ins-00000000"], InstanceName="x")
    cloud.refuses("InvalidInstanceName.TooLong", "ModifyInstancesAttribute", InstanceIds=[It.plain], InstanceName="x" * 61)


@check
def an_instance_moves_to_another_project():
    cloud.call("ModifyInstancesProject", InstanceIds=[It.plain], ProjectId=7)
    equal(cloud.instance(It.plain)["Placement"]["ProjectId"], 7)
    cloud.refuses("InvalidInstanceId.NotFound", "ModifyInstancesProject", InstanceIds=["ins-00000000"], ProjectId=7)
    cloud.call("ModifyInstancesProject", InstanceIds=[It.plain], ProjectId=0)


@check
def a_dry_run_runs_nothing():
    before = cloud.call("DescribeInstances")["TotalCount"]
    answer = cloud.call("RunInstances", Placement={"Zone": ZONE}, ImageId=cloud.image(), DryRun=True)
    equal(answer.get("InstanceIdSet"), None)
    assert answer["RequestId"]
    cloud.refuses("MissingParameter", "RunInstances", ImageId=cloud.image(), DryRun=True)
    equal(cloud.call("DescribeInstances")["TotalCount"], before)


@check
def images_and_places_are_listed():
    images = cloud.call("DescribeImages", Limit=100)
    equal(images["TotalCount"], len(images["ImageSet"]))
    systems = {image["OsName"] for image in images["ImageSet"]}
    for word in ("Ubuntu", "Debian", "Windows"):
        assert any(word in system for system in systems), f"no {word}"
    one = cloud.call("DescribeImages", Filters=[{"Name": "image-id", "Values": [cloud.image()]}])["ImageSet"]
    equal([image["ImageId"] for image in one], [cloud.image()])
    assert ZONE in {zone["Zone"] for zone in cloud.call("DescribeZones")["ZoneSet"]}
    regions = {region["Region"]: region["RegionState"] for region in cloud.call("DescribeRegions")["RegionSet"]}
    equal(regions[REGION], "AVAILABLE")


@check
def terminated_instances_are_gone_and_their_ids_unknown():
    machine = cloud.machine(It.ubuntu)
    cloud.call("RebootInstances", InstanceIds=[It.plain])
    # Clients send it while the reboot is under way, and do not retry.
    cloud.terminate(It.ubuntu, It.plain)
    cloud.refuses("InvalidInstanceId.NotFound", "TerminateInstances", InstanceIds=[It.ubuntu])
    outcome = with_key(machine, It.key)
    assert outcome.status == 255, f"still entered: {outcome}"
    equal(cloud.key_pair(It.key_id)["AssociatedInstanceIds"], [])
