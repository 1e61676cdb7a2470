"""Where the server under test is and who may speak to it, as xtask tells it; the place where checks run; files of one's own."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

ENDPOINT = os.environ.get("CVMD_ENDPOINT", "")
SECRET_ID = os.environ.get("CVMD_SECRET_ID", "")
SECRET_KEY = os.environ.get("CVMD_SECRET_KEY", "")
DATA = os.environ.get("CVMD_DATA", "")
BINARY = os.environ.get("CVMD_BINARY", "cvmd")
NODE_MODULES = os.environ.get("CVMD_NODE_MODULES", "")
REGION = "ap-guangzhou"
ZONE = "ap-guangzhou-3"

# Of this run alone; keys and scripts lie here.
WORK = Path(tempfile.mkdtemp(prefix="cvmd-client-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)


def fresh_directory(name):
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=WORK))
