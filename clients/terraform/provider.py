"""The calls of the Terraform provider tencentcloudstack/tencentcloud 1.83, in its own order and form.

Read off the provider's source: what each resource sends, what it reads back, and how it waits. Requests go through
cvmd as a proxy (`http_proxy`), signed as the provider's SDK for Go signs.
"""

import http.client
import json
import subprocess
import sys
import time
import uuid
from urllib.parse import urlsplit

from support.accounts import FIRST
from support.signed import tc3
from support.surroundings import ENDPOINT, REGION
from support.waiting import wait_until

VERSIONS = {"cvm": "2017-03-12", "vpc": "2017-03-12", "cbs": "2017-03-12", "tag": "2018-08-13", "api": "2020-11-06"}
# Codes, or their part before the first dot, that the provider tries again.
RETRIED = {
    "RequestLimitExceeded", "ResourceInUse", "ResourceUnavailable", "ResourceBusy", "InternalError",
    "InvalidParameter.ActionInProgress", "OperationDenied.InstanceStatusLimitError",
}


class Refused(Exception):
    """An answer with an error; its code and message."""

    def __init__(self, error):
        super().__init__(f"{error['Code']}: {error['Message']}")
        self.code = error["Code"]

    def is_retried(self, more=()):
        return any(word in RETRIED or word in more for word in (self.code, self.code.split(".")[0]))


