"""The vendor's Python SDK with the vendor's own hosts: cvmd is its proxy, over http and, by CONNECT, over https.

Also what SDKs can send and no action takes: bodies in parts. And the certificates, as strictly as Python can look at them.
"""

import json
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.accounts import FIRST
from support.environment import certifi_copied_to
from support.fleet import Fleet
from support.login import Machine, admits_nobody_by_password, new_key, public_half, with_key, with_password
from support.surroundings import BINARY, DATA, ENDPOINT, REGION, SECRET_ID, SECRET_KEY, ZONE
from support.waiting import wait_until

pytest.importorskip("tencentcloud", reason="tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")

from tencentcloud.common import credential  # noqa: E402
from tencentcloud.common.common_client import CommonClient  # noqa: E402
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException  # noqa: E402
from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: E402
from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: E402

CA = os.path.join(DATA, "ca.pem")
PASSWORD = "Through1the+proxy"
ADDRESS = urlsplit(ENDPOINT)


@pytest.fixture(scope="module", autouse=True)
def proxies_in_the_environment():
    """The environment of every client in this process; nothing else points a client at cvmd."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
            patch.setenv(name, f"http://{ADDRESS.netloc}")
        for name in ("no_proxy", "NO_PROXY"):
            patch.delenv(name, raising=False)
        yield


class Proxied:
    """One account's calls through the proxy, over http or https."""

    def __init__(self, account):
        self.account = account

    def client(self, protocol, token=None, certification=CA):
        http = HttpProfile(protocol=protocol, certification=certification)
        who = credential.Credential(self.account.secret_id, self.account.secret_key, token)
        return CommonClient("cvm", "2017-03-12", who, REGION, ClientProfile(httpProfile=http, language="en-US"))

    def call(self, protocol, action, options=None, **parameters):
        return self.client(protocol).call_json(action, parameters, options=options)["Response"]

    def settled(self, protocol, instance_id):
        instance = lambda: self.call(protocol, "DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]
        wait_until("the operation ended", lambda: instance()["LatestOperationState"] != "OPERATING")
        found = instance()
        assert (found["InstanceState"], found["LatestOperationState"]) == ("RUNNING", "SUCCESS")
        return Machine.of(found)


@pytest.fixture
def proxied(account):
    return Proxied(account)


def refuses(code, client, action, **parameters):
    with pytest.raises(TencentCloudSDKException) as refused:
        client.call_json(action, parameters)
    assert refused.value.get_code() == code, str(refused.value)
    return str(refused.value)


def tunnel(target):
    """The status line of a CONNECT's answer, the rest of the answer, and the connection."""
    stream = socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=30)
    stream.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.recv(1)
        assert byte, head
        head += byte
    status, _, fields = head.decode().partition("\r\n")
    length = next((int(line.split(":")[1]) for line in fields.lower().split("\r\n") if line.startswith("content-length:")), 0)
    body = b""
    while len(body) < length:
        body += stream.recv(length - len(body))
    return status, body.decode(), stream


def strictly():
    context = ssl.create_default_context(cafile=CA)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("host", ["cvm.tencentcloudapi.com", "cvm.ap-guangzhou.tencentcloudapi.com", "cvm.api.qcloud.com"])
def test_certificates_stand_a_strict_look_by_openssl(host):
    status, _, stream = tunnel(f"{host}:443")
    assert status == "HTTP/1.1 200 OK"
    with strictly().wrap_socket(stream, server_hostname=host) as inner:
        assert inner.version() in ("TLSv1.2", "TLSv1.3"), inner.version()


