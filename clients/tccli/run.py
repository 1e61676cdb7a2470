"""The heart of the story through the vendor's `tccli`: lists as JSON, refusals as exit status 255."""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from login import Machine, admits_nobody_by_password, kept, with_key, with_password  # noqa: E402
from story import ENDPOINT, REGION, SECRET_ID, SECRET_KEY, WORK, ZONE, check, equal, tell, wait_until  # noqa: E402

TCCLI = Path(sys.executable).parent / "tccli"
PASSWORD = "Typed4by+hand"

if not TCCLI.exists():
    print("skipped tccli: it is not installed beside this Python; `cargo xtask setup` brings it")
    sys.exit(0)


class It:
    key = key_id = instance = None


class Refused(Exception):
    """tccli ended with 255; its text is what it printed on stderr."""


def tccli(action, product="cvm", **parameters):
    # A home of its own: tccli writes its configuration there at first use.
    environment = {
        **os.environ,
        "HOME": str(WORK),
        "TENCENTCLOUD_SECRET_ID": SECRET_ID,
        "TENCENTCLOUD_SECRET_KEY": SECRET_KEY,
        "TENCENTCLOUD_REGION": REGION,
    }
    words = [str(TCCLI), product, action, "--endpoint", ENDPOINT]
    for name, value in parameters.items():
        words += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
    done = subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode == 255:
        raise Refused(done.stderr + done.stdout)
    equal(done.returncode, 0, f"tccli {action}: {done.stderr}")
    return json.loads(done.stdout)


def refuses(code, action, **parameters):
    try:
        answer = tccli(action, **parameters)
    except Refused as refused:
        assert code in str(refused), f"wanted {code}: {refused}"
        return
    raise AssertionError(f"{action} was carried out: {answer}")


def instance():
    return tccli("DescribeInstances", InstanceIds=[It.instance])["InstanceSet"][0]


def settled(state="RUNNING"):
    wait_until("the operation ended", lambda: instance()["LatestOperationState"] != "OPERATING")
    found = instance()
    equal((found["InstanceState"], found["LatestOperationState"]), (state, "SUCCESS"))
    return Machine.of(found)


@check
def a_key_is_created_and_an_instance_runs_with_it():
    pair = tccli("CreateKeyPair", KeyName="tccli", ProjectId=0)["KeyPair"]
    It.key_id, It.key = pair["KeyId"], kept("tccli-key", pair["PrivateKey"])
    images = tccli("DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    It.instance = tccli(
        "RunInstances", Placement={"Zone": ZONE}, ImageId=image, LoginSettings={"KeyIds": [It.key_id]}
    )["InstanceIdSet"][0]
    machine = settled()
    equal(with_key(machine, It.key).entered().strip(), machine.user)


@check
def running_without_force_is_refused():
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    refuses("UnsupportedOperation.InstanceStateRunning", "DisassociateInstancesKeyPairs", **batch)
    with_key(settled(), It.key).entered()


@check
def refusals_are_told_by_the_exit_status():
    refuses("InvalidInstanceId.Malformed", "DisassociateInstancesKeyPairs", InstanceIds=["ins-1122"], KeyIds=[It.key_id])
    refuses("InvalidKeyPairId.NotFound", "DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=["skey-00000000"])
    refuses("InvalidKeyPairName.Duplicate", "CreateKeyPair", KeyName="tccli", ProjectId=0)


@check
def the_key_comes_off_and_nobody_enters():
    # Any case of a boolean must do.
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    tccli("DisassociateInstancesKeyPairs", ForceStop="TRUE", **batch)
    equal(instance()["LoginSettings"]["KeyIds"], None)
    machine = settled()
    with_key(machine, It.key).was_refused()
    admits_nobody_by_password(machine)


@check
def a_password_enters_and_the_key_stays_out():
    tccli("ResetInstancesPassword", InstanceIds=[It.instance], Password=PASSWORD, ForceStop="true")
    machine = settled()
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.key).was_refused()


@check
def bound_again_and_unbound_while_stopped_the_password_returns():
    tccli("StopInstances", InstanceIds=[It.instance])
    settled("STOPPED")
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    tccli("AssociateInstancesKeyPairs", **batch)
    settled("STOPPED")
    tccli("StartInstances", InstanceIds=[It.instance])
    machine = settled()
    with_key(machine, It.key).entered()
    with_password(machine, PASSWORD).was_refused()
    tccli("StopInstances", InstanceIds=[It.instance])
    settled("STOPPED")
    tccli("DisassociateInstancesKeyPairs", ForceStop="False", **batch)
    settled("STOPPED")
    tccli("StartInstances", InstanceIds=[It.instance])
    machine = settled()
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.key).was_refused()


@check
def other_products_are_asked_at_the_same_endpoint():
    resource = f"qcs::cvm:{REGION}:uin/:instance/{It.instance}"
    tccli("ModifyResourceTags", "tag", Resource=resource, ReplaceTags=[{"TagKey": "by", "TagValue": "hand"}])
    ids = {"ServiceType": "cvm", "ResourcePrefix": "instance", "ResourceRegion": REGION, "ResourceIds": [It.instance]}
    tags = tccli("DescribeResourceTagsByResourceIds", "tag", **ids)["Tags"]
    equal([(tag["TagKey"], tag["TagValue"]) for tag in tags], [("by", "hand")])
    disk = instance()["SystemDisk"]["DiskId"]
    equal([found["InstanceId"] for found in tccli("DescribeDisks", "cbs", DiskIds=[disk])["DiskSet"]], [It.instance])
    assert ZONE in [zone["Zone"] for zone in tccli("DescribeZones", "region", Product="cvm")["ZoneSet"]]
    assert tccli("GetCallerIdentity", "sts")["AccountId"]


@check
def everything_is_cleared_away():
    tccli("DeleteKeyPairs", KeyIds=[It.key_id])
    equal(tccli("DescribeKeyPairs", KeyIds=[It.key_id])["KeyPairSet"], [])
    tccli("TerminateInstances", InstanceIds=[It.instance])
    wait_until("it is gone", lambda: not tccli("DescribeInstances", InstanceIds=[It.instance])["InstanceSet"])


tell()
