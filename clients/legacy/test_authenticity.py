"""Who may speak to the legacy API: signatures, clocks, replays, versions."""

import time
from dataclasses import replace

import pytest

from support.accounts import Account

UNBIND = "DisassociateInstancesKeyPairs"


def test_a_forged_signature_is_refused(client, target):
    signed = client.sign(client.parameters("DescribeZones"))
    signed["Nonce"] = str(int(signed["Nonce"]) + 1)
    assert client.send(signed).code() == "InvalidParameter.SignatureFailure"
    forger = replace(client, account=Account(target.account.secret_id, "not the key"))
    assert forger.call("DescribeZones").code() == "InvalidParameter.SignatureFailure"


@pytest.mark.parametrize("name", ["Signature", "SecretId", "Timestamp", "Nonce"])
def test_an_absent_signature_is_missing(client, name):
    signed = client.sign(client.parameters("DescribeZones"))
    del signed[name]
    assert client.send(signed).code() in ("MissingParameter", "InvalidParameter.SignatureFailure")


def test_an_unknown_secret_id_is_refused(client, target):
    nobody = replace(client, account=Account("AKIDnobody", target.account.secret_key))
    assert nobody.call("DescribeZones").code() == "InvalidParameter.SecretIdNotFound"


def at(client, timestamp):
    return client.send(client.sign({**client.parameters("DescribeZones"), "Timestamp": str(timestamp)}))


def test_a_skewed_clock_is_refused(client):
    now = int(time.time())
    for skew in (-400, 400, -10**9):
        assert at(client, now + skew).code() == "InvalidRequest.ReplayAttack", skew
    for skew in (-200, 200):
        at(client, now + skew).reply()
    assert at(client, "yesterday").code()


def test_the_same_signed_request_twice_is_a_replay(client, target):
    query = client.sign(client.parameters("DescribeZones"))
    client.send(query).reply()
    assert client.send(query).code() == "InvalidRequest.ReplayAttack"
    # It is a command, and was carried out the first time.
    name = {"InstanceIds": [target.windows], "InstanceName": f"once-{client.method}-{client.algorithm}"}
    command = client.sign(client.parameters("ModifyInstancesAttribute", **name))
    client.send(command).reply()
    found = client.call("DescribeInstances", InstanceIds=[target.windows]).reply()["InstanceSet"][0]
    assert found["InstanceName"] == name["InstanceName"]
    assert client.send(command).code() == "InvalidRequest.ReplayAttack"


def test_api_3_does_not_count_nonces(api3):
    # Some of its clients draw them from 0..65535, so the same one comes again.
    query = api3.sign(api3.parameters("DescribeZones"))
    api3.send(query).reply()
    api3.send(query).reply()


@pytest.mark.parametrize("nonce", ["0", "65535", "4294967296", str(2**63 - 1)])
def test_nonces_of_every_width_are_taken(client, nonce):
    client.send(client.sign({**client.parameters("DescribeZones"), "Nonce": nonce})).reply()


def test_without_a_version_the_old_action_set_answers(client, target):
    parameters = client.parameters(UNBIND, **{"InstanceIds.1": target.instance, "KeyIds.1": target.key_id})
    del parameters["Version"]
    answer = client.send(client.sign(parameters))
    assert (answer.status, answer.content_type) == (200, "application/json")
    old = answer.json()
    assert old["code"] == 6100
    assert "Version=2017-03-12" in old["message"], old
    assert old["codeDesc"], old
    assert "Response" not in old, old


def test_a_wrong_version_is_an_invalid_value_here_and_no_such_version_on_api_3(client, api3):
    assert replace(client, version="2016-01-01").call("DescribeZones").code() == "InvalidParameterValue"
    assert replace(api3, version="2016-01-01").call("DescribeZones").code() == "NoSuchVersion"


@pytest.mark.parametrize("name", ["", "HmacSHA512"])
def test_the_signature_method_is_sha256_only_when_it_says_so(get, name):
    assert get.algorithm == "HmacSHA1"
    get.send(get.sign({**get.parameters("DescribeZones"), "SignatureMethod": name})).reply()
