"""Fixtures of all folders, and the lines from which xtask learns how each check ended.

`cargo xtask clients FOLDER -k NAME` starts a server and runs `python -m pytest FOLDER -k NAME` here.
"""

from pathlib import Path

import pytest

from support.fleet import Fleet, account_of_ones_own
from support.surroundings import ENDPOINT


@pytest.fixture(scope="session", autouse=True)
def server():
    """Where the server is that xtask has started."""
    if not ENDPOINT:
        pytest.exit("no CVMD_ENDPOINT: `cargo xtask clients FOLDER -k NAME` starts a server and says where it is", returncode=4)
    return ENDPOINT


@pytest.fixture
def account():
    """An account that no other check uses, so that counts and lists hold only what this check made."""
    with account_of_ones_own() as account:
        yield account


@pytest.fixture(scope="module")
def shared_account():
    """An account for the resources that all checks of a file read and none changes."""
    with account_of_ones_own() as account:
        yield account


@pytest.fixture
def fleet(account):
    return Fleet(account)


@pytest.fixture
def cloud(account):
    """The vendor's Python SDK."""
    from support.cloud import Cloud

    return Cloud(account)


@pytest.fixture(scope="module")
def shared_cloud(shared_account):
    from support.cloud import Cloud

    return Cloud(shared_account)


def pytest_addoption(parser):
    parser.addoption("--outcomes", metavar="FILE", help="write a line for each check that ended")


def pytest_configure(config):
    path = config.getoption("outcomes")
    if path:
        config.pluginmanager.register(Outcomes(Path(path)))


class Outcomes:
    """`passed NAME`, `failed NAME: why` and `skipped NAME: why`, after `collected COUNT`: a run that breaks off is seen."""

    def __init__(self, path):
        self.path = path
        path.write_text("")

    def pytest_collection_finish(self, session):
        self._report(f"collected {len(session.items)}")

    def pytest_collectreport(self, report):
        if not report.passed:
            self._report(f"{report.outcome} {report.nodeid}: {_why(report)}")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            # A check fails when its body fails, and when its cleanup fails.
            phase = "" if report.when == "call" else f" ({report.when})"
            self._report(f"failed {report.nodeid}{phase}: {_why(report)}")
        elif report.skipped:
            self._report(f"skipped {report.nodeid}: {_why(report)}")
        elif report.when == "call":
            self._report(f"passed {report.nodeid}")

    def _report(self, line):
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{' '.join(line.split())}\n")


def _why(report):
    if report.skipped:
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash.message if crash else str(report.longrepr)
