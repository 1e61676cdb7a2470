"""Junk at both APIs: never a 5xx, never a hang, never half a change; always HTTP 200, the envelope, and what to mend."""

import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from support.signed import LEGACY_HOST, SignedClient, raw, tc3
from support.surroundings import ENDPOINT, REGION

UNBIND = "DisassociateInstancesKeyPairs"
API3 = "cvm.tencentcloudapi.com"


def sent(account, body, action="DescribeZones", version="2017-03-12", **headers):
    """One API 3.0 call with any body at all, signed rightly."""
    now = int(time.time())
    given = {
        "Authorization": tc3(account, "cvm", API3, body, now),
        "Content-Type": "application/json",
        "X-TC-Action": action,
        "X-TC-Version": version,
        "X-TC-Timestamp": str(now),
        "X-TC-Region": REGION,
        **headers,
    }
    return raw(ENDPOINT, "POST", "/", API3, body, {name: value for name, value in given.items() if value is not None})


@pytest.fixture
def send(target):
    return lambda *given, **headers: sent(target.account, *given, **headers)


@pytest.fixture(autouse=True)
def nothing_changes(target):
    """Whatever was sent, the instance is as it was."""
    yield
    assert state_of(target) == ("RUNNING", [target.key_id])


def state_of(target):
    found = SignedClient(target.account).call("DescribeInstances", InstanceIds=[target.instance]).reply()["InstanceSet"][0]
    return found["InstanceState"], found["LoginSettings"]["KeyIds"]


def is_an_envelope(answer):
    assert answer.code(), answer.body
    return answer.code()


def test_an_unknown_action_is_refused(client, send):
    assert client.call("NoSuchAction").code() == "InvalidAction.NotFound"
    assert send(b"{}", "NoSuchAction").code() == "InvalidAction"


def test_an_unknown_parameter_is_refused_by_name(client, send):
    answer = client.call("DescribeZones", Colour="blue")
    assert answer.code() == "UnknownParameter"
    assert "Colour" in answer.json()["Response"]["Error"]["Message"]
    assert send(b'{"Colour":"blue"}').code() == "UnknownParameter"


@pytest.mark.parametrize("body", [{"InstanceIds": "ins-00000000"}, {"InstanceIds": [1]}, {"InstanceIds": {"a": 1}}, {"Limit": "many"}])
def test_a_wrong_type_is_refused(send, body):
    assert send(json.dumps(body).encode(), "DescribeInstances").code() == "InvalidParameter"


DEEP = b'{"Filters":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BROKEN = [b"{", b"[]", b"[null]", b'"text"', b"\xff\xfe", b"{}{}", b'{"a":1,', b"{" + b" " * 1000, DEEP]


@pytest.mark.parametrize("body", BROKEN, ids=[repr(body[:12]) for body in BROKEN])
def test_broken_bodies_are_refused(send, body):
    is_an_envelope(send(body, "DescribeInstances"))


def test_a_body_that_is_too_large_is_refused(target, send):
    large = b'{"UserData":"' + b"a" * (10 * 1024 * 1024) + b'"}'
    is_an_envelope(send(large, "RunInstances"))
    is_an_envelope(SignedClient(target.account, method="POST").call("DescribeZones", Colour="b" * (1024 * 1024)))
    is_an_envelope(SignedClient(target.account, method="GET").call("DescribeZones", Colour="b" * (33 * 1024)))


@pytest.mark.parametrize("headers", [
    {"Authorization": None},
    {"Authorization": ""},
    {"Authorization": "Basic abc"},
    {"Authorization": "TC3-HMAC-SHA256"},
    {"Authorization": "TC3-HMAC-SHA256 Credential=a, SignedHeaders=, Signature="},
    {"X-TC-Action": None},
    {"X-TC-Version": None},
    {"X-TC-Timestamp": None},
    {"Content-Type": None},
    {"X-TC-Timestamp": "soon"},
    {"Content-Type": "text/plain"},
], ids=str)
def test_broken_headers_are_refused(send, headers):
    is_an_envelope(send(b"{}", **headers))


def test_a_wrong_version_and_an_absent_region_have_codes_of_their_own(send):
    assert send(b"{}", version="2016-01-01").code() == "NoSuchVersion"
    assert send(b"{}", **{"X-TC-Region": None}).code() == "MissingParameter"


ELSEWHERE = [("PUT", "/"), ("DELETE", "/v2/index.php"), ("PATCH", "/"), ("GET", "/nowhere"), ("POST", "/v2")]
LEGACY = ["/v2/index.php", "/v2/index.php?", "/v2/index.php?a", "/v2/index.php?=&=&%zz=%"]


@pytest.mark.parametrize("method, path", ELSEWHERE)
def test_wrong_methods_and_paths_get_an_answer_below_500(method, path):
    answer = raw(ENDPOINT, method, path, API3, b"" if method == "POST" else None)
    assert answer.status < 500


@pytest.mark.parametrize("path", LEGACY)
def test_without_a_version_junk_gets_the_numeric_envelope_of_the_action_set_before_2017(path):
    assert raw(ENDPOINT, "GET", path, LEGACY_HOST).json()["code"] == 6100


@pytest.mark.parametrize("path", [*(f"{path}&Version=2017-03-12" for path in LEGACY[1:]), "/?Action=DescribeZones", "/"])
def test_junk_of_a_version_gets_the_envelope(path):
    is_an_envelope(raw(ENDPOINT, "GET", path, API3))


def odd_shapes(target):
    return [
        {"InstanceIds": target.instance, "KeyIds.0": target.key_id},
        {"InstanceIds.x": target.instance, "KeyIds.0": target.key_id},
        {"InstanceIds.0.Id": target.instance, "KeyIds.0": target.key_id},
        {"InstanceIds.-1": target.instance, "KeyIds.0": target.key_id},
        {"InstanceIds.99999999999999999999": target.instance, "KeyIds.0": target.key_id},
        {"InstanceIds..0": target.instance, "KeyIds.0": target.key_id},
        {"InstanceIds.0": target.instance + "\x00", "KeyIds.0": target.key_id},
        {"InstanceIds.0": "ins-不不不不不不不不", "KeyIds.0": target.key_id},
    ]


def test_parameters_of_odd_shapes_are_refused(client, target):
    for given in odd_shapes(target):
        is_an_envelope(client.call(UNBIND, **given))


def test_half_sent_requests_do_not_stop_the_others(get):
    address = urlsplit(ENDPOINT)
    halves = [
        b"",
        b"GET /v2/index",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: " + b"x" * 200_000,
    ]
    sockets = []
    for half in halves * 5:
        one = socket.create_connection((address.hostname, address.port), timeout=10)
        sockets.append(one)
        try:
            one.sendall(half)
        except OSError:
            pass  # the server may hang up on it, and that is an answer
    get.call("DescribeZones").reply()
    for one in sockets:
        one.close()
    get.call("DescribeZones").reply()


def test_after_all_this_nothing_has_changed(client, target, send):
    """Junk that would take the key off, were it half understood."""
    for given in odd_shapes(target):
        is_an_envelope(client.call(UNBIND, **given, ForceStop="TRUE"))
    whole = json.dumps({**target.batch, "ForceStop": True}).encode()
    for body in (whole + b"{}", whole[:-1], b"[" + whole + b"]"):
        is_an_envelope(send(body, UNBIND))
    is_an_envelope(send(whole, UNBIND, Authorization="TC3-HMAC-SHA256"))
    assert state_of(target) == ("RUNNING", [target.key_id])
