"""One action's examples, sent and judged."""

import json

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

import world

# An action of such a name leaves nothing of what it was given, and gets what nothing else uses.
ENDS = ("Delete", "Release", "Terminate")


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
        # As written first: that finds nothing here, or makes something new.
        outcomes = [send(product, action, example, example.given, region)]
        given, used = world.put_in(example.given, region, fresh=action.startswith(ENDS))
        if given != example.given:
            outcomes.append(in_any_state(product, action, example, given, region))
        if action.startswith(ENDS):
            world.forget(used, region)
        print(f"{product.name} {action}: {example.title}: {', then '.join(outcomes)}")


def in_any_state(product, action, example, given, region):
    """With resources that exist: should the instances' state forbid it, again when they run, and when they are off."""
    outcome = send(product, action, example, given, region)
    for power in (world.turn_on, world.turn_off):
        if "InstanceState" in outcome:
            power(given, region)
            outcome = send(product, action, example, given, region)
    return outcome


def send(product, action, example, given, region):
    """`done`, or the code of a refusal that the vendor lists. Anything else is a defect of the server's."""
    try:
        reply = ask(product, action, given, region, example.method, example.language)
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


def ask(product, action, given, region, method="POST", language="en-US"):
    """One call through the vendor's client for any product."""
    client = world.client(product.name, product.version, region, method, language)
    try:
        return client.call_json(action, json.loads(json.dumps(given)))["Response"]
    except TencentCloudSDKException as refused:
        raise Refused(refused.get_code(), refused.get_message()) from None
