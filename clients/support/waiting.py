"""Waiting for a condition, with a limit: the one place where a check sleeps."""

import time


def wait_until(what, ask, limit_s=30.0):
    """Asks until the answer is true, and returns it; names `what` was waited for when the limit is over."""
    ends = time.monotonic() + limit_s
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < ends, f"waited {limit_s:.0f} s in vain until {what}"
        time.sleep(0.05)
