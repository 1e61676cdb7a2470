"""Key pairs beyond the heart: lists, filters, pages, attributes, old and small keys."""

from cloud import Cloud, cloud
from login import new_key, public_half
from story import check, equal

PAGED = [f"paged_{number}" for number in range(5)]


@check
def key_pairs_are_listed_in_pages():
    for name in PAGED:
        cloud.imported(name, public_half(new_key(name)))
    everything = cloud.call("DescribeKeyPairs", Limit=100)
    total = everything["TotalCount"]
    equal(len(everything["KeyPairSet"]), total)
    paged = []
    for offset in range(0, total, 2):
        page = cloud.call("DescribeKeyPairs", Offset=offset, Limit=2)
        equal(page["TotalCount"], total)
        assert len(page["KeyPairSet"]) <= 2
        paged += [pair["KeyId"] for pair in page["KeyPairSet"]]
    equal(paged, [pair["KeyId"] for pair in everything["KeyPairSet"]], "the pages")
    cloud.refuses("InvalidParameterValueLimit", "DescribeKeyPairs", Limit=101)
    cloud.refuses("InvalidParameterValueOffset", "DescribeKeyPairs", Offset=-1)


@check
def key_pairs_are_filtered():
    named = cloud.call("DescribeKeyPairs", Filters=[{"Name": "key-name", "Values": [PAGED[1]]}])
    equal([pair["KeyName"] for pair in named["KeyPairSet"]], [PAGED[1]])
    project = cloud.call("DescribeKeyPairs", Filters=[{"Name": "project-id", "Values": ["0"]}], Limit=100)
    assert project["TotalCount"] >= len(PAGED)
    cloud.refuses("InvalidFilter", "DescribeKeyPairs", Filters=[{"Name": "key-id", "Values": ["skey-00000000"]}])
    many = [str(number) for number in range(6)]
    cloud.refuses(
        "InvalidFilterValue.LimitExceeded", "DescribeKeyPairs", Filters=[{"Name": "key-name", "Values": many}]
    )
    equal(cloud.call("DescribeKeyPairs", KeyIds=["skey-00000000"])["KeyPairSet"], [])
    cloud.refuses("InvalidKeyPairId.Malformed", "DescribeKeyPairs", KeyIds=["skey-1"])
    both = {"KeyIds": ["skey-00000000"], "Filters": [{"Name": "key-name", "Values": ["x"]}]}
    cloud.refuses("InvalidParameter", "DescribeKeyPairs", **both)


@check
def key_pairs_are_in_every_region():
    elsewhere = Cloud(region="ap-shanghai").call("DescribeKeyPairs", Limit=100)
    equal(elsewhere["TotalCount"], cloud.call("DescribeKeyPairs", Limit=100)["TotalCount"])


@check
def key_pairs_carry_tags_from_the_start():
    tags = [{"Key": "owner", "Value": "ops"}]
    specification = [{"ResourceType": "keypair", "Tags": tags}]
    pair = cloud.call("CreateKeyPair", KeyName="tagged", ProjectId=0, TagSpecification=specification)["KeyPair"]
    equal(cloud.key_pair(pair["KeyId"])["Tags"], tags)
    for name, value in [("tag-key", "owner"), ("tag:owner", "ops"), ("tag-value", "ops")]:
        found = cloud.call("DescribeKeyPairs", Filters=[{"Name": name, "Values": [value]}])["KeyPairSet"]
        equal([found_pair["KeyName"] for found_pair in found], ["tagged"], name)


@check
def attributes_of_a_key_pair_change():
    key_id = cloud.call("DescribeKeyPairs", Filters=[{"Name": "key-name", "Values": [PAGED[2]]}])["KeyPairSet"][0]["KeyId"]
    cloud.call("ModifyKeyPairAttribute", KeyId=key_id, KeyName="renamed", Description="of the laptop")
    pair = cloud.key_pair(key_id)
    equal((pair["KeyName"], pair["Description"]), ("renamed", "of the laptop"))
    cloud.refuses("InvalidKeyPairName.Duplicate", "ModifyKeyPairAttribute", KeyId=key_id, KeyName=PAGED[3])
    cloud.refuses("MissingParameter", "ModifyKeyPairAttribute", KeyName="x")
    cloud.refuses("InvalidKeyPairId.NotFound", "ModifyKeyPairAttribute", KeyId="skey-00000000", KeyName="x")
    cloud.refuses("InvalidKeyPairId.Malformed", "ModifyKeyPairAttribute", KeyId="skey-1", KeyName="x")
    code, _ = cloud.refusal("ModifyKeyPairAttribute", KeyId=key_id, Description="x" * 61)
    assert code in ("InvalidParameterValue", "InvalidKeyPairDescriptionTooLong"), code


@check
def a_small_rsa_key_is_imported_and_deleted():
    key_id = cloud.imported("small_rsa", public_half(new_key("small", "rsa", 1024)))
    cloud.call("DeleteKeyPairs", KeyIds=[key_id])
    equal(cloud.call("DescribeKeyPairs", KeyIds=[key_id])["TotalCount"], 0)
