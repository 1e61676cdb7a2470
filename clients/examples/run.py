"""The vendor's own examples of every action that cvmd has, sent one by one through the vendor's SDK.

The examples come with tccli. Each is sent as it is written, and again with the ids of resources that exist here; the
answer must have the documented shape, or be a refusal that the vendor lists for the action. The actions are read from
docs/api.md, so that a new one is covered without a line here.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import story  # noqa: E402

try:
    import tccli  # noqa: F401
    import tencentcloud  # noqa: F401
except ImportError:
    print("skipped examples: tccli and tencentcloud-sdk-python are not installed; `cargo xtask setup` brings them")
    sys.exit(0)

import documents  # noqa: E402
import trial  # noqa: E402


def add(name, trial_of, *given):
    def check():
        trial_of(*given)

    check.__name__ = name
    story.check(check)


for product in documents.products():
    for action in product.built:
        add(f"{product.name} {action}", trial.of, product, action)
    add(f"{product.name} filters that are documented", trial.filters, product)
    add(f"{product.name} actions that are not built", trial.not_built, product)

story.tell()
