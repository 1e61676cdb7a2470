"""The console over WebSocket at the address that the SDK returns: the way in when SSH admits nobody."""

import base64
import os
import socket
from urllib.parse import urlsplit

import pytest

from support.login import methods, new_key, public_half, with_key

PASSWORD = "Console9horse+"


class Console:
    """As much of a WebSocket as a terminal needs."""

    def __init__(self, url):
        place = urlsplit(url)
        self.stream = socket.create_connection((place.hostname, place.port), timeout=20)
        lines = [
            f"GET {place.path}?{place.query} HTTP/1.1",
            f"Host: {place.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        self.stream.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        self.status = int(head.split()[1])
        self.screen = ""

    def types(self, line):
        text, mask = f"{line}\r".encode(), os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
        length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
        self.stream.sendall(b"\x81" + length + mask + masked)

    def until(self, text):
        """What the screen shows up to this text, which is removed from it."""
        while text not in self.screen:
            kind, length = self._read(2)
            assert kind == 0x82, f"the console ended before {text!r}: {self.screen!r}"
            length = int.from_bytes(self._read(2), "big") if length == 126 else length
            self.screen += self._read(length).decode()
        shown, self.screen = self.screen.split(text, 1)
        return shown

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self.stream.recv(count - len(data))
            assert more, "the connection ended"
            data += more
        return data


@pytest.fixture
def instance(cloud):
    """One that has a password, and that nobody enters over SSH."""
    instance = cloud.run("console", password=PASSWORD)
    # Binding a key turns password login off over SSH, and nobody has this key.
    cloud.bind(instance, cloud.imported("console_other", public_half(new_key("console_other"))))
    assert methods(cloud.machine(instance)) == {"publickey"}
    return instance


def url_of(cloud, instance):
    return cloud.call("DescribeInstanceVncUrl", InstanceId=instance)["InstanceVncUrl"]


def test_a_running_instance_has_an_address_for_its_console(cloud, instance):
    assert url_of(cloud, instance).partition("://")[0] in ("ws", "wss")


def test_the_password_enters_there_and_lets_a_key_in(cloud, instance):
    key = new_key("console")
    with_key(cloud.machine(instance), key).was_refused()
    console = Console(url_of(cloud, instance))
    assert console.status == 101
    console.until("login: ")
    console.types("root")
    console.until("Password: ")
    console.types(PASSWORD)
    console.until("# ")
    console.types(f"echo '{public_half(key)}' >> ~/.ssh/authorized_keys")
    console.until("# ")
    assert with_key(cloud.machine(instance), key).entered().strip() == "root"


def test_an_address_serves_once_and_a_stopped_instance_has_none(cloud, instance):
    url = url_of(cloud, instance)
    assert Console(url).status == 101
    assert Console(url).status == 403
    cloud.stop(instance)
    cloud.refuses("UnsupportedOperation.InstanceStateStopped", "DescribeInstanceVncUrl", InstanceId=instance)
