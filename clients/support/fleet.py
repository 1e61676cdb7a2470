"""The instances of one account, asked for over the legacy API without any SDK: what most checks begin with."""

from contextlib import contextmanager
from dataclasses import dataclass

from support.accounts import FIRST, new_account
from support.login import Machine, new_key, public_half
from support.signed import SignedClient
from support.surroundings import ENDPOINT, ZONE
from support.waiting import wait_until

BOOT = "cat /proc/sys/kernel/random/boot_id"


@dataclass
class Bound:
    """An instance with the key pair that was bound to it at its launch; `key` is the file of the private key."""

    owner: object
    id: str
    key: object
    key_id: str

    @property
    def batch(self):
        return {"InstanceIds": [self.id], "KeyIds": [self.key_id]}

    @property
    def machine(self):
        return self.owner.machine(self.id)

    def describe(self):
        return self.owner.instance(self.id)

    def settled(self, state="RUNNING"):
        return self.owner.settled(self.id, state)


class Fleet:
    """The instances of one account at one cvmd."""

    def __init__(self, account=FIRST, endpoint=ENDPOINT):
        self.client = SignedClient(account, endpoint=endpoint, method="POST", algorithm="HmacSHA256")

    def call(self, action, **given):
        return self.client.call(action, **given).reply()

    def instance(self, instance_id):
        return self.call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]

    def machine(self, instance_id):
        return Machine.of(self.instance(instance_id))

    def ended(self, instance_id):
        """The instance, as soon as no operation on it is under way."""

        def is_over():
            found = self.instance(instance_id)
            return found if found["LatestOperationState"] != "OPERATING" else None

        return wait_until(f"the operation on {instance_id} ended", is_over)

    def settled(self, instance_id, state="RUNNING"):
        found = self.ended(instance_id)
        outcome = (found["InstanceState"], found["LatestOperationState"])
        assert outcome == (state, "SUCCESS"), f"{instance_id} is {outcome}: {found['LatestOperationErrorMsg']}"
        return Machine.of(found)

    def becomes(self, instance_id, state):
        """Waits for a change that the machine makes by itself, without an operation of ours."""
        wait_until(f"{instance_id} becomes {state}", lambda: self.instance(instance_id)["InstanceState"] == state)

    def gone(self, *instance_ids):
        wait_until("they are gone", lambda: not self.call("DescribeInstances", InstanceIds=list(instance_ids))["InstanceSet"])

    def imported(self, name, public_key):
        return self.call("ImportKeyPair", KeyName=name, ProjectId=0, PublicKey=public_key)["KeyId"]

    def image(self, word="Debian"):
        images = self.call("DescribeImages", Limit=100)["ImageSet"]
        return next(image["ImageId"] for image in images if word in image["OsName"])

    def start_of(self, key_id, guest=None, image="Debian", **more):
        """An instance that may still be on its way."""
        tags = {"ResourceType": "instance", "Tags": [{"Key": "cvmd:guest", "Value": guest}]}
        more = {**({"TagSpecification": [tags]} if guest else {}), **({"LoginSettings": {"KeyIds": [key_id]}} if key_id else {}), **more}
        return self.call("RunInstances", Placement={"Zone": ZONE}, ImageId=image if image.startswith("img-") else self.image(image), **more)["InstanceIdSet"][0]

    def run(self, key_id, guest=None, **more):
        instance_id = self.start_of(key_id, guest, **more)
        self.settled(instance_id)
        return instance_id

    def with_key(self, name="bound", guest=None, **more):
        """A running instance that one key enters."""
        key = new_key(name)
        key_id = self.imported(name, public_half(key))
        return Bound(self, self.run(key_id, guest, **more), key, key_id)

    def unbind(self, bound):
        """Unbinds the key from a running machine, and returns when it runs again."""
        self.call("DisassociateInstancesKeyPairs", ForceStop="TRUE", **bound.batch)
        return self.settled(bound.id)

    def set_password(self, instance_id, password):
        self.call("ResetInstancesPassword", InstanceIds=[instance_id], Password=password, ForceStop="TRUE")
        return self.settled(instance_id)

    def terminate(self, *instance_ids):
        self.call("TerminateInstances", InstanceIds=list(instance_ids))
        self.gone(*instance_ids)

    def clear_away(self):
        """Asks for the end of all that still runs, and does not wait for it: nobody else sees this account."""
        hourly = [{"Name": "instance-charge-type", "Values": ["POSTPAID_BY_HOUR"]}]
        found = self.call("DescribeInstances", Filters=hourly, Limit=100)["InstanceSet"]
        ids = [one["InstanceId"] for one in found if one["InstanceState"] not in ("TERMINATING", "SHUTDOWN")]
        if ids:
            self.call("TerminateInstances", InstanceIds=ids)


@contextmanager
def account_of_ones_own():
    """A new account, and what ran in it is ended afterwards."""
    account = new_account()
    yield account
    Fleet(account).clear_away()