@pytest.mark.parametrize("name", ["localhost", ADDRESS.hostname])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_port_itself_shows_a_certificate_that_stands_a_strict_look(version, name):
    context = strictly()
    context.maximum_version = version
    stream = socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=30)
    with context.wrap_socket(stream, server_hostname=name) as inner:
        inner.sendall(b"GET /_cvmd/health HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert inner.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("target", ["example.com:443", "tencentcloudapi.com.example.com:443", "203.0.113.7:443"])
def test_cvmd_is_no_open_proxy(target):
    status, words, stream = tunnel(target)
    stream.close()
    assert status == "HTTP/1.1 403 Forbidden"
    assert words.startswith("cvmd is no open proxy") and words.count("\n") == 1, words


def test_over_http_a_key_is_imported_and_enters(proxied):
    key = new_key("proxied")
    key_id = proxied.call("http", "ImportKeyPair", KeyName="proxied", ProjectId=0, PublicKey=public_half(key))["KeyId"]
    images = proxied.call("http", "DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    parameters = {"Placement": {"Zone": ZONE}, "ImageId": image, "LoginSettings": {"KeyIds": [key_id]}}
    instance = proxied.call("http", "RunInstances", **parameters)["InstanceIdSet"][0]
    with_key(proxied.settled("http", instance), key).entered()


def test_over_https_the_key_comes_off_and_nobody_enters(proxied, fleet):
    bound = fleet.with_key()
    action = "DisassociateInstancesKeyPairs"
    refuses("UnsupportedOperation.InstanceStateRunning", proxied.client("https"), action, **bound.batch)
    with_key(bound.machine, bound.key).entered()
    proxied.call("https", action, ForceStop=True, **bound.batch)
    machine = proxied.settled("https", bound.id)
    with_key(machine, bound.key).was_refused()
    admits_nobody_by_password(machine)


def test_over_https_a_password_is_set_and_enters(proxied, fleet):
    bound = fleet.with_key()
    fleet.unbind(bound)
    proxied.call("https", "ResetInstancesPassword", InstanceIds=[bound.id], Password=PASSWORD, ForceStop=True)
    machine = proxied.settled("https", bound.id)
    with_password(machine, PASSWORD).entered()
    with_key(machine, bound.key).was_refused()


@pytest.mark.parametrize("protocol, action", [("http", "DescribeZones"), ("https", "DescribeZones"), ("http", "DescribeKeyPairs")])
def test_a_body_in_parts_is_refused_as_upstream(proxied, protocol, action):
    # In the words that the vendor's own test of this SDK looks for; none of these actions takes a file.
    with pytest.raises(TencentCloudSDKException) as refused:
        proxied.call(protocol, action, {"IsMultipart": True})
    message = refused.value.get_message()
    assert "this action not support Content-Type=`multipart/form-data`" in message, message
    proxied.call(protocol, action)


def test_temporary_credentials_are_not_known(proxied):
    message = refuses("AuthFailure.TokenFailure", proxied.client("https", token="some-token"), "DescribeRegions")
    assert "X-TC-Token" in message, message


def test_an_authority_that_is_not_trusted_is_not_believed(proxied):
    refuses("ClientNetworkError", proxied.client("https", certification=None), "DescribeRegions")


def without_proxies():
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@pytest.fixture
def one_instance():
    """In the account that `cvmd env` speaks for, which has no other."""
    first = Fleet(FIRST)
    instance = first.run(None)
    yield instance
    first.terminate(instance)


def printed_for_python(environment):
    words = [BINARY, "env", "--for", "python", "--data", DATA]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_program_that_env_prints_runs(one_instance):
    program = printed_for_python(without_proxies())
    done = subprocess.run(
        [sys.executable, "-B", "-"], env=without_proxies(), input=program, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["TotalCount"], found["InstanceSet"][0]["InstanceId"]) == (1, one_instance)


def test_a_program_that_knows_nothing_of_cvmd_is_led_over_https_by_the_lines_that_env_prints(one_instance, tmp_path):
    """Host and protocol are the SDK's own; certifi is a copy, like the one of a virtual environment."""
    ours = without_proxies()
    copy = certifi_copied_to(tmp_path)
    # And a computer whose settings exclude the vendor's hosts from the proxy.
    ours |= {"PYTHONPATH": str(copy), "PATH": f"{Path(sys.executable).parent}:{ours['PATH']}", "NO_PROXY": "cvm.tencentcloudapi.com"}
    printed = printed_for_python(ours)
    indented = [line.removeprefix("#   ") for line in printed.splitlines() if line.startswith("#   ")]
    around, proxy, trust = indented[:3]
    assert trust.startswith("cat ") and "certifi" in trust, printed
    program = f"""
from tencentcloud.common import credential
from tencentcloud.cvm.v20170312 import cvm_client, models
client = cvm_client.CvmClient(credential.Credential("{SECRET_ID}", "{SECRET_KEY}"), "{REGION}")
print(client.DescribeInstances(models.DescribeInstancesRequest()).to_json_string())
"""

    def run(*lines):
        return subprocess.run(
            ["sh", "-euc", "\n".join([*lines, "exec python3 -B -"])], env=ours, input=program, capture_output=True, text=True,
            timeout=120, check=False,
        )

    untrusted = run(around, proxy)
    assert untrusted.returncode and "certificate verify failed" in untrusted.stderr.lower(), untrusted.stderr
    done = run(around, proxy, trust)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["TotalCount"], found["InstanceSet"][0]["InstanceId"]) == (1, one_instance)


def test_what_was_made_is_removed(proxied, fleet):
    bound = fleet.with_key()
    proxied.call("https", "TerminateInstances", InstanceIds=[bound.id])
    wait_until("it is gone", lambda: not proxied.call("http", "DescribeInstances", InstanceIds=[bound.id])["InstanceSet"])
    proxied.call("https", "DeleteKeyPairs", KeyIds=[bound.key_id])
    assert proxied.call("http", "DescribeKeyPairs")["TotalCount"] == 0
