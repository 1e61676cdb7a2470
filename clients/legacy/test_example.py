"""The page's example request, on machines seeded with its ids: it answers as printed, and the keys are off."""

import re

from support.login import Machine, admits_nobody_by_password, new_key, public_half, with_key, with_password
from support.program import Program
from support.signed import SignedClient, signature
from support.waiting import wait_until

KEY_ID, INSTANCES = "skey-4e5ty7i8", ["ins-1e4r6y8i", "ins-3e56fg78"]
KNOWN, NEVER = INSTANCES
PASSWORD = "Before3the+key"
BODY = re.compile(rb'\{"Response":\{"RequestId":"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}"\}\}')


def test_the_vendors_own_vector_is_signed_as_printed():
    parameters = {
        "Action": "DescribeInstances",
        "Nonce": "11886",
        "Region": "gz",
        "SecretId": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
        "Timestamp": "1465185768",
        "instanceIds.0": "ins-09dx96dg",
        "limit": "20",
        "offset": "0",
    }
    key = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
    signed = signature("GET", "cvm.api.qcloud.com", "/v2/index.php", parameters, key, "HmacSHA1")
    assert signed == "NSI3UqqD99b/UJb4tbG/xZpRW64="


def the_page_is_answered(algorithm, method):
    """One machine had a password before the key, the other never; both are stopped, as the page wants it."""
    name = f"page-{algorithm}-{method}"
    key = new_key(name)
    seed = {
        "KeyPairs": [{"KeyId": KEY_ID, "KeyName": "page", "PublicKey": public_half(key)}],
        "Instances": [
            {"InstanceId": KNOWN, "InstanceState": "STOPPED", "LoginSettings": {"KeyIds": [KEY_ID], "Password": PASSWORD}},
            {"InstanceId": NEVER, "InstanceState": "STOPPED", "LoginSettings": {"KeyIds": [KEY_ID]}},
        ],
    }
    with Program(seed) as cvmd:
        client = SignedClient(endpoint=cvmd.endpoint, algorithm=algorithm, method=method)

        def describe():
            answer = client.call("DescribeInstances", **{f"InstanceIds.{n + 1}": i for n, i in enumerate(INSTANCES)})
            return {instance["InstanceId"]: instance for instance in answer.reply()["InstanceSet"]}

        def all_are(state):
            def are():
                found = describe().values()
                assert not any(instance["LatestOperationState"] == "FAILED" for instance in found), list(found)
                return all((i["InstanceState"], i["LatestOperationState"]) == (state, "SUCCESS") for i in found)

            wait_until(f"both are {state}", are)
            return {instance_id: Machine.of(instance) for instance_id, instance in describe().items()}

        def start():
            client.call("StartInstances", InstanceIds=INSTANCES).reply()
            return all_are("RUNNING")

        def stop():
            client.call("StopInstances", InstanceIds=INSTANCES).reply()
            all_are("STOPPED")

        for instance in describe().values():
            assert instance["LatestOperationState"] is None, "a seeded instance has had no operation"
        for machine in start().values():
            with_key(machine, key).entered()
            admits_nobody_by_password(machine)
        stop()

        # The request of the page, but for the common parameters.
        example = {"InstanceIds.1": INSTANCES[0], "InstanceIds.2": INSTANCES[1], "KeyIds.1": KEY_ID}
        answer = client.call("DisassociateInstancesKeyPairs", **example)
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert BODY.fullmatch(answer.body), answer.body
        all_are("STOPPED")

        machines = start()
        for machine in machines.values():
            with_key(machine, key).was_refused()
        with_password(machines[KNOWN], PASSWORD).entered()
        admits_nobody_by_password(machines[NEVER])
        cvmd.stop()
        assert cvmd.complaints() == []


def test_the_pages_example_signed_with_sha1():
    the_page_is_answered("HmacSHA1", "GET")


def test_the_pages_example_signed_with_sha256():
    the_page_is_answered("HmacSHA256", "GET")


def test_the_pages_example_posted_as_a_form():
    the_page_is_answered("HmacSHA256", "POST")
