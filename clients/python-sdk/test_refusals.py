"""What bad input gets, in the vendor's codes, through the vendor's client."""

import pytest

from support.accounts import Account
from support.cloud import Cloud
from support.login import new_key, public_half
from support.surroundings import ZONE

PASSWORD = "Correct9horse+"
UNBIND = "DisassociateInstancesKeyPairs"


@pytest.fixture(scope="module")
def bound(shared_cloud):
    """A running instance with a key: what is refused changes nothing of it."""
    return shared_cloud.with_key()


@pytest.fixture
def cloud(shared_cloud):
    return shared_cloud


def test_missing_lists_are_named(cloud, bound):
    for given in ({}, {"InstanceIds": [bound.id]}, {"KeyIds": [bound.key_id]}, {"InstanceIds": [], "KeyIds": []}):
        cloud.refuses("MissingParameter", UNBIND, **given)
    message = cloud.refuses("MissingParameter", UNBIND, InstanceIds=[bound.id])
    assert "KeyIds" in message, message


@pytest.mark.parametrize("bad", ["ins-1122", "ins-1E4R6Y8I", "vm-1e4r6y8i", "", "ins-1e4r6y8i9"])
def test_ids_of_instances_of_a_wrong_form_are_malformed(cloud, bound, bad):
    cloud.refuses("InvalidInstanceId.Malformed", UNBIND, InstanceIds=[bad], KeyIds=[bound.key_id])


@pytest.mark.parametrize("bad", ["skey-1122", "key-4e5ty7i8", "skey-4e5ty7i8 "])
def test_ids_of_key_pairs_of_a_wrong_form_are_malformed(cloud, bound, bad):
    cloud.refuses("InvalidKeyPairId.Malformed", UNBIND, InstanceIds=[bound.id], KeyIds=[bad])


def test_ids_of_a_wrong_form_are_malformed(cloud):
    # Forms come before existence, and instances before key pairs.
    cloud.refuses("InvalidInstanceId.Malformed", UNBIND, InstanceIds=["ins-1122"], KeyIds=["skey-1122"])
    cloud.refuses("InvalidKeyPairId.Malformed", UNBIND, InstanceIds=["ins-00000000"], KeyIds=["skey-1122"])


def test_unknown_ids_are_not_found(cloud, bound):
    message = cloud.refuses("InvalidInstanceId.NotFound", UNBIND, InstanceIds=["ins-00000000"], KeyIds=[bound.key_id])
    assert "ins-00000000" in message, message
    cloud.refuses("InvalidKeyPairId.NotFound", UNBIND, InstanceIds=[bound.id], KeyIds=["skey-00000000"])
    cloud.of(region="ap-shanghai").refuses("InvalidInstanceId.NotFound", UNBIND, **bound.batch)


def test_more_than_a_hundred_ids_are_too_many(cloud, bound):
    many = [f"ins-{number:08d}" for number in range(101)]
    cloud.refuses("InvalidParameterValue.LimitExceeded", UNBIND, InstanceIds=many, KeyIds=[bound.key_id])
    keys = ["skey-00000000"] * 101
    cloud.refuses("InvalidParameterValue.LimitExceeded", UNBIND, InstanceIds=[bound.id], KeyIds=keys)
    cloud.refuses("InvalidInstanceId.NotFound", UNBIND, InstanceIds=many[:100], KeyIds=[bound.key_id])


def test_windows_takes_no_key(cloud, bound):
    windows = cloud.run("windows", password="Windows9+password", image="Windows")
    batch = {"InstanceIds": [windows], "KeyIds": [bound.key_id]}
    cloud.refuses("UnsupportedOperation.InstanceOsWindows", UNBIND, **batch)
    cloud.refuses("UnsupportedOperation.InstanceOsWindows", "AssociateInstancesKeyPairs", **batch, ForceStop=True)
    cloud.refuses(
        "UnsupportedOperation.KeyPairUnsupportedWindows",
        "RunInstances",
        Placement={"Zone": ZONE},
        ImageId=cloud.image("Windows"),
        LoginSettings={"KeyIds": [bound.key_id]},
    )
    assert cloud.instance(windows)["DefaultLoginUser"] == "Administrator"
    assert cloud.instance(windows)["DefaultLoginPort"] == 3389
    cloud.terminate(windows)


def test_strangers_are_turned_away(shared_account):
    secret_id, secret_key = shared_account.secret_id, shared_account.secret_key
    Cloud(Account(secret_id, "wrong" + secret_key)).refuses("AuthFailure.SignatureFailure", "DescribeZones")
    Cloud(Account(secret_id + "x", secret_key)).refuses("AuthFailure.SecretIdNotFound", "DescribeZones")
    for sign in ("HmacSHA1", "HmacSHA256"):
        Cloud(Account(secret_id, "wrong"), sign=sign).refuses("AuthFailure.SignatureFailure", "DescribeZones")


