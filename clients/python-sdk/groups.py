"""Placement groups: instances that are to be kept apart, their number and their names."""

from cloud import cloud
from story import ZONE, check, equal


class It:
    id = instance = None


def group():
    return cloud.call("DescribeDisasterRecoverGroups", DisasterRecoverGroupIds=[It.id])["DisasterRecoverGroupSet"][0]


@check
def a_group_is_made_counted_and_renamed():
    before = cloud.call("DescribeDisasterRecoverGroupQuota")
    made = cloud.call("CreateDisasterRecoverGroup", Name="apart", Type="HOST")
    It.id = made["DisasterRecoverGroupId"]
    equal((made["CvmQuotaTotal"], made["CurrentNum"]), (before["CvmInHostGroupQuota"], 0))
    equal(cloud.call("DescribeDisasterRecoverGroupQuota")["CurrentNum"], before["CurrentNum"] + 1)
    cloud.call("ModifyDisasterRecoverGroupAttribute", DisasterRecoverGroupId=It.id, Name="asunder", Affinity=2)
    equal((group()["Name"], group()["Affinity"]), ("asunder", 2))


@check
def instances_join_and_leave():
    It.instance = cloud.run("joins")
    cloud.call("ModifyInstancesDisasterRecoverGroup", InstanceIds=[It.instance], DisasterRecoverGroupId=It.id)
    equal(cloud.instance(It.instance)["DisasterRecoverGroupIds"], [It.id])
    equal(group()["InstanceIds"], [It.instance])
    cloud.refuses("ResourceInUse", "DeleteDisasterRecoverGroups", DisasterRecoverGroupIds=[It.id])
    cloud.call("DeleteInstancesDisasterRecoverGroups", InstanceIds=[It.instance], DisasterRecoverGroupIds=[It.id])
    equal((cloud.instance(It.instance)["DisasterRecoverGroupId"], group()["CurrentNum"]), ("", 0))
    cloud.refuses("FailedOperation.DisasterRecoverGroupNotMatch", "DeleteInstancesDisasterRecoverGroups",
                  InstanceIds=[It.instance], DisasterRecoverGroupIds=[It.id])


@check
def instances_are_born_in_a_group_until_it_is_full():
    born = cloud.run("born", DisasterRecoverGroupIds=[It.id])
    equal((cloud.instance(born)["DisasterRecoverGroupId"], group()["InstanceIds"]), (It.id, [born]))
    cloud.refuses("ResourceInsufficient.DisasterRecoverGroupCvmQuota", "RunInstances", Placement={"Zone": ZONE},
                  ImageId=cloud.image(), InstanceCount=50, DisasterRecoverGroupIds=[It.id])
    cloud.terminate(born)
    equal(group()["CurrentNum"], 0)


@check
def a_terminated_instance_is_in_no_group():
    cloud.call("ModifyInstancesDisasterRecoverGroup", InstanceIds=[It.instance], DisasterRecoverGroupIds=[It.id])
    cloud.terminate(It.instance)
    equal(group()["InstanceIds"], [])
    cloud.call("DeleteDisasterRecoverGroups", DisasterRecoverGroupIds=[It.id])
    cloud.refuses("FailedOperation.DisasterRecoverGroupNotFound", "DeleteDisasterRecoverGroups",
                  DisasterRecoverGroupIds=[It.id])
