"""Checks in order, one printed line each, and waiting for a condition with a limit.

A client's `run.py` names its checks with `@check`, then calls `tell()`. xtask counts the lines `ok NAME`,
`FAILED NAME: why` and `skipped NAME: why`.
"""

import atexit
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

ENDPOINT = os.environ.get("CVMD_ENDPOINT", "")
SECRET_ID = os.environ.get("CVMD_SECRET_ID", "")
SECRET_KEY = os.environ.get("CVMD_SECRET_KEY", "")
REGION = "ap-guangzhou"
ZONE = "ap-guangzhou-3"

# Of this run alone; keys and scripts lie here.
WORK = Path(tempfile.mkdtemp(prefix="cvmd-client-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)

_checks = []


class Skipped(Exception):
    """A check that cannot run here; its text says why."""


def check(function):
    """The function's name is the statement that it shows."""
    _checks.append(function)
    return function


def tell():
    """Runs all checks in the order they were named, and exits 1 when one failed.

    A check that needs what a failed one should have left fails as well: the first FAILED line is the one to read.
    """
    failed = 0
    for function in _checks:
        name = function.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            function()
            print(f"ok {name} ({time.monotonic() - began:.1f} s)")
        except Skipped as why:
            print(f"skipped {name}: {why}")
        except Exception as why:  # every defect of a check is a failure of that check
            failed += 1
            # The line of the check itself, not of what it called: there a reader sees what was tried.
            frames = traceback.extract_tb(why.__traceback__)
            frame = next((f for f in frames if f.name == function.__name__), frames[-1])
            text = " ".join(str(why).split())
            print(f"FAILED {name}: {type(why).__name__}: {text} ({Path(frame.filename).name}:{frame.lineno})")
    sys.exit(1 if failed else 0)


def wait_until(what, ask, limit_s=30.0):
    """Asks until the answer is true, and gives it back; says `what` was waited for when the limit is over."""
    ends = time.monotonic() + limit_s
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < ends, f"waited {limit_s:.0f} s in vain until {what}"
        time.sleep(0.05)


def equal(found, wanted, what=""):
    assert found == wanted, f"{what or 'value'}: wanted {wanted!r}, found {found!r}"
