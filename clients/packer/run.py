"""Packer: what its plugin asks, in the plugin's order, and Packer itself where it is installed."""

import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CLIENTS), str(CLIENTS / "python-sdk")]

import story  # noqa: E402

try:
    import tencentcloud  # noqa: F401
except ImportError:
    print("skipped packer: tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")
    sys.exit(0)

# The order in which they are imported is the order of the checks.
import order  # noqa: E402,F401
import build  # noqa: E402,F401

story.tell()
