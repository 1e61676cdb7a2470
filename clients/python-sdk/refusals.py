"""What bad input gets, in the vendor's codes, through the vendor's client."""

from cloud import Cloud, cloud
from heart import PASSWORD, It
from login import new_key, public_half
from story import SECRET_ID, SECRET_KEY, ZONE, check, equal

UNBIND = "DisassociateInstancesKeyPairs"


@check
def missing_lists_are_named():
    for given in ({}, {"InstanceIds": [It.instance]}, {"KeyIds": [It.other_id]}, {"InstanceIds": [], "KeyIds": []}):
        cloud.refuses("MissingParameter", UNBIND, **given)
    message = cloud.refuses("MissingParameter", UNBIND, InstanceIds=[It.instance])
    assert "KeyIds" in message, message


@check
def ids_of_a_wrong_form_are_malformed():
    for bad in ("ins-1122", "ins-1E4R6Y8I", "vm-1e4r6y8i", "", "ins-1e4r6y8i9"):
        cloud.refuses("InvalidInstanceId.Malformed", UNBIND, InstanceIds=[bad], KeyIds=[It.other_id])
    for bad in ("skey-1122", "key-4e5ty7i8", "skey-4e5ty7i8 "):
        cloud.refuses("InvalidKeyPairId.Malformed", UNBIND, InstanceIds=[It.instance], KeyIds=[bad])
    # Forms come before existence, and instances before key pairs.
    cloud.refuses("InvalidInstanceId.Malformed", UNBIND, InstanceIds=["ins-1122"], KeyIds=["skey-1122"])
    cloud.refuses("InvalidKeyPairId.Malformed", UNBIND, InstanceIds=["ins-00000000"], KeyIds=["skey-1122"])


@check
def unknown_ids_are_not_found():
    message = cloud.refuses("InvalidInstanceId.NotFound", UNBIND, InstanceIds=["ins-00000000"], KeyIds=[It.other_id])
    assert "ins-00000000" in message, message
    cloud.refuses("InvalidKeyPairId.NotFound", UNBIND, InstanceIds=[It.instance], KeyIds=["skey-00000000"])
    elsewhere = Cloud(region="ap-shanghai")
    elsewhere.refuses("InvalidInstanceId.NotFound", UNBIND, InstanceIds=[It.instance], KeyIds=[It.other_id])


@check
def more_than_a_hundred_ids_are_too_many():
    many = [f"ins-{number:08d}" for number in range(101)]
    cloud.refuses("InvalidParameterValue.LimitExceeded", UNBIND, InstanceIds=many, KeyIds=[It.other_id])
    keys = ["skey-00000000"] * 101
    cloud.refuses("InvalidParameterValue.LimitExceeded", UNBIND, InstanceIds=[It.instance], KeyIds=keys)
    cloud.refuses("InvalidInstanceId.NotFound", UNBIND, InstanceIds=many[:100], KeyIds=[It.other_id])


@check
def windows_takes_no_key():
    windows = cloud.run("windows", password="Windows9+password", image="Windows")
    batch = {"InstanceIds": [windows], "KeyIds": [It.other_id]}
    cloud.refuses("UnsupportedOperation.InstanceOsWindows", UNBIND, **batch)
    cloud.refuses("UnsupportedOperation.InstanceOsWindows", "AssociateInstancesKeyPairs", **batch, ForceStop=True)
    cloud.refuses(
        "UnsupportedOperation.KeyPairUnsupportedWindows",
        "RunInstances",
        Placement={"Zone": ZONE},
        ImageId=cloud.image("Windows"),
        LoginSettings={"KeyIds": [It.other_id]},
    )
    equal(cloud.instance(windows)["DefaultLoginUser"], "Administrator")
    equal(cloud.instance(windows)["DefaultLoginPort"], 3389)
    cloud.terminate(windows)


@check
def strangers_are_turned_away():
    Cloud(secret_key="wrong" + SECRET_KEY).refuses("AuthFailure.SignatureFailure", "DescribeZones")
    Cloud(secret_id=SECRET_ID + "x").refuses("AuthFailure.SecretIdNotFound", "DescribeZones")
    for sign in ("HmacSHA1", "HmacSHA256"):
        Cloud(secret_key="wrong", sign=sign).refuses("AuthFailure.SignatureFailure", "DescribeZones")


