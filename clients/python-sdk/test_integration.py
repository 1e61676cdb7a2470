"""What the vendor's own integration tests of this SDK ask and expect, asked of cvmd: its `tests/integration/cvm` and `common`.

Those that need temporary credentials (sts) or products beyond cvmd's are not here. Their bodies of 5 MB go to face recognition;
here they are filters and user data of CVM, which the gateway judges by size alone.
"""

from itertools import product
from urllib.parse import urlsplit

import pytest

from support.accounts import Account
from support.cloud import Cloud
from support.surroundings import ENDPOINT, REGION, SECRET_ID, SECRET_KEY

from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312 import models

SIGNATURES = list(product(("HmacSHA1", "HmacSHA256", "TC3-HMAC-SHA256"), ("GET", "POST")))
TRACE = {"X-TC-TraceId": "ffe0c072-8a5d-4e17-8887-a8a60252abca"}
BIG = "1" * (5 * 1024 * 1024)


def request(name, **members):
    made = getattr(models, f"{name}Request")()
    made._deserialize(members)
    return made


by_every_signature = pytest.mark.parametrize("sign, method", SIGNATURES)


@by_every_signature
@pytest.mark.parametrize("region", ["ap-guangzhou", "ap-shanghai"])
def test_instances_are_filtered_by_closed_zones_and_chinese_names_by_every_signature(account, region, sign, method):
    found = Cloud(account, region=region, sign=sign, method=method).call(
        "DescribeInstances",
        Filters=[{"Name": "zone", "Values": [f"{region}-1", f"{region}-2"]}, {"Name": "instance-name", "Values": ["中文", "测试"]}],
    )
    assert (found["TotalCount"], found["InstanceSet"]) == (0, [])


def test_a_zone_of_another_region_is_none(cloud):
    cloud.refuses("InvalidZone.MismatchRegion", "DescribeInstances", Filters=[{"Name": "zone", "Values": ["ap-shanghai-1"]}])


@by_every_signature
@pytest.mark.parametrize("unsigned", [False, True], ids=["signed", "unsigned"])
def test_a_header_of_ones_own_is_taken_with_every_signature_and_an_unsigned_payload(account, sign, method, unsigned):
    client = Cloud(account, sign=sign, method=method).client
    client.profile.unsignedPayload = unsigned
    asked = request("DescribeInstances", Filters=[{"Name": "zone", "Values": ["ap-guangzhou-1"]}])
    # The SDK writes into it.
    asked.headers = dict(TRACE)
    assert client.DescribeInstances(asked).TotalCount == 0


def test_the_common_client_asks_by_names_alone():
    http = HttpProfile(protocol="http", endpoint=urlsplit(ENDPOINT).netloc)
    client = CommonClient("cvm", "2017-03-12", Credential(SECRET_ID, SECRET_KEY), REGION, ClientProfile(httpProfile=http))
    assert client.call_json("DescribeZones", {})["Response"]["TotalCount"] > 0
    assert client.call_json("DescribeZones", {}, headers=dict(TRACE))["Response"]["TotalCount"] > 0


@by_every_signature
def test_an_empty_instance_id_is_malformed_by_every_signature(sign, method):
    message = Cloud(sign=sign, method=method).refuses(
        "InvalidParameterValue.InstanceIdMalformed",
        "DescribeInstancesOperationLimit",
        InstanceIds=[""],
        Operation="INSTANCE_DEGRADE",
    )
    assert message


def test_names_are_english_for_who_asks_for_english(cloud):
    assert "Guangzhou" in cloud.client.DescribeZones(request("DescribeZones")).to_json_string()


@by_every_signature
def test_five_megabytes_are_taken_with_tc3_by_post_and_by_nothing_else(sign, method):
    client = Cloud(sign=sign, method=method)
    if (sign, method) == ("TC3-HMAC-SHA256", "POST"):
        # The size is right, the value is not: the action refuses it.
        code, _ = client.refusal("RunInstances", Placement={"Zone": "ap-guangzhou-3"}, ImageId="img-487zeit5", UserData=BIG)
        assert code.startswith("InvalidParameterValue"), code
        return
    # In a URL: the client itself takes seconds for five megabytes.
    value = BIG if method == "POST" else BIG[:200_000]
    with pytest.raises(TencentCloudSDKException) as refused:
        client.client.DescribeInstances(request("DescribeInstances", Filters=[{"Name": "instance-name", "Values": [value]}]))
    assert refused.value.get_code() in ("RequestSizeLimitExceeded", "ServerNetworkError")


@by_every_signature
def test_a_wrong_key_is_a_wrong_signature_whatever_the_method(sign, method):
    Cloud(Account(SECRET_ID, "x" * 32), sign=sign, method=method).refuses("AuthFailure.SignatureFailure", "DescribeZones")