def test_a_region_is_asked_for_except_by_describe_regions(cloud):
    nowhere = cloud.of(region="")
    nowhere.refuses("MissingParameter", "DescribeInstances")
    assert nowhere.call("DescribeRegions")["TotalCount"] > 1
    cloud.of(region="ap-atlantis").refuses("InvalidParameterValue", "DescribeInstances")


@pytest.mark.parametrize("name, code", [
    ("", "InvalidKeyPairNameEmpty"),
    ("a" * 26, "InvalidKeyPairNameTooLong"),
    ("my-key", "InvalidKeyPairNameIncludeIllegalChar"),
    # The name of the key pair that is there.
    ("bound", "InvalidKeyPairName.Duplicate"),
])
def test_names_of_key_pairs_have_codes_of_their_own(cloud, bound, name, code):
    cloud.refuses(code, "CreateKeyPair", KeyName=name, ProjectId=0)
    cloud.refuses(code, "ImportKeyPair", KeyName=name, ProjectId=0, PublicKey=public_half(new_key("for_names")))


def test_a_key_pair_needs_a_name_and_a_project(cloud):
    cloud.refuses("MissingParameter", "CreateKeyPair", ProjectId=0)
    cloud.refuses("MissingParameter", "CreateKeyPair", KeyName="no_project")


def test_public_keys_that_are_none_and_those_known_are_refused(cloud, bound):
    again = public_half(bound.key).rsplit(" ", 1)[0] + " another comment"
    cloud.refuses("InvalidPublicKey.Duplicate", "ImportKeyPair", KeyName="again", ProjectId=0, PublicKey=again)
    for text in ("", "ssh-rsa", "ssh-rsa AAAA x", "no key at all", public_half(bound.key)[:40]):
        cloud.refuses("InvalidPublicKey.Malformed", "ImportKeyPair", KeyName="none", ProjectId=0, PublicKey=text)


@pytest.mark.parametrize("bad", ["short1+", "alllowercase", "lower1234", "/Starts9with", "A1+" + "x" * 28, "has space A1"])
def test_weak_passwords_are_refused(cloud, bound, bad):
    given = {"InstanceIds": [bound.id], "Password": bad, "ForceStop": True}
    cloud.refuses("InvalidParameterValue.InvalidPassword", "ResetInstancesPassword", **given)


def test_a_password_is_asked_for(cloud, bound):
    cloud.refuses("MissingParameter", "ResetInstancesPassword", InstanceIds=[bound.id])


def test_login_settings_that_clash_or_name_nothing_are_refused(cloud, bound):
    place = {"Placement": {"Zone": ZONE}, "ImageId": cloud.image()}
    both = {"KeyIds": [bound.key_id], "Password": PASSWORD}
    code, message = cloud.refusal("RunInstances", LoginSettings=both, **place)
    assert code in ("InvalidParameter.ParameterConflict", "InvalidParameterCombination"), f"{code}: {message}"
    code, message = cloud.refusal("RunInstances", LoginSettings={"KeyIds": ["skey-00000000"]}, **place)
    assert code in ("InvalidParameterValue.KeyPairNotFound", "ResourceNotFound.KeyPairNotFound"), f"{code}: {message}"
    cloud.refuses("InvalidKeyPairId.Malformed", "RunInstances", LoginSettings={"KeyIds": ["skey-1122"]}, **place)
    code, message = cloud.refusal("RunInstances", LoginSettings={"Password": "weak"}, **place)
    assert code in ("InvalidParameterValue.InvalidPassword", "InvalidPassword"), f"{code}: {message}"


def test_what_run_instances_needs_is_named(cloud):
    image = cloud.image()
    cloud.refuses("MissingParameter", "RunInstances", ImageId=image)
    cloud.refuses("MissingParameter", "RunInstances", Placement={"Zone": ZONE})
    code, _ = cloud.refusal("RunInstances", Placement={"Zone": ZONE}, ImageId="img-00000000")
    assert code.startswith("InvalidImageId") or code == "InvalidParameterValue.InvalidImageId", code
    cloud.refuses("InvalidImageId.Malformed", "RunInstances", Placement={"Zone": ZONE}, ImageId="img-1")
    cloud.refuses(
        "InvalidClientToken.TooLong", "RunInstances", Placement={"Zone": ZONE}, ImageId=image, ClientToken="t" * 65
    )


def test_a_bound_key_pair_is_not_deleted(cloud, bound):
    loose = cloud.imported("loose", public_half(new_key("loose")))
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[bound.key_id])
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[loose, bound.key_id])
    assert cloud.key_pair(loose)["KeyId"] == loose, "all or nothing"
    cloud.refuses("InvalidKeyPairId.NotFound", "DeleteKeyPairs", KeyIds=["skey-00000000"])
    cloud.refuses("InvalidKeyPairId.Malformed", "DeleteKeyPairs", KeyIds=["skey-1122"])
    cloud.refuses("MissingParameter", "DeleteKeyPairs")
    cloud.call("DeleteKeyPairs", KeyIds=[loose])