@check
def a_region_is_asked_for_except_by_describe_regions():
    nowhere = Cloud(region="")
    nowhere.refuses("MissingParameter", "DescribeInstances")
    assert nowhere.call("DescribeRegions")["TotalCount"] > 1
    Cloud(region="ap-atlantis").refuses("InvalidParameterValue", "DescribeInstances")


@check
def names_of_key_pairs_have_codes_of_their_own():
    public = public_half(new_key("for_names"))
    for name, code in [
        ("", "InvalidKeyPairNameEmpty"),
        ("a" * 26, "InvalidKeyPairNameTooLong"),
        ("my-key", "InvalidKeyPairNameIncludeIllegalChar"),
        ("heart_rsa", "InvalidKeyPairName.Duplicate"),
    ]:
        cloud.refuses(code, "CreateKeyPair", KeyName=name, ProjectId=0)
        cloud.refuses(code, "ImportKeyPair", KeyName=name, ProjectId=0, PublicKey=public)
    cloud.refuses("MissingParameter", "CreateKeyPair", ProjectId=0)
    cloud.refuses("MissingParameter", "CreateKeyPair", KeyName="no_project")


@check
def public_keys_that_are_none_and_those_known_are_refused():
    again = public_half(It.other).rsplit(" ", 1)[0] + " another comment"
    cloud.refuses("InvalidPublicKey.Duplicate", "ImportKeyPair", KeyName="again", ProjectId=0, PublicKey=again)
    for text in ("", "ssh-rsa", "ssh-rsa AAAA x", "no key at all", public_half(It.other)[:40]):
        cloud.refuses("InvalidPublicKey.Malformed", "ImportKeyPair", KeyName="none", ProjectId=0, PublicKey=text)


@check
def weak_passwords_are_refused():
    for bad in ("short1+", "alllowercase", "lower1234", "/Starts9with", "A1+" + "x" * 28, "has space A1"):
        cloud.refuses(
            "InvalidParameterValue.InvalidPassword",
            "ResetInstancesPassword",
            InstanceIds=[It.instance],
            Password=bad,
            ForceStop=True,
        )
    cloud.refuses("MissingParameter", "ResetInstancesPassword", InstanceIds=[It.instance])


@check
def login_settings_that_clash_or_name_nothing_are_refused():
    place = {"Placement": {"Zone": ZONE}, "ImageId": cloud.image()}
    both = {"KeyIds": [It.other_id], "Password": PASSWORD}
    code, message = cloud.refusal("RunInstances", LoginSettings=both, **place)
    assert code in ("InvalidParameter.ParameterConflict", "InvalidParameterCombination"), f"{code}: {message}"
    code, message = cloud.refusal("RunInstances", LoginSettings={"KeyIds": ["skey-00000000"]}, **place)
    assert code in ("InvalidParameterValue.KeyPairNotFound", "ResourceNotFound.KeyPairNotFound"), f"{code}: {message}"
    cloud.refuses("InvalidKeyPairId.Malformed", "RunInstances", LoginSettings={"KeyIds": ["skey-1122"]}, **place)
    code, message = cloud.refusal("RunInstances", LoginSettings={"Password": "weak"}, **place)
    assert code in ("InvalidParameterValue.InvalidPassword", "InvalidPassword"), f"{code}: {message}"


@check
def what_run_instances_needs_is_named():
    image = cloud.image()
    cloud.refuses("MissingParameter", "RunInstances", ImageId=image)
    cloud.refuses("MissingParameter", "RunInstances", Placement={"Zone": ZONE})
    code, _ = cloud.refusal("RunInstances", Placement={"Zone": ZONE}, ImageId="img-00000000")
    assert code.startswith("InvalidImageId") or code == "InvalidParameterValue.InvalidImageId", code
    cloud.refuses("InvalidImageId.Malformed", "RunInstances", Placement={"Zone": ZONE}, ImageId="img-1")
    cloud.refuses(
        "InvalidClientToken.TooLong", "RunInstances", Placement={"Zone": ZONE}, ImageId=image, ClientToken="t" * 65
    )


@check
def a_bound_key_pair_is_not_deleted():
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[It.other_id])
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[It.third_id, It.other_id])
    equal(cloud.key_pair(It.third_id)["KeyId"], It.third_id, "all or nothing")
    cloud.refuses("InvalidKeyPairId.NotFound", "DeleteKeyPairs", KeyIds=["skey-00000000"])
    cloud.refuses("InvalidKeyPairId.Malformed", "DeleteKeyPairs", KeyIds=["skey-1122"])
    cloud.refuses("MissingParameter", "DeleteKeyPairs")
