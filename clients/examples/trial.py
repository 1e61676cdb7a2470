"""One action's examples, sent and judged."""

import json

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from examples import world
from support.surroundings import REGION

# An action of such a name destroys what it is given, so it gets resources that nothing else uses.
ENDS = ("Delete", "Release", "Terminate", "EnterRescueMode")

# An action of such a name only reads, so it can be sent in every way that the SDK knows, with the same outcome.
READS = ("Describe", "Get", "Inquiry", "Inquire")
WAYS = [("POST", None), ("GET", None), ("POST", "HmacSHA1"), ("GET", "HmacSHA256"), ("POST", "HmacSHA256")]


class Refused(Exception):
    """The code and the message of a refusal."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def of(product, action):
    examples, remarks = product.examples(action)
    for remark in remarks:
        print(f"{product.name} {action}: {remark}")
    if not examples:
        print(f"{product.name} {action}: the vendor gives no example that can be sent")
    for example in examples:
        region = world.region_of(example.given)
        # First as written: that finds nothing here, or creates something new.
        outcomes = [send(product, action, example, example.given, region)]
        given, used = world.put_in(example.given, region, fresh=action.startswith(ENDS))
        if action == "ExitRescueMode":
            world.rescue(used, region)
        if given != example.given:
            outcomes.append(in_any_state(product, action, example, given, region))
        if action.startswith(ENDS):
            world.forget(used, region)
        print(f"{product.name} {action}: {example.title}: {', then '.join(outcomes)}")


def filters(product):
    """What the vendor documents as a filter is known as one, even where there is nothing that it could find."""
    unknown, asked = [], 0
    for action in product.built:
        # What else it needs is in its first example.
        found, _ = product.examples(action)
        given = {**found[0].given, "Filters": None} if found else {}
        region = world.region_of(given)
        given, _ = world.put_in(given, region, fresh=False)
        for name in product.filters(action):
            asked += 1
            try:
                ask(product, action, {**given, "Filters": [{"Name": name, "Values": ["1"]}]}, region)
            except Refused as refused:
                if f"The filter `{name}`" in refused.message:
                    unknown.append(f"{action} {name}")
    assert not unknown, f"documented and not known: {', '.join(unknown)}"
    print(f"{product.name}: {asked} filters are known")


def not_built(product):
    """What the vendor has and cvmd has not is refused by its name, and not as if it were misspelt."""
    others = [action for action in product.facts["known"] if action not in product.built]
    for action in others:
        try:
            raise AssertionError(f"{action} was carried out: {ask(product, action, {}, REGION)}")
        except Refused as refused:
            named = refused.code == "UnsupportedOperation" and f"`{action}`" in refused.message
            assert named, f"{action}: {refused}"
    print(f"{product.name}: {len(others)} actions are known and not built")


def in_any_state(product, action, example, given, region):
    """Sends it with resources that exist. If the instances' state forbids it: again when they run, and when they are off."""
    outcome = send(product, action, example, given, region)
    for power in (world.turn_on, world.turn_off):
        if "InstanceState" in outcome:
            power(given, region)
            outcome = send(product, action, example, given, region)
    return outcome


def send(product, action, example, given, region):
    """`done`, or the code of a refusal that the vendor lists. Anything else is a defect of the server's."""
    outcome = send_one_way(product, action, example, given, region, example.method)
    # What stands in a URL has lost its types, so that it makes no JSON.
    ways = WAYS if example.method == "POST" else WAYS[1:]
    for method, sign in ways if action.startswith(READS) else ():
        other = send_one_way(product, action, example, given, region, method, sign)
        assert other == outcome, f"{example.title}: {outcome}, by {method} {sign or 'TC3'} {other}"
    return outcome


def send_one_way(product, action, example, given, region, method, sign=None):
    try:
        reply = ask(product, action, given, region, method, example.language, sign)
    except Refused as refused:
        listed = refused.code in product.codes(action) and "value type of parameter" not in refused.message
        assert listed, f"{example.title}: not a listed code: {refused}, sent {given}"
        return refused.code
    finally:
        world.settle(region)
    structure = product.description["actions"][action]["output"]
    misfit = None if given.get("DryRun") else product.misfit_of_object(structure, reply, action, of_reply=True)
    assert not misfit, f"{example.title}: {misfit}"
    return "done"


def ask(product, action, given, region, method="POST", language="en-US", sign=None):
    """One call through the vendor's client for any product."""
    client = world.client(product.name, product.version, region, method, language, sign)
    try:
        return client.call_json(action, json.loads(json.dumps(given)))["Response"]
    except TencentCloudSDKException as refused:
        raise Refused(refused.get_code(), refused.get_message()) from None
