"""The heart of the story through the old `qcloudapi-sdk-python` 2.0.15, unmodified, whose HTTPS host is a constant.

It is led to cvmd by environment alone: its CONNECT goes to cvmd, which answers in the place of cvm.api.qcloud.com with a
certificate that the environment makes it trust.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from login import Machine, admits_nobody_by_password, new_key, public_half, with_key, with_password  # noqa: E402
from story import ZONE, check, equal, tell, wait_until  # noqa: E402
from ways import environment  # noqa: E402

PASSWORD = "Of2017+still"

if importlib.util.find_spec("QcloudApi") is None:
    print("skipped qcloud: qcloudapi-sdk-python is not installed; `cargo xtask setup` brings it")
    sys.exit(0)


class It:
    key = key_id = other = other_id = instance = surroundings = None


def run(action, parameters, method="GET", surroundings=None):
    words = [sys.executable, "-B", "call.py", action, json.dumps(parameters), method]
    return subprocess.run(
        words, env=surroundings or It.surroundings, cwd=Path(__file__).resolve().parent, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120, check=False,
    )


def answer(action, parameters, method="GET"):
    done = run(action, parameters, method)
    equal(done.returncode, 0, f"{action}: {done.stderr}")
    return json.loads(done.stdout)["Response"]


def call(action, method="GET", **parameters):
    told = answer(action, parameters, method)
    assert "Error" not in told, f"{action}: {told}"
    return told


def refuses(code, action, **parameters):
    told = answer(action, parameters)
    equal(told.get("Error", {}).get("Code"), code, action)


def instance():
    return call("DescribeInstances", InstanceIds=[It.instance])["InstanceSet"][0]


def settled(state="RUNNING"):
    wait_until("the operation ended", lambda: instance()["LatestOperationState"] != "OPERATING")
    found = instance()
    equal((found["InstanceState"], found["LatestOperationState"]), (state, "SUCCESS"))
    return Machine.of(found)


@check
def the_environment_leads_it_to_cvmd_and_makes_it_trust():
    It.surroundings = environment("qcloud")
    told = call("DescribeRegions")
    assert "ap-guangzhou" in [region["Region"] for region in told["RegionSet"]], told
    equal(told["RequestId"], told["RequestId"].upper())
    # Without the authority's certificate it is right not to believe.
    doubting = {name: value for name, value in It.surroundings.items() if name != "SSL_CERT_FILE"}
    done = run("DescribeRegions", {}, surroundings=doubting)
    assert done.returncode != 0 and "CERTIFICATE_VERIFY_FAILED" in done.stderr, done.stderr


@check
def an_instance_runs_with_an_imported_key():
    It.key, It.other = new_key("qcloud-key"), new_key("qcloud-other")
    # An SSH key is long: as a form.
    pair = call("ImportKeyPair", "POST", KeyName="qcloud", ProjectId=0, PublicKey=public_half(It.key))
    It.key_id = pair["KeyId"]
    images = call("DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    parameters = {"Placement": {"Zone": ZONE}, "ImageId": image, "LoginSettings": {"KeyIds": [It.key_id]}}
    It.instance = call("RunInstances", **parameters)["InstanceIdSet"][0]
    machine = settled()
    equal(with_key(machine, It.key).entered().strip(), machine.user)
    with_key(machine, It.other).was_refused()


@check
def running_without_force_is_refused():
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    refuses("InvalidInstance.NotSupported", "DisassociateInstancesKeyPairs", **batch)
    refuses("InvalidKeyPairId.NotFound", "DisassociateInstancesKeyPairs", **{**batch, "KeyIds": ["skey-00000000"]})
    with_key(settled(), It.key).entered()


@check
def the_key_comes_off_and_nobody_enters():
    call("DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.key_id], ForceStop=True)
    equal(instance()["LoginSettings"]["KeyIds"], None)
    machine = settled()
    with_key(machine, It.key).was_refused()
    admits_nobody_by_password(machine)


@check
def a_password_enters_and_the_key_stays_out():
    call("ResetInstancesPassword", "POST", InstanceIds=[It.instance], Password=PASSWORD, ForceStop=True)
    machine = settled()
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.key).was_refused()


@check
def another_key_enters_and_after_it_the_password_again():
    It.other_id = call("ImportKeyPair", "POST", KeyName="other", ProjectId=0, PublicKey=public_half(It.other))["KeyId"]
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.other_id]}
    call("AssociateInstancesKeyPairs", ForceStop=True, **batch)
    machine = settled()
    with_key(machine, It.other).entered()
    with_password(machine, PASSWORD).was_refused()
    call("DisassociateInstancesKeyPairs", ForceStop=True, **batch)
    machine = settled()
    with_key(machine, It.other).was_refused()
    with_password(machine, PASSWORD).entered()


@check
def what_was_made_is_removed():
    call("TerminateInstances", InstanceIds=[It.instance])
    wait_until("it is gone", lambda: not call("DescribeInstances", InstanceIds=[It.instance])["InstanceSet"])
    call("DeleteKeyPairs", KeyIds=[It.key_id, It.other_id])
    equal(call("DescribeKeyPairs")["TotalCount"], 0)


tell()
