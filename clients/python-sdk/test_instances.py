"""Other actions on instances: power, lists, attributes, images, placement, termination."""

import pytest

from support.fleet import BOOT
from support.login import new_key, with_key, with_password
from support.surroundings import REGION, ZONE

PASSWORD = "Instances7+days"


@pytest.fixture
def bound(cloud):
    return cloud.with_key()


@pytest.fixture
def plain(cloud):
    """An instance with a password."""
    return cloud.run("plain", password=PASSWORD)


def test_an_ubuntu_is_entered_as_ubuntu(cloud):
    ubuntu = cloud.with_key(image="Ubuntu")
    assert ubuntu.machine.user == "ubuntu"
    assert with_key(ubuntu.machine, ubuntu.key, "whoami").entered().strip() == "ubuntu"


def test_an_instance_with_a_password_is_entered_by_it(cloud, plain):
    machine = cloud.machine(plain)
    with_password(machine, PASSWORD).entered()
    with_key(machine, new_key("none")).was_refused()


def test_power_goes_off_and_on_and_around(cloud, bound):
    machine = bound.machine
    before = with_key(machine, bound.key, BOOT).entered()
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "StartInstances", InstanceIds=[bound.id])
    cloud.stop(bound.id)
    for action in ("StopInstances", "RebootInstances"):
        cloud.refuses("UnsupportedOperation.InstanceStateStopped", action, InstanceIds=[bound.id])
    cloud.start(bound.id)
    assert bound.machine == machine, "address, port and user"
    after = with_key(machine, bound.key, BOOT).entered()
    assert after != before, "a start is a boot"
    cloud.call("RebootInstances", InstanceIds=[bound.id], StopType="SOFT_FIRST")
    assert bound.describe()["LatestOperationState"] == "OPERATING"
    bound.settled()
    assert with_key(machine, bound.key, BOOT).entered() != after, "a reboot is a boot"


def test_a_guest_deaf_to_the_button_is_powered_off_only_by_force(cloud):
    deaf = cloud.with_key(guest="ignores-shutdown")
    cloud.call("StopInstances", InstanceIds=[deaf.id], StopType="HARD")
    deaf.settled("STOPPED")
    cloud.terminate(deaf.id)


def test_instances_are_filtered_and_paged(cloud, plain):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}]
    ubuntu = cloud.run("ubuntu", image="Ubuntu", TagSpecification=tags)
    by_name = cloud.call("DescribeInstances", Filters=[{"Name": "instance-name", "Values": ["ubuntu"]}])
    assert [instance["InstanceId"] for instance in by_name["InstanceSet"]] == [ubuntu]
    address = cloud.machine(plain).address
    for name, value in [
        ("instance-id", plain),
        ("private-ip-address", address),
        ("uuid", cloud.instance(plain)["Uuid"]),
    ]:
        found = cloud.call("DescribeInstances", Filters=[{"Name": name, "Values": [value]}])["InstanceSet"]
        assert [instance["InstanceId"] for instance in found] == [plain], name
    in_zone = cloud.call("DescribeInstances", Filters=[{"Name": "zone", "Values": [ZONE]}], Limit=100)
    total = cloud.call("DescribeInstances", Limit=1)
    assert len(total["InstanceSet"]) == 1
    assert total["TotalCount"] == in_zone["TotalCount"] == 2
    tagged = cloud.call("DescribeInstances", Filters=[{"Name": "tag:team", "Values": ["blue"]}])
    assert [instance["InstanceName"] for instance in tagged["InstanceSet"]] == ["ubuntu"]
    unknown = cloud.call("DescribeInstances", InstanceIds=["ins-00000000"])
    assert (unknown["TotalCount"], unknown["InstanceSet"]) == (0, [])
    code, _ = cloud.refusal("DescribeInstances", Filters=[{"Name": "colour", "Values": ["blue"]}])
    assert code.startswith("InvalidFilter") or code == "InvalidParameterValue", code
    cloud.refuses("InvalidInstanceId.Malformed", "DescribeInstances", InstanceIds=["ins-1"])
    assert cloud.of(region="ap-shanghai").call("DescribeInstances")["TotalCount"] == 0


