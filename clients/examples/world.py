"""What exists here for the examples to name: resources of each kind, made when an example first needs one."""

import re
from functools import cache
from urllib.parse import urlsplit

from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from examples import documents
from support.login import new_key, public_half
from support.surroundings import ENDPOINT, REGION, SECRET_ID, SECRET_KEY
from support.waiting import wait_until

ID = re.compile(r"([a-z]+)-[0-9a-zA-Z]{3,}")
# A resource as the tag product names it. The owner may be left out.
SIX_PARTS = re.compile(r"(qcs::\w+:)([\w-]+)(:uin/)\d+(:\w+/)([a-z]+)-[0-9a-zA-Z*]+")
PASSWORD = "Correct9horse+"


@cache
def client(product, version, region, method="POST", language="en-US", sign=None):
    http = HttpProfile(protocol="http", endpoint=urlsplit(ENDPOINT).netloc, reqMethod=method)
    profile = ClientProfile(signMethod=sign, httpProfile=http, language=language)
    return CommonClient(product, version, credential.Credential(SECRET_ID, SECRET_KEY), region, profile)


def call(product, action, region, **given):
    found = next((one for one in documents.products() if one.name == product and action in one.built), None)
    if not found:
        raise NotHere(f"{product} {action}")
    return client(product, found.version, region).call_json(action, given)["Response"]


class NotHere(Exception):
    """An action that would make the resource is not built."""


class Region:
    """The resources of one region, by the prefix of their ids."""

    def __init__(self, region):
        self.region = region
        zones = call("cvm", "DescribeZones", region)["ZoneSet"]
        self.zone = next((zone for zone in zones if zone["ZoneState"] == "AVAILABLE"), zones[0])["Zone"]
        self.made = {}
        self.counter = 0

    def get(self, prefix, index):
        """The resource number `index` of that kind, or None where this world has none such."""
        made = self.made.setdefault(prefix, [])
        maker = MAKERS.get(prefix)
        while maker and len(made) <= index:
            self.counter += 1
            try:
                made.append(maker(self, f"example_{self.counter}"))
            except NotHere:
                return None
            except TencentCloudSDKException as refused:
                print(f"no {prefix}- could be made: {refused.get_code()}: {refused.get_message()}")
                return None
        return made[index] if index < len(made) else None

    def call(self, product, action, **given):
        return call(product, action, self.region, **given)

    def instance_type(self):
        ids = [self.get("ins", 0)]
        return self.call("cvm", "DescribeInstances", InstanceIds=ids)["InstanceSet"][0]["InstanceType"]

    def states(self):
        """State and latest operation of each instance that was made here and still exists."""
        ids = self.made.get("ins", [])
        found = self.call("cvm", "DescribeInstances", InstanceIds=ids, Limit=100)["InstanceSet"] if ids else []
        return {one["InstanceId"]: (one["InstanceState"], one["LatestOperationState"]) for one in found}


@cache
def resources(region):
    return Region(region)


def public_images(here):
    filters = [{"Name": "image-type", "Values": ["PUBLIC_IMAGE"]}]
    return here.call("cvm", "DescribeImages", Filters=filters, Limit=100)["ImageSet"]


def public_image(here, _name):
    return public_images(here)[len(here.made["img"])]["ImageId"]


def instance(here, name):
    image = public_images(here)[0]["ImageId"]
    login = {"Password": PASSWORD}
    given = {"Placement": {"Zone": here.zone}, "ImageId": image, "InstanceName": name, "LoginSettings": login}
    made = here.call("cvm", "RunInstances", **given)["InstanceIdSet"][0]
    here.made["ins"].append(made)
    settle(here.region)
    return here.made["ins"].pop()


def key_pair(here, name):
    public = public_half(new_key(name))
    return here.call("cvm", "ImportKeyPair", KeyName=name, ProjectId=0, PublicKey=public)["KeyId"]


def network(here, name):
    return here.call("vpc", "CreateVpc", VpcName=name, CidrBlock=f"10.{here.counter}.0.0/16")["Vpc"]["VpcId"]


def subnet(here, name):
    block = here.call("vpc", "DescribeVpcs", VpcIds=[here.get("vpc", 0)])["VpcSet"][0]["CidrBlock"]
    block = re.sub(r"\.0\.0/16$", f".{here.counter}.0/24", block)
    given = {"VpcId": here.get("vpc", 0), "SubnetName": name, "CidrBlock": block, "Zone": here.zone}
    return here.call("vpc", "CreateSubnet", **given)["Subnet"]["SubnetId"]


def security_group(here, name):
    given = {"GroupName": name, "GroupDescription": "for examples"}
    return here.call("vpc", "CreateSecurityGroup", **given)["SecurityGroup"]["SecurityGroupId"]


def route_table(here, name):
    given = {"VpcId": here.get("vpc", 0), "RouteTableName": name}
    return here.call("vpc", "CreateRouteTable", **given)["RouteTable"]["RouteTableId"]


