"""The whole story, and every refusal, through tencentcloud-sdk-python as the vendor ships it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import story  # noqa: E402

try:
    import tencentcloud  # noqa: F401
except ImportError:
    print("skipped python-sdk: tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")
    sys.exit(0)

# The order in which they are imported is the order of the checks.
import heart  # noqa: E402,F401
import several  # noqa: E402,F401
import refusals  # noqa: E402,F401
import key_pairs  # noqa: E402,F401
import instances  # noqa: E402,F401
import images  # noqa: E402,F401
import rescue  # noqa: E402,F401
import console  # noqa: E402,F401
import prepaid  # noqa: E402,F401
import resize  # noqa: E402,F401
import templates  # noqa: E402,F401
import groups  # noqa: E402,F401
import tags  # noqa: E402,F401
import disks  # noqa: E402,F401
import catalogue  # noqa: E402,F401
import accounts  # noqa: E402,F401
import signatures  # noqa: E402,F401
import languages  # noqa: E402,F401
import integration  # noqa: E402,F401

story.tell()
