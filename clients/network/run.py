"""Networks of one's own: VPCs, subnets and security groups, and the addresses of the instances in them."""

import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent
# Behind this folder: both have modules of their own.
sys.path[1:1] = [str(CLIENTS), str(CLIENTS / "python-sdk")]

import story  # noqa: E402

try:
    import tencentcloud  # noqa: F401
except ImportError:
    print("skipped network: tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")
    sys.exit(0)

# The order in which they are imported is the order of the checks.
import defaults  # noqa: E402,F401
import security_groups  # noqa: E402,F401
import twins  # noqa: E402,F401

story.tell()
