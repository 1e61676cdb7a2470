"""The parameter `Language` on the legacy door, believed or not, and in the envelope of the actions before 2017."""

from signed import Door
from story import check, equal

WAYS = [(method, algorithm) for method in ("GET", "POST") for algorithm in ("HmacSHA1", "HmacSHA256")]
UNBIND = {"InstanceIds": ["ins-00000000"], "KeyIds": ["skey-00000000"]}


def told(answer):
    return answer.json()["Response"]["Error"]["Message"]


@check
def without_a_language_messages_are_english():
    for method, algorithm in WAYS:
        answer = Door(method=method, algorithm=algorithm).call("DisassociateInstancesKeyPairs", **UNBIND)
        equal(told(answer), "The instance `ins-00000000` does not exist.")


@check
def in_chinese_the_same_request_is_told_in_chinese():
    for method, algorithm in WAYS:
        door = Door(method=method, algorithm=algorithm, extra={"Language": "zh-CN"})
        equal(told(door.call("DisassociateInstancesKeyPairs", **UNBIND)), "没有找到相应实例 `ins-00000000`。")
        zones = door.call("DescribeZones").reply()["ZoneSet"]
        equal(next(zone["ZoneName"] for zone in zones if zone["Zone"] == "ap-guangzhou-3"), "广州三区")
        door.secret_key = "wrong"
        equal(told(door.call("DescribeZones")), "请求签名验证失败，请检查您的签名计算是否正确。")


@check
def the_envelope_before_2017_speaks_chinese_too():
    answer = Door(version="", extra={"Language": "zh-CN"}).call("DescribeZones").json()
    equal(answer["code"], 6100)
    equal(answer["message"], "此处不支持 2017 年以前的 API 版本，请传入 `Version=2017-03-12`。")
