"""The heart of the story through the vendor's `tccli`: lists as JSON, refusals as exit status 255."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.login import Machine, admits_nobody_by_password, private_key_file, with_key, with_password
from support.surroundings import ENDPOINT, REGION, ZONE

TCCLI = Path(sys.executable).parent / "tccli"
PASSWORD = "Typed4by+hand"

pytestmark = pytest.mark.skipif(
    not TCCLI.exists(), reason="tccli is not installed beside this Python; `cargo xtask setup` brings it"
)


class Refused(Exception):
    """tccli ended with 255; its text is what it printed on stderr."""


class Tccli:
    """One account's commands. Waiting is left to `fleet`, which starts no program for each look."""

    def __init__(self, account, fleet, home):
        self.fleet = fleet
        # A home of its own: tccli writes its configuration there at first use.
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "TENCENTCLOUD_SECRET_ID": account.secret_id,
            "TENCENTCLOUD_SECRET_KEY": account.secret_key,
            "TENCENTCLOUD_REGION": REGION,
        }

    def __call__(self, action, product="cvm", **parameters):
        words = [str(TCCLI), product, action, "--endpoint", ENDPOINT]
        for name, value in parameters.items():
            words += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
        done = subprocess.run(
            words, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode == 255:
            raise Refused(done.stderr + done.stdout)
        assert done.returncode == 0, f"tccli {action}: {done.stderr}"
        return json.loads(done.stdout)

    def refuses(self, code, action, **parameters):
        with pytest.raises(Refused) as refused:
            self(action, **parameters)
        assert code in str(refused.value), f"wanted {code}: {refused.value}"

    def instance(self, instance_id):
        return self("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]

    def settled(self, instance_id, state="RUNNING"):
        self.fleet.ended(instance_id)
        found = self.instance(instance_id)
        assert (found["InstanceState"], found["LatestOperationState"]) == (state, "SUCCESS")
        return Machine.of(found)


@pytest.fixture
def tccli(account, fleet, tmp_path):
    return Tccli(account, fleet, tmp_path)


def test_a_key_is_created_and_an_instance_runs_with_it(tccli):
    pair = tccli("CreateKeyPair", KeyName="tccli", ProjectId=0)["KeyPair"]
    key = private_key_file("tccli-key", pair["PrivateKey"])
    images = tccli("DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    login = {"KeyIds": [pair["KeyId"]]}
    instance = tccli("RunInstances", Placement={"Zone": ZONE}, ImageId=image, LoginSettings=login)["InstanceIdSet"][0]
    machine = tccli.settled(instance)
    assert with_key(machine, key).entered().strip() == machine.user


def test_running_without_force_is_refused(tccli, fleet):
    bound = fleet.with_key()
    tccli.refuses("UnsupportedOperation.InstanceStateRunning", "DisassociateInstancesKeyPairs", **bound.batch)
    with_key(tccli.settled(bound.id), bound.key).entered()


def test_refusals_set_the_exit_status(tccli, fleet):
    bound = fleet.with_key("tccli")
    unbind = "DisassociateInstancesKeyPairs"
    tccli.refuses("InvalidInstanceId.Malformed", unbind, InstanceIds=["ins-1122"], KeyIds=[bound.key_id])
    tccli.refuses("InvalidKeyPairId.NotFound", unbind, InstanceIds=[bound.id], KeyIds=["skey-00000000"])
    tccli.refuses("InvalidKeyPairName.Duplicate", "CreateKeyPair", KeyName="tccli", ProjectId=0)


def test_the_key_comes_off_and_nobody_enters(tccli, fleet):
    bound = fleet.with_key()
    # Any case of a boolean must do.
    tccli("DisassociateInstancesKeyPairs", ForceStop="TRUE", **bound.batch)
    assert tccli.instance(bound.id)["LoginSettings"]["KeyIds"] is None
    machine = tccli.settled(bound.id)
    with_key(machine, bound.key).was_refused()
    admits_nobody_by_password(machine)


def test_a_password_enters_and_the_key_stays_out(tccli, fleet):
    bound = fleet.with_key()
    fleet.unbind(bound)
    tccli("ResetInstancesPassword", InstanceIds=[bound.id], Password=PASSWORD, ForceStop="true")
    machine = tccli.settled(bound.id)
    with_password(machine, PASSWORD).entered()
    with_key(machine, bound.key).was_refused()


def test_bound_again_and_unbound_while_stopped_the_password_returns(tccli, fleet):
    bound = fleet.with_key()
    fleet.unbind(bound)
    fleet.set_password(bound.id, PASSWORD)
    only = {"InstanceIds": [bound.id]}
    tccli("StopInstances", **only)
    tccli.settled(bound.id, "STOPPED")
    tccli("AssociateInstancesKeyPairs", **bound.batch)
    tccli.settled(bound.id, "STOPPED")
    tccli("StartInstances", **only)
    machine = tccli.settled(bound.id)
    with_key(machine, bound.key).entered()
    with_password(machine, PASSWORD).was_refused()
    tccli("StopInstances", **only)
    tccli.settled(bound.id, "STOPPED")
    tccli("DisassociateInstancesKeyPairs", ForceStop="False", **bound.batch)
    tccli.settled(bound.id, "STOPPED")
    tccli("StartInstances", **only)
    machine = tccli.settled(bound.id)
    with_password(machine, PASSWORD).entered()
    with_key(machine, bound.key).was_refused()


def test_other_products_are_asked_at_the_same_endpoint(tccli, fleet):
    instance = fleet.run(None)
    resource = f"qcs::cvm:{REGION}:uin/:instance/{instance}"
    tccli("ModifyResourceTags", "tag", Resource=resource, ReplaceTags=[{"TagKey": "by", "TagValue": "hand"}])
    ids = {"ServiceType": "cvm", "ResourcePrefix": "instance", "ResourceRegion": REGION, "ResourceIds": [instance]}
    tags = tccli("DescribeResourceTagsByResourceIds", "tag", **ids)["Tags"]
    assert [(tag["TagKey"], tag["TagValue"]) for tag in tags] == [("by", "hand")]
    disk = tccli.instance(instance)["SystemDisk"]["DiskId"]
    assert [found["InstanceId"] for found in tccli("DescribeDisks", "cbs", DiskIds=[disk])["DiskSet"]] == [instance]
    assert ZONE in [zone["Zone"] for zone in tccli("DescribeZones", "region", Product="cvm")["ZoneSet"]]
    assert tccli("GetCallerIdentity", "sts")["AccountId"]


def test_everything_is_cleared_away(tccli, fleet):
    bound = fleet.with_key()
    fleet.unbind(bound)
    tccli("DeleteKeyPairs", KeyIds=[bound.key_id])
    assert tccli("DescribeKeyPairs", KeyIds=[bound.key_id])["KeyPairSet"] == []
    tccli("TerminateInstances", InstanceIds=[bound.id])
    fleet.gone(bound.id)
    assert tccli("DescribeInstances", InstanceIds=[bound.id])["InstanceSet"] == []
