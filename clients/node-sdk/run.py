"""The heart of the story through the vendor's Node SDK, unmodified, in its three ways to cvmd.

It signs the host without the port that it sends, derives the scope's service from its endpoint, and sends a CONNECT to a
proxy for http as well.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from login import Machine, admits_nobody_by_password, new_key, public_half, with_key, with_password  # noqa: E402
from story import ENDPOINT, ZONE, check, equal, tell, wait_until  # noqa: E402
from ways import environment  # noqa: E402

MODULES = os.environ.get("CVMD_NODE_MODULES", "")
PASSWORD = "Node2signs+it"

if shutil.which("node") is None:
    print("skipped node-sdk: no node here; install nodejs and npm, then `cargo xtask setup`")
    sys.exit(0)
if not Path(MODULES, "tencentcloud-sdk-nodejs-cvm").is_dir():
    print("skipped node-sdk: tencentcloud-sdk-nodejs-cvm is not installed; `cargo xtask setup` brings it where npm is there")
    sys.exit(0)


class It:
    key = key_id = instance = None


def surroundings():
    return environment("node", NODE_PATH=MODULES)


def without(*names):
    return {name: value for name, value in surroundings().items() if name not in names}


# Each way: the environment, and what a program writes into its profile.
BY_ENDPOINT = (without("http_proxy", "HTTP_PROXY", "NODE_EXTRA_CA_CERTS"), {"endpoint": urlsplit(ENDPOINT).netloc, "protocol": "http://"})
BY_PROXY = (without("NODE_EXTRA_CA_CERTS"), {"protocol": "http://"})
BY_CONNECT = (surroundings(), {})
WAYS = (BY_ENDPOINT, BY_PROXY, BY_CONNECT)


def answer(way, action, parameters, method="TC3-HMAC-SHA256", verb="POST", options=None):
    environs, http = way
    profile = {"signMethod": method, "httpProfile": {"reqMethod": verb, **http}}
    words = ["node", "call.cjs", action, *(json.dumps(part) for part in (parameters, profile, options))]
    done = subprocess.run(
        words, env=environs, cwd=Path(__file__).resolve().parent, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120, check=False,
    )
    equal(done.returncode, 0, f"{action}: {done.stderr}")
    return json.loads(done.stdout)


def call(way, action, **parameters):
    told = answer(way, action, parameters)
    assert "refused" not in told, f"{action}: {told}"
    return told


def refuses(code, way, action, **parameters):
    told = answer(way, action, parameters)
    equal(told.get("refused", {}).get("code"), code, f"{action}: {told}")
    assert told["refused"]["requestId"], told


def instance(way):
    return call(way, "DescribeInstances", InstanceIds=[It.instance])["InstanceSet"][0]


def settled(way):
    wait_until("the operation ended", lambda: instance(way)["LatestOperationState"] != "OPERATING")
    found = instance(way)
    equal((found["InstanceState"], found["LatestOperationState"]), ("RUNNING", "SUCCESS"))
    return Machine.of(found)


@check
def every_way_and_signature_is_believed():
    for way in WAYS:
        for method in ("TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"):
            for verb in ("POST", "GET"):
                told = answer(way, "DescribeInstances", {"Limit": 1}, method, verb)
                equal(told.get("TotalCount"), 0, f"{way[1]} {method} {verb}: {told}")


@check
def a_body_in_parts_is_refused():
    for way in WAYS:
        told = answer(way, "DescribeInstances", {"Limit": "1"}, options={"multipart": True})
        assert "multipart/form-data" in str(told) and "TotalCount" not in told, f"{told}"


@check
def by_its_endpoint_a_key_is_imported_and_enters():
    It.key = new_key("node")
    It.key_id = call(BY_ENDPOINT, "ImportKeyPair", KeyName="node", ProjectId=0, PublicKey=public_half(It.key))["KeyId"]
    images = call(BY_ENDPOINT, "DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    parameters = {"Placement": {"Zone": ZONE}, "ImageId": image, "LoginSettings": {"KeyIds": [It.key_id]}}
    It.instance = call(BY_ENDPOINT, "RunInstances", **parameters)["InstanceIdSet"][0]
    with_key(settled(BY_ENDPOINT), It.key).entered()


@check
def through_a_tunnel_the_key_comes_off_and_nobody_enters():
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    refuses("UnsupportedOperation.InstanceStateRunning", BY_CONNECT, "DisassociateInstancesKeyPairs", **batch)
    call(BY_CONNECT, "DisassociateInstancesKeyPairs", ForceStop=True, **batch)
    machine = settled(BY_CONNECT)
    with_key(machine, It.key).was_refused()
    admits_nobody_by_password(machine)


@check
def through_the_proxy_a_password_is_set_and_enters():
    call(BY_PROXY, "ResetInstancesPassword", InstanceIds=[It.instance], Password=PASSWORD, ForceStop=True)
    machine = settled(BY_PROXY)
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.key).was_refused()


@check
def without_the_authority_the_tunnel_is_not_believed():
    told = answer((without("NODE_EXTRA_CA_CERTS"), {}), "DescribeRegions", {})
    assert "certificate" in told["refused"]["message"], told


@check
def what_was_made_is_removed():
    call(BY_CONNECT, "TerminateInstances", InstanceIds=[It.instance])
    wait_until("it is gone", lambda: not call(BY_PROXY, "DescribeInstances", InstanceIds=[It.instance])["InstanceSet"])
    call(BY_CONNECT, "DeleteKeyPairs", KeyIds=[It.key_id])
    equal(call(BY_ENDPOINT, "DescribeKeyPairs")["TotalCount"], 0)


tell()
