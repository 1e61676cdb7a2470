"""The provider's calls in its own order: key pairs, an instance, its keys changed in every way, stop, tags, destroy.

After every apply the plan is empty: a refresh reads what the configuration holds.
"""

import pytest

from support.environment import environment
from support.login import new_key, public_half, with_password
from support.program import Program
from support.surroundings import ZONE
from terraform.plan import Plan, image
from terraform.provider import Provider, Refused

PASSWORD = "Plan3d+applied"
# What `cvmd env --for terraform` advises: keys change while force_stop is false, and one is added beside another.
SETTINGS = {"CVMD_RUNNING_KEY_CHANGE": "shutdown", "CVMD_ASSOCIATE": "add"}


@pytest.fixture
def terraform(account):
    return Provider(account)


@pytest.fixture
def plan(terraform):
    return Plan(terraform)


def test_a_key_pair_is_made_and_its_plan_is_empty(terraform):
    key = new_key("tf-first")
    key_id = terraform.create_key_pair("tf_first", public_half(key), {"made": "by terraform"})
    assert terraform.read_key_pair(key_id) == {
        "key_name": "tf_first",
        "project_id": 0,
        "public_key": " ".join(public_half(key).split()[:2]),
        "tags": {"made": "by terraform"},
    }
    assert terraform.read_key_pair("skey-zzzzzzzz") is None, "a key pair that is gone"


def test_an_instance_with_a_key_is_made_and_its_plan_is_empty(plan):
    plan.is_empty()
    plan.enters(plan.first)
    plan.is_refused(plan.second)


def test_a_key_change_with_force_stop_converges(terraform, plan):
    terraform.change_keys(plan.instance, {plan.first_id}, {plan.second_id}, force_stop=True)
    plan.is_empty(key_ids={plan.second_id})
    plan.is_refused(plan.first)
    plan.enters(plan.second)


def test_a_key_change_without_force_stop_is_refused_and_the_next_plan_shows_it(terraform, plan):
    with pytest.raises(Refused) as refused:
        terraform.change_keys(plan.instance, {plan.first_id}, {plan.second_id})
    assert refused.value.code == "UnsupportedOperation.InstanceStateRunning"
    plan.is_empty()
    plan.enters(plan.first)


def test_a_password_is_set_beside_the_key(terraform, plan):
    terraform.change_password(plan.instance, PASSWORD, force_stop=True)
    plan.is_empty()
    with_password(plan.machine(), PASSWORD).entered()
    plan.enters(plan.first)


def test_stop_and_start_converge(terraform, plan):
    terraform.change_running(plan.instance, False)
    plan.is_empty(running_flag=False)
    terraform.change_running(plan.instance, True)
    plan.is_empty(running_flag=True)
    plan.enters(plan.first)


def test_tags_change_and_are_read_at_once(terraform, plan):
    terraform.change_instance_tags(plan.instance, {"team": "red"}, delete=["made"])
    plan.is_empty(tags={"team": "red"})
    assert terraform.disk_tags(plan.instance) == [{"team": "red"}, {"team": "red"}]
    terraform.change_instance_tags(plan.instance, {}, delete=["team"])
    plan.is_empty(tags={})
    assert terraform.disk_tags(plan.instance) == [{}, {}]


def test_an_image_is_made_with_its_snapshot_and_destroyed(terraform, plan):
    tags = {"made": "by terraform"}
    image_id = terraform.create_image(plan.instance, "tf_image", tags)
    found = terraform.read_image(image_id)
    assert (found["image_name"], found["tags"], len(found["snapshot_ids"])) == ("tf_image", tags, 1)
    assert found["snapshots"] == {found["snapshot_ids"][0]: "NORMAL"}
    terraform.delete_image(image_id)
    # The resource leaves it to somebody else.
    assert terraform.call("cbs", "DescribeSnapshots", SnapshotIds=found["snapshot_ids"])["TotalCount"] == 1
    terraform.call("cbs", "DeleteSnapshots", SnapshotIds=found["snapshot_ids"])
    plan.is_empty()