class Provider:
    """One provider block: a cvmd as the HTTP proxy in front of the vendor's hosts."""

    def __init__(self, account=FIRST, endpoint=ENDPOINT):
        self.account = account
        self.proxy = urlsplit(endpoint)

    def call(self, product, action, **parameters):
        host = f"{product}.tencentcloudapi.com"
        body = json.dumps(parameters, separators=(",", ":")).encode()
        now = int(time.time())
        headers = {
            "Host": host,
            "User-Agent": "Go-http-client/1.1",
            "Content-Length": str(len(body)),
            "Authorization": tc3(self.account, product, host, body, now),
            "Content-Type": "application/json",
            "X-Tc-Action": action,
            "X-Tc-Language": "en-US",
            "X-Tc-Region": REGION,
            "X-Tc-Requestclient": "Terraform-latest",
            "X-Tc-Timestamp": str(now),
            "X-Tc-Version": VERSIONS[product],
            "Accept-Encoding": "gzip",
        }
        connection = http.client.HTTPConnection(self.proxy.hostname, self.proxy.port, timeout=60)
        try:
            connection.putrequest("POST", f"http://{host}/", skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, f"{product} {action}: HTTP {answer.status}, {text[:200]!r}"
        response = json.loads(text)["Response"]
        assert response["RequestId"], text
        if "Error" in response:
            raise Refused(response["Error"])
        return response

    def tags(self, kind, resource_id):
        """The provider's reading of tags; ServiceType and prefix as each resource names them."""
        service = "vpc" if kind in ("vpc", "subnet") else "cvm"
        rows = self.call(
            "tag", "DescribeResourceTagsByResourceIds", ServiceType=service, ResourcePrefix=kind,
            ResourceIds=[resource_id], ResourceRegion=REGION, Offset=0, Limit=20,
        )["Tags"]
        return {row["TagKey"]: row["TagValue"] for row in rows}

    def change_tags(self, kind, resource_id, replace, delete=()):
        """A list that is empty is not sent."""
        change = {
            "ReplaceTags": [{"TagKey": key, "TagValue": value} for key, value in replace.items()],
            "DeleteTags": [{"TagKey": key} for key in delete],
        }
        resource = f"qcs::cvm:{REGION}:uin/:{kind}/{resource_id}"
        self.call("tag", "ModifyResourceTags", Resource=resource, **{name: tags for name, tags in change.items() if tags})

    def change_instance_tags(self, instance_id, replace, delete=()):
        """`tags` of an instance in an update: its own, then those of its system disk and of each data disk, the same."""
        self.change_tags("instance", instance_id, replace, delete)
        instance = self.describe(instance_id)
        for disk in [instance["SystemDisk"], *instance["DataDisks"]]:
            self.change_tags("volume", disk["DiskId"], replace, delete)

    def disk_tags(self, instance_id):
        """The tags of each of the instance's disks, as `tencentcloud_cbs_storages` reads them."""
        filters = [{"Name": "instance-id", "Values": [instance_id]}]
        disks = self.call("cbs", "DescribeDisks", Filters=filters, Limit=100)["DiskSet"]
        return [{tag["Key"]: tag["Value"] for tag in disk["Tags"]} for disk in disks]

    # tencentcloud_key_pair

    def create_key_pair(self, name, public_key, tags=None):
        key_id = self.call("cvm", "ImportKeyPair", KeyName=name, ProjectId=0, PublicKey=public_key)["KeyId"]
        if tags:
            self.change_tags("keypair", key_id, tags)
        return key_id

    def read_key_pair(self, key_id):
        """The resource's attributes, or None when it is gone."""
        found = self.call("cvm", "DescribeKeyPairs", KeyIds=[key_id])["KeyPairSet"]
        if not found:
            return None
        assert "PrivateKey" not in found[0] or found[0]["PrivateKey"] is None, "it would overwrite the state"
        assert len(found[0]["PublicKey"].split()) >= 3, "the data source drops the last word"
        return {
            "key_name": found[0]["KeyName"],
            "project_id": found[0]["ProjectId"],
            "public_key": " ".join(found[0]["PublicKey"].split()[:2]),
            "tags": self.tags("keypair", key_id),
        }

    def delete_key_pair(self, key_id, force_stop=False):
        found = self.call("cvm", "DescribeKeyPairs", KeyIds=[key_id])["KeyPairSet"][0]
        if found["AssociatedInstanceIds"]:
            self.call(
                "cvm", "DisassociateInstancesKeyPairs", InstanceIds=found["AssociatedInstanceIds"], KeyIds=[key_id],
                ForceStop=force_stop,
            )

        def deleted():
            try:
                return self.call("cvm", "DeleteKeyPairs", KeyIds=[key_id])
            except Refused as refused:
                if refused.is_retried({"InvalidKeyPair", "InvalidParameterValue.KeyPairNotSupported"}):
                    return None
                raise

        wait_until(f"{key_id} is deleted", deleted)

    # tencentcloud_instance

    def create_instance(self, image, zone, tags=None, login=None, name="terraform", data_disks=()):
        parameters = {
            "ClientToken": str(uuid.uuid4()),
            "EnhancedService": {
                "AutomationService": {"Enabled": True}, "MonitorService": {"Enabled": True},
                "SecurityService": {"Enabled": True},
            },
            "ImageId": image,
            "InstanceCount": 1,
            "InstanceName": name,
            "InternetAccessible": {"PublicIpAssigned": False},
            "Placement": {"ProjectId": 0, "Zone": zone},
            **({"DataDisks": list(data_disks)} if data_disks else {}),
            **({"LoginSettings": login} if login else {}),
            **({"TagSpecification": [{"ResourceType": "instance", "Tags": [
                {"Key": key, "Value": value} for key, value in tags.items()]}]} if tags else {}),
        }
        instance_id = self.call("cvm", "RunInstances", **parameters)["InstanceIdSet"][0]
        # Visible at once: an empty set here makes the provider panic.
        first = self.describe(instance_id)
        assert first["InstanceState"] in ("PENDING", "RUNNING"), first["InstanceState"]
        self.wait_for_state(instance_id, "RUNNING")
        if tags:
            wait_until("the tags are there", lambda: self.tags("instance", instance_id) == tags)
        return instance_id

    def describe(self, instance_id):
        return self.call("cvm", "DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]

    def wait_for_state(self, instance_id, state):
        def reached():
            instance = self.describe(instance_id)
            assert instance["InstanceState"] != "LAUNCH_FAILED", instance["LatestOperationErrorMsg"]
            return instance["InstanceState"] == state

        wait_until(f"{instance_id} is {state}", reached)

    def wait_for_operation(self, instance_id):
        """Looks at LatestOperationState alone; null is taken for "not yet", and so never ends."""

        def ended():
            instance = self.describe(instance_id)
            assert instance["LatestOperationState"] != "FAILED", instance["LatestOperationErrorMsg"]
            return instance["LatestOperationState"] == "SUCCESS"

        wait_until(f"the operation on {instance_id} is over", ended)

    def read_instance(self, instance_id):
        """All that a refresh asks, of four products, and the attributes that come of it; None when it is gone."""
        found = self.call("cvm", "DescribeInstances", InstanceIds=[instance_id])["InstanceSet"]
        if not found:
            return None
        instance = found[0]
        images = self.call("cvm", "DescribeImages")
        assert images["TotalCount"] and images["ImageSet"][0]["ImageId"], images
        tags = self.tags("instance", instance_id)
        disk = instance["SystemDisk"]
        if disk["DiskId"].startswith("disk-"):
            disks = self.call("cbs", "DescribeDisks", DiskIds=[disk["DiskId"]], Limit=100)["DiskSet"]
            assert disks and disks[0]["DiskId"] == disk["DiskId"] and disks[0]["DiskState"] == "ATTACHED", disks
        self.call("cvm", "DescribeInstancesAttributes", InstanceIds=[instance_id], Attributes=["UserData"])
        return {
            "availability_zone": instance["Placement"]["Zone"],
            "bandwidth": instance["InternetAccessible"]["InternetMaxBandwidthOut"],
            "charge_type": instance["InstanceChargeType"],
            "disk_type": disk["DiskType"],
            "image_id": instance["ImageId"],
            "instance_name": instance["InstanceName"],
            "instance_type": instance["InstanceType"],
            "key_ids": set(instance["LoginSettings"]["KeyIds"] or []),
            "running_flag": instance["InstanceState"] == "RUNNING",
            "subnet_id": instance["VirtualPrivateCloud"]["SubnetId"],
            "tags": tags,
            "vpc_id": instance["VirtualPrivateCloud"]["VpcId"],
        }

    def change_keys(self, instance_id, old, new, force_stop=False):
        """`key_ids` in an update: one call takes off all that left, one adds all that came, each waited for."""
        self.describe(instance_id)
        for action, keys in (("Disassociate", old - new), ("Associate", new - old)):
            if keys:
                self.call(
                    "cvm", f"{action}InstancesKeyPairs", InstanceIds=[instance_id], KeyIds=sorted(keys),
                    ForceStop=force_stop,
                )
                self.wait_for_operation(instance_id)

    def change_password(self, instance_id, password, force_stop=False):
        self.call(
            "cvm", "ResetInstancesPassword", InstanceIds=[instance_id], Password=password, ForceStop=force_stop
        )
        self.wait_for_operation(instance_id)

    def change_running(self, instance_id, running):
        self.call("cvm", "StartInstances" if running else "StopInstances", InstanceIds=[instance_id])
        self.wait_for_state(instance_id, "RUNNING" if running else "STOPPED")

    def delete_instance(self, instance_id):
        instance = self.describe(instance_id)
        self.call("cvm", "TerminateInstances", InstanceIds=[instance_id])
        gone = lambda: not self.call("cvm", "DescribeInstances", InstanceIds=[instance_id])["InstanceSet"]
        wait_until(f"{instance_id} is gone", gone)
        network = instance["VirtualPrivateCloud"]
        used = lambda: self.call(
            "vpc", "DescribeUsedIpAddress", VpcId=network["VpcId"], SubnetId=network["SubnetId"],
            IpAddresses=instance["PrivateIpAddresses"],
        )["IpAddressStates"]
        wait_until("its address is free", lambda: not used())

    # tencentcloud_image

    def create_image(self, instance_id, name, tags=None):
        image_id = self.call(
            "cvm", "CreateImage", ImageName=name, InstanceId=instance_id, ForcePoweroff="FALSE",
            **({"TagSpecification": [{"ResourceType": "image", "Tags": [
                {"Key": key, "Value": value} for key, value in tags.items()]}]} if tags else {}),
        )["ImageId"]
        # Looked at once: an image that is not there yet is an error.
        assert self.image(image_id), "the image is there at once"
        if tags:
            self.change_tags("image", image_id, tags)
        wait_until(f"{image_id} is NORMAL", lambda: self.image(image_id)["ImageState"] == "NORMAL")
        return image_id

    def identity(self, environment):
        """Who asks, as a block with `allowed_account_ids` finds out: by HTTPS and the vendor's host, whatever the protocol of the rest.

        In a process of its own, which knows that environment and nothing of cvmd.
        """
        host, now = "sts.tencentcloudapi.com", int(time.time())
        headers = {
            "Authorization": tc3(self.account, "sts", host, b"{}", now), "Content-Type": "application/json", "X-TC-Action": "GetCallerIdentity",
            "X-TC-Region": REGION, "X-TC-Timestamp": str(now), "X-TC-Version": "2018-08-13",
        }
        program = f"""
import urllib.request
request = urllib.request.Request("https://{host}/", b"{{}}", {headers!r})
print(urllib.request.urlopen(request, timeout=60).read().decode())
"""
        done = subprocess.run(
            [sys.executable, "-B", "-c", program], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)["Response"]
        assert "Error" not in answer, answer
        return answer["AccountId"]

    def image(self, image_id):
        found = self.call("cvm", "DescribeImages", ImageIds=[image_id])["ImageSet"]
        assert not found or found[0]["ImageState"] != "CREATEFAILED", found
        return found[0] if found else None

    def read_image(self, image_id):
        """The resource's attributes, and those of `data tencentcloud_images`, which asks for the snapshots."""
        image = self.image(image_id)
        snapshots = [snapshot["SnapshotId"] for snapshot in image["SnapshotSet"]]
        found = self.call("cbs", "DescribeSnapshots", SnapshotIds=snapshots)["SnapshotSet"]
        return {
            "image_name": image["ImageName"],
            "snapshots": {snapshot["SnapshotId"]: snapshot["SnapshotState"] for snapshot in found},
            "snapshot_ids": snapshots,
            "tags": self.tags("image", image_id),
        }

    def delete_image(self, image_id):
        self.call("cvm", "DeleteImages", ImageIds=[image_id])
        wait_until(f"{image_id} is gone", lambda: not self.image(image_id))
