"""The codes of the page's list, each provoked by every way of signing, and what its parameters may look like.

`InternalServerError`, our own fault, is provoked by a failing store in the Rust tests.
"""

from login import new_key, public_half
from signed import Door
from story import ZONE, check, equal, wait_until

UNBIND = "DisassociateInstancesKeyPairs"
DOORS = [Door(method=method, algorithm=name) for method in ("GET", "POST") for name in ("HmacSHA1", "HmacSHA256")]


class It:
    key_id = instance = windows = None


def settled(instance_id, state):
    def is_settled():
        found = DOORS[0].call("DescribeInstances", InstanceIds=[instance_id]).reply()["InstanceSet"][0]
        assert found["LatestOperationState"] != "FAILED", found["LatestOperationErrorMsg"]
        return (found["InstanceState"], found["LatestOperationState"]) == (state, "SUCCESS")

    wait_until(f"{instance_id} is {state}", is_settled)


def each_refuses(code, action=UNBIND, **given):
    for door in DOORS:
        equal(door.call(action, **given).code(), code, f"{door.method} {door.algorithm} {given}")


@check
def an_instance_runs_without_naming_a_region():
    door = Door(region="")
    It.key_id = door.call(
        "ImportKeyPair", KeyName="legacy", ProjectId=0, PublicKey=public_half(new_key("legacy"))
    ).reply()["KeyId"]
    images = door.call("DescribeImages", Limit=100).reply()["ImageSet"]

    def run(word, login):
        image = next(image["ImageId"] for image in images if word in image["OsName"])
        answer = door.call("RunInstances", Placement={"Zone": ZONE}, ImageId=image, LoginSettings=login)
        return answer.reply()["InstanceIdSet"][0]

    It.instance = run("Debian", {"KeyIds": [It.key_id]})
    It.windows = run("Windows", {"Password": "Windows9+password"})
    settled(It.instance, "RUNNING")
    settled(It.windows, "RUNNING")


@check
def missing_parameter():
    each_refuses("MissingParameter")
    each_refuses("MissingParameter", InstanceIds=[It.instance])
    each_refuses("MissingParameter", KeyIds=[It.key_id])


@check
def invalid_parameter_value():
    for value in ("maybe", "2", ""):
        each_refuses("InvalidParameterValue", InstanceIds=[It.instance], KeyIds=[It.key_id], ForceStop=value)


@check
def invalid_parameter_value_limit_exceeded():
    ids = [f"ins-{number:08d}" for number in range(101)]
    each_refuses("InvalidParameterValue.LimitExceeded", InstanceIds=ids, KeyIds=[It.key_id])


@check
def invalid_instance_id_not_found():
    each_refuses("InvalidInstanceId.NotFound", InstanceIds=["ins-00000000"], KeyIds=[It.key_id])


@check
def invalid_instance_id_malformed():
    each_refuses("InvalidInstanceId.Malformed", InstanceIds=["ins-1122"], KeyIds=[It.key_id])


@check
def invalid_key_pair_id_malformed():
    each_refuses("InvalidKeyPairId.Malformed", InstanceIds=[It.instance], KeyIds=["skey-1122"])


@check
def invalid_key_pair_id_not_found():
    each_refuses("InvalidKeyPairId.NotFound", InstanceIds=[It.instance], KeyIds=["skey-00000000"])


@check
def invalid_instance_not_supported():
    # Running without ForceStop; Windows; a state that forbids another action.
    each_refuses("InvalidInstance.NotSupported", InstanceIds=[It.instance], KeyIds=[It.key_id])
    each_refuses("InvalidInstance.NotSupported", InstanceIds=[It.windows], KeyIds=[It.key_id], ForceStop="TRUE")
    each_refuses("InvalidInstance.NotSupported", "StartInstances", InstanceIds=[It.instance])


@check
def another_operation_under_way_is_not_supported():
    door = DOORS[0]
    door.call("RebootInstances", InstanceIds=[It.instance]).reply()
    code = door.call(UNBIND, InstanceIds=[It.instance], KeyIds=[It.key_id], ForceStop="TRUE").code()
    equal(code, "InvalidInstance.NotSupported")
    settled(It.instance, "RUNNING")


@check
def booleans_in_any_case_and_lists_from_any_number():
    # With ForceStop there is nothing to do for a key that is not bound, and so no power cycle.
    spare = DOORS[0].call(
        "ImportKeyPair", KeyName="spare", ProjectId=0, PublicKey=public_half(new_key("spare"))
    ).reply()["KeyId"]
    for door in DOORS:
        for force in ("TRUE", "true", "True"):
            for first in (0, 1, 7):
                given = {f"InstanceIds.{first}": It.instance, f"KeyIds.{first}": spare, "ForceStop": force}
                assert set(door.call(UNBIND, **given).reply()) == {"RequestId"}
        for force in ("FALSE", "false", "False"):
            given = {"InstanceIds.1": It.instance, "KeyIds.1": spare, "ForceStop": force}
            equal(door.call(UNBIND, **given).code(), "InvalidInstance.NotSupported", force)


@check
def codes_of_api_3_do_not_leak_into_this_door():
    given = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    equal(DOORS[0].call(UNBIND, **given).code(), "InvalidInstance.NotSupported")
    three = Door(host="cvm.tencentcloudapi.com", path="/")
    equal(three.call(UNBIND, **given).code(), "UnsupportedOperation.InstanceStateRunning")
    equal(three.call(UNBIND, ForceStop="maybe", **given).code(), "InvalidParameter")
    equal(three.call("NoSuchAction").code(), "InvalidAction")
    equal(Door(host="cvm.tencentcloudapi.com", path="/", region="").call(UNBIND, **given).code(), "MissingParameter")


@check
def request_ids_are_upper_case_here_and_lower_case_on_api_3():
    legacy = DOORS[0].call("DescribeZones").reply()["RequestId"]
    equal(legacy, legacy.upper())
    three = Door(host="cvm.tencentcloudapi.com", path="/").call("DescribeZones").reply()["RequestId"]
    equal(three, three.lower())
    refused = DOORS[0].call(UNBIND).json()["Response"]["RequestId"]
    equal(refused, refused.upper())


@check
def a_weak_password_is_invalid_password_here():
    each_refuses("InvalidPassword", "ResetInstancesPassword", InstanceIds=[It.instance], Password="weak", ForceStop="TRUE")
