"""The vendor's typed Python SDK, pointed at cvmd, with dictionaries in and out."""

import importlib
import json
from urllib.parse import urlsplit

import pytest

from support.accounts import FIRST
from support.fleet import Bound
from support.login import Machine, new_key, public_half
from support.surroundings import ENDPOINT, REGION, ZONE
from support.waiting import wait_until

pytest.importorskip("tencentcloud", reason="tencentcloud-sdk-python is not installed; `cargo xtask setup` brings it")

from tencentcloud.common import credential  # noqa: E402
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException  # noqa: E402
from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: E402
from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: E402

VERSIONS = {
    "api": "v20201106", "cbs": "v20170312", "cvm": "v20170312", "region": "v20220627", "sts": "v20180813", "tag": "v20180813",
    "vpc": "v20170312",
}


class Cloud:
    """One account in one region, with one way of signing; one product of the vendor's."""

    def __init__(self, account=FIRST, region=REGION, sign=None, method="POST", language="en-US", product="cvm"):
        self.account = account
        module = f"tencentcloud.{product}.{VERSIONS[product]}"
        self.models = importlib.import_module(f"{module}.models")
        client = getattr(importlib.import_module(f"{module}.{product}_client"), f"{product.capitalize()}Client")
        http = HttpProfile(protocol="http", endpoint=urlsplit(ENDPOINT).netloc, reqMethod=method)
        profile = ClientProfile(signMethod=sign, httpProfile=http, language=language)
        self.client = client(credential.Credential(account.secret_id, account.secret_key), region, profile)

    def of(self, product="cvm", **how):
        """The same account's client of another product, or in another region, language or way of signing."""
        return Cloud(self.account, product=product, **how)

    def call(self, action, **parameters):
        request = getattr(self.models, f"{action}Request")()
        request.from_json_string(json.dumps(parameters))
        response = getattr(self.client, action)(request)
        return json.loads(response.to_json_string())

    def refusal(self, action, **parameters):
        """The code of a call that must be refused, with its message and its RequestId."""
        try:
            answer = self.call(action, **parameters)
        except TencentCloudSDKException as refused:
            assert refused.get_request_id(), f"{refused.get_code()} came without a RequestId"
            return refused.get_code(), refused.get_message()
        raise AssertionError(f"{action} was carried out: {answer}")

    def refuses(self, code, action, **parameters):
        found, message = self.refusal(action, **parameters)
        assert found == code, f"{action}: wanted {code}, found {found}: {message}"
        return message

    # What the checks ask again and again.

    def instance(self, instance_id):
        found = self.call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"]
        assert len(found) == 1, f"{instance_id}: {len(found)} instances"
        return found[0]

    def key_pair(self, key_id):
        found = self.call("DescribeKeyPairs", KeyIds=[key_id])["KeyPairSet"]
        assert len(found) == 1, f"{key_id}: {len(found)} key pairs"
        return found[0]

    def machine(self, instance_id):
        return Machine.of(self.instance(instance_id))

    def settled(self, instance_id, state="RUNNING"):
        """Waits as the vendor's own tools do: until nothing is under way. Then it must have come to `state`."""

        def ended():
            instance = self.instance(instance_id)
            return instance if instance["LatestOperationState"] != "OPERATING" else None

        instance = wait_until(f"{instance_id} is settled", ended)
        found = (instance["InstanceState"], instance["LatestOperationState"])
        assert found == (state, "SUCCESS"), f"{instance_id} is {found}: {instance['LatestOperationErrorMsg']}"
        return instance

    def image(self, word="Debian"):
        images = self.call("DescribeImages", Limit=100)["ImageSet"]
        return next(image["ImageId"] for image in images if word in image["OsName"])

    def run(self, name, key_ids=None, password=None, image="Debian", guest=None, count=1, **more):
        """RunInstances until they are RUNNING. Gives the id of the first, or all when several were asked for."""
        login = {"KeyIds": key_ids} if key_ids else {"Password": password} if password else None
        parameters = {
            "Placement": {"Zone": ZONE},
            "ImageId": image if image.startswith("img-") else self.image(image),
            "InstanceName": name,
            "InstanceCount": count,
            **({"LoginSettings": login} if login else {}),
            **more,
        }
        if guest:
            tags = [{"Key": "cvmd:guest", "Value": guest}]
            parameters["TagSpecification"] = [{"ResourceType": "instance", "Tags": tags}]
        ids = self.call("RunInstances", **parameters)["InstanceIdSet"]
        assert len(ids) == count, ids
        for instance_id in ids:
            self.settled(instance_id)
        return ids if count > 1 else ids[0]

    def with_key(self, name="bound", **more):
        """A running instance that one key enters."""
        key = new_key(name)
        key_id = self.imported(name, public_half(key))
        return Bound(self, self.run(name, [key_id], **more), key, key_id)

    def stop(self, instance_id):
        self.call("StopInstances", InstanceIds=[instance_id])
        return self.settled(instance_id, "STOPPED")

    def start(self, instance_id):
        self.call("StartInstances", InstanceIds=[instance_id])
        return self.settled(instance_id, "RUNNING")

    def bind(self, instance_id, *key_ids):
        self.call("AssociateInstancesKeyPairs", InstanceIds=[instance_id], KeyIds=list(key_ids), ForceStop=True)
        return self.settled(instance_id)

    def unbind(self, instance_id, *key_ids):
        self.call("DisassociateInstancesKeyPairs", InstanceIds=[instance_id], KeyIds=list(key_ids), ForceStop=True)
        return self.settled(instance_id)

    def set_password(self, instance_id, password):
        self.call("ResetInstancesPassword", InstanceIds=[instance_id], Password=password, ForceStop=True)
        return self.settled(instance_id)

    def terminate(self, *instance_ids):
        """Ends the instances, and returns when they are gone."""
        ids = list(instance_ids)
        self.call("TerminateInstances", InstanceIds=ids)
        wait_until("they are gone", lambda: not self.call("DescribeInstances", InstanceIds=ids)["InstanceSet"])

    def imported(self, name, public_key):
        return self.call("ImportKeyPair", KeyName=name, ProjectId=0, PublicKey=public_key)["KeyId"]
