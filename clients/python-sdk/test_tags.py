"""The tag product: tags of instances and key pairs are read and changed where other products see them at once."""

import pytest

from support.login import new_key, public_half
from support.surroundings import REGION

PASSWORD = "Correct9horse+"


class Tags:
    """One account's tags."""

    def __init__(self, cloud):
        self.client = cloud.of("tag")
        self.call, self.refuses = self.client.call, self.client.refuses

    def of(self, kind, resource_id):
        """As Terraform asks after each of its steps."""
        answer = self.call(
            "DescribeResourceTagsByResourceIds",
            ServiceType="cvm",
            ResourcePrefix=kind,
            ResourceIds=[resource_id],
            ResourceRegion=REGION,
            Offset=0,
            Limit=20,
        )
        return {pair["TagKey"]: pair["TagValue"] for pair in answer["Tags"]}

    def replace(self, resource, **tags):
        self.call("ModifyResourceTags", Resource=resource, ReplaceTags=pairs(**tags))

    def delete(self, resource, *keys):
        self.call("ModifyResourceTags", Resource=resource, DeleteTags=[{"TagKey": key} for key in keys])


def pairs(**tags):
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def named(kind, resource_id):
    return f"qcs::cvm:{REGION}:uin/:{kind}/{resource_id}"


@pytest.fixture
def tag(cloud):
    return Tags(cloud)


@pytest.fixture
def key_id(cloud):
    return cloud.imported("tagged", public_half(new_key("tagged")))


@pytest.fixture
def laptop(tag, key_id):
    """A key pair with a tag."""
    tag.replace(named("keypair", key_id), laptop="1")
    return key_id


def test_tags_given_at_the_launch_are_read_and_a_change_is_seen_at_once(cloud, tag):
    specification = [{"ResourceType": "instance", "Tags": [{"Key": "crew", "Value": "red"}]}]
    instance_id = cloud.run("tagged", password=PASSWORD, TagSpecification=specification)
    assert tag.of("instance", instance_id) == {"crew": "red"}
    resource = named("instance", instance_id)
    tag.replace(resource, crew="blue", 部门="运维")
    assert tag.of("instance", instance_id) == {"crew": "blue", "部门": "运维"}
    found = cloud.call("DescribeInstances", Filters=[{"Name": "tag:crew", "Values": ["blue"]}])["InstanceSet"]
    assert [instance["InstanceId"] for instance in found] == [instance_id]
    tag.delete(resource, "crew")
    assert tag.of("instance", instance_id) == {"部门": "运维"}
    assert cloud.instance(instance_id)["Tags"] == [{"Key": "部门", "Value": "运维"}]


def test_a_key_pair_is_tagged_too(cloud, tag, laptop):
    assert tag.of("keypair", laptop) == {"laptop": "1"}
    assert cloud.key_pair(laptop)["Tags"] == [{"Key": "laptop", "Value": "1"}]


def test_all_tags_are_listed_once(cloud, tag, laptop):
    other = cloud.imported("other", public_half(new_key("other")))
    tag.replace(named("keypair", other), laptop="1", 部门="运维")
    assert sorted(tag.call("DescribeTagKeys", Limit=1000)["Tags"]) == ["laptop", "部门"]
    values = tag.call("DescribeTagValues", TagKeys=["laptop"])["Tags"]
    assert [(pair["TagKey"], pair["TagValue"]) for pair in values] == [("laptop", "1")]
    assert tag.call("DescribeTags", TagKey="laptop", TagValue="1")["TotalCount"] == 1


def test_resources_are_found_by_their_tags(tag, laptop):
    filters = [{"TagKey": "laptop", "TagValue": ["1", "2"]}]
    rows = tag.call("DescribeResourcesByTags", TagFilters=filters)["Rows"]
    assert [(row["ServiceType"], row["ResourcePrefix"], row["ResourceId"]) for row in rows] == [("cvm", "keypair", laptop)]
    mapping = tag.call("GetResources", TagFilters=filters)["ResourceTagMappingList"]
    assert mapping[0]["Resource"].endswith(f":keypair/{laptop}"), mapping
    assert tag.call("GetResources", ResourceList=[mapping[0]["Resource"]])["ResourceTagMappingList"] == mapping
    assert tag.call("DescribeResourceTags", ResourceId=laptop)["TotalCount"] == 1