def network_interface(here, name):
    subnet_id = here.get("subnet", 0)
    given = {"VpcId": here.get("vpc", 0), "SubnetId": subnet_id, "NetworkInterfaceName": name}
    return here.call("vpc", "CreateNetworkInterface", **given)["NetworkInterface"]["NetworkInterfaceId"]


def disk(here, name):
    given = {"Placement": {"Zone": here.zone}, "DiskType": "CLOUD_PREMIUM", "DiskChargeType": "POSTPAID_BY_HOUR"}
    return here.call("cbs", "CreateDisks", DiskName=name, DiskSize=50, **given)["DiskIdSet"][0]


def snapshot(here, name):
    return here.call("cbs", "CreateSnapshot", DiskId=here.get("disk", 0), SnapshotName=name)["SnapshotId"]


def launch_template(here, name):
    image = public_images(here)[0]["ImageId"]
    given = {"LaunchTemplateName": name, "Placement": {"Zone": here.zone}, "ImageId": image}
    return here.call("cvm", "CreateLaunchTemplate", **given)["LaunchTemplateId"]


def placement_group(here, name):
    return here.call("cvm", "CreateDisasterRecoverGroup", Name=name, Type="HOST")["DisasterRecoverGroupId"]


def hpc_cluster(here, name):
    return here.call("cvm", "CreateHpcCluster", Zone=here.zone, Name=name)["HpcClusterSet"][0]["HpcClusterId"]


def address(here, _name):
    return here.call("vpc", "AllocateAddresses")["AddressSet"][0]


MAKERS = {
    "disk": disk,
    "eip": address,
    "eni": network_interface,
    "hpc": hpc_cluster,
    "img": public_image,
    "ins": instance,
    "lt": launch_template,
    "ps": placement_group,
    "rtb": route_table,
    "sg": security_group,
    "skey": key_pair,
    "snap": snapshot,
    "subnet": subnet,
    "vpc": network,
}


@cache
def regions():
    return {region["Region"] for region in call("cvm", "DescribeRegions", REGION)["RegionSet"]}


def region_of(given):
    """The region of the zone that an example names, else the usual one."""
    zone = re.search(r"'([a-z]{2}-[a-z]+(?:-fsi|-ec)?)-\d+'", str(given))
    return zone[1] if zone and zone[1] in regions() else REGION


def put_in(given, region, fresh):
    """The same parameters with what this world can offer in place of the vendor's, and the ids that were put in.

    What is `fresh` was given to no example before.
    """
    here, known = resources(region), {}
    first = {prefix: len(made) if fresh else 0 for prefix, made in here.made.items()}

    def offer(value):
        whole = SIX_PARTS.fullmatch(value.strip()) if isinstance(value, str) else None
        if whole and whole[2] in regions():
            known[value] = resources(whole[2]).get(whole[5], 0)
            return "".join((*whole.groups()[:4], known[value])) if known[value] else value
        shape = ID.fullmatch(value) if isinstance(value, str) else None
        if shape and value not in known:
            index = sum(1 for other in known if other.startswith(f"{shape[1]}-"))
            known[value] = here.get(shape[1], first.get(shape[1], 0) + index)
        return known.get(value) or value if shape else value

    def put(value, name=""):
        if isinstance(value, dict):
            return {inner_name: put(inner, inner_name) for inner_name, inner in value.items()}
        if isinstance(value, list):
            return [put(inner, name) for inner in value]
        if name.split(".")[-1] == "Name":
            return value  # of a filter: `disk-type` is no disk
        if name in ("InstanceType", "InstanceTypes"):
            return here.instance_type()
        return offered_key() if name == "PublicKey" else offer(value)

    return put(given), {new for new in known.values() if new}


@cache
def offered_key():
    return public_half(new_key("offered"))


def forget(ids, region):
    """These are not offered again."""
    for made in resources(region).made.values():
        made[:] = [one for one in made if one not in ids]


def turn_on(given, region):
    power(given, region, "STOPPED", "StartInstances")


def turn_off(given, region):
    power(given, region, "RUNNING", "StopInstances")


def power(given, region, state, action):
    """Brings those of the named instances that are in one state into the other."""
    here = resources(region)
    ids = [one for one, (found, _) in here.states().items() if found == state and one in str(given)]
    if ids:
        here.call("cvm", action, InstanceIds=ids)
    settle(region)


def rescue(ids, region):
    """Brings the instances among these into their rescue systems."""
    for instance_id in (one for one in ids if one.startswith("ins-")):
        resources(region).call("cvm", "EnterRescueMode", InstanceId=instance_id, Password=PASSWORD, ForceStop=True)
    settle(region)


def settle(region):
    """Returns when no instance that was made here is at work."""

    def at_rest():
        return all(operation != "OPERATING" for _, operation in resources(region).states().values())

    wait_until("the instances have come to rest", at_rest, 60)
