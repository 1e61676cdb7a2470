"""Two VPCs of the same range, an instance with the same address in each, and everything given back in the end."""

import socket
import subprocess
from urllib.parse import urlsplit

import pytest

from support.login import Machine, new_key, public_half, with_key
from support.surroundings import BINARY, DATA, ENDPOINT, ZONE

ADDRESS = "10.0.1.5"


class Twins:
    """Two VPCs of one range with a subnet each, and instances in them."""

    def __init__(self, cloud, network):
        self.cloud, self.network = cloud, network
        self.vpcs, self.subnets = [], []
        for name in ("left", "right"):
            vpc = network.call("CreateVpc", VpcName=name, CidrBlock="10.0.0.0/16")["Vpc"]
            assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["VpcName"]) == ("10.0.0.0/16", False, name)
            self.vpcs.append(vpc["VpcId"])
            self.subnets.append(network.call("CreateSubnet", **self.subnet_given(name, -1))["Subnet"]["SubnetId"])
        self.key = new_key("twins")
        self.key_id = cloud.imported("twins", public_half(self.key))

    def subnet_given(self, name, at):
        return {"VpcId": self.vpcs[at], "SubnetName": f"{name}-1", "CidrBlock": "10.0.1.0/24", "Zone": ZONE}

    def launched(self):
        """An instance in each of them, at the same address."""
        return [self.one(f"twin-{at + 1}", at, PrivateIpAddresses=[ADDRESS], is_open=True) for at in (0, 1)]

    def one(self, name, at, is_open=False, **place):
        place = {"VpcId": self.vpcs[at], "SubnetId": self.subnets[at], **place}
        more = {"InternetAccessible": {"InternetMaxBandwidthOut": 5, "PublicIpAssigned": True}} if is_open else {}
        return self.cloud.run(name, [self.key_id], HostName=name, VirtualPrivateCloud=place, **more)

    def subnet(self, at):
        return self.network.call("DescribeSubnets", SubnetIds=[self.subnets[at]])["SubnetSet"][0]

    def used(self, at):
        given = {"VpcId": self.vpcs[at], "SubnetId": self.subnets[at], "IpAddresses": [ADDRESS]}
        states = self.network.call("DescribeUsedIpAddress", **given)["IpAddressStates"]
        return [(state["IpAddress"], state["ResourceId"]) for state in states]

    def at_public_address(self, instance_id):
        instance = self.cloud.instance(instance_id)
        return Machine(instance["PublicIpAddresses"][0], instance["DefaultLoginPort"], instance["DefaultLoginUser"])


@pytest.fixture
def twins(cloud, network):
    return Twins(cloud, network)


