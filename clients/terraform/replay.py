"""The provider's calls in its own order: key pairs, an instance, its keys changed in every way, stop, tags, destroy.

A plan is empty when what a refresh reads is what the configuration says; that is compared after every apply.
"""

from login import Machine, new_key, public_half, with_key, with_password
from program import Program
from provider import Provider, Refused
from story import ENDPOINT, WORK, ZONE, check, equal, wait_until
from ways import environment

PASSWORD = "Plan3d+applied"
# What `cvmd env --for terraform` advises: keys change while force_stop is false, and one is added beside another.
SETTINGS = {"CVMD_RUNNING_KEY_CHANGE": "shutdown", "CVMD_ASSOCIATE": "add"}

terraform = Provider(ENDPOINT)


class It:
    first = second = None
    first_id = second_id = instance = None
    configured = {}


def image(provider):
    images = provider.call("cvm", "DescribeImages", Filters=[{"Name": "image-type", "Values": ["PUBLIC_IMAGE"]}], Limit=100)
    return next(image["ImageId"] for image in images["ImageSet"] if "Debian" in image["OsName"])


def plan_is_empty(**configured):
    It.configured.update(configured)
    found = terraform.read_instance(It.instance)
    differing = {name: (wanted, found[name]) for name, wanted in It.configured.items() if found[name] != wanted}
    equal(differing, {}, "what the plan would change")


def enters(key, provider=terraform):
    with_key(Machine.of(provider.describe(It.instance)), key).entered()


def is_refused(key, provider=terraform):
    with_key(Machine.of(provider.describe(It.instance)), key).was_refused()


@check
def a_key_pair_is_made_and_its_plan_is_empty():
    It.first, It.second = new_key("tf-first"), new_key("tf-second")
    It.first_id = terraform.create_key_pair("tf_first", public_half(It.first), {"made": "by terraform"})
    It.second_id = terraform.create_key_pair("tf_second", public_half(It.second))
    wanted = {
        "key_name": "tf_first",
        "project_id": 0,
        "public_key": " ".join(public_half(It.first).split()[:2]),
        "tags": {"made": "by terraform"},
    }
    equal(terraform.read_key_pair(It.first_id), wanted)
    equal(terraform.read_key_pair("skey-zzzzzzzz"), None, "a key pair that is gone")


@check
def an_instance_with_a_key_is_made_and_its_plan_is_empty():
    tags = {"made": "by terraform", "team": "blue"}
    login = {"KeyIds": [It.first_id]}
    disks = [{"DiskType": "CLOUD_SSD", "DiskSize": 20, "DeleteWithInstance": True, "Encrypt": False}]
    It.instance = terraform.create_instance(image(terraform), ZONE, tags, login, data_disks=disks)
    plan_is_empty(
        availability_zone=ZONE, bandwidth=0, charge_type="POSTPAID_BY_HOUR", image_id=image(terraform),
        instance_name="terraform", key_ids={It.first_id}, running_flag=True, tags=tags,
    )
    enters(It.first)
    is_refused(It.second)


@check
def a_key_change_with_force_stop_converges():
    terraform.change_keys(It.instance, {It.first_id}, {It.second_id}, force_stop=True)
    plan_is_empty(key_ids={It.second_id}, running_flag=True)
    is_refused(It.first)
    enters(It.second)


@check
def a_key_change_without_force_stop_is_refused_and_the_next_plan_shows_it():
    try:
        terraform.change_keys(It.instance, {It.second_id}, {It.first_id})
        raise AssertionError("a running instance was changed")
    except Refused as refused:
        equal(refused.code, "UnsupportedOperation.InstanceStateRunning")
    plan_is_empty()
    enters(It.second)


@check
def a_password_is_set_beside_the_key():
    terraform.change_password(It.instance, PASSWORD, force_stop=True)
    plan_is_empty()
    with_password(Machine.of(terraform.describe(It.instance)), PASSWORD).entered()
    enters(It.second)


@check
def stop_and_start_converge():
    terraform.change_running(It.instance, False)
    plan_is_empty(running_flag=False)
    terraform.change_running(It.instance, True)
    plan_is_empty(running_flag=True)
    enters(It.second)


@check
def tags_change_and_are_read_at_once():
    terraform.change_instance_tags(It.instance, {"team": "red"}, delete=["made"])
    plan_is_empty(tags={"team": "red"})
    equal(terraform.disk_tags(It.instance), [{"team": "red"}, {"team": "red"}])
    terraform.change_instance_tags(It.instance, {}, delete=["team"])
    plan_is_empty(tags={})
    equal(terraform.disk_tags(It.instance), [{}, {}])


