"""The heart of the story through the vendor's Node SDK, unmodified, in its three ways to cvmd.

It signs the host without the port that it sends, derives the scope's service from its endpoint, and sends a CONNECT to a
proxy for http as well.
"""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.environment import environment
from support.login import Machine, admits_nobody_by_password, new_key, public_half, with_key, with_password
from support.surroundings import ENDPOINT, NODE_MODULES, ZONE

PASSWORD = "Node2signs+it"

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="no node here; install nodejs and npm, then `cargo xtask setup`"),
    pytest.mark.skipif(
        not Path(NODE_MODULES, "tencentcloud-sdk-nodejs-cvm").is_dir(),
        reason="tencentcloud-sdk-nodejs-cvm is not installed; `cargo xtask setup` brings it where npm is there",
    ),
]

# Each way: what of the environment it does without, and what a program writes into its profile.
WAYS = {
    "by-its-endpoint": (
        ("http_proxy", "HTTP_PROXY", "NODE_EXTRA_CA_CERTS"), {"endpoint": urlsplit(ENDPOINT).netloc, "protocol": "http://"},
    ),
    "through-the-proxy": (("NODE_EXTRA_CA_CERTS",), {"protocol": "http://"}),
    "through-a-tunnel": ((), {}),
}


class Node:
    """One account's calls, each in a process of its own."""

    def __init__(self, account, way, without=()):
        absent, self.profile = WAYS[way]
        found = environment("node", account, NODE_PATH=NODE_MODULES)
        self.environment = {name: value for name, value in found.items() if name not in (*absent, *without)}

    def answer(self, action, parameters, method="TC3-HMAC-SHA256", verb="POST", options=None):
        profile = {"signMethod": method, "httpProfile": {"reqMethod": verb, **self.profile}}
        words = ["node", "call.cjs", action, *(json.dumps(part) for part in (parameters, profile, options))]
        done = subprocess.run(
            words, env=self.environment, cwd=Path(__file__).resolve().parent, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )
        assert done.returncode == 0, f"{action}: {done.stderr}"
        return json.loads(done.stdout)

    def call(self, action, **parameters):
        reply = self.answer(action, parameters)
        assert "refused" not in reply, f"{action}: {reply['refused']}"
        return reply

    def refuses(self, code, action, **parameters):
        reply = self.answer(action, parameters)
        assert reply.get("refused", {}).get("code") == code, f"{action}: {reply.get('refused')}"
        assert reply["refused"]["requestId"], reply

    def found(self, instance_id):
        """The address and port of the machine, once it runs and no operation is under way."""
        found = self.call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]
        assert (found["InstanceState"], found["LatestOperationState"]) == ("RUNNING", "SUCCESS")
        return Machine.of(found)


@pytest.fixture
def node(account):
    return lambda way, **how: Node(account, way, **how)


@pytest.mark.parametrize("verb", ["POST", "GET"])
@pytest.mark.parametrize("method", ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_and_signature_is_believed(node, way, method, verb):
    assert node(way).answer("DescribeInstances", {"Limit": 1}, method, verb).get("TotalCount") == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_body_in_parts_is_refused(node, way):
    reply = node(way).answer("DescribeInstances", {"Limit": "1"}, options={"multipart": True})
    assert "multipart/form-data" in str(reply) and "TotalCount" not in reply, f"{reply}"


def test_by_its_endpoint_a_key_is_imported_and_enters(node, fleet):
    node = node("by-its-endpoint")
    key = new_key("node")
    key_id = node.call("ImportKeyPair", KeyName="node", ProjectId=0, PublicKey=public_half(key))["KeyId"]
    images = node.call("DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    parameters = {"Placement": {"Zone": ZONE}, "ImageId": image, "LoginSettings": {"KeyIds": [key_id]}}
    instance = node.call("RunInstances", **parameters)["InstanceIdSet"][0]
    fleet.ended(instance)
    with_key(node.found(instance), key).entered()


def test_through_a_tunnel_the_key_comes_off_and_nobody_enters(node, fleet):
    node, bound = node("through-a-tunnel"), fleet.with_key()
    node.refuses("UnsupportedOperation.InstanceStateRunning", "DisassociateInstancesKeyPairs", **bound.batch)
    with_key(node.found(bound.id), bound.key).entered()
    node.call("DisassociateInstancesKeyPairs", ForceStop=True, **bound.batch)
    fleet.ended(bound.id)
    machine = node.found(bound.id)
    with_key(machine, bound.key).was_refused()
    admits_nobody_by_password(machine)


def test_through_the_proxy_a_password_is_set_and_enters(node, fleet):
    node, bound = node("through-the-proxy"), fleet.with_key()
    fleet.unbind(bound)
    node.call("ResetInstancesPassword", InstanceIds=[bound.id], Password=PASSWORD, ForceStop=True)
    fleet.ended(bound.id)
    machine = node.found(bound.id)
    with_password(machine, PASSWORD).entered()
    with_key(machine, bound.key).was_refused()


def test_without_the_authority_the_tunnel_is_not_believed(node):
    reply = node("through-a-tunnel", without=("NODE_EXTRA_CA_CERTS",)).answer("DescribeRegions", {})
    assert "certificate" in reply["refused"]["message"], reply


def test_what_was_made_is_removed(node, fleet):
    tunnel, bound = node("through-a-tunnel"), fleet.with_key()
    tunnel.call("TerminateInstances", InstanceIds=[bound.id])
    fleet.gone(bound.id)
    assert node("through-the-proxy").call("DescribeInstances", InstanceIds=[bound.id])["InstanceSet"] == []
    tunnel.call("DeleteKeyPairs", KeyIds=[bound.key_id])
    assert node("by-its-endpoint").call("DescribeKeyPairs")["TotalCount"] == 0
