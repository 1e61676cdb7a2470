"""The parameter `Language` of the legacy API, believed or not, and in the envelope of the actions before 2017."""

from dataclasses import replace

from support.accounts import Account

ZONE_3 = ("ap-guangzhou-3", "广州三区")
UNBIND = {"InstanceIds": ["ins-00000000"], "KeyIds": ["skey-00000000"]}
CHINESE = {"Language": "zh-CN"}


def message(answer):
    return answer.json()["Response"]["Error"]["Message"]


def test_without_a_language_messages_are_english(client):
    answer = client.call("DisassociateInstancesKeyPairs", **UNBIND)
    assert message(answer) == "The instance `ins-00000000` does not exist."


def test_in_chinese_the_same_request_is_answered_in_chinese(client):
    chinese = replace(client, extra=CHINESE)
    assert message(chinese.call("DisassociateInstancesKeyPairs", **UNBIND)) == "没有找到相应实例 `ins-00000000`。"
    zones = chinese.call("DescribeZones").reply()["ZoneSet"]
    assert ZONE_3 in [(zone["Zone"], zone["ZoneName"]) for zone in zones]
    forger = replace(chinese, account=Account(client.account.secret_id, "wrong"))
    assert message(forger.call("DescribeZones")) == "请求签名验证失败，请检查您的签名计算是否正确。"


def test_the_envelope_before_2017_speaks_chinese_too(get):
    answer = replace(get, version="", extra=CHINESE).call("DescribeZones").json()
    assert answer["code"] == 6100
    assert answer["message"] == "此处不支持 2017 年以前的 API 版本，请传入 `Version=2017-03-12`。"