def test_what_clients_dereference_is_there(cloud, plain):
    instance = cloud.instance(plain)
    for name in ("Placement", "SystemDisk", "InternetAccessible", "VirtualPrivateCloud", "LoginSettings"):
        assert isinstance(instance[name], dict), f"{name} is {instance[name]!r}"
    assert instance["Placement"]["Zone"] == ZONE
    assert instance["LoginSettings"]["KeyIds"] is None
    assert instance["LoginSettings"]["Password"] is None
    for name in ("InstanceChargeType", "InstanceType", "ImageId", "OsName", "CreatedTime", "Uuid", "RestrictState"):
        assert instance[name], name


def test_states_are_listed(cloud, bound, plain):
    cloud.stop(plain)
    states = cloud.call("DescribeInstancesStatus", InstanceIds=[plain, bound.id])
    assert states["TotalCount"] == 2
    found = {state["InstanceId"]: state["InstanceState"] for state in states["InstanceStatusSet"]}
    assert found == {plain: "STOPPED", bound.id: "RUNNING"}


def test_attributes_of_an_instance_change(cloud, plain):
    cloud.call("ModifyInstancesAttribute", InstanceIds=[plain], InstanceName="renamed")
    assert cloud.instance(plain)["InstanceName"] == "renamed"
    cloud.refuses("InvalidInstanceId.NotFound", "ModifyInstancesAttribute", InstanceIds=["ins-00000000"], InstanceName="x")
    cloud.refuses("InvalidInstanceName.TooLong", "ModifyInstancesAttribute", InstanceIds=[plain], InstanceName="x" * 61)


def test_an_instance_moves_to_another_project(cloud, plain):
    cloud.call("ModifyInstancesProject", InstanceIds=[plain], ProjectId=7)
    assert cloud.instance(plain)["Placement"]["ProjectId"] == 7
    cloud.refuses("InvalidInstanceId.NotFound", "ModifyInstancesProject", InstanceIds=["ins-00000000"], ProjectId=7)
    cloud.call("ModifyInstancesProject", InstanceIds=[plain], ProjectId=0)
    assert cloud.instance(plain)["Placement"]["ProjectId"] == 0


def test_a_dry_run_runs_nothing(cloud, plain):
    answer = cloud.call("RunInstances", Placement={"Zone": ZONE}, ImageId=cloud.image(), DryRun=True)
    assert answer.get("InstanceIdSet") is None
    assert answer["RequestId"]
    cloud.refuses("MissingParameter", "RunInstances", ImageId=cloud.image(), DryRun=True)
    assert [one["InstanceId"] for one in cloud.call("DescribeInstances")["InstanceSet"]] == [plain]


def test_images_and_places_are_listed(cloud):
    images = cloud.call("DescribeImages", Limit=100)
    assert images["TotalCount"] == len(images["ImageSet"])
    systems = {image["OsName"] for image in images["ImageSet"]}
    for word in ("Ubuntu", "Debian", "Windows"):
        assert any(word in system for system in systems), f"no {word}"
    one = cloud.call("DescribeImages", Filters=[{"Name": "image-id", "Values": [cloud.image()]}])["ImageSet"]
    assert [image["ImageId"] for image in one] == [cloud.image()]
    assert ZONE in {zone["Zone"] for zone in cloud.call("DescribeZones")["ZoneSet"]}
    regions = {region["Region"]: region["RegionState"] for region in cloud.call("DescribeRegions")["RegionSet"]}
    assert regions[REGION] == "AVAILABLE"


def test_nobody_has_a_dedicated_host(cloud):
    hosts = cloud.call("DescribeHosts", Filters=[{"Name": "zone", "Values": [ZONE]}])
    assert (hosts["TotalCount"], hosts["HostSet"]) == (0, [])


def test_terminated_instances_are_gone_and_their_ids_unknown(cloud, bound, plain):
    machine = bound.machine
    with_key(machine, bound.key).entered()
    cloud.call("RebootInstances", InstanceIds=[plain])
    # Clients send it while the reboot is under way, and do not retry.
    cloud.terminate(bound.id, plain)
    cloud.refuses("InvalidInstanceId.NotFound", "TerminateInstances", InstanceIds=[bound.id])
    outcome = with_key(machine, bound.key)
    assert outcome.status == 255, f"still entered: {outcome}"
    assert cloud.key_pair(bound.key_id)["AssociatedInstanceIds"] == []
