"""What `cvmd env --for CLIENT` prints, evaluated by a shell as its users do: the environment of an unmodified client."""

import os
import shutil
import subprocess
from pathlib import Path

from support.accounts import FIRST
from support.surroundings import BINARY, DATA, REGION


def environment(client, account=FIRST, **more):
    """The caller's environment without cvmd's own settings and other proxies, and what the printed lines change in it.

    The lines speak for the first account; another one takes its place.
    """
    ours = ("CVMD_", "TENCENTCLOUD_", "http_proxy", "https_proxy", "no_proxy", "all_proxy")
    clean = {name: value for name, value in os.environ.items() if not name.lower().startswith(tuple(n.lower() for n in ours))}
    script = 'lines=$("$1" env --for "$2" --data "$3") && eval "$lines" && env -0'
    done = subprocess.run(
        ["sh", "-euc", script, "sh", BINARY, client, DATA],
        env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), f"cvmd env --for {client}: status {done.returncode}, {done.stderr}"
    found = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    credentials = (found["TENCENTCLOUD_SECRET_ID"], found["TENCENTCLOUD_SECRET_KEY"], found["TENCENTCLOUD_REGION"])
    assert credentials == (FIRST.secret_id, FIRST.secret_key, REGION), f"cvmd env --for {client} says other credentials or another region"
    other = {"TENCENTCLOUD_SECRET_ID": account.secret_id, "TENCENTCLOUD_SECRET_KEY": account.secret_key}
    return {**found, **other, **more}


def certifi_copied_to(directory):
    """The directory to begin PYTHONPATH with, so that what a user adds to certifi's bundle changes no Python that others use."""
    import certifi

    shutil.copytree(Path(certifi.__file__).parent, directory / "certifi")
    return directory
