"""The vpc product beside cvm, both of one account."""

import pytest


@pytest.fixture
def network(cloud):
    return cloud.of("vpc")
