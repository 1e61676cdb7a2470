"""The server under test and its credentials, from the environment that xtask sets; a directory for a check's files."""

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

# Keys and scripts of this run; removed at its end.
WORK = Path(tempfile.mkdtemp(prefix="cvmd-client-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)


def fresh_directory(name):
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=WORK))
