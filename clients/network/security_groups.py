"""Security groups: their rules are kept in order and answered, and instances carry them."""

from cloud import cloud
from defaults import network
from story import check, equal


class It:
    group = other = instance = None


def rules(direction="Ingress"):
    return network.call("DescribeSecurityGroupPolicies", SecurityGroupId=It.group)["SecurityGroupPolicySet"][direction]


def ports():
    return [rule["Port"] for rule in rules()]


def change(action, direction="Ingress", version=None, **rule):
    policies = {direction: [rule], **({"Version": version} if version else {})}
    return network.call(action, SecurityGroupId=It.group, SecurityGroupPolicySet=policies)


def uses():
    """By how many instances and by the rules of how many groups each of the two is used; Terraform waits for none."""
    asked = {"SecurityGroupIds": [It.group, It.other]}
    found = network.call("DescribeSecurityGroupAssociationStatistics", **asked)
    return [(group["CVM"], group["SG"]) for group in found["SecurityGroupAssociationStatisticsSet"]]


@check
def a_group_is_made_and_described():
    made = network.call("CreateSecurityGroup", GroupName="web", GroupDescription="", Tags=[{"Key": "a", "Value": "b"}])
    It.group = made["SecurityGroup"]["SecurityGroupId"]
    It.other = network.call("CreateSecurityGroup", GroupName="db", GroupDescription="d")["SecurityGroup"]["SecurityGroupId"]
    network.call("ModifySecurityGroupAttribute", SecurityGroupId=It.group, GroupDescription="in front")
    found = network.call("DescribeSecurityGroups", Filters=[{"Name": "tag:a", "Values": ["b"]}])["SecurityGroupSet"]
    equal([(group["SecurityGroupId"], group["SecurityGroupDesc"]) for group in found], [(It.group, "in front")])


@check
def rules_are_kept_in_order():
    # As Packer sends them: without a protocol.
    change("CreateSecurityGroupPolicies", CidrBlock="0.0.0.0/0", Action="ACCEPT")
    change("CreateSecurityGroupPolicies", "Egress", CidrBlock="0.0.0.0/0", Action="ACCEPT")
    http = {"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/8", "Action": "ACCEPT"}
    change("CreateSecurityGroupPolicies", PolicyIndex=0, **http)
    equal(ports(), ["80", "ALL"])
    change("ReplaceSecurityGroupPolicies", PolicyIndex=0, **{**http, "Port": "443"})
    change("DeleteSecurityGroupPolicies", PolicyIndex=1)
    equal(ports(), ["443"])
    change("ReplaceSecurityGroupPolicy", PolicyIndex=0, **{**http, "Port": "8443"})
    equal(ports(), ["8443"])
    of_other = {"SecurityGroupId": It.other, "Action": "DROP"}
    network.call("ModifySecurityGroupPolicies", SecurityGroupId=It.group, SecurityGroupPolicySet={"Ingress": [http, of_other]})
    equal([rule["SecurityGroupId"] for rule in rules()], ["", It.other])
    equal(rules("Egress"), [])


@check
def a_change_of_rules_that_were_read_too_early_is_refused():
    late = {"Ingress": [{"CidrBlock": "10.0.0.7", "Action": "ACCEPT"}], "Version": "1"}
    wanted = "UnsupportedOperation.VersionMismatch"
    network.refuses(wanted, "CreateSecurityGroupPolicies", SecurityGroupId=It.group, SecurityGroupPolicySet=late)


@check
def instances_carry_groups_and_a_group_in_use_stays():
    It.instance = cloud.run("guarded", password="Correct9horse+", SecurityGroupIds=[It.group])
    equal(cloud.instance(It.instance)["SecurityGroupIds"], [It.group])
    cloud.call("AssociateSecurityGroups", SecurityGroupIds=[It.other], InstanceIds=[It.instance])
    equal(cloud.instance(It.instance)["SecurityGroupIds"], [It.group, It.other])
    cloud.call("DisassociateSecurityGroups", SecurityGroupIds=[It.other], InstanceIds=[It.instance])
    equal(cloud.instance(It.instance)["SecurityGroupIds"], [It.group])
    network.refuses("ResourceInUse", "DeleteSecurityGroup", SecurityGroupId=It.group)
    # Named in a rule of the first.
    network.refuses("ResourceInUse", "DeleteSecurityGroup", SecurityGroupId=It.other)
    unknown = {"SecurityGroupIds": ["sg-00000000"], "InstanceIds": [It.instance]}
    cloud.refuses("InvalidSecurityGroupId.NotFound", "AssociateSecurityGroups", **unknown)
    equal(uses(), [(1, 0), (0, 1)])
    named = network.call("DescribeSecurityGroupReferences", SecurityGroupIds=[It.group, It.other])["ReferredSecurityGroupSet"]
    equal([group["ReferredSecurityGroupIds"] for group in named], [[], [It.group]])
    cloud.terminate(It.instance)
    equal(uses(), [(0, 0), (0, 1)])
    network.call("DeleteSecurityGroup", SecurityGroupId=It.group)
    network.call("DeleteSecurityGroup", SecurityGroupId=It.other)
    network.refuses("ResourceNotFound", "DeleteSecurityGroup", SecurityGroupId=It.group)
