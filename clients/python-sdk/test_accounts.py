"""Two accounts: what one owns the other can neither see nor touch."""

import pytest

from support.accounts import Account, added, new_account
from support.cloud import Cloud
from support.login import new_key, public_half, with_key

PASSWORD = "Correct9horse+"


@pytest.fixture(scope="module")
def bound(shared_cloud):
    """An instance and a key pair of the first account; nobody changes them."""
    return shared_cloud.with_key("mine")


@pytest.fixture
def other():
    return Cloud(new_account())


def test_a_second_account_is_added_beside_the_running_server():
    answer = added("neighbour")
    assert answer["AccountName"] == "neighbour"
    assert answer["Uin"] and answer["AppId"], (answer["Uin"], answer["AppId"])
    assert Cloud(Account(answer["SecretId"], answer["SecretKey"])).call("DescribeInstances")["TotalCount"] == 0


def test_it_sees_nothing_of_the_first(bound, other):
    assert other.call("DescribeInstances")["TotalCount"] == 0
    assert other.call("DescribeKeyPairs")["TotalCount"] == 0
    assert other.call("DescribeInstances", InstanceIds=[bound.id])["InstanceSet"] == []
    assert other.call("DescribeKeyPairs", KeyIds=[bound.key_id])["KeyPairSet"] == []


@pytest.mark.parametrize("action, more", [
    ("DisassociateInstancesKeyPairs", {"ForceStop": True}),
    ("AssociateInstancesKeyPairs", {"ForceStop": True}),
    ("ResetInstancesPassword", {"Password": PASSWORD, "ForceStop": True}),
    ("StopInstances", {}),
    ("StartInstances", {}),
    ("RebootInstances", {}),
    ("TerminateInstances", {}),
    ("ModifyInstancesAttribute", {"InstanceName": "mine"}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_it_can_touch_nothing_of_the_first(bound, other, action, more):
    before = bound.describe()
    batch = bound.batch if "KeyPairs" in action else {"InstanceIds": [bound.id]}
    other.refuses("InvalidInstanceId.NotFound", action, **batch, **more)
    assert bound.describe() == before
    with_key(bound.machine, bound.key).entered()


def test_it_can_touch_no_key_pair_of_the_first(bound, other):
    before = bound.owner.key_pair(bound.key_id)
    other.refuses("InvalidKeyPairId.NotFound", "DeleteKeyPairs", KeyIds=[bound.key_id])
    other.refuses("InvalidKeyPairId.NotFound", "ModifyKeyPairAttribute", KeyId=bound.key_id, KeyName="other")
    assert bound.owner.key_pair(bound.key_id) == before


def test_names_and_public_keys_are_each_accounts_own(shared_cloud, other):
    key = new_key("both")
    shared_cloud.imported("both", public_half(key))
    key_id = other.imported("both", public_half(key))
    shared_cloud.refuses("InvalidKeyPairId.NotFound", "DeleteKeyPairs", KeyIds=[key_id])
    other.call("DeleteKeyPairs", KeyIds=[key_id])
