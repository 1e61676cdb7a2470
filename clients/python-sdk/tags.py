"""The tag product: tags of instances and key pairs are read and changed where other products see them at once."""

import heart
from cloud import Cloud, cloud
from story import REGION, check, equal

tag = Cloud(product="tag", version="v20180813")


def of(kind, resource_id):
    """As Terraform asks after each of its steps."""
    answer = tag.call(
        "DescribeResourceTagsByResourceIds",
        ServiceType="cvm",
        ResourcePrefix=kind,
        ResourceIds=[resource_id],
        ResourceRegion=REGION,
        Offset=0,
        Limit=20,
    )
    return {pair["TagKey"]: pair["TagValue"] for pair in answer["Tags"]}


def named(kind, resource_id):
    return f"qcs::cvm:{REGION}:uin/:{kind}/{resource_id}"


@check
def tags_given_at_the_launch_are_read_and_a_change_is_seen_at_once():
    specification = [{"ResourceType": "instance", "Tags": [{"Key": "crew", "Value": "red"}]}]
    instance_id = cloud.run("tagged", password=heart.PASSWORD, TagSpecification=specification)
    equal(of("instance", instance_id), {"crew": "red"})
    resource = named("instance", instance_id)
    replace = [{"TagKey": "crew", "TagValue": "blue"}, {"TagKey": "部门", "TagValue": "运维"}]
    tag.call("ModifyResourceTags", Resource=resource, ReplaceTags=replace)
    equal(of("instance", instance_id), {"crew": "blue", "部门": "运维"})
    found = cloud.call("DescribeInstances", Filters=[{"Name": "tag:crew", "Values": ["blue"]}])["InstanceSet"]
    equal([instance["InstanceId"] for instance in found], [instance_id])
    tag.call("ModifyResourceTags", Resource=resource, DeleteTags=[{"TagKey": "crew"}])
    equal(of("instance", instance_id), {"部门": "运维"})
    equal(cloud.instance(instance_id)["Tags"], [{"Key": "部门", "Value": "运维"}])


@check
def a_key_pair_is_tagged_too():
    key_id = heart.It.other_id
    tag.call("ModifyResourceTags", Resource=named("keypair", key_id), ReplaceTags=[{"TagKey": "laptop", "TagValue": "1"}])
    equal(of("keypair", key_id), {"laptop": "1"})
    equal(cloud.key_pair(key_id)["Tags"], [{"Key": "laptop", "Value": "1"}])


@check
def all_tags_are_listed_once():
    assert {"laptop", "部门"} <= set(tag.call("DescribeTagKeys", Limit=1000)["Tags"])
    values = tag.call("DescribeTagValues", TagKeys=["laptop"])["Tags"]
    equal([(pair["TagKey"], pair["TagValue"]) for pair in values], [("laptop", "1")])
    equal(tag.call("DescribeTags", TagKey="laptop", TagValue="1")["TotalCount"], 1)


@check
def resources_are_found_by_their_tags():
    filters = [{"TagKey": "laptop", "TagValue": ["1", "2"]}]
    rows = tag.call("DescribeResourcesByTags", TagFilters=filters)["Rows"]
    equal([(row["ServiceType"], row["ResourcePrefix"], row["ResourceId"]) for row in rows], [("cvm", "keypair", heart.It.other_id)])
    mapping = tag.call("GetResources", TagFilters=filters)["ResourceTagMappingList"]
    assert mapping[0]["Resource"].endswith(f":keypair/{heart.It.other_id}"), mapping
    equal(tag.call("GetResources", ResourceList=[mapping[0]["Resource"]])["ResourceTagMappingList"], mapping)
    equal(tag.call("DescribeResourceTags", ResourceId=heart.It.other_id)["TotalCount"], 1)


@check
def tags_are_put_on_and_taken_off_one_by_one_and_of_many_at_once():
    key_id = heart.It.other_id
    resource, before = named("keypair", key_id), of("keypair", key_id)
    tag.call("AddResourceTag", Resource=resource, TagKey="stage", TagValue="test")
    tag.refuses("ResourceInUse.TagKeyAttached", "AddResourceTag", Resource=resource, TagKey="stage", TagValue="live")
    tag.call("UpdateResourceTagValue", Resource=resource, TagKey="stage", TagValue="live")
    equal(of("keypair", key_id), {**before, "stage": "live"})
    tag.call("DeleteResourceTag", Resource=resource, TagKey="stage")
    tag.refuses("ResourceNotFound.AttachedTagKeyNotFound", "DeleteResourceTag", Resource=resource, TagKey="stage")
    many = {"ServiceType": "cvm", "ResourcePrefix": "keypair", "ResourceIds": [key_id]}
    tag.call("AttachResourcesTag", TagKey="stage", TagValue="test", **many)
    equal(of("keypair", key_id), {**before, "stage": "test"})
    tag.call("DetachResourcesTag", TagKey="stage", **many)
    gone = named("keypair", "skey-00000000")
    tags = [{"TagKey": "stage", "TagValue": "new"}]
    failed = tag.call("TagResources", ResourceList=[resource, gone], Tags=tags)["FailedResources"]
    equal([(each["Resource"], each["Code"]) for each in failed], [(gone, "InvalidParameterValue.ResourceIdInvalid")])
    equal(of("keypair", key_id), {**before, "stage": "new"})
    equal(tag.call("UnTagResources", ResourceList=[resource], TagKeys=["stage"])["FailedResources"], [])
    equal(of("keypair", key_id), before)


