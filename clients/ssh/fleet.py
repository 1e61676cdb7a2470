"""Instances asked for over the legacy door, as the checks of this folder need them."""

from login import Machine
from signed import Door
from story import ZONE, wait_until

BOOT = "cat /proc/sys/kernel/random/boot_id"


class Fleet:
    """The instances of one cvmd."""

    def __init__(self, endpoint):
        self.door = Door(endpoint=endpoint, method="POST", algorithm="HmacSHA256")

    def call(self, action, **given):
        return self.door.call(action, **given).reply()

    def instance(self, instance_id):
        return self.call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]

    def machine(self, instance_id):
        return Machine.of(self.instance(instance_id))

    def settled(self, instance_id, state="RUNNING"):
        def is_settled():
            found = self.instance(instance_id)
            assert found["LatestOperationState"] != "FAILED", found["LatestOperationErrorMsg"]
            return (found["InstanceState"], found["LatestOperationState"]) == (state, "SUCCESS")

        wait_until(f"{instance_id} is {state}", is_settled)
        return self.machine(instance_id)

    def becomes(self, instance_id, state):
        """By itself: no operation of ours is under way."""
        wait_until(f"{instance_id} becomes {state}", lambda: self.instance(instance_id)["InstanceState"] == state)

    def imported(self, name, public_key):
        return self.call("ImportKeyPair", KeyName=name, ProjectId=0, PublicKey=public_key)["KeyId"]

    def run(self, key_id, guest=None):
        instance_id = self.start_of(key_id, guest)
        self.settled(instance_id)
        return instance_id

    def start_of(self, key_id, guest=None):
        """An instance that may still be on its way."""
        images = self.call("DescribeImages", Limit=100)["ImageSet"]
        image = next(image["ImageId"] for image in images if "Debian" in image["OsName"])
        tags = {"ResourceType": "instance", "Tags": [{"Key": "cvmd:guest", "Value": guest}]}
        more = {"TagSpecification": [tags]} if guest else {}
        answer = self.call(
            "RunInstances", Placement={"Zone": ZONE}, ImageId=image, LoginSettings={"KeyIds": [key_id]}, **more
        )
        return answer["InstanceIdSet"][0]
