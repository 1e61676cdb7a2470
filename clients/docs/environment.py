"""A computer of one's own for what is typed: a home, a loopback and processes that nobody else sees, and a cvmd on it.

`enter()` starts pytest again in namespaces of its own. There the lines work as they stand: the API's port 8312 and the
machines' port 22 are free, and OpenSSH, which asks the system where a home is and not $HOME, finds the fresh one. Whatever is
left running ends with pytest.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import surroundings
from support.program import ended, is_healthy
from support.surroundings import WORK
from support.waiting import wait_until

BINARY = Path(shutil.which(surroundings.BINARY) or surroundings.BINARY).resolve()
PROGRAMS = Path(sys.executable).parent
ENDPOINT = "http://127.0.0.1:8312"
INSTANCE, KEY = "ins-1e4r6y8i", "skey-4e5ty7i8"
# What `cargo xtask setup` brings where root runs it.
_SPARED = ("ansible", "curl", "nc", "openssl", "sqlite3")
_INSIDE = "CVMD_DOCS_INSIDE"
_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40


# Why this is not such a computer, if it is none.
_why_not = []


def enter():
    """Gives the status of the pytest that ran in the namespaces; None in there, and where there can be none."""
    if os.environ.pop(_INSIDE, None):
        _settle()
        return None
    # Killed with us, whoever ends us.
    words = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        # As our own user: OpenSSH as root needs what a namespace does not give.
        words += ["--user", "--map-current-user", "--keep-caps"]
    tried = subprocess.run([*words, "true"], capture_output=True, text=True, check=False) if shutil.which("setpriv") else None
    if not (PROGRAMS / "tccli").exists():
        _why_not.append("no tccli beside this Python; `cargo xtask setup` brings it")
    elif tried is None or tried.returncode != 0:
        _why_not.append(f"no namespaces for whoever runs this: {tried.stderr.strip() if tried else 'no util-linux here'}")
    else:
        return subprocess.run([*words, *sys.orig_argv], env={**os.environ, _INSIDE: "yes"}, check=False).returncode
    return None


def skip_elsewhere():
    """Called at the top of a file whose checks need this environment."""
    if _why_not:
        pytest.skip(f"the pages' lines: {_why_not[0]}", allow_module_level=True)


def _settle():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP | _IFF_RUNNING))
    # The same users, all with the home directory that we chose.
    users = WORK / "passwd"
    lines = [line.split(":") for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines()]
    ours = (str(os.getuid()), "0")
    users.write_text("".join(
        ":".join([*line[:5], str(home()), *line[6:]] if line[2:3] and line[2] in ours else line) + "\n" for line in lines
    ), encoding="utf-8")
    subprocess.run(["mount", "--bind", str(users), "/etc/passwd"], check=True)


def home():
    return WORK / "home"


def fresh_home():
    """A home as a newcomer has it: a key, and nothing else."""
    shutil.rmtree(home(), ignore_errors=True)
    (home() / ".ssh").mkdir(parents=True, mode=0o700)
    key = home() / ".ssh/id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "laptop", "-f", str(key)], check=True)
    return home()


def seed():
    """The machine that the pages speak of, with the newcomer's key."""
    public_key = (home() / ".ssh/id_ed25519.pub").read_text(encoding="utf-8").strip()
    path = WORK / "seed.json"
    path.write_text(json.dumps({
        "KeyPairs": [{"KeyId": KEY, "KeyName": "seeded", "PublicKey": public_key}],
        "Instances": [{"InstanceId": INSTANCE, "LoginSettings": {"KeyIds": [KEY]}}],
    }), encoding="utf-8")
    return path


def environment(*, with_cvmd=True):
    """The variables of a terminal just opened. `cargo` is a stand-in: to build cvmd gives the cvmd under test."""
    programs = WORK / ("programs" if with_cvmd else "programs-before")
    if not programs.exists():
        programs.mkdir()
        cargo = programs / "cargo"
        cargo.write_text(f"#!/bin/sh\n{_CARGO.format(binary=BINARY)}", encoding="utf-8")
        cargo.chmod(0o755)
        for name in ("tccli", "ansible", "python"):
            if (PROGRAMS / name).exists():
                (programs / name).symlink_to(PROGRAMS / name)
        if with_cvmd:
            (programs / "cvmd").symlink_to(BINARY)
    return {
        "HOME": str(home()), "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb",
        "ANSIBLE_NOCOLOR": "1",
    }


_CARGO = """case "$*" in
"build --release") mkdir -p target/release && ln -sf '{binary}' target/release/cvmd ;;
*) echo "cargo $*: not played here" >&2; exit 1 ;;
esac
"""


class Served:
    """`cvmd serve` with the seed, where the pages expect it."""

    def __init__(self, *arguments):
        self.arguments = arguments or ("--seed", str(seed()))

    def __enter__(self):
        self.log = (home() / "server.log").open("ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", *self.arguments], env=environment(), cwd=home(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        try:
            wait_until("cvmd is healthy", lambda: self.process.poll() is not None or is_healthy(ENDPOINT))
            assert self.process.poll() is None, f"cvmd serve ended: {self.log_tail()}"
        except AssertionError:
            self.__exit__()
            raise
        return self

    def log_tail(self):
        return self.log_text()[-2000:]

    def log_text(self):
        return (home() / "server.log").read_text(encoding="utf-8", errors="replace")

    def __exit__(self, *_):
        try:
            ended(self.process)
        finally:
            self.log.close()


def skip_without_programs(text):
    path = environment()["PATH"]
    for program in _SPARED:
        if re.search(rf"(?:^|[\s|'=]){program} ", text) and not shutil.which(program, path=path):
            pytest.skip(f"no {program} here; `cargo xtask setup` as root brings it")


def typed(text, *, where=None, stdin="", limit_s=120):
    """Runs lines in bash as a script that ends at the first failure, and gives what they printed.

    `stdin` is what the running command reads.
    """
    skip_without_programs(text)
    script = f"trap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n{text}\n"
    began = time.monotonic()
    # In a session of its own there is no terminal, so that nothing can ask whoever runs the tests.
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script], env=environment(), cwd=where or home(), input=stdin, capture_output=True,
        text=True, timeout=limit_s, start_new_session=True, check=False,
    )
    took = time.monotonic() - began
    assert done.returncode == 0, f"status {done.returncode} after {took:.1f} s: {done.stderr.strip()[-600:]} | {done.stdout.strip()[-300:]}"
    return done.stdout
