"""Enters the computer of its own on which the lines are typed, before any check is collected."""

import os
import shutil

from docs import environment
from support.surroundings import WORK


def pytest_configure():
    status = environment.enter()
    if status is not None:
        # All checks have run in there; this one has nothing to add to what was printed.
        shutil.rmtree(WORK, ignore_errors=True)
        os._exit(status)