@check
def an_image_is_made_with_its_snapshot_and_destroyed():
    tags = {"made": "by terraform"}
    image_id = terraform.create_image(It.instance, "tf_image", tags)
    found = terraform.read_image(image_id)
    equal((found["image_name"], found["tags"], len(found["snapshot_ids"])), ("tf_image", tags, 1))
    equal(found["snapshots"], {found["snapshot_ids"][0]: "NORMAL"})
    terraform.delete_image(image_id)
    # The resource leaves it to somebody else.
    equal(terraform.call("cbs", "DescribeSnapshots", SnapshotIds=found["snapshot_ids"])["TotalCount"], 1)
    terraform.call("cbs", "DeleteSnapshots", SnapshotIds=found["snapshot_ids"])
    plan_is_empty()


@check
def who_asks_is_found_out_over_https_by_what_env_prints():
    surroundings = environment("terraform")
    equal(surroundings["TENCENTCLOUD_PROTOCOL"], "HTTP")
    identity = terraform.identity(surroundings)
    assert identity.isdigit(), identity


@check
def tags_of_what_is_not_here_are_none():
    for service, prefix, resource_id in (("vpc", "rtb", "rtb-00000000"), ("vpc", "eip", "eip-00000000"), ("cvm", "snap", "snap-00000000")):
        answer = terraform.call(
            "tag", "DescribeResourceTagsByResourceIds", ServiceType=service, ResourcePrefix=prefix,
            ResourceIds=[resource_id], ResourceRegion="ap-guangzhou", Offset=0, Limit=20,
        )
        equal((answer["TotalCount"], answer["Tags"]), (0, []), f"{service} {prefix}")


@check
def an_import_reads_all_that_is_configured():
    # Import is a read of the id alone.
    plan_is_empty()


@check
def a_reboot_followed_by_destroy_leaves_nothing():
    terraform.call("cvm", "RebootInstances", InstanceIds=[It.instance], StopType="SOFT")
    terraform.delete_instance(It.instance)
    equal(terraform.read_instance(It.instance), None)
    for key_id in (It.first_id, It.second_id):
        terraform.delete_key_pair(key_id)
        equal(terraform.read_key_pair(key_id), None)


@check
def a_bound_key_pair_is_destroyed_by_force():
    key = terraform.create_key_pair("tf_bound", public_half(It.first))
    It.instance = terraform.create_instance(image(terraform), ZONE, login={"KeyIds": [key]})
    enters(It.first)
    terraform.delete_key_pair(key, force_stop=True)
    terraform.wait_for_state(It.instance, "RUNNING")
    is_refused(It.first)
    equal(terraform.read_instance(It.instance)["key_ids"], set())
    terraform.delete_instance(It.instance)


@check
def with_its_settings_keys_change_without_force_stop_and_one_joins_another():
    with Program(settings=SETTINGS) as program:
        provider = Provider(program.endpoint)
        first = provider.create_key_pair("tf_first", public_half(It.first))
        second = provider.create_key_pair("tf_second", public_half(It.second))
        It.instance = provider.create_instance(image(provider), ZONE, login={"KeyIds": [first]})
        provider.change_keys(It.instance, {first}, {first, second})
        equal(provider.read_instance(It.instance)["key_ids"], {first, second}, "one key beside another")
        enters(It.first, provider)
        enters(It.second, provider)
        provider.change_keys(It.instance, {first, second}, {second})
        equal(provider.read_instance(It.instance)["key_ids"], {second})
        is_refused(It.first, provider)
        enters(It.second, provider)
        provider.delete_instance(It.instance)


@check
def the_data_sources_find_what_is_there():
    zones = terraform.call("cvm", "DescribeZones")["ZoneSet"]
    assert all(zone["Zone"] and zone["ZoneId"] and zone["ZoneState"] for zone in zones), zones
    by_product = terraform.call("api", "DescribeZones", Product="cvm")["ZoneSet"]
    assert ZONE in {zone["Zone"] for zone in by_product}, by_product
    types = terraform.call(
        "cvm", "DescribeZoneInstanceConfigInfos", Filters=[{"Name": "zone", "Values": [ZONE]}]
    )["InstanceTypeQuotaSet"]
    assert types and all(each["Cpu"] and each["Memory"] and each["Status"] for each in types), types[:2]
    equal(terraform.call("cvm", "DescribeInstances", Limit=100, Offset=0)["TotalCount"], 0)
