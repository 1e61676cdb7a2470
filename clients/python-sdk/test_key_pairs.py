"""Other actions on key pairs: lists, filters, pages, attributes, old and small keys."""

import pytest

from support.login import new_key, public_half

PAGED = [f"paged_{number}" for number in range(5)]


@pytest.fixture
def paged(cloud):
    """The ids of five key pairs, by their names."""
    return {name: cloud.imported(name, public_half(new_key(name))) for name in PAGED}


def test_key_pairs_are_listed_in_pages(cloud, paged):
    everything = cloud.call("DescribeKeyPairs", Limit=100)
    assert everything["TotalCount"] == len(everything["KeyPairSet"]) == len(paged)
    found = []
    for offset in range(0, len(paged), 2):
        page = cloud.call("DescribeKeyPairs", Offset=offset, Limit=2)
        assert page["TotalCount"] == len(paged)
        assert len(page["KeyPairSet"]) <= 2
        found += [pair["KeyId"] for pair in page["KeyPairSet"]]
    assert found == [pair["KeyId"] for pair in everything["KeyPairSet"]], "the pages"
    cloud.refuses("InvalidParameterValueLimit", "DescribeKeyPairs", Limit=101)
    cloud.refuses("InvalidParameterValueOffset", "DescribeKeyPairs", Offset=-1)


def test_key_pairs_are_filtered(cloud, paged):
    named = cloud.call("DescribeKeyPairs", Filters=[{"Name": "key-name", "Values": [PAGED[1]]}])
    assert [pair["KeyName"] for pair in named["KeyPairSet"]] == [PAGED[1]]
    project = cloud.call("DescribeKeyPairs", Filters=[{"Name": "project-id", "Values": ["0"]}], Limit=100)
    assert project["TotalCount"] == len(paged)
    cloud.refuses("InvalidFilter", "DescribeKeyPairs", Filters=[{"Name": "key-id", "Values": ["skey-00000000"]}])
    many = [str(number) for number in range(6)]
    cloud.refuses(
        "InvalidFilterValue.LimitExceeded", "DescribeKeyPairs", Filters=[{"Name": "key-name", "Values": many}]
    )
    assert cloud.call("DescribeKeyPairs", KeyIds=["skey-00000000"])["KeyPairSet"] == []
    cloud.refuses("InvalidKeyPairId.Malformed", "DescribeKeyPairs", KeyIds=["skey-1"])
    both = {"KeyIds": ["skey-00000000"], "Filters": [{"Name": "key-name", "Values": ["x"]}]}
    cloud.refuses("InvalidParameter", "DescribeKeyPairs", **both)


def test_key_pairs_are_in_every_region(cloud, paged):
    elsewhere = cloud.of(region="ap-shanghai").call("DescribeKeyPairs", Limit=100)
    assert sorted(pair["KeyId"] for pair in elsewhere["KeyPairSet"]) == sorted(paged.values())


def test_key_pairs_carry_tags_from_the_start(cloud, paged):
    tags = [{"Key": "owner", "Value": "ops"}]
    specification = [{"ResourceType": "keypair", "Tags": tags}]
    pair = cloud.call("CreateKeyPair", KeyName="tagged", ProjectId=0, TagSpecification=specification)["KeyPair"]
    assert cloud.key_pair(pair["KeyId"])["Tags"] == tags
    for name, value in [("tag-key", "owner"), ("tag:owner", "ops"), ("tag-value", "ops")]:
        found = cloud.call("DescribeKeyPairs", Filters=[{"Name": name, "Values": [value]}])["KeyPairSet"]
        assert [found_pair["KeyName"] for found_pair in found] == ["tagged"], name


def test_attributes_of_a_key_pair_change(cloud, paged):
    key_id = paged[PAGED[2]]
    cloud.call("ModifyKeyPairAttribute", KeyId=key_id, KeyName="renamed", Description="of the laptop")
    pair = cloud.key_pair(key_id)
    assert (pair["KeyName"], pair["Description"]) == ("renamed", "of the laptop")
    cloud.refuses("InvalidKeyPairName.Duplicate", "ModifyKeyPairAttribute", KeyId=key_id, KeyName=PAGED[3])
    cloud.refuses("MissingParameter", "ModifyKeyPairAttribute", KeyName="x")
    cloud.refuses("InvalidKeyPairId.NotFound", "ModifyKeyPairAttribute", KeyId="skey-00000000", KeyName="x")
    cloud.refuses("InvalidKeyPairId.Malformed", "ModifyKeyPairAttribute", KeyId="skey-1", KeyName="x")
    code, _ = cloud.refusal("ModifyKeyPairAttribute", KeyId=key_id, Description="x" * 61)
    assert code in ("InvalidParameterValue", "InvalidKeyPairDescriptionTooLong"), code


def test_a_small_rsa_key_is_imported_and_deleted(cloud):
    key_id = cloud.imported("small_rsa", public_half(new_key("small", "rsa", 1024)))
    assert cloud.key_pair(key_id)["KeyName"] == "small_rsa"
    cloud.call("DeleteKeyPairs", KeyIds=[key_id])
    assert cloud.call("DescribeKeyPairs", KeyIds=[key_id])["TotalCount"] == 0
