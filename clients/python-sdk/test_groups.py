"""Placement groups: instances on different hosts, their number and their names."""

import pytest

from support.surroundings import ZONE


class Group:
    def __init__(self, cloud):
        self.cloud = cloud
        self.id = cloud.call("CreateDisasterRecoverGroup", Name="apart", Type="HOST")["DisasterRecoverGroupId"]

    def described(self):
        found = self.cloud.call("DescribeDisasterRecoverGroups", DisasterRecoverGroupIds=[self.id])
        return found["DisasterRecoverGroupSet"][0]


@pytest.fixture
def group(cloud):
    return Group(cloud)


def test_a_group_is_made_counted_and_renamed(cloud):
    before = cloud.call("DescribeDisasterRecoverGroupQuota")
    made = cloud.call("CreateDisasterRecoverGroup", Name="apart", Type="HOST")
    group_id = made["DisasterRecoverGroupId"]
    assert (made["CvmQuotaTotal"], made["CurrentNum"]) == (before["CvmInHostGroupQuota"], 0)
    assert cloud.call("DescribeDisasterRecoverGroupQuota")["CurrentNum"] == before["CurrentNum"] + 1
    cloud.call("ModifyDisasterRecoverGroupAttribute", DisasterRecoverGroupId=group_id, Name="asunder", Affinity=2)
    [found] = cloud.call("DescribeDisasterRecoverGroups", DisasterRecoverGroupIds=[group_id])["DisasterRecoverGroupSet"]
    assert (found["Name"], found["Affinity"]) == ("asunder", 2)


def test_instances_join_and_leave(cloud, group):
    instance = cloud.run("joins")
    cloud.call("ModifyInstancesDisasterRecoverGroup", InstanceIds=[instance], DisasterRecoverGroupId=group.id)
    assert cloud.instance(instance)["DisasterRecoverGroupIds"] == [group.id]
    assert group.described()["InstanceIds"] == [instance]
    cloud.refuses("ResourceInUse", "DeleteDisasterRecoverGroups", DisasterRecoverGroupIds=[group.id])
    cloud.call("DeleteInstancesDisasterRecoverGroups", InstanceIds=[instance], DisasterRecoverGroupIds=[group.id])
    assert (cloud.instance(instance)["DisasterRecoverGroupId"], group.described()["CurrentNum"]) == ("", 0)
    cloud.refuses("FailedOperation.DisasterRecoverGroupNotMatch", "DeleteInstancesDisasterRecoverGroups",
                  InstanceIds=[instance], DisasterRecoverGroupIds=[group.id])


def test_instances_are_born_in_a_group_until_it_is_full(cloud, group):
    born = cloud.run("born", DisasterRecoverGroupIds=[group.id])
    assert (cloud.instance(born)["DisasterRecoverGroupId"], group.described()["InstanceIds"]) == (group.id, [born])
    cloud.refuses("ResourceInsufficient.DisasterRecoverGroupCvmQuota", "RunInstances", Placement={"Zone": ZONE},
                  ImageId=cloud.image(), InstanceCount=50, DisasterRecoverGroupIds=[group.id])
    cloud.terminate(born)
    assert group.described()["CurrentNum"] == 0


def test_a_terminated_instance_is_in_no_group(cloud, group):
    instance = cloud.run("joins")
    cloud.call("ModifyInstancesDisasterRecoverGroup", InstanceIds=[instance], DisasterRecoverGroupIds=[group.id])
    assert group.described()["InstanceIds"] == [instance]
    cloud.terminate(instance)
    assert group.described()["InstanceIds"] == []
    cloud.call("DeleteDisasterRecoverGroups", DisasterRecoverGroupIds=[group.id])
    cloud.refuses("FailedOperation.DisasterRecoverGroupNotFound", "DeleteDisasterRecoverGroups",
                  DisasterRecoverGroupIds=[group.id])
