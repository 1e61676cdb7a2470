"""Many instances in one request: all of them or none, in one transaction."""

import pytest

from support.login import new_key, public_half, with_key, with_password

PASSWORD = "Correct9horse+"
UNBIND = "DisassociateInstancesKeyPairs"


class Several:
    """Three instances with one key, out of one request."""

    def __init__(self, cloud):
        self.key = new_key("several")
        self.key_id = cloud.imported("several", public_half(self.key))
        self.ids = cloud.run("several", [self.key_id], count=3)


@pytest.fixture
def several(cloud):
    return Several(cloud)


def test_several_instances_run_from_one_request(cloud, several):
    assert sorted(cloud.key_pair(several.key_id)["AssociatedInstanceIds"]) == sorted(several.ids)
    names = sorted(cloud.instance(instance_id)["InstanceName"] for instance_id in several.ids)
    assert names == ["several1", "several2", "several3"]
    addresses = {cloud.machine(instance_id).address for instance_id in several.ids}
    assert len(addresses) == 3, addresses


def test_one_bad_instance_refuses_the_batch_and_nothing_has_changed(cloud, several):
    stopped, running, _ = several.ids
    cloud.stop(stopped)
    before = [cloud.instance(instance_id) for instance_id in several.ids]
    batch = {"InstanceIds": [stopped, running], "KeyIds": [several.key_id]}
    message = cloud.refuses("UnsupportedOperation.InstanceStateRunning", UNBIND, **batch)
    assert running in message, message
    batch = {"InstanceIds": [stopped, "ins-00000000"], "KeyIds": [several.key_id]}
    cloud.refuses("InvalidInstanceId.NotFound", UNBIND, **batch)
    batch = {"InstanceIds": [stopped], "KeyIds": [several.key_id, "skey-00000000"]}
    cloud.refuses("InvalidKeyPairId.NotFound", UNBIND, **batch)
    assert [cloud.instance(instance_id) for instance_id in several.ids] == before, "the instances"
    cloud.start(stopped)
    with_key(cloud.machine(stopped), several.key).entered()


def test_a_forced_batch_takes_the_key_off_every_machine(cloud, several):
    twice = [*several.ids, several.ids[0]]
    cloud.call(UNBIND, InstanceIds=twice, KeyIds=[several.key_id, several.key_id], ForceStop=True)
    for instance_id in several.ids:
        assert cloud.settled(instance_id)["LoginSettings"]["KeyIds"] is None
    cloud.call("ResetInstancesPassword", InstanceIds=several.ids, Password=PASSWORD, ForceStop=True)
    for instance_id in several.ids:
        cloud.settled(instance_id)
        with_key(cloud.machine(instance_id), several.key).was_refused()
        with_password(cloud.machine(instance_id), PASSWORD).entered()


def test_terminating_supersedes_what_is_under_way(cloud, several):
    other = cloud.imported("other", public_half(new_key("other")))
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=several.ids, KeyIds=[other], ForceStop=True)
    assert sorted(cloud.key_pair(other)["AssociatedInstanceIds"]) == sorted(several.ids)
    cloud.terminate(*several.ids)
    for key_id in (other, several.key_id):
        assert cloud.key_pair(key_id)["AssociatedInstanceIds"] == []
    cloud.call("DeleteKeyPairs", KeyIds=[other, several.key_id])
