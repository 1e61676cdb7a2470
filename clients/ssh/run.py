"""What a machine is by itself: hand-made keys, power from inside, and a cvmd that restarts or dies beside it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import story  # noqa: E402

# The order in which they are imported is the order of the checks.
import by_hand  # noqa: E402,F401
import restarts  # noqa: E402,F401
import failing  # noqa: E402,F401
import in_clear  # noqa: E402,F401
import by_name  # noqa: E402,F401
import ports  # noqa: E402,F401
import libraries  # noqa: E402,F401

story.tell()
