"""Instances paid in advance: their term, the recycle bin, the way back out of it, and the end."""

import pytest

from support.login import nobody_answers, with_key
from support.waiting import wait_until

MONTHLY = {"InstanceChargeType": "PREPAID", "InstanceChargePrepaid": {"Period": 1}}


@pytest.fixture
def paid(cloud):
    """A running instance paid for a month."""
    return cloud.with_key("prepaid", **MONTHLY)


@pytest.fixture
def binned(cloud, paid):
    """The same in the recycle bin, and the machine that it was."""
    machine = paid.machine
    cloud.call("TerminateInstances", InstanceIds=[paid.id])
    paid.settled("SHUTDOWN")
    return paid, machine


def test_an_instance_paid_in_advance_has_a_term(paid):
    instance = paid.describe()
    assert (instance["InstanceChargeType"], instance["RenewFlag"]) == ("PREPAID", "NOTIFY_AND_MANUAL_RENEW")
    assert instance["ExpiredTime"] > instance["CreatedTime"], instance["ExpiredTime"]
    with_key(paid.machine, paid.key).entered()


def test_what_happens_after_the_term_can_be_set(cloud, paid):
    cloud.call("ModifyInstancesRenewFlag", InstanceIds=[paid.id], RenewFlag="NOTIFY_AND_AUTO_RENEW")
    assert paid.settled()["RenewFlag"] == "NOTIFY_AND_AUTO_RENEW"
    before = paid.describe()["ExpiredTime"]
    cloud.call("RenewInstances", InstanceIds=[paid.id], InstanceChargePrepaid={"Period": 12})
    instance = paid.settled()
    assert int(instance["ExpiredTime"][:4]) == int(before[:4]) + 1, "one year later"
    assert instance["RenewFlag"] == "NOTIFY_AND_AUTO_RENEW"
    with_key(paid.machine, paid.key).entered()


def test_ways_of_paying_do_not_mix_in_one_termination(cloud, paid):
    hourly = cloud.run("hourly", [paid.key_id])
    both = [hourly, paid.id]
    cloud.refuses("UnsupportedOperation.InstanceMixedPricingModel", "TerminateInstances", InstanceIds=both)
    cloud.refuses("UnsupportedOperation.InstanceChargeType", "ModifyInstancesRenewFlag",
                  InstanceIds=both, RenewFlag="NOTIFY_AND_AUTO_RENEW")
    cloud.call("ModifyInstancesChargeType", InstanceIds=[hourly], **MONTHLY)
    assert cloud.settled(hourly)["InstanceChargeType"] == "PREPAID"
    cloud.call("ModifyInstancesChargeType", InstanceIds=[hourly], InstanceChargeType="POSTPAID_BY_HOUR")
    assert (cloud.settled(hourly)["RenewFlag"], cloud.instance(hourly)["ExpiredTime"]) == (None, None)
    cloud.terminate(hourly)


def test_its_first_end_is_the_recycle_bin_where_it_answers_nobody(cloud, binned):
    paid, machine = binned
    instance = paid.describe()
    assert (instance["IsolatedSource"], instance["RestrictState"]) == ("MANMADE", "PROTECTIVELY_ISOLATED")
    nobody_answers(machine, paid.key)
    for action, more in [("StartInstances", {}), ("DisassociateInstancesKeyPairs", {"KeyIds": [paid.key_id]})]:
        cloud.refuses("UnsupportedOperation.InstanceStateShutdown", action, InstanceIds=[paid.id], **more)


def test_a_renewal_brings_it_back_with_all_that_was_on_it(cloud, binned):
    paid, machine = binned
    cloud.call("RenewInstances", InstanceIds=[paid.id], InstanceChargePrepaid={"Period": 1})
    assert paid.settled("STOPPED")["IsolatedSource"] == "NOTISOLATED"
    cloud.start(paid.id)
    assert paid.machine == machine, "address, port and user"
    with_key(machine, paid.key).entered()


def test_its_second_end_is_the_end(cloud, binned):
    paid, machine = binned
    cloud.call("TerminateInstances", InstanceIds=[paid.id], ReleasePrepaidDataDisks=True)
    wait_until("it is gone", lambda: not cloud.call("DescribeInstances", InstanceIds=[paid.id])["InstanceSet"])
    nobody_answers(machine, paid.key)
    cloud.call("DeleteKeyPairs", KeyIds=[paid.key_id])
