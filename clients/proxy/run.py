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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from login import Machine, admits_nobody_by_password, new_key, public_half, with_key, with_password  # noqa: E402
from story import ENDPOINT, REGION, SECRET_ID, SECRET_KEY, WORK, ZONE, check, equal, tell, wait_until  # noqa: E402
from ways import BINARY, DATA, certifi_copied_to  # noqa: E402

try:
    from tencentcloud.common import credential
    from tencentcloud.common.common_client import CommonClient
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
except ImportError:
    print("skipped proxy: tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")
    sys.exit(0)

CA = os.path.join(DATA, "ca.pem")
PASSWORD = "Through1the+proxy"
ADDRESS = urlsplit(ENDPOINT)
# What every client of this process goes by; none is told of cvmd in any other way.
for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
    os.environ[name] = f"http://{ADDRESS.netloc}"
for name in ("no_proxy", "NO_PROXY"):
    os.environ.pop(name, None)


class It:
    key = key_id = instance = None


def client(protocol, service="cvm", version="2017-03-12", region=REGION, token=None, certification=CA):
    http = HttpProfile(protocol=protocol, certification=certification)
    who = credential.Credential(SECRET_ID, SECRET_KEY, token)
    return CommonClient(service, version, who, region, ClientProfile(httpProfile=http, language="en-US"))


def call(protocol, action, options=None, **parameters):
    return client(protocol).call_json(action, parameters, options=options)["Response"]


def refuses(code, whom, action, **parameters):
    try:
        told = whom.call_json(action, parameters)
    except TencentCloudSDKException as refused:
        equal(refused.get_code(), code, str(refused))
        return str(refused)
    raise AssertionError(f"{action} was carried out: {told}")


def instance(protocol):
    return call(protocol, "DescribeInstances", InstanceIds=[It.instance])["InstanceSet"][0]


def settled(protocol):
    wait_until("the operation ended", lambda: instance(protocol)["LatestOperationState"] != "OPERATING")
    found = instance(protocol)
    equal((found["InstanceState"], found["LatestOperationState"]), ("RUNNING", "SUCCESS"))
    return Machine.of(found)


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


@check
def certificates_stand_a_strict_look_by_openssl():
    for host in ("cvm.tencentcloudapi.com", "cvm.ap-guangzhou.tencentcloudapi.com", "cvm.api.qcloud.com"):
        status, _, stream = tunnel(f"{host}:443")
        equal(status, "HTTP/1.1 200 OK")
        with strictly().wrap_socket(stream, server_hostname=host) as inner:
            assert inner.version() in ("TLSv1.2", "TLSv1.3"), inner.version()
    older = strictly()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    for context in (strictly(), older):
        for name in ("localhost", ADDRESS.hostname):
            stream = socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=30)
            with context.wrap_socket(stream, server_hostname=name) as inner:
                inner.sendall(b"GET /_cvmd/health HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
                assert inner.recv(100).startswith(b"HTTP/1.1 200"), name


@check
def cvmd_is_no_open_proxy():
    for target in ("example.com:443", "tencentcloudapi.com.example.com:443", "203.0.113.7:443"):
        status, words, stream = tunnel(target)
        stream.close()
        equal(status, "HTTP/1.1 403 Forbidden", target)
        assert words.startswith("cvmd is no open proxy") and words.count("\n") == 1, words


@check
def over_http_a_key_is_imported_and_enters():
    It.key = new_key("proxied")
    It.key_id = call("http", "ImportKeyPair", KeyName="proxied", ProjectId=0, PublicKey=public_half(It.key))["KeyId"]
    images = call("http", "DescribeImages", Limit=100)["ImageSet"]
    image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
    parameters = {"Placement": {"Zone": ZONE}, "ImageId": image, "LoginSettings": {"KeyIds": [It.key_id]}}
    It.instance = call("http", "RunInstances", **parameters)["InstanceIdSet"][0]
    with_key(settled("http"), It.key).entered()


@check
def over_https_the_key_comes_off_and_nobody_enters():
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    refuses("UnsupportedOperation.InstanceStateRunning", client("https"), "DisassociateInstancesKeyPairs", **batch)
    call("https", "DisassociateInstancesKeyPairs", ForceStop=True, **batch)
    machine = settled("https")
    with_key(machine, It.key).was_refused()
    admits_nobody_by_password(machine)


@check
def over_https_a_password_is_set_and_enters():
    call("https", "ResetInstancesPassword", InstanceIds=[It.instance], Password=PASSWORD, ForceStop=True)
    machine = settled("https")
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.key).was_refused()


@check
def a_body_in_parts_is_refused_as_upstream():
    # In the words that the vendor's own test of this SDK looks for; none of these actions takes a file.
    for protocol, action in (("http", "DescribeZones"), ("https", "DescribeZones"), ("http", "DescribeKeyPairs")):
        try:
            raise AssertionError(f"{action} was carried out: {call(protocol, action, {'IsMultipart': True})}")
        except TencentCloudSDKException as refused:
            assert "this action not support Content-Type=`multipart/form-data`" in refused.get_message(), refused
        call(protocol, action)


@check
def temporary_credentials_are_not_known():
    message = refuses("AuthFailure.TokenFailure", client("https", token="some-token"), "DescribeRegions")
    assert "X-TC-Token" in message, message


@check
def an_authority_that_is_not_trusted_is_not_believed():
    refuses("ClientNetworkError", client("https", certification=None), "DescribeRegions")


@check
def the_program_that_env_prints_runs():
    ours = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    words = [BINARY, "env", "--for", "python", "--data", DATA]
    program = subprocess.run(words, env=ours, capture_output=True, text=True, timeout=60, check=True).stdout
    done = subprocess.run(
        [sys.executable, "-B", "-"], env=ours, input=program, capture_output=True, text=True, timeout=120, check=False
    )
    equal(done.returncode, 0, done.stderr)
    equal(json.loads(done.stdout)["TotalCount"], 1)


@check
def a_program_that_knows_nothing_of_cvmd_is_led_over_https_by_the_lines_that_env_prints():
    """Its host and its protocol are the SDK's own; certifi is a copy, as that of a virtual environment would be."""
    ours = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    copy = certifi_copied_to(WORK / "certifi-of-its-own")
    # And a computer that is told to leave the vendor's hosts to no proxy.
    ours |= {"PYTHONPATH": str(copy), "PATH": f"{Path(sys.executable).parent}:{ours['PATH']}", "NO_PROXY": "cvm.tencentcloudapi.com"}
    printed = subprocess.run(
        [BINARY, "env", "--for", "python", "--data", DATA], env=ours, capture_output=True, text=True, timeout=60, check=True
    ).stdout
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
    equal(done.returncode, 0, done.stderr)
    equal(json.loads(done.stdout)["TotalCount"], 1)


@check
def what_was_made_is_removed():
    call("https", "TerminateInstances", InstanceIds=[It.instance])
    wait_until("it is gone", lambda: not call("http", "DescribeInstances", InstanceIds=[It.instance])["InstanceSet"])
    call("https", "DeleteKeyPairs", KeyIds=[It.key_id])
    equal(call("http", "DescribeKeyPairs")["TotalCount"], 0)


tell()