def through_the_port(key, instance_id, command):
    """What `cvmd ssh` prints, which goes through the port of the API where there is no address on this host."""
    words = [BINARY, "ssh", "--data", DATA, "-i", str(key), instance_id, command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.strip()
    return done.stdout.strip()


def connected(target):
    """The status of a CONNECT's answer."""
    place = urlsplit(ENDPOINT)
    with socket.create_connection((place.hostname, place.port), timeout=10) as stream:
        stream.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        return int(stream.recv(64).split()[1])


def test_two_vpcs_may_have_the_same_range(network, twins):
    for at, name in enumerate(("left", "right")):
        assert twins.subnet(at)["AvailableIpAddressCount"] == 253
        network.refuses("InvalidParameterValue.SubnetConflict", "CreateSubnet", **twins.subnet_given(name, at))
    network.call("ModifyVpcAttribute", VpcId=twins.vpcs[0], VpcName="renamed")
    network.call("ModifySubnetAttribute", SubnetId=twins.subnets[0], SubnetName="renamed-1")
    found = network.call("DescribeVpcs", Filters=[{"Name": "vpc-name", "Values": ["renamed"]}], Limit="100", Offset="0")
    assert [vpc["VpcId"] for vpc in found["VpcSet"]] == [twins.vpcs[0]]
    assert twins.subnet(0)["SubnetName"] == "renamed-1"


def test_an_instance_in_each_has_the_same_address_and_is_a_machine_of_its_own(cloud, twins):
    instances = twins.launched()
    for at, instance in enumerate(instances):
        assert cloud.instance(instance)["PrivateIpAddresses"] == [ADDRESS]
        assert twins.used(at) == [(ADDRESS, instance)]
        assert twins.subnet(at)["AvailableIpAddressCount"] == 252
        assert with_key(twins.at_public_address(instance), twins.key, "hostname").entered().strip() == f"twin-{at + 1}"
    filters = [{"Name": "vpc-id", "Values": [twins.vpcs[1]]}, {"Name": "private-ip-address", "Values": [ADDRESS]}]
    found = cloud.call("DescribeInstances", Filters=filters)["InstanceSet"]
    assert [instance["InstanceId"] for instance in found] == [instances[1]]


def test_an_address_that_is_taken_or_elsewhere_is_refused(cloud, twins):
    twins.launched()
    given = {"Placement": {"Zone": ZONE}, "ImageId": cloud.image(), "InstanceName": "no"}
    place = {"VpcId": twins.vpcs[0], "SubnetId": twins.subnets[0]}
    for code, wrong in [
        ("VpcIpIsUsed", {**place, "PrivateIpAddresses": [ADDRESS]}),
        ("VpcAddrNotInSubNet", {**place, "PrivateIpAddresses": ["10.0.2.5"]}),
        ("InvalidParameterValue.VpcIdSubnetIdNotMatch", {**place, "SubnetId": twins.subnets[1]}),
        ("InvalidParameterValue.VpcIdNotExist", {**place, "VpcId": "vpc-00000000"}),
    ]:
        cloud.refuses(code, "RunInstances", **given, VirtualPrivateCloud=wrong)
    zone = {"Placement": {"Zone": "ap-guangzhou-4"}, "ImageId": cloud.image(), "VirtualPrivateCloud": place}
    cloud.refuses("InvalidParameterValue.SubnetIdZoneIdNotMatch", "RunInstances", **zone)


def test_an_instance_without_a_public_address_is_entered_through_the_port_of_the_api(cloud, twins):
    twins.launched()
    inside = twins.one("inside", 0)
    instance = cloud.instance(inside)
    assert (instance["PublicIpAddresses"], instance["PrivateIpAddresses"]) == (None, ["10.0.1.6"])
    assert through_the_port(twins.key, inside, "hostname") == "inside"
    # By its address too, which nobody else has; the twins' could mean either of them.
    assert [connected(f"{address}:22") for address in ("10.0.1.6", ADDRESS, "10.0.1.7")] == [200, 409, 404]
    cloud.terminate(inside)
    assert connected("10.0.1.6:22") == 404


def test_what_is_in_use_cannot_be_deleted_and_addresses_come_back_when_it_ends(cloud, network, twins):
    instances = twins.launched()
    network.refuses("ResourceInUse", "DeleteVpc", VpcId=twins.vpcs[0])
    network.refuses("ResourceInUse", "DeleteSubnet", SubnetId=twins.subnets[0])
    cloud.terminate(*instances)
    for at, (vpc, subnet) in enumerate(zip(twins.vpcs, twins.subnets)):
        assert twins.used(at) == []
        assert twins.subnet(at)["AvailableIpAddressCount"] == 253
        network.call("DeleteSubnet", SubnetId=subnet)
        network.call("DeleteVpc", VpcId=vpc)
        network.refuses("ResourceNotFound", "DeleteSubnet", SubnetId=subnet)
        network.refuses("ResourceNotFound", "DeleteVpc", VpcId=vpc)
    assert network.call("DescribeVpcs")["TotalCount"] == 1
    cloud.call("DeleteKeyPairs", KeyIds=[twins.key_id])
