"""Security groups: rules are stored and answered in order, and instances carry groups."""

import pytest

HTTP = {"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/8", "Action": "ACCEPT"}


class Groups:
    """A group whose rules change, and another one that they may name."""

    def __init__(self, network):
        self.network = network
        tags = [{"Key": "a", "Value": "b"}]
        self.group = self.made(GroupName="web", GroupDescription="", Tags=tags)
        self.other = self.made(GroupName="db", GroupDescription="d")

    def made(self, **given):
        return self.network.call("CreateSecurityGroup", **given)["SecurityGroup"]["SecurityGroupId"]

    def rules(self, direction="Ingress"):
        found = self.network.call("DescribeSecurityGroupPolicies", SecurityGroupId=self.group)
        return found["SecurityGroupPolicySet"][direction]

    def ports(self):
        return [rule["Port"] for rule in self.rules()]

    def change(self, action, direction="Ingress", **rule):
        self.network.call(action, SecurityGroupId=self.group, SecurityGroupPolicySet={direction: [rule]})

    def names_the_other(self):
        of_other = {"SecurityGroupId": self.other, "Action": "DROP"}
        policies = {"Ingress": [HTTP, of_other]}
        self.network.call("ModifySecurityGroupPolicies", SecurityGroupId=self.group, SecurityGroupPolicySet=policies)

    def uses(self):
        """By how many instances and by the rules of how many groups each of the two is used; Terraform waits for none."""
        asked = {"SecurityGroupIds": [self.group, self.other]}
        found = self.network.call("DescribeSecurityGroupAssociationStatistics", **asked)
        return [(group["CVM"], group["SG"]) for group in found["SecurityGroupAssociationStatisticsSet"]]


@pytest.fixture
def groups(network):
    return Groups(network)


def test_a_group_is_made_and_described(network, groups):
    network.call("ModifySecurityGroupAttribute", SecurityGroupId=groups.group, GroupDescription="in front")
    found = network.call("DescribeSecurityGroups", Filters=[{"Name": "tag:a", "Values": ["b"]}])["SecurityGroupSet"]
    assert [(group["SecurityGroupId"], group["SecurityGroupDesc"]) for group in found] == [(groups.group, "in front")]


def test_rules_stay_in_order(groups):
    # As Packer sends them: without a protocol.
    groups.change("CreateSecurityGroupPolicies", CidrBlock="0.0.0.0/0", Action="ACCEPT")
    groups.change("CreateSecurityGroupPolicies", "Egress", CidrBlock="0.0.0.0/0", Action="ACCEPT")
    groups.change("CreateSecurityGroupPolicies", PolicyIndex=0, **HTTP)
    assert groups.ports() == ["80", "ALL"]
    groups.change("ReplaceSecurityGroupPolicies", PolicyIndex=0, **{**HTTP, "Port": "443"})
    groups.change("DeleteSecurityGroupPolicies", PolicyIndex=1)
    assert groups.ports() == ["443"]
    groups.change("ReplaceSecurityGroupPolicy", PolicyIndex=0, **{**HTTP, "Port": "8443"})
    assert groups.ports() == ["8443"]
    groups.names_the_other()
    assert [rule["SecurityGroupId"] for rule in groups.rules()] == ["", groups.other]
    assert groups.rules("Egress") == []


def test_a_change_of_rules_that_were_read_too_early_is_refused(network, groups):
    groups.change("CreateSecurityGroupPolicies", **HTTP)
    groups.change("CreateSecurityGroupPolicies", **{**HTTP, "Port": "443"})
    late = {"Ingress": [{"CidrBlock": "10.0.0.7", "Action": "ACCEPT"}], "Version": "1"}
    wanted = "UnsupportedOperation.VersionMismatch"
    network.refuses(wanted, "CreateSecurityGroupPolicies", SecurityGroupId=groups.group, SecurityGroupPolicySet=late)
    assert sorted(groups.ports()) == ["443", "80"]


def test_instances_carry_groups_and_a_group_in_use_stays(cloud, network, groups):
    group, other = groups.group, groups.other
    groups.names_the_other()
    instance = cloud.run("guarded", password="Correct9horse+", SecurityGroupIds=[group])
    assert cloud.instance(instance)["SecurityGroupIds"] == [group]
    cloud.call("AssociateSecurityGroups", SecurityGroupIds=[other], InstanceIds=[instance])
    assert cloud.instance(instance)["SecurityGroupIds"] == [group, other]
    cloud.call("DisassociateSecurityGroups", SecurityGroupIds=[other], InstanceIds=[instance])
    assert cloud.instance(instance)["SecurityGroupIds"] == [group]
    network.refuses("ResourceInUse", "DeleteSecurityGroup", SecurityGroupId=group)
    # Named in a rule of the first.
    network.refuses("ResourceInUse", "DeleteSecurityGroup", SecurityGroupId=other)
    unknown = {"SecurityGroupIds": ["sg-00000000"], "InstanceIds": [instance]}
    cloud.refuses("InvalidSecurityGroupId.NotFound", "AssociateSecurityGroups", **unknown)
    assert groups.uses() == [(1, 0), (0, 1)]
    named = network.call("DescribeSecurityGroupReferences", SecurityGroupIds=[group, other])["ReferredSecurityGroupSet"]
    assert [one["ReferredSecurityGroupIds"] for one in named] == [[], [group]]
    cloud.terminate(instance)
    assert groups.uses() == [(0, 0), (0, 1)]
    network.call("DeleteSecurityGroup", SecurityGroupId=group)
    network.call("DeleteSecurityGroup", SecurityGroupId=other)
    network.refuses("ResourceNotFound", "DeleteSecurityGroup", SecurityGroupId=group)
