"""The codes of the page's list, each provoked by every way of signing, and what its parameters may look like.

`InternalServerError`, our own fault, is provoked by a failing store in the Rust tests.
"""

from dataclasses import replace

import pytest

from support.login import new_key, public_half
from support.signed import SignedClient
from support.surroundings import ZONE

UNBIND = "DisassociateInstancesKeyPairs"


def refuses(code, client, action=UNBIND, **given):
    assert client.call(action, **given).code() == code, given


@pytest.mark.parametrize("word, login", [("Debian", None), ("Windows", {"Password": "Windows9+password"})])
def test_an_instance_runs_without_naming_a_region(account, fleet, word, login):
    client = SignedClient(account, region="")
    public_key = public_half(new_key("legacy"))
    key_id = client.call("ImportKeyPair", KeyName="legacy", ProjectId=0, PublicKey=public_key).reply()["KeyId"]
    images = client.call("DescribeImages", Limit=100).reply()["ImageSet"]
    image = next(image["ImageId"] for image in images if word in image["OsName"])
    login = login or {"KeyIds": [key_id]}
    answer = client.call("RunInstances", Placement={"Zone": ZONE}, ImageId=image, LoginSettings=login)
    fleet.settled(answer.reply()["InstanceIdSet"][0])


def test_missing_parameter(client, target):
    refuses("MissingParameter", client)
    refuses("MissingParameter", client, InstanceIds=[target.instance])
    refuses("MissingParameter", client, KeyIds=[target.key_id])


@pytest.mark.parametrize("value", ["maybe", "2", ""])
def test_invalid_parameter_value(client, target, value):
    refuses("InvalidParameterValue", client, **target.batch, ForceStop=value)


def test_invalid_parameter_value_limit_exceeded(client, target):
    ids = [f"ins-{number:08d}" for number in range(101)]
    refuses("InvalidParameterValue.LimitExceeded", client, InstanceIds=ids, KeyIds=[target.key_id])


def test_invalid_instance_id_not_found(client, target):
    refuses("InvalidInstanceId.NotFound", client, InstanceIds=["ins-00000000"], KeyIds=[target.key_id])


def test_invalid_instance_id_malformed(client, target):
    refuses("InvalidInstanceId.Malformed", client, InstanceIds=["ins-1122"], KeyIds=[target.key_id])


def test_invalid_key_pair_id_malformed(client, target):
    refuses("InvalidKeyPairId.Malformed", client, InstanceIds=[target.instance], KeyIds=["skey-1122"])


def test_invalid_key_pair_id_not_found(client, target):
    refuses("InvalidKeyPairId.NotFound", client, InstanceIds=[target.instance], KeyIds=["skey-00000000"])


def test_invalid_instance_not_supported(client, target):
    # Running without ForceStop; Windows; a state that forbids another action.
    refuses("InvalidInstance.NotSupported", client, **target.batch)
    refuses("InvalidInstance.NotSupported", client, InstanceIds=[target.windows], KeyIds=[target.key_id], ForceStop="TRUE")
    refuses("InvalidInstance.NotSupported", client, "StartInstances", InstanceIds=[target.instance])


def test_another_operation_under_way_is_not_supported(fleet):
    bound = fleet.with_key()
    client = replace(fleet.client, method="GET", algorithm="HmacSHA1")
    client.call("RebootInstances", InstanceIds=[bound.id]).reply()
    assert client.call(UNBIND, **bound.batch, ForceStop="TRUE").code() == "InvalidInstance.NotSupported"
    bound.settled()


@pytest.fixture(scope="session")
def spare(target):
    """With ForceStop there is nothing to do for a key that is not bound, and so no power cycle."""
    public_key = public_half(new_key("spare"))
    return SignedClient(target.account).call("ImportKeyPair", KeyName="spare", ProjectId=0, PublicKey=public_key).reply()["KeyId"]


def test_booleans_in_any_case_and_lists_from_any_number(client, target, spare):
    for force in ("TRUE", "true", "True"):
        for first in (0, 1, 7):
            given = {f"InstanceIds.{first}": target.instance, f"KeyIds.{first}": spare, "ForceStop": force}
            assert set(client.call(UNBIND, **given).reply()) == {"RequestId"}
    for force in ("FALSE", "false", "False"):
        given = {"InstanceIds.1": target.instance, "KeyIds.1": spare, "ForceStop": force}
        assert client.call(UNBIND, **given).code() == "InvalidInstance.NotSupported", force


def test_codes_of_api_3_do_not_leak_into_this_one(get, api3, target):
    assert get.call(UNBIND, **target.batch).code() == "InvalidInstance.NotSupported"
    assert api3.call(UNBIND, **target.batch).code() == "UnsupportedOperation.InstanceStateRunning"
    assert api3.call(UNBIND, ForceStop="maybe", **target.batch).code() == "InvalidParameter"
    assert api3.call("NoSuchAction").code() == "InvalidAction"
    assert replace(api3, region="").call(UNBIND, **target.batch).code() == "MissingParameter"


def test_request_ids_are_upper_case_here_and_lower_case_on_api_3(get, api3):
    legacy = get.call("DescribeZones").reply()["RequestId"]
    assert legacy == legacy.upper()
    three = api3.call("DescribeZones").reply()["RequestId"]
    assert three == three.lower()
    refused = get.call(UNBIND).json()["Response"]["RequestId"]
    assert refused == refused.upper()


def test_a_weak_password_is_invalid_password_here(client, target):
    given = {"InstanceIds": [target.instance], "Password": "weak", "ForceStop": "TRUE"}
    refuses("InvalidPassword", client, "ResetInstancesPassword", **given)
