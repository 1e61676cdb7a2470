"""Instances paid in advance: their term, the recycle bin, the way back out of it, and the end."""

from cloud import cloud
from login import new_key, public_half, with_key
from story import check, equal, wait_until

MONTHLY = {"InstanceChargeType": "PREPAID", "InstanceChargePrepaid": {"Period": 1}}


class It:
    key = key_id = kept = machine = None


@check
def an_instance_paid_in_advance_has_a_term():
    It.key = new_key("prepaid")
    It.key_id = cloud.imported("prepaid", public_half(It.key))
    It.kept = cloud.run("kept", [It.key_id], **MONTHLY)
    It.machine = cloud.machine(It.kept)
    instance = cloud.instance(It.kept)
    equal((instance["InstanceChargeType"], instance["RenewFlag"]), ("PREPAID", "NOTIFY_AND_MANUAL_RENEW"))
    assert instance["ExpiredTime"] > instance["CreatedTime"], instance["ExpiredTime"]
    with_key(It.machine, It.key).entered()


@check
def what_happens_after_the_term_can_be_said():
    cloud.call("ModifyInstancesRenewFlag", InstanceIds=[It.kept], RenewFlag="NOTIFY_AND_AUTO_RENEW")
    equal(cloud.settled(It.kept)["RenewFlag"], "NOTIFY_AND_AUTO_RENEW")
    before = cloud.instance(It.kept)["ExpiredTime"]
    cloud.call("RenewInstances", InstanceIds=[It.kept], InstanceChargePrepaid={"Period": 12})
    instance = cloud.settled(It.kept)
    equal(int(instance["ExpiredTime"][:4]), int(before[:4]) + 1, "one year later")
    equal(instance["RenewFlag"], "NOTIFY_AND_AUTO_RENEW")
    with_key(It.machine, It.key).entered()


@check
def ways_of_paying_do_not_mix_in_one_termination():
    hourly = cloud.run("hourly", [It.key_id])
    both = [hourly, It.kept]
    cloud.refuses("UnsupportedOperation.InstanceMixedPricingModel", "TerminateInstances", InstanceIds=both)
    cloud.refuses("UnsupportedOperation.InstanceChargeType", "ModifyInstancesRenewFlag",
                  InstanceIds=both, RenewFlag="NOTIFY_AND_AUTO_RENEW")
    cloud.call("ModifyInstancesChargeType", InstanceIds=[hourly], **MONTHLY)
    equal(cloud.settled(hourly)["InstanceChargeType"], "PREPAID")
    cloud.call("ModifyInstancesChargeType", InstanceIds=[hourly], InstanceChargeType="POSTPAID_BY_HOUR")
    equal((cloud.settled(hourly)["RenewFlag"], cloud.instance(hourly)["ExpiredTime"]), (None, None))
    cloud.terminate(hourly)


@check
def its_first_end_is_the_recycle_bin_where_it_answers_nobody():
    cloud.call("TerminateInstances", InstanceIds=[It.kept])
    instance = cloud.settled(It.kept, "SHUTDOWN")
    equal((instance["IsolatedSource"], instance["RestrictState"]), ("MANMADE", "PROTECTIVELY_ISOLATED"))
    outcome = with_key(It.machine, It.key)
    assert outcome.status == 255 and "Permission denied" not in outcome.err, f"somebody answered: {outcome}"
    for action, more in [("StartInstances", {}), ("DisassociateInstancesKeyPairs", {"KeyIds": [It.key_id]})]:
        cloud.refuses("UnsupportedOperation.InstanceStateShutdown", action, InstanceIds=[It.kept], **more)


@check
def a_renewal_brings_it_back_with_all_that_was_on_it():
    cloud.call("RenewInstances", InstanceIds=[It.kept], InstanceChargePrepaid={"Period": 1})
    equal(cloud.settled(It.kept, "STOPPED")["IsolatedSource"], "NOTISOLATED")
    cloud.start(It.kept)
    equal(cloud.machine(It.kept), It.machine, "address, port and user")
    with_key(It.machine, It.key).entered()


@check
def its_second_end_is_the_end():
    cloud.call("TerminateInstances", InstanceIds=[It.kept])
    cloud.settled(It.kept, "SHUTDOWN")
    cloud.call("TerminateInstances", InstanceIds=[It.kept], ReleasePrepaidDataDisks=True)
    wait_until("it is gone", lambda: not cloud.call("DescribeInstances", InstanceIds=[It.kept])["InstanceSet"])
    outcome = with_key(It.machine, It.key)
    assert outcome.status == 255 and "Permission denied" not in outcome.err, f"somebody answered: {outcome}"
    cloud.call("DeleteKeyPairs", KeyIds=[It.key_id])
