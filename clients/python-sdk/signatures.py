"""The same client over every signature and method it knows."""

from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312 import cvm_client, models

from cloud import Cloud, cloud
from heart import It
from login import new_key, public_half
from story import ENDPOINT, REGION, SECRET_ID, SECRET_KEY, check, equal


def _a_handful_of_calls(name, sign, method):
    door = Cloud(sign=sign, method=method)
    equal(door.instance(It.instance)["InstanceId"], It.instance)
    found = door.call("DescribeInstances", Filters=[{"Name": "instance-name", "Values": ["heart", "不"]}], Limit=5)
    equal([instance["InstanceId"] for instance in found["InstanceSet"]], [It.instance])
    key_id = door.imported(name, public_half(new_key(name)))
    door.call("ModifyKeyPairAttribute", KeyId=key_id, Description="with a space, & and = and 密钥 +*~")
    equal(cloud.key_pair(key_id)["Description"], "with a space, & and = and 密钥 +*~")
    door.refuses(
        "UnsupportedOperation.InstanceStateRunning",
        "DisassociateInstancesKeyPairs",
        InstanceIds=[It.instance],
        KeyIds=[key_id],
        ForceStop=False,
    )
    # Nothing to do on a running machine: no power cycle, a success at once.
    door.call("DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[key_id], ForceStop=True)
    equal(cloud.instance(It.instance)["LatestOperationState"], "SUCCESS")
    door.call("DeleteKeyPairs", KeyIds=[key_id])


@check
def version_one_with_sha1_by_post():
    _a_handful_of_calls("v1_sha1_post", "HmacSHA1", "POST")


@check
def version_one_with_sha1_by_get():
    _a_handful_of_calls("v1_sha1_get", "HmacSHA1", "GET")


@check
def version_one_with_sha256_by_post():
    _a_handful_of_calls("v1_sha256_post", "HmacSHA256", "POST")


@check
def version_one_with_sha256_by_get():
    _a_handful_of_calls("v1_sha256_get", "HmacSHA256", "GET")


@check
def tc3_by_get():
    _a_handful_of_calls("tc3_get", "TC3-HMAC-SHA256", "GET")


@check
def an_endpoint_left_as_the_vendors_goes_through_a_proxy():
    # As Terraform does where no name resolves: the request line then holds the whole address.
    http = HttpProfile(protocol="http", endpoint="cvm.tencentcloudapi.com", proxy=ENDPOINT)
    client = cvm_client.CvmClient(Credential(SECRET_ID, SECRET_KEY), REGION, ClientProfile(httpProfile=http))
    assert client.DescribeZones(models.DescribeZonesRequest()).TotalCount > 0


@check
def any_product_client_of_the_sdk_can_call():
    http = HttpProfile(protocol="http", endpoint=ENDPOINT.removeprefix("http://"))
    client = CommonClient("cvm", "2017-03-12", Credential(SECRET_ID, SECRET_KEY), REGION, ClientProfile(httpProfile=http))
    answer = client.call_json("DescribeInstances", {"InstanceIds": [It.instance]})
    equal(answer["Response"]["TotalCount"], 1)


@check
def tc3_with_the_body_left_unsigned():
    door = Cloud()
    door.client.profile.unsignedPayload = True
    equal(door.instance(It.instance)["InstanceId"], It.instance)
