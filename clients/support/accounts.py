"""Accounts beside the first one: what a check makes in an account of its own, no other check sees."""

import itertools
import json
import os
import subprocess
from dataclasses import dataclass

from support.surroundings import BINARY, DATA, SECRET_ID, SECRET_KEY

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """Who signs."""

    secret_id: str
    secret_key: str

    def __repr__(self):
        return f"Account({self.secret_id})"


FIRST = Account(SECRET_ID, SECRET_KEY)


def added(name=None):
    """What `cvmd account add` answers beside the running server."""
    words = [BINARY, "account", "add", name or f"check-{next(_numbers)}", "--data", DATA, "--output", "json"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CVMD_")}
    done = subprocess.run(words, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"cvmd account add: {done.stderr}"
    return json.loads(done.stdout)


def new_account(name=None):
    answer = added(name)
    return Account(answer["SecretId"], answer["SecretKey"])
