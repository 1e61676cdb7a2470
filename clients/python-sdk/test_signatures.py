"""The same client over every signature and method it knows."""

import pytest

from support.login import new_key, public_half
from support.surroundings import ENDPOINT, REGION, SECRET_ID, SECRET_KEY

pytest.importorskip("tencentcloud", reason="tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")

from tencentcloud.common.common_client import CommonClient  # noqa: E402
from tencentcloud.common.credential import Credential  # noqa: E402
from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: E402
from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: E402
from tencentcloud.cvm.v20170312 import cvm_client, models  # noqa: E402


@pytest.fixture(scope="module")
def bound(shared_cloud):
    """A running instance, which no check changes."""
    return shared_cloud.with_key("signed", image="Debian")


def a_handful_of_calls(bound, name, sign, method):
    """Commands and queries, with words that have to be encoded."""
    cloud = bound.owner
    client = cloud.of(sign=sign, method=method)
    assert client.instance(bound.id)["InstanceId"] == bound.id
    found = client.call("DescribeInstances", Filters=[{"Name": "instance-name", "Values": ["signed", "不"]}], Limit=5)
    assert [instance["InstanceId"] for instance in found["InstanceSet"]] == [bound.id]
    key_id = client.imported(name, public_half(new_key(name)))
    client.call("ModifyKeyPairAttribute", KeyId=key_id, Description="with a space, & and = and 密钥 +*~")
    assert cloud.key_pair(key_id)["Description"] == "with a space, & and = and 密钥 +*~"
    batch = {"InstanceIds": [bound.id], "KeyIds": [key_id]}
    unbind = "DisassociateInstancesKeyPairs"
    client.refuses("UnsupportedOperation.InstanceStateRunning", unbind, ForceStop=False, **batch)
    # Nothing to do on a running machine: no power cycle, a success at once.
    client.call(unbind, ForceStop=True, **batch)
    assert bound.describe()["LatestOperationState"] == "SUCCESS"
    client.call("DeleteKeyPairs", KeyIds=[key_id])


def test_version_one_with_sha1_by_post(bound):
    a_handful_of_calls(bound, "v1_sha1_post", "HmacSHA1", "POST")


def test_version_one_with_sha1_by_get(bound):
    a_handful_of_calls(bound, "v1_sha1_get", "HmacSHA1", "GET")


def test_version_one_with_sha256_by_post(bound):
    a_handful_of_calls(bound, "v1_sha256_post", "HmacSHA256", "POST")


def test_version_one_with_sha256_by_get(bound):
    a_handful_of_calls(bound, "v1_sha256_get", "HmacSHA256", "GET")


def test_tc3_by_get(bound):
    a_handful_of_calls(bound, "tc3_get", "TC3-HMAC-SHA256", "GET")


def test_an_endpoint_left_as_the_vendors_goes_through_a_proxy():
    # As Terraform does where no name resolves: the request line then holds the whole address.
    http = HttpProfile(protocol="http", endpoint="cvm.tencentcloudapi.com", proxy=ENDPOINT)
    client = cvm_client.CvmClient(Credential(SECRET_ID, SECRET_KEY), REGION, ClientProfile(httpProfile=http))
    assert client.DescribeZones(models.DescribeZonesRequest()).TotalCount > 0


def test_any_product_client_of_the_sdk_can_call(bound):
    http = HttpProfile(protocol="http", endpoint=ENDPOINT.removeprefix("http://"))
    account = bound.owner.account
    who = Credential(account.secret_id, account.secret_key)
    client = CommonClient("cvm", "2017-03-12", who, REGION, ClientProfile(httpProfile=http))
    answer = client.call_json("DescribeInstances", {"InstanceIds": [bound.id]})
    assert answer["Response"]["TotalCount"] == 1


def test_tc3_with_the_body_left_unsigned(bound):
    client = bound.owner.of()
    client.client.profile.unsignedPayload = True
    assert client.instance(bound.id)["InstanceId"] == bound.id
