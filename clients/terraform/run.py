"""Terraform: the provider's calls replayed, and the real program when it is given."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import story  # noqa: E402

# The order in which they are imported is the order of the checks.
import replay  # noqa: E402,F401
import real  # noqa: E402,F401

story.tell()
