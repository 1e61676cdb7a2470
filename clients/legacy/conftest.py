"""The ways of signing that the legacy API takes, and what the requests of these checks name."""

from dataclasses import dataclass

import pytest

from support.accounts import Account
from support.fleet import Fleet, account_of_ones_own
from support.login import new_key, public_half
from support.signed import SignedClient

WAYS = [(method, algorithm) for method in ("GET", "POST") for algorithm in ("HmacSHA1", "HmacSHA256")]


@dataclass
class Target:
    """A running instance with a key, and a Windows: no check changes them."""

    account: Account
    key_id: str
    instance: str
    windows: str

    @property
    def batch(self):
        return {"InstanceIds": [self.instance], "KeyIds": [self.key_id]}


@pytest.fixture(scope="session")
def target():
    with account_of_ones_own() as account:
        fleet = Fleet(account)
        key_id = fleet.imported("legacy", public_half(new_key("legacy")))
        instance = fleet.start_of(key_id)
        windows = fleet.run(None, image="Windows", LoginSettings={"Password": "Windows9+password"})
        fleet.settled(instance)
        yield Target(account, key_id, instance, windows)


@pytest.fixture(params=WAYS, ids="-".join)
def client(request, target):
    """The legacy API by each way of signing."""
    method, algorithm = request.param
    return SignedClient(target.account, method=method, algorithm=algorithm)


@pytest.fixture
def get(target):
    """The legacy API by one way of signing."""
    return SignedClient(target.account)


@pytest.fixture
def api3(target):
    return SignedClient(target.account, host="cvm.tencentcloudapi.com", path="/")
