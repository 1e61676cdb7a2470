"""Resources that every account has from the beginning."""

from support.surroundings import ZONE


def test_the_default_network_is_there_from_the_beginning(network):
    found = network.call("DescribeVpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])
    assert (found["TotalCount"], found["VpcSet"][0]["IsDefault"]) == (1, True)
    vpc = found["VpcSet"][0]
    assert vpc["CidrBlock"].startswith("127.") and vpc["CidrBlock"].endswith("/10"), vpc["CidrBlock"]
    filters = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}, {"Name": "zone", "Values": [ZONE]}]
    subnets = network.call("DescribeSubnets", Filters=filters)["SubnetSet"]
    assert [(subnet["CidrBlock"], subnet["CdcId"]) for subnet in subnets] == [(vpc["CidrBlock"], "")]
    tables = network.call("DescribeRouteTables", Filters=filters[:1])["RouteTableSet"]
    assert [(table["RouteTableId"], table["Main"]) for table in tables] == [(subnets[0]["RouteTableId"], True)]


def test_an_instance_goes_into_the_default_network_and_its_group(cloud, network):
    instance_id = cloud.run("at home", password="Correct9horse+")
    instance = cloud.instance(instance_id)
    place = instance["VirtualPrivateCloud"]
    vpc = network.call("DescribeVpcs", VpcIds=[place["VpcId"]])["VpcSet"][0]
    assert vpc["IsDefault"], vpc
    groups = network.call("DescribeSecurityGroups", SecurityGroupIds=instance["SecurityGroupIds"])["SecurityGroupSet"]
    assert [group["IsDefault"] for group in groups] == [True]
    used = network.call("DescribeUsedIpAddress", VpcId=place["VpcId"], IpAddresses=instance["PrivateIpAddresses"])
    assert [state["ResourceId"] for state in used["IpAddressStates"]] == [instance_id]
    within = network.call("DescribeVpcInstances", Filters=[{"Name": "vpc-id", "Values": [place["VpcId"]]}])
    assert [(found["InstanceId"], found["InstanceState"]) for found in within["InstanceSet"]] == [(instance_id, "RUNNING")]


def test_the_default_network_is_made_where_somebody_asks_for_it(network):
    made = network.call("CreateDefaultVpc", Zone=ZONE)["Vpc"]
    subnet = network.call("DescribeSubnets", SubnetIds=[made["SubnetId"]])["SubnetSet"][0]
    assert (subnet["VpcId"], subnet["Zone"], subnet["IsDefault"]) == (made["VpcId"], ZONE, True)


def test_what_is_the_default_cannot_be_deleted(network):
    vpc = network.call("DescribeVpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])["VpcSet"][0]
    subnet = network.call("DescribeSubnets", Filters=[{"Name": "is-default", "Values": ["true"]}])["SubnetSet"][0]
    network.refuses("InvalidParameterValue.Reserved", "DeleteVpc", VpcId=vpc["VpcId"])
    network.refuses("InvalidParameterValue.Reserved", "DeleteSubnet", SubnetId=subnet["SubnetId"])
    groups = network.call("DescribeSecurityGroups")["SecurityGroupSet"]
    group = next(group["SecurityGroupId"] for group in groups if group["IsDefault"])
    network.refuses("InvalidParameterValue.Reserved", "DeleteSecurityGroup", SecurityGroupId=group)
