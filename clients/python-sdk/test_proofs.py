"""Proofs: what a machine's own sshd has answered, by cvmd's own service."""

import json
from urllib.parse import urlsplit

import pytest

from support.login import with_key
from support.surroundings import ENDPOINT, REGION
from support.waiting import wait_until

pytest.importorskip("tencentcloud", reason="tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")

from tencentcloud.common.common_client import CommonClient  # noqa: E402
from tencentcloud.common.credential import Credential  # noqa: E402
from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: E402
from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: E402

UNBIND = "DisassociateInstancesKeyPairs"


def proof(cloud, instance_id):
    http = HttpProfile(protocol="http", endpoint=urlsplit(ENDPOINT).netloc)
    who = Credential(cloud.account.secret_id, cloud.account.secret_key)
    client = CommonClient("cvmd", "2026-11-24", who, REGION, ClientProfile(httpProfile=http))
    answer = client.call_json("DescribeLoginProofs", {"InstanceIds": [instance_id]})["Response"]
    assert answer["TotalCount"] == 1, json.dumps(answer)
    return answer["LoginProofSet"][0]


def answers(found):
    return {asked["KeyId"]: (asked["Promised"], asked["Answer"]) for asked in found["Keys"]}


def test_a_launch_and_a_forced_unbind_are_proven(cloud):
    bound = cloud.with_key()
    found = proof(cloud, bound.id)
    assert (found["State"], answers(found)) == ("PROVEN", {bound.key_id: ("ACCEPTED", "ACCEPTED")}), found
    cloud.call(UNBIND, ForceStop=True, **bound.batch)
    bound.settled()
    found = proof(cloud, bound.id)
    assert (found["State"], answers(found)) == ("PROVEN", {bound.key_id: ("REFUSED", "REFUSED")}), found
    with_key(bound.machine, bound.key).was_refused()


def test_a_guest_that_puts_a_key_back_is_found_out(cloud):
    bound = cloud.with_key(guest="restores-keys")
    cloud.call(UNBIND, ForceStop=True, **bound.batch)
    wait_until("the unbind is over", lambda: bound.describe()["LatestOperationState"] == "FAILED")
    assert bound.describe()["LoginSettings"]["KeyIds"] == [bound.key_id]
    assert proof(cloud, bound.id)["State"] == "CONTRADICTED"
    with_key(bound.machine, bound.key).entered()
