"""The legacy door `/v2/index.php`, by a signer of our own: the page's example, its codes, replays, junk."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import story  # noqa: E402

# The order in which they are imported is the order of the checks.
import example  # noqa: E402,F401
import codes  # noqa: E402,F401
import languages  # noqa: E402,F401
import authenticity  # noqa: E402,F401
import junk  # noqa: E402,F401

story.tell()