def test_tags_are_put_on_and_taken_off_one_by_one_and_of_many_at_once(tag, laptop):
    resource, before = named("keypair", laptop), tag.of("keypair", laptop)
    tag.call("AddResourceTag", Resource=resource, TagKey="stage", TagValue="test")
    tag.refuses("ResourceInUse.TagKeyAttached", "AddResourceTag", Resource=resource, TagKey="stage", TagValue="live")
    tag.call("UpdateResourceTagValue", Resource=resource, TagKey="stage", TagValue="live")
    assert tag.of("keypair", laptop) == {**before, "stage": "live"}
    tag.call("DeleteResourceTag", Resource=resource, TagKey="stage")
    tag.refuses("ResourceNotFound.AttachedTagKeyNotFound", "DeleteResourceTag", Resource=resource, TagKey="stage")
    many = {"ServiceType": "cvm", "ResourcePrefix": "keypair", "ResourceIds": [laptop]}
    tag.call("AttachResourcesTag", TagKey="stage", TagValue="test", **many)
    assert tag.of("keypair", laptop) == {**before, "stage": "test"}
    tag.call("DetachResourcesTag", TagKey="stage", **many)
    gone = named("keypair", "skey-00000000")
    failed = tag.call("TagResources", ResourceList=[resource, gone], Tags=pairs(stage="new"))["FailedResources"]
    assert [(each["Resource"], each["Code"]) for each in failed] == [(gone, "InvalidParameterValue.ResourceIdInvalid")]
    assert tag.of("keypair", laptop) == {**before, "stage": "new"}
    assert tag.call("UnTagResources", ResourceList=[resource], TagKeys=["stage"])["FailedResources"] == []
    assert tag.of("keypair", laptop) == before


def test_a_tag_is_made_before_anything_carries_it_and_deleted_when_nothing_does(tag, laptop):
    tag.call("CreateTag", TagKey="budget", TagValue="2027")
    tag.refuses("ResourceInUse.TagDuplicate", "CreateTag", TagKey="budget", TagValue="2027")
    everything = tag.call("GetTagKeys", MaxResults=1000)["TagKeys"]
    assert sorted(everything) == ["budget", "laptop"]
    # Page by page, as cloud-custodian reads them.
    first = tag.call("GetTagKeys", MaxResults=1)
    rest = tag.call("GetTagKeys", MaxResults=1000, PaginationToken=first["PaginationToken"])
    assert first["TagKeys"] + rest["TagKeys"] == everything
    values = tag.call("GetTagValues", TagKeys=["budget"])
    assert [(pair["TagKey"], pair["TagValue"]) for pair in values["Tags"]] == [("budget", "2027")]
    resource = named("keypair", laptop)
    tag.replace(resource, budget="2027")
    tag.refuses("FailedOperation.TagAttachedResource", "DeleteTag", TagKey="budget", TagValue="2027")
    tag.delete(resource, "budget")
    tag.call("DeleteTag", TagKey="budget", TagValue="2027")
    assert tag.call("GetTagValues", TagKeys=["budget"])["Tags"] == []


def test_a_disk_carries_tags_of_its_own(cloud, tag):
    specification = [{"ResourceType": "volume", "Tags": [{"Key": "crew", "Value": "disks"}]}]
    instance_id = cloud.run("tagged_disks", password=PASSWORD, TagSpecification=specification)
    disk_id = cloud.instance(instance_id)["SystemDisk"]["DiskId"]
    assert (tag.of("volume", disk_id), tag.of("instance", instance_id)) == ({"crew": "disks"}, {})
    tag.replace(named("volume", disk_id), crew="blue")
    found = cloud.of("cbs").call("DescribeDisks", Filters=[{"Name": "tag:crew", "Values": ["blue"]}])["DiskSet"]
    assert [(disk["DiskId"], disk["Tags"]) for disk in found] == [(disk_id, [{"Key": "crew", "Value": "blue"}])]


ELSEWHERE = [f"qcs::vpc:{REGION}::sg/sg-00000000", f"qcs::cos:{REGION}:uin/:bucket/x", named("eip", "eip-00000000")]


@pytest.mark.parametrize("resource", ELSEWHERE)
def test_what_is_read_and_not_there_is_an_empty_list(tag, resource):
    answer = tag.call("GetResources", ResourceList=[resource])
    assert (answer["PaginationToken"], answer["ResourceTagMappingList"]) == ("", [])


def test_a_product_without_tagged_resources_has_no_rows(tag, laptop):
    assert tag.call("DescribeResourcesByTags", TagFilters=[{"TagKey": "laptop"}], ServiceType="cos")["Rows"] == []


@pytest.mark.parametrize("code, resource", [
    ("InvalidParameterValue.ResourceIdInvalid", named("instance", "ins-00000000")),
    ("InvalidParameterValue.ResourceDescriptionError", "ins-00000000"),
    ("InvalidParameterValue.UinInvalid", f"qcs::cvm:{REGION}:uin/7:instance/ins-00000000"),
    ("InvalidParameterValue.ServiceTypeInvalid", f"qcs::cos:{REGION}:uin/:bucket/x"),
])
def test_what_is_not_there_is_refused(tag, code, resource):
    tag.refuses(code, "ModifyResourceTags", Resource=resource, ReplaceTags=pairs(a="b"))
    assert tag.of("instance", "ins-00000000") == {}
