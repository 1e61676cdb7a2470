"""An instance as a configuration would have it. A plan is empty when a refresh reads what the configuration holds."""

from support.login import Machine, new_key, public_half, with_key
from support.surroundings import ZONE

TAGS = {"made": "by terraform", "team": "blue"}


def image(provider):
    images = provider.call("cvm", "DescribeImages", Filters=[{"Name": "image-type", "Values": ["PUBLIC_IMAGE"]}], Limit=100)
    return next(image["ImageId"] for image in images["ImageSet"] if "Debian" in image["OsName"])


class Plan:
    """A configuration of two key pairs and an instance with the first of them and a data disk, applied."""

    def __init__(self, provider):
        self.provider = provider
        self.first, self.second = new_key("tf-first"), new_key("tf-second")
        self.first_id = provider.create_key_pair("tf_first", public_half(self.first), {"made": "by terraform"})
        self.second_id = provider.create_key_pair("tf_second", public_half(self.second))
        disks = [{"DiskType": "CLOUD_SSD", "DiskSize": 20, "DeleteWithInstance": True, "Encrypt": False}]
        login = {"KeyIds": [self.first_id]}
        self.instance = provider.create_instance(image(provider), ZONE, TAGS, login, data_disks=disks)
        self.configured = {
            "availability_zone": ZONE, "bandwidth": 0, "charge_type": "POSTPAID_BY_HOUR", "image_id": image(provider),
            "instance_name": "terraform", "key_ids": {self.first_id}, "running_flag": True, "tags": TAGS,
        }

    def is_empty(self, **configured):
        """After an apply of these changes."""
        self.configured.update(configured)
        found = self.provider.read_instance(self.instance)
        differing = {name: (wanted, found[name]) for name, wanted in self.configured.items() if found[name] != wanted}
        assert not differing, f"the plan would change (configured, read): {differing}"

    def machine(self):
        return Machine.of(self.provider.describe(self.instance))

    def enters(self, key):
        with_key(self.machine(), key).entered()

    def is_refused(self, key):
        with_key(self.machine(), key).was_refused()
