"""Two VPCs of the same range, an instance with the same address in each, and everything given back in the end."""

import socket
import subprocess
from urllib.parse import urlsplit

from cloud import cloud
from defaults import network
from login import Machine, new_key, public_half, with_key
from story import ENDPOINT, ZONE, check, equal
from ways import BINARY, DATA

ADDRESS = "10.0.1.5"


class It:
    key = key_id = None
    vpcs, subnets, instances = [], [], []


def at_public_address(instance_id):
    instance = cloud.instance(instance_id)
    return Machine(instance["PublicIpAddresses"][0], instance["DefaultLoginPort"], instance["DefaultLoginUser"])


def used(vpc, subnet):
    found = network.call("DescribeUsedIpAddress", VpcId=vpc, SubnetId=subnet, IpAddresses=[ADDRESS])
    return [(state["IpAddress"], state["ResourceId"]) for state in found["IpAddressStates"]]


def subnet_of(subnet_id):
    return network.call("DescribeSubnets", SubnetIds=[subnet_id])["SubnetSet"][0]


def through_the_port(instance_id, command):
    """What `cvmd ssh` prints, which goes through the port of the API where there is no address on this host."""
    words = [BINARY, "ssh", "--data", DATA, "-i", str(It.key), instance_id, command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    equal(done.returncode, 0, done.stderr.strip())
    return done.stdout.strip()


def connected(target):
    """The status of a CONNECT's answer."""
    place = urlsplit(ENDPOINT)
    with socket.create_connection((place.hostname, place.port), timeout=10) as stream:
        stream.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        return int(stream.recv(64).split()[1])


@check
def two_vpcs_may_have_the_same_range():
    for name in ("left", "right"):
        vpc = network.call("CreateVpc", VpcName=name, CidrBlock="10.0.0.0/16")["Vpc"]
        equal((vpc["CidrBlock"], vpc["IsDefault"], vpc["VpcName"]), ("10.0.0.0/16", False, name))
        given = {"VpcId": vpc["VpcId"], "SubnetName": f"{name}-1", "CidrBlock": "10.0.1.0/24", "Zone": ZONE}
        subnet = network.call("CreateSubnet", **given)["Subnet"]
        equal(subnet["AvailableIpAddressCount"], 253)
        network.refuses("InvalidParameterValue.SubnetConflict", "CreateSubnet", **given)
        It.vpcs.append(vpc["VpcId"])
        It.subnets.append(subnet["SubnetId"])
    network.call("ModifyVpcAttribute", VpcId=It.vpcs[0], VpcName="renamed")
    network.call("ModifySubnetAttribute", SubnetId=It.subnets[0], SubnetName="renamed-1")
    found = network.call("DescribeVpcs", Filters=[{"Name": "vpc-name", "Values": ["renamed"]}], Limit="100", Offset="0")
    equal([vpc["VpcId"] for vpc in found["VpcSet"]], [It.vpcs[0]])
    equal(subnet_of(It.subnets[0])["SubnetName"], "renamed-1")


@check
def an_instance_in_each_has_the_same_address_and_is_a_machine_of_its_own():
    It.key = new_key("twins")
    It.key_id = cloud.imported("twins", public_half(It.key))
    for vpc, subnet in zip(It.vpcs, It.subnets):
        place = {"VpcId": vpc, "SubnetId": subnet, "PrivateIpAddresses": [ADDRESS]}
        open_to_all = {"InternetMaxBandwidthOut": 5, "PublicIpAssigned": True}
        name = f"twin-{len(It.instances) + 1}"
        instance = cloud.run(
            name, [It.key_id], HostName=name, VirtualPrivateCloud=place, InternetAccessible=open_to_all
        )
        It.instances.append(instance)
        equal(cloud.instance(instance)["PrivateIpAddresses"], [ADDRESS])
        equal(used(vpc, subnet), [(ADDRESS, instance)])
        equal(subnet_of(subnet)["AvailableIpAddressCount"], 252)
        equal(with_key(at_public_address(instance), It.key, "hostname").entered().strip(), name)
    filters = [{"Name": "vpc-id", "Values": [It.vpcs[1]]}, {"Name": "private-ip-address", "Values": [ADDRESS]}]
    found = cloud.call("DescribeInstances", Filters=filters)["InstanceSet"]
    equal([instance["InstanceId"] for instance in found], [It.instances[1]])


@check
def an_address_that_is_taken_or_elsewhere_is_refused():
    given = {"Placement": {"Zone": ZONE}, "ImageId": cloud.image(), "InstanceName": "no"}
    place = {"VpcId": It.vpcs[0], "SubnetId": It.subnets[0]}
    for code, wrong in [
        ("VpcIpIsUsed", {**place, "PrivateIpAddresses": [ADDRESS]}),
        ("VpcAddrNotInSubNet", {**place, "PrivateIpAddresses": ["10.0.2.5"]}),
        ("InvalidParameterValue.VpcIdSubnetIdNotMatch", {**place, "SubnetId": It.subnets[1]}),
        ("InvalidParameterValue.VpcIdNotExist", {**place, "VpcId": "vpc-00000000"}),
    ]:
        cloud.refuses(code, "RunInstances", **given, VirtualPrivateCloud=wrong)
    zone = {"Placement": {"Zone": "ap-guangzhou-4"}, "ImageId": cloud.image(), "VirtualPrivateCloud": place}
    cloud.refuses("InvalidParameterValue.SubnetIdZoneIdNotMatch", "RunInstances", **zone)


@check
def an_instance_without_a_public_address_is_entered_through_the_port_of_the_api():
    place = {"VpcId": It.vpcs[0], "SubnetId": It.subnets[0]}
    instance_id = cloud.run("inside", [It.key_id], HostName="inside", VirtualPrivateCloud=place)
    instance = cloud.instance(instance_id)
    equal((instance["PublicIpAddresses"], instance["PrivateIpAddresses"]), (None, ["10.0.1.6"]))
    equal(through_the_port(instance_id, "hostname"), "inside")
    # By its address too, which nobody else has; the twins' could mean either of them.
    equal([connected(f"{address}:22") for address in ("10.0.1.6", ADDRESS, "10.0.1.7")], [200, 409, 404])
    cloud.terminate(instance_id)
    equal(connected("10.0.1.6:22"), 404)


@check
def what_is_in_use_cannot_be_deleted_and_addresses_come_back_when_it_ends():
    network.refuses("ResourceInUse", "DeleteVpc", VpcId=It.vpcs[0])
    network.refuses("ResourceInUse", "DeleteSubnet", SubnetId=It.subnets[0])
    cloud.terminate(*It.instances)
    for vpc, subnet in zip(It.vpcs, It.subnets):
        equal(used(vpc, subnet), [])
        equal(subnet_of(subnet)["AvailableIpAddressCount"], 253)
        network.call("DeleteSubnet", SubnetId=subnet)
        network.call("DeleteVpc", VpcId=vpc)
        network.refuses("ResourceNotFound", "DeleteSubnet", SubnetId=subnet)
        network.refuses("ResourceNotFound", "DeleteVpc", VpcId=vpc)
    equal(network.call("DescribeVpcs")["TotalCount"], 1)
    cloud.call("DeleteKeyPairs", KeyIds=[It.key_id])
