"""Two accounts: what one owns the other can neither see nor touch."""

import json
import os
import subprocess

import heart
from cloud import Cloud, cloud
from login import public_half
from story import check, equal


class It:
    other = None


@check
def a_second_account_is_added_beside_the_running_server():
    words = [os.environ["CVMD_BINARY"], "account", "add", "neighbour", "--data", os.environ["CVMD_DATA"], "--output", "json"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    equal(done.returncode, 0, done.stderr)
    added = json.loads(done.stdout)
    equal(added["AccountName"], "neighbour")
    assert added["Uin"] and added["AppId"], added
    It.other = Cloud(added["SecretId"], added["SecretKey"])


@check
def it_sees_nothing_of_the_first():
    equal(It.other.call("DescribeInstances")["TotalCount"], 0)
    equal(It.other.call("DescribeKeyPairs")["TotalCount"], 0)
    equal(It.other.call("DescribeInstances", InstanceIds=[heart.It.instance])["InstanceSet"], [])
    equal(It.other.call("DescribeKeyPairs", KeyIds=[heart.It.other_id])["KeyPairSet"], [])


@check
def it_can_touch_nothing_of_the_first():
    instance, key = [heart.It.instance], [heart.It.other_id]
    before = cloud.instance(heart.It.instance)
    for action, more in [
        ("DisassociateInstancesKeyPairs", {"KeyIds": key, "ForceStop": True}),
        ("AssociateInstancesKeyPairs", {"KeyIds": key, "ForceStop": True}),
        ("ResetInstancesPassword", {"Password": heart.PASSWORD, "ForceStop": True}),
        ("StopInstances", {}),
        ("StartInstances", {}),
        ("RebootInstances", {}),
        ("TerminateInstances", {}),
        ("ModifyInstancesAttribute", {"InstanceName": "mine"}),
    ]:
        It.other.refuses("InvalidInstanceId.NotFound", action, InstanceIds=instance, **more)
    It.other.refuses("InvalidKeyPairId.NotFound", "DeleteKeyPairs", KeyIds=key)
    It.other.refuses("InvalidKeyPairId.NotFound", "ModifyKeyPairAttribute", KeyId=key[0], KeyName="mine")
    equal(cloud.instance(heart.It.instance), before)


@check
def names_and_public_keys_are_each_accounts_own():
    key_id = It.other.imported("heart_ed25519", public_half(heart.It.other))
    cloud.refuses("InvalidKeyPairId.NotFound", "DeleteKeyPairs", KeyIds=[key_id])
    It.other.call("DeleteKeyPairs", KeyIds=[key_id])
