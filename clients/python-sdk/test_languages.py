"""Messages and names in the language that the client's profile asks for."""

import pytest

from support.accounts import Account
from support.cloud import Cloud
from support.surroundings import SECRET_ID, ZONE

CHINESE, ENGLISH = Cloud(language="zh-CN"), Cloud(language="en-US")


def zone_name(client):
    return next(zone["ZoneName"] for zone in client.call("DescribeZones")["ZoneSet"] if zone["Zone"] == ZONE)


def test_a_refusal_is_worded_in_the_callers_language_and_names_the_same_id():
    stop = {"InstanceIds": ["ins-00000000"]}
    chinese = CHINESE.refuses("InvalidInstanceId.NotFound", "StopInstances", **stop)
    english = ENGLISH.refuses("InvalidInstanceId.NotFound", "StopInstances", **stop)
    assert chinese == "没有找到相应实例 `ins-00000000`。"
    assert english == "The instance `ins-00000000` does not exist."


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("sign", [None, "HmacSHA1", "HmacSHA256"])
def test_a_wrong_signature_is_refused_in_the_callers_language(sign, method):
    forged = Cloud(Account(SECRET_ID, "wrong"), language="zh-CN", sign=sign, method=method)
    message = forged.refuses("AuthFailure.SignatureFailure", "DescribeZones")
    assert message == "请求签名验证失败，请检查您的签名计算是否正确。"
    stranger = Cloud(Account(SECRET_ID + "x", "wrong"), language="en-US", sign=sign, method=method)
    message = stranger.refuses("AuthFailure.SecretIdNotFound", "DescribeZones")
    assert message == "The SecretId is not found, please ensure that your SecretId is correct."


def test_names_of_zones_and_regions_are_in_the_callers_language():
    assert zone_name(CHINESE) == "广州三区"
    assert zone_name(ENGLISH) == "Guangzhou Zone 3"
    regions = {region["Region"]: region["RegionName"] for region in CHINESE.call("DescribeRegions")["RegionSet"]}
    assert regions["ap-guangzhou"] == "华南地区(广州)"