def test_who_asks_is_found_out_over_https_by_what_env_prints(terraform, account):
    surroundings = environment("terraform", account)
    assert surroundings["TENCENTCLOUD_PROTOCOL"] == "HTTP"
    identity = terraform.identity(surroundings)
    assert identity.isdigit(), identity


@pytest.mark.parametrize("service, prefix", [("vpc", "rtb"), ("vpc", "eip"), ("cvm", "snap")])
def test_tags_of_what_is_not_here_are_none(terraform, service, prefix):
    answer = terraform.call(
        "tag", "DescribeResourceTagsByResourceIds", ServiceType=service, ResourcePrefix=prefix,
        ResourceIds=[f"{prefix}-00000000"], ResourceRegion="ap-guangzhou", Offset=0, Limit=20,
    )
    assert (answer["TotalCount"], answer["Tags"]) == (0, [])


def test_an_import_reads_all_that_is_configured(terraform, plan):
    # Import is a read of the id alone, after whatever has been applied.
    terraform.change_keys(plan.instance, {plan.first_id}, {plan.second_id}, force_stop=True)
    terraform.change_instance_tags(plan.instance, {}, delete=["made", "team"])
    plan.is_empty(key_ids={plan.second_id}, tags={})


def test_a_reboot_followed_by_destroy_leaves_nothing(terraform, plan):
    terraform.call("cvm", "RebootInstances", InstanceIds=[plan.instance], StopType="SOFT")
    terraform.delete_instance(plan.instance)
    assert terraform.read_instance(plan.instance) is None
    for key_id in (plan.first_id, plan.second_id):
        terraform.delete_key_pair(key_id)
        assert terraform.read_key_pair(key_id) is None
    assert terraform.call("cvm", "DescribeInstances", Limit=100, Offset=0)["TotalCount"] == 0


def test_a_bound_key_pair_is_destroyed_by_force(terraform, plan):
    plan.enters(plan.first)
    terraform.delete_key_pair(plan.first_id, force_stop=True)
    terraform.wait_for_state(plan.instance, "RUNNING")
    plan.is_refused(plan.first)
    assert terraform.read_instance(plan.instance)["key_ids"] == set()
    terraform.delete_instance(plan.instance)


def test_with_its_settings_keys_change_without_force_stop_and_one_joins_another():
    with Program(settings=SETTINGS) as program:
        terraform = Provider(endpoint=program.endpoint)
        plan = Plan(terraform)
        both = {plan.first_id, plan.second_id}
        terraform.change_keys(plan.instance, {plan.first_id}, both)
        plan.is_empty(key_ids=both)
        plan.enters(plan.first)
        plan.enters(plan.second)
        terraform.change_keys(plan.instance, both, {plan.second_id})
        plan.is_empty(key_ids={plan.second_id})
        plan.is_refused(plan.first)
        plan.enters(plan.second)
        terraform.delete_instance(plan.instance)


def test_the_data_sources_find_what_is_there(terraform):
    zones = terraform.call("cvm", "DescribeZones")["ZoneSet"]
    assert all(zone["Zone"] and zone["ZoneId"] and zone["ZoneState"] for zone in zones), zones
    by_product = terraform.call("api", "DescribeZones", Product="cvm")["ZoneSet"]
    assert ZONE in {zone["Zone"] for zone in by_product}, by_product
    types = terraform.call(
        "cvm", "DescribeZoneInstanceConfigInfos", Filters=[{"Name": "zone", "Values": [ZONE]}]
    )["InstanceTypeQuotaSet"]
    assert types and all(each["Cpu"] and each["Memory"] and each["Status"] for each in types), types[:2]
    assert terraform.call("cvm", "DescribeInstances", Limit=100, Offset=0)["TotalCount"] == 0
    made = terraform.create_instance(image(terraform), ZONE)
    assert [one["InstanceId"] for one in terraform.call("cvm", "DescribeInstances", Limit=100, Offset=0)["InstanceSet"]] == [made]
