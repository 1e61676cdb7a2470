"""The heart of the story through the old `qcloudapi-sdk-python` 2.0.15, unmodified, whose HTTPS host is a constant.

It is led to cvmd by environment alone: its CONNECT goes to cvmd, which answers in the place of cvm.api.qcloud.com with a
certificate that the environment makes it trust.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.environment import environment
from support.login import Machine, admits_nobody_by_password, new_key, public_half, with_key, with_password
from support.surroundings import ZONE

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("QcloudApi") is None,
    reason="qcloudapi-sdk-python is not installed; `cargo xtask setup` brings it",
)

PASSWORD = "Of2017+still"


class Qcloud:
    """One account's calls, each in a process that knows nothing of cvmd but its environment."""

    def __init__(self, account, fleet):
        self.fleet = fleet
        self.surroundings = environment("qcloud", account)

    def run(self, action, parameters, method="GET", surroundings=None):
        words = [sys.executable, "call.py", action, json.dumps(parameters), method]
        return subprocess.run(
            words, env=surroundings or self.surroundings, cwd=Path(__file__).resolve().parent, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )

    def answer(self, action, parameters, method="GET"):
        done = self.run(action, parameters, method)
        assert done.returncode == 0, f"{action}: {done.stderr}"
        return json.loads(done.stdout)["Response"]

    def call(self, action, method="GET", **parameters):
        reply = self.answer(action, parameters, method)
        assert "Error" not in reply, f"{action}: {reply['Error']}"
        return reply

    def refuses(self, code, action, **parameters):
        reply = self.answer(action, parameters)
        assert reply.get("Error", {}).get("Code") == code, action

    def instance(self, instance_id):
        return self.call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]

    def settled(self, instance_id, state="RUNNING"):
        self.fleet.ended(instance_id)
        found = self.instance(instance_id)
        assert (found["InstanceState"], found["LatestOperationState"]) == (state, "SUCCESS")
        return Machine.of(found)


@pytest.fixture
def qcloud(account, fleet):
    return Qcloud(account, fleet)


def test_the_environment_leads_it_to_cvmd_and_makes_it_trust(qcloud):
    reply = qcloud.call("DescribeRegions")
    assert "ap-guangzhou" in [region["Region"] for region in reply["RegionSet"]], reply
    assert reply["RequestId"] == reply["RequestId"].upper()
    # Without the certificate of cvmd's authority it must refuse.
    doubting = {name: value for name, value in qcloud.surroundings.items() if name != "SSL_CERT_FILE"}
    done = qcloud.run("DescribeRegions", {}, surroundings=doubting)
    assert done.returncode != 0 and "CERTIFICATE_VERIFY_FAILED" in done.stderr, done.stderr


def test_an_instance_runs_with_an_imported_key(qcloud):
    key, other = new_key("qcloud-key"), new_key("qcloud-other")
    # An SSH key is long: as a form.
    key_id = qcloud.call("ImportKeyPair", "POST", KeyName="qcloud", ProjectId=0, PublicKey=public_half(key))["KeyId"]
    images = qcloud.call("DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    parameters = {"Placement": {"Zone": ZONE}, "ImageId": image, "LoginSettings": {"KeyIds": [key_id]}}
    instance = qcloud.call("RunInstances", **parameters)["InstanceIdSet"][0]
    machine = qcloud.settled(instance)
    assert with_key(machine, key).entered().strip() == machine.user
    with_key(machine, other).was_refused()


def test_running_without_force_is_refused(qcloud, fleet):
    bound = fleet.with_key()
    qcloud.refuses("InvalidInstance.NotSupported", "DisassociateInstancesKeyPairs", **bound.batch)
    qcloud.refuses("InvalidKeyPairId.NotFound", "DisassociateInstancesKeyPairs", **{**bound.batch, "KeyIds": ["skey-00000000"]})
    with_key(qcloud.settled(bound.id), bound.key).entered()


def test_the_key_comes_off_and_nobody_enters(qcloud, fleet):
    bound = fleet.with_key()
    qcloud.call("DisassociateInstancesKeyPairs", ForceStop=True, **bound.batch)
    assert qcloud.instance(bound.id)["LoginSettings"]["KeyIds"] is None
    machine = qcloud.settled(bound.id)
    with_key(machine, bound.key).was_refused()
    admits_nobody_by_password(machine)


def test_a_password_enters_and_the_key_stays_out(qcloud, fleet):
    bound = fleet.with_key()
    fleet.unbind(bound)
    qcloud.call("ResetInstancesPassword", "POST", InstanceIds=[bound.id], Password=PASSWORD, ForceStop=True)
    machine = qcloud.settled(bound.id)
    with_password(machine, PASSWORD).entered()
    with_key(machine, bound.key).was_refused()


def test_another_key_enters_and_after_it_the_password_again(qcloud, fleet):
    instance = fleet.run(None, LoginSettings={"Password": PASSWORD})
    with_password(fleet.machine(instance), PASSWORD).entered()
    other = new_key("qcloud-other")
    other_id = qcloud.call("ImportKeyPair", "POST", KeyName="other", ProjectId=0, PublicKey=public_half(other))["KeyId"]
    batch = {"InstanceIds": [instance], "KeyIds": [other_id]}
    qcloud.call("AssociateInstancesKeyPairs", ForceStop=True, **batch)
    machine = qcloud.settled(instance)
    with_key(machine, other).entered()
    with_password(machine, PASSWORD).was_refused()
    qcloud.call("DisassociateInstancesKeyPairs", ForceStop=True, **batch)
    machine = qcloud.settled(instance)
    with_key(machine, other).was_refused()
    with_password(machine, PASSWORD).entered()


def test_what_was_made_is_removed(qcloud, fleet):
    bound = fleet.with_key()
    qcloud.call("TerminateInstances", InstanceIds=[bound.id])
    fleet.gone(bound.id)
    assert qcloud.call("DescribeInstances", InstanceIds=[bound.id])["InstanceSet"] == []
    qcloud.call("DeleteKeyPairs", KeyIds=[bound.key_id])
    assert qcloud.call("DescribeKeyPairs")["TotalCount"] == 0
