"""Many instances in one request: all or nothing, and all at once."""

from cloud import cloud
from heart import PASSWORD
from login import new_key, public_half, with_key, with_password
from story import check, equal


class It:
    key = key_id = ids = None


@check
def several_instances_run_from_one_request():
    It.key = new_key("several")
    It.key_id = cloud.imported("several", public_half(It.key))
    It.ids = cloud.run("several", [It.key_id], count=3)
    equal(sorted(cloud.key_pair(It.key_id)["AssociatedInstanceIds"]), sorted(It.ids))
    names = sorted(cloud.instance(instance_id)["InstanceName"] for instance_id in It.ids)
    equal(names, ["several1", "several2", "several3"])
    addresses = {cloud.machine(instance_id).address for instance_id in It.ids}
    equal(len(addresses), 3, "addresses")


@check
def one_bad_instance_refuses_the_batch_and_nothing_has_changed():
    stopped, running, _ = It.ids
    cloud.stop(stopped)
    before = [cloud.instance(instance_id) for instance_id in It.ids]
    batch = {"InstanceIds": [stopped, running], "KeyIds": [It.key_id]}
    message = cloud.refuses("UnsupportedOperation.InstanceStateRunning", "DisassociateInstancesKeyPairs", **batch)
    assert running in message, message
    batch = {"InstanceIds": [stopped, "ins-00000000"], "KeyIds": [It.key_id]}
    cloud.refuses("InvalidInstanceId.NotFound", "DisassociateInstancesKeyPairs", **batch)
    batch = {"InstanceIds": [stopped], "KeyIds": [It.key_id, "skey-00000000"]}
    cloud.refuses("InvalidKeyPairId.NotFound", "DisassociateInstancesKeyPairs", **batch)
    equal([cloud.instance(instance_id) for instance_id in It.ids], before, "the instances")
    cloud.start(stopped)
    with_key(cloud.machine(stopped), It.key).entered()


@check
def a_forced_batch_takes_the_key_off_every_machine():
    twice = [*It.ids, It.ids[0]]
    cloud.call("DisassociateInstancesKeyPairs", InstanceIds=twice, KeyIds=[It.key_id, It.key_id], ForceStop=True)
    for instance_id in It.ids:
        equal(cloud.settled(instance_id)["LoginSettings"]["KeyIds"], None)
    cloud.call("ResetInstancesPassword", InstanceIds=It.ids, Password=PASSWORD, ForceStop=True)
    for instance_id in It.ids:
        cloud.settled(instance_id)
        with_key(cloud.machine(instance_id), It.key).was_refused()
        with_password(cloud.machine(instance_id), PASSWORD).entered()


@check
def terminating_supersedes_what_is_under_way():
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=It.ids, KeyIds=[It.key_id], ForceStop=True)
    cloud.terminate(*It.ids)
    equal(cloud.key_pair(It.key_id)["AssociatedInstanceIds"], [])
    cloud.call("DeleteKeyPairs", KeyIds=[It.key_id])
