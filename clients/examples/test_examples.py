"""The vendor's own examples of every action that cvmd has, sent one by one through the vendor's SDK.

The examples come with tccli. Each is sent as it is written, and again with the ids of resources that exist here; the
answer must have the documented shape, or be a refusal that the vendor lists for the action. The actions are read from
docs/api.md, so that a new one is covered without a line here. What became of each example is shown by `-rP`.
"""

import pytest

pytest.importorskip("tencentcloud", reason="tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")

from examples import documents, trial  # noqa: E402

PRODUCTS = documents.products()
BUILT = [pytest.param(product, action, id=f"{product.name}-{action}") for product in PRODUCTS for action in product.built]

of_each_product = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)


@pytest.mark.parametrize("product, action", BUILT)
def test_the_vendors_examples_of_an_action_are_answered_as_documented(product, action):
    trial.of(product, action)


@of_each_product
def test_filters_that_are_documented_are_known(product):
    trial.filters(product)


@of_each_product
def test_actions_that_are_not_built_are_refused_by_their_names(product):
    trial.not_built(product)
