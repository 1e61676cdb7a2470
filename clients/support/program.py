"""A cvmd of one's own: for checks that seed it, stop it, kill it and start it again."""

import atexit
import json
import os
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

from support.surroundings import BINARY, SECRET_ID, SECRET_KEY, WORK
from support.waiting import wait_until


def is_healthy(endpoint):
    try:
        with urllib.request.urlopen(f"{endpoint}/_cvmd/health", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def is_complaint(line):
    """Whether a line of the log is a warning, an error or a panic."""
    return any(mark in line for mark in (" WARN ", " ERROR ", '"level":"WARN"', '"level":"ERROR"', "panicked"))


def ended(process):
    """Sends SIGTERM and returns the exit status; the process has half a minute to end."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("cvmd did not end after SIGTERM") from None


class Program:
    """`cvmd serve` on a data directory that outlives the process."""

    def __init__(self, seed=None, settings=None):
        self.home = tempfile.mkdtemp(prefix="own-", dir=WORK)
        self.data = os.path.join(self.home, "data")
        self.log = os.path.join(self.home, "server.log")
        self.arguments = []
        self.settings = settings or {}
        if seed is not None:
            path = os.path.join(self.home, "seed.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(seed, file)
            self.arguments = ["--seed", path]
        self.process = None
        self.endpoint = ""

    def start(self):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CVMD_")}
        environment = {**ours, "CVMD_SECRET_ID": SECRET_ID, "CVMD_SECRET_KEY": SECRET_KEY, **self.settings}
        words = [BINARY, "serve", "--listen", "127.0.0.1:0", "--data", self.data, *self.arguments]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        # A check that fails before it stops its server leaves none behind.
        atexit.register(self.__exit__)
        # A seed loads once, into an empty directory.
        self.arguments = []
        line = self.process.stdout.readline().strip()
        assert line.startswith("listening on http://"), f"cvmd printed {line!r} first; its log: {self.log_tail()}"
        self.endpoint = line.removeprefix("listening on ")
        # A full pipe would stop the server.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        wait_until("cvmd is healthy", self.is_healthy)
        return self

    def is_healthy(self):
        return is_healthy(self.endpoint)

    def stop(self):
        """As an operator does: SIGTERM, and it ends by itself with status 0."""
        assert ended(self.process) == 0, f"cvmd ended with {self.process.returncode}: {self.log_tail()}"

    def kill(self):
        """As a power cut does."""
        self.process.kill()
        self.process.wait(timeout=30)

    def complaints(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return [line for line in log if is_complaint(line)]

    def log_tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-5:])

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
