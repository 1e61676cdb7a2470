"""The vendor's signatures in Python's standard library, written from the vendor's pages, and a small client.

TC3-HMAC-SHA256, as every SDK signs, and signature v1 (HmacSHA1, HmacSHA256):
https://cloud.tencent.com/document/product/213/30654 (v1): METHOD, host, path, `?` and the parameters sorted by name, joined
by `&`, unencoded; HMAC with the secret key; base64.
"""

import base64
import hashlib
import hmac
import http.client
import json
import random
import time
import urllib.parse
from dataclasses import dataclass, field

from support.accounts import FIRST, Account
from support.surroundings import ENDPOINT, REGION

LEGACY_HOST = "cvm.api.qcloud.com"
LEGACY_PATH = "/v2/index.php"
VERSION = "2017-03-12"
_DIGESTS = {"HmacSHA1": hashlib.sha1, "HmacSHA256": hashlib.sha256}


def signature(method, host, path, parameters, secret_key, algorithm):
    pairs = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name != "Signature")
    text = f"{method}{host}{path}?{pairs}"
    mac = hmac.new(secret_key.encode(), text.encode(), _DIGESTS[algorithm])
    return base64.b64encode(mac.digest()).decode()


def tc3(account, product, host, body, now, content_type="application/json"):
    """The Authorization of a POST to `/` over content type and host, as every SDK signs."""
    date = time.strftime("%Y-%m-%d", time.gmtime(now))
    canonical = "\n".join([
        "POST", "/", "", f"content-type:{content_type}", f"host:{host}", "", "content-type;host", hashlib.sha256(body).hexdigest(),
    ])
    scope = f"{date}/{product}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{account.secret_key}".encode()
    for part in (date, product, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    mac = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={account.secret_id}/{scope}, SignedHeaders=content-type;host, Signature={mac}"


@dataclass
class Answer:
    """What came back, as bytes and as JSON."""

    status: int
    content_type: str
    body: bytes

    def json(self):
        return json.loads(self.body)

    def reply(self):
        """The inside of the envelope of a call that went well."""
        assert self.status == 200, f"HTTP {self.status}: {self.body[:200]!r}"
        response = self.json()["Response"]
        assert "Error" not in response, f"{response['Error']['Code']}: {response['Error']['Message']}"
        return response

    def code(self):
        """The error code of a call that was refused, with the envelope as it has to be."""
        assert self.status == 200, f"HTTP {self.status}: {self.body[:200]!r}"
        assert self.content_type == "application/json", self.content_type
        answer = self.json()
        assert list(answer) == ["Response"], f"envelope {answer!r}"
        assert set(answer["Response"]) == {"Error", "RequestId"}, f"not refused: {answer!r}"
        assert answer["Response"]["Error"]["Message"], "a refusal has a message"
        return answer["Response"]["Error"]["Code"]


@dataclass
class SignedClient:
    """A client of one generation of the API (by host and path), one way of signing, one account."""

    account: Account = FIRST
    endpoint: str = ENDPOINT
    host: str = LEGACY_HOST
    path: str = LEGACY_PATH
    method: str = "GET"
    algorithm: str = "HmacSHA1"
    region: str = REGION
    version: str = VERSION
    extra: dict = field(default_factory=dict)

    def parameters(self, action, **given):
        """Business parameters (lists may be Python lists, counted from 0) with the common ones, unsigned."""
        common = {
            "Action": action,
            "Nonce": random.randrange(1, 2**31),
            "SecretId": self.account.secret_id,
            "SignatureMethod": self.algorithm,
            "Timestamp": int(time.time()),
            "Region": self.region,
            "Version": self.version,
        }
        common = {name: value for name, value in common.items() if value != ""}
        return {name: str(value) for name, value in {**common, **flat(given), **self.extra}.items()}

    def sign(self, parameters):
        signed = dict(parameters)
        signed["Signature"] = signature(self.method, self.host, self.path, parameters, self.account.secret_key, self.algorithm)
        return signed

    def call(self, action, **given):
        return self.send(self.sign(self.parameters(action, **given)))

    def send(self, signed):
        form = urllib.parse.urlencode(signed)
        if self.method == "GET":
            return raw(self.endpoint, "GET", f"{self.path}?{form}", self.host)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return raw(self.endpoint, "POST", self.path, self.host, form.encode(), headers)


def flat(value, name=""):
    """`{"A": [{"B": 1}]}` becomes `{"A.0.B": 1}`."""
    if isinstance(value, dict):
        parts = [flat(inner, f"{name}.{key}" if name else key) for key, inner in value.items()]
    elif isinstance(value, list):
        parts = [flat(inner, f"{name}.{index}") for index, inner in enumerate(value)]
    else:
        return {name: value}
    return {key: inner for part in parts for key, inner in part.items()}


def raw(endpoint, method, target, host, body=None, headers=None):
    """One request with the Host header as given, sent to `endpoint` whatever that header is."""
    address = urllib.parse.urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.headers.get("Content-Type"), response.read())
    finally:
        connection.close()