@check
def a_tag_is_made_before_anything_carries_it_and_deleted_when_nothing_does():
    tag.call("CreateTag", TagKey="budget", TagValue="2027")
    tag.refuses("ResourceInUse.TagDuplicate", "CreateTag", TagKey="budget", TagValue="2027")
    assert "budget" in tag.call("GetTagKeys", MaxResults=1000)["TagKeys"]
    # Page by page, as cloud-custodian reads them.
    first = tag.call("GetTagKeys", MaxResults=1)
    rest = tag.call("GetTagKeys", MaxResults=1000, PaginationToken=first["PaginationToken"])
    equal(first["TagKeys"] + rest["TagKeys"], tag.call("GetTagKeys", MaxResults=1000)["TagKeys"])
    values = tag.call("GetTagValues", TagKeys=["budget"])
    equal([(pair["TagKey"], pair["TagValue"]) for pair in values["Tags"]], [("budget", "2027")])
    resource = named("keypair", heart.It.other_id)
    tag.call("ModifyResourceTags", Resource=resource, ReplaceTags=[{"TagKey": "budget", "TagValue": "2027"}])
    tag.refuses("FailedOperation.TagAttachedResource", "DeleteTag", TagKey="budget", TagValue="2027")
    tag.call("ModifyResourceTags", Resource=resource, DeleteTags=[{"TagKey": "budget"}])
    tag.call("DeleteTag", TagKey="budget", TagValue="2027")
    equal(tag.call("GetTagValues", TagKeys=["budget"])["Tags"], [])


@check
def a_disk_carries_tags_of_its_own():
    instance_id = cloud.run("tagged_disks", password=heart.PASSWORD, TagSpecification=[
        {"ResourceType": "volume", "Tags": [{"Key": "crew", "Value": "disks"}]},
    ])
    disk_id = cloud.instance(instance_id)["SystemDisk"]["DiskId"]
    equal((of("volume", disk_id), of("instance", instance_id)), ({"crew": "disks"}, {}))
    tag.call("ModifyResourceTags", Resource=named("volume", disk_id), ReplaceTags=[{"TagKey": "crew", "TagValue": "blue"}])
    cbs = Cloud(product="cbs", version="v20170312")
    found = cbs.call("DescribeDisks", Filters=[{"Name": "tag:crew", "Values": ["blue"]}])["DiskSet"]
    equal([(disk["DiskId"], disk["Tags"]) for disk in found], [(disk_id, [{"Key": "crew", "Value": "blue"}])])
    cloud.call("TerminateInstances", InstanceIds=[instance_id])


@check
def what_is_read_and_not_there_is_an_empty_list():
    for resource in (f"qcs::vpc:{REGION}::sg/sg-00000000", f"qcs::cos:{REGION}:uin/:bucket/x", named("eip", "eip-00000000")):
        answer = tag.call("GetResources", ResourceList=[resource])
        equal((answer["PaginationToken"], answer["ResourceTagMappingList"]), ("", []), resource)
    equal(tag.call("DescribeResourcesByTags", TagFilters=[{"TagKey": "crew"}], ServiceType="cos")["Rows"], [])


@check
def what_is_not_there_is_refused():
    change = {"ReplaceTags": [{"TagKey": "a", "TagValue": "b"}]}
    for code, resource in [
        ("InvalidParameterValue.ResourceIdInvalid", named("instance", "ins-00000000")),
        ("InvalidParameterValue.ResourceDescriptionError", "ins-00000000"),
        ("InvalidParameterValue.UinInvalid", f"qcs::cvm:{REGION}:uin/7:instance/ins-00000000"),
        ("InvalidParameterValue.ServiceTypeInvalid", f"qcs::cos:{REGION}:uin/:bucket/x"),
    ]:
        tag.refuses(code, "ModifyResourceTags", Resource=resource, **change)
    equal(of("instance", "ins-00000000"), {})
