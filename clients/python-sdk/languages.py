"""Messages and names in the language that the client's profile asks for."""

from cloud import Cloud
from story import SECRET_ID, ZONE, check, equal

CHINESE, ENGLISH = Cloud(language="zh-CN"), Cloud(language="en-US")


def zone_name(client):
    return next(zone["ZoneName"] for zone in client.call("DescribeZones")["ZoneSet"] if zone["Zone"] == ZONE)


@check
def a_refusal_is_worded_in_the_callers_language_and_names_the_same_id():
    stop = {"InstanceIds": ["ins-00000000"]}
    chinese = CHINESE.refuses("InvalidInstanceId.NotFound", "StopInstances", **stop)
    english = ENGLISH.refuses("InvalidInstanceId.NotFound", "StopInstances", **stop)
    equal(chinese, "没有找到相应实例 `ins-00000000`。")
    equal(english, "The instance `ins-00000000` does not exist.")


@check
def whoever_is_not_believed_is_told_so_in_their_language():
    for sign in (None, "HmacSHA1", "HmacSHA256"):
        for method in ("POST", "GET"):
            asked = {"sign": sign, "method": method}
            forged = Cloud(secret_key="wrong", language="zh-CN", **asked)
            message = forged.refuses("AuthFailure.SignatureFailure", "DescribeZones")
            equal(message, "请求签名验证失败，请检查您的签名计算是否正确。")
            stranger = Cloud(secret_id=SECRET_ID + "x", language="en-US", **asked)
            message = stranger.refuses("AuthFailure.SecretIdNotFound", "DescribeZones")
            equal(message, "The SecretId is not found, please ensure that your SecretId is correct.")


@check
def names_of_zones_and_regions_are_in_the_callers_language():
    equal(zone_name(CHINESE), "广州三区")
    equal(zone_name(ENGLISH), "Guangzhou Zone 3")
    regions = {region["Region"]: region["RegionName"] for region in CHINESE.call("DescribeRegions")["RegionSet"]}
    equal(regions["ap-guangzhou"], "华南地区(广州)")
