"""Logins at a machine with OpenSSH's own `ssh`, by key and by password, and what each outcome means.

Refused means exit status 255 and "Permission denied"; a machine that is off or unreachable also ends with 255, and is
not a refusal. That a machine admits nobody is shown by the methods its sshd offers.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.surroundings import BINARY, WORK, fresh_directory

_OPTIONS = [
    "-F", "none",
    "-o", "StrictHostKeyChecking=no",
    "-o", "UserKnownHostsFile=/dev/null",
    "-o", "GlobalKnownHostsFile=/dev/null",
    "-o", "ConnectTimeout=10",
    "-o", "IdentityAgent=none",
    "-o", "IdentitiesOnly=yes",
    "-o", "LogLevel=ERROR",
]
_LIMIT_S = 60


@dataclass
class Machine:
    """Where a machine's sshd answers and whom it admits, as DescribeInstances shows it."""

    address: str
    port: int
    user: str

    @classmethod
    def of(cls, instance):
        return cls(instance["PrivateIpAddresses"][0], instance["DefaultLoginPort"], instance["DefaultLoginUser"])


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    def entered(self):
        assert self.status == 0, f"did not enter: exit status {self.status}, {self.err.strip()!r}"
        return self.out

    def was_refused(self):
        assert self.status == 255 and "Permission denied" in self.err, (
            f"was not refused: exit status {self.status}, {self.err.strip()!r}"
        )


def with_key(machine, key, command="whoami"):
    """`key` is the file of the private key."""
    return _ssh(
        machine,
        ["-i", str(key), "-o", "BatchMode=yes", "-o", "PreferredAuthentications=publickey"],
        command,
    )


def with_password(machine, password, command="whoami"):
    """The password goes through SSH_ASKPASS, with no terminal: the only way OpenSSH takes one from a program."""
    ask = WORK / "askpass"
    if not ask.exists():
        ask.write_text('#!/bin/sh\nprintf "%s\\n" "$CVMD_ASKED_PASSWORD"\n')
        ask.chmod(0o700)
    environment = {
        **os.environ,
        "CVMD_ASKED_PASSWORD": password,
        "SSH_ASKPASS": str(ask),
        "SSH_ASKPASS_REQUIRE": "force",
        "DISPLAY": ":0",
    }
    options = ["-o", "PreferredAuthentications=password", "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1"]
    return _ssh(machine, options, command, environment)


def by_name(include, name, key, command="whoami"):
    """A plain `ssh NAME`, which knows no more than an include that `cvmd ssh-config` has written."""
    more = ["-i", str(key), "-o", "BatchMode=yes", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=10"]
    return _run(["ssh", "-T", "-F", str(include), *more, name, command])


def include(name, *arguments):
    """What `cvmd ssh-config` prints, in a file. The server's address is an argument; the environment is empty."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("CVMD_")}
    words = [BINARY, "ssh-config", *arguments]
    done = subprocess.run(
        words, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LIMIT_S, check=False
    )
    assert done.returncode == 0, f"cvmd ssh-config: {done.stderr}"
    path = fresh_directory("include") / name
    path.write_text(done.stdout)
    return path


def methods(machine):
    """The methods that the machine's sshd offers to somebody who has shown nothing yet."""
    outcome = _ssh(machine, ["-o", "PreferredAuthentications=none", "-o", "BatchMode=yes"], "true")
    offered = re.search(r"Permission denied \(([a-z0-9,@.-]*)\)", outcome.err)
    assert outcome.status == 255 and offered, f"no methods offered: exit status {outcome.status}, {outcome.err.strip()!r}"
    return set(offered.group(1).split(","))


def nobody_answers(machine, key):
    """There is no sshd, or none that this address leads to any more: that is no refusal."""
    outcome = with_key(machine, key)
    assert outcome.status == 255 and "Permission denied" not in outcome.err, f"somebody answered: {outcome}"


def admits_nobody_by_password(machine):
    offered = methods(machine)
    assert not offered & {"password", "keyboard-interactive"}, f"offers {sorted(offered)}"


def _ssh(machine, options, command, environment=None):
    return _run(["ssh", "-T", *_OPTIONS, *options, "-p", str(machine.port), f"{machine.user}@{machine.address}", command], environment)


def _run(words, environment=None):
    # In a session of its own there is no terminal, so ssh cannot ask whoever runs the tests.
    done = subprocess.run(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        start_new_session=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def new_key(name, kind="ed25519", bits=None):
    """A private key made by ssh-keygen; its public half stands beside it as `.pub`."""
    path = fresh_directory("key") / name
    size = ["-b", str(bits)] if bits else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", f"{name}@laptop", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


def public_half(key):
    return Path(f"{key}.pub").read_text().strip()


def private_key_file(name, private_key):
    """Writes down a private key that the API answered."""
    path = fresh_directory("key") / name
    path.write_text(private_key)
    path.chmod(0o600)
    return path
