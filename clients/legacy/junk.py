"""Junk at both doors: never a 5xx, never a hang, never half a change; always HTTP 200, the envelope, and what to mend."""

import hashlib
import hmac
import json
import socket
import time
from urllib.parse import urlsplit

from codes import DOORS, UNBIND, It
from signed import LEGACY_HOST, Door, raw
from story import ENDPOINT, REGION, SECRET_ID, SECRET_KEY, check, equal

THREE = "cvm.tencentcloudapi.com"


def tc3(body, action="DescribeZones", version="2017-03-12", **headers):
    """One API 3.0 call with any body at all, signed rightly."""
    now = int(time.time())
    date = time.strftime("%Y-%m-%d", time.gmtime(now))
    content = "application/json"
    hashed = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:{content}\nhost:{THREE}\n\ncontent-type;host\n{hashed}"
    scope = f"{date}/cvm/tc3_request"
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{SECRET_KEY}".encode()
    for part in (date, "cvm", "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    authorization = f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
    given = {
        "Authorization": authorization,
        "Content-Type": content,
        "X-TC-Action": action,
        "X-TC-Version": version,
        "X-TC-Timestamp": str(now),
        "X-TC-Region": REGION,
        **headers,
    }
    return raw(ENDPOINT, "POST", "/", THREE, body, {name: value for name, value in given.items() if value is not None})


def is_an_envelope(answer):
    assert answer.code(), answer.body
    return answer.code()


@check
def an_unknown_action_is_told():
    for door in DOORS:
        equal(door.call("NoSuchAction").code(), "InvalidAction.NotFound")
    equal(tc3(b"{}", "NoSuchAction").code(), "InvalidAction")


@check
def an_unknown_parameter_is_told_by_name():
    for door in DOORS:
        answer = door.call("DescribeZones", Colour="blue")
        equal(answer.code(), "UnknownParameter")
        assert "Colour" in answer.json()["Response"]["Error"]["Message"]
    equal(tc3(b'{"Colour":"blue"}').code(), "UnknownParameter")


@check
def a_wrong_type_is_told():
    for body in ({"InstanceIds": "ins-00000000"}, {"InstanceIds": [1]}, {"InstanceIds": {"a": 1}}, {"Limit": "many"}):
        equal(tc3(json.dumps(body).encode(), "DescribeInstances").code(), "InvalidParameter", str(body))


@check
def broken_bodies_are_told():
    deep = b'{"Filters":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for body in (b"{", b"[]", b"[null]", b'"text"', b"\xff\xfe", b"{}{}", b'{"a":1,', b"{" + b" " * 1000, deep):
        is_an_envelope(tc3(body, "DescribeInstances"))


@check
def a_body_that_is_too_large_is_told():
    large = b'{"UserData":"' + b"a" * (10 * 1024 * 1024) + b'"}'
    is_an_envelope(tc3(large, "RunInstances"))
    is_an_envelope(Door(method="POST").call("DescribeZones", Colour="b" * (1024 * 1024)))
    is_an_envelope(Door(method="GET").call("DescribeZones", Colour="b" * (33 * 1024)))


@check
def broken_headers_are_told():
    bare = "TC3-HMAC-SHA256 Credential=a, SignedHeaders=, Signature="
    for authorization in (None, "", "Basic abc", "TC3-HMAC-SHA256", bare):
        is_an_envelope(tc3(b"{}", Authorization=authorization))
    for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "Content-Type"):
        is_an_envelope(tc3(b"{}", **{name: None}))
    is_an_envelope(tc3(b"{}", **{"X-TC-Timestamp": "soon"}))
    is_an_envelope(tc3(b"{}", **{"Content-Type": "text/plain"}))
    equal(tc3(b"{}", version="2016-01-01").code(), "NoSuchVersion")
    equal(tc3(b"{}", **{"X-TC-Region": None}).code(), "MissingParameter")


@check
def wrong_methods_and_paths_get_an_answer_below_500():
    for method, path in [("PUT", "/"), ("DELETE", "/v2/index.php"), ("PATCH", "/"), ("GET", "/nowhere"), ("POST", "/v2")]:
        answer = raw(ENDPOINT, method, path, THREE, b"" if method == "POST" else None)
        assert answer.status < 500, f"{method} {path}: {answer.status}"
    legacy = ["/v2/index.php", "/v2/index.php?", "/v2/index.php?a", "/v2/index.php?=&=&%zz=%"]
    for target in legacy:
        # No Version: it belongs to the action set before 2017, and gets that set's numeric envelope.
        equal(raw(ENDPOINT, "GET", target, LEGACY_HOST).json()["code"], 6100, target)
    for target in (*(f"{target}&Version=2017-03-12" for target in legacy[1:]), "/?Action=DescribeZones", "/"):
        is_an_envelope(raw(ENDPOINT, "GET", target, THREE))


@check
def parameters_of_odd_shapes_are_told():
    for given in (
        {"InstanceIds": It.instance, "KeyIds.0": It.key_id},
        {"InstanceIds.x": It.instance, "KeyIds.0": It.key_id},
        {"InstanceIds.0.Id": It.instance, "KeyIds.0": It.key_id},
        {"InstanceIds.-1": It.instance, "KeyIds.0": It.key_id},
        {"InstanceIds.99999999999999999999": It.instance, "KeyIds.0": It.key_id},
        {"InstanceIds..0": It.instance, "KeyIds.0": It.key_id},
        {"InstanceIds.0": It.instance + "\x00", "KeyIds.0": It.key_id},
        {"InstanceIds.0": "ins-不不不不不不不不", "KeyIds.0": It.key_id},
    ):
        for door in DOORS:
            is_an_envelope(door.call(UNBIND, **given))


@check
def half_sent_requests_do_not_stop_the_others():
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
    DOORS[0].call("DescribeZones").reply()
    for one in sockets:
        one.close()
    DOORS[0].call("DescribeZones").reply()


@check
def after_all_this_nothing_has_changed():
    instance = DOORS[0].call("DescribeInstances", InstanceIds=[It.instance]).reply()["InstanceSet"][0]
    equal((instance["InstanceState"], instance["LoginSettings"]["KeyIds"]), ("RUNNING", [It.key_id]))
