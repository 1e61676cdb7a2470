"""One key's life: made, entered with, taken off a running machine, refused; the password set afterwards enters."""

from cloud import cloud
from login import admits_nobody_by_password, kept, methods, new_key, public_half, with_key, with_password
from story import ZONE, check, equal, wait_until

PASSWORD = "Correct9horse+"


class It:
    """What one check leaves for the next."""

    key = key_id = other = other_id = third = third_id = instance = None


@check
def a_created_key_pair_gives_its_private_key_once():
    pair = cloud.call("CreateKeyPair", KeyName="heart_created", ProjectId=0)["KeyPair"]
    assert pair["PrivateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----"), pair["PrivateKey"][:40]
    assert pair["PublicKey"].startswith("ssh-rsa "), pair["PublicKey"][:40]
    It.key_id, It.key = pair["KeyId"], kept("created", pair["PrivateKey"])
    seen = cloud.key_pair(It.key_id)
    equal(seen["PrivateKey"], None)
    equal(seen["PublicKey"].split()[:2], pair["PublicKey"].split()[:2])
    equal(seen["AssociatedInstanceIds"], [])


@check
def key_pairs_of_both_kinds_are_imported():
    It.other, It.third = new_key("other", "ed25519"), new_key("third", "rsa", 2048)
    It.other_id = cloud.imported("heart_ed25519", public_half(It.other))
    It.third_id = cloud.imported("heart_rsa", public_half(It.third))
    words = cloud.key_pair(It.third_id)["PublicKey"].split()
    equal(words[:2], public_half(It.third).split()[:2])
    assert len(words) >= 3, "clients take the last word off"


@check
def an_instance_with_a_key_runs_once_per_client_token():
    parameters = {
        "Placement": {"Zone": ZONE},
        "ImageId": cloud.image("Debian"),
        "InstanceName": "heart",
        "LoginSettings": {"KeyIds": [It.key_id]},
        "ClientToken": "heart-token-1",
        # A slow shutdown leaves time to look at what a client polls meanwhile.
        "TagSpecification": [
            {
                "ResourceType": "instance",
                "Tags": [{"Key": "team", "Value": "blue"}, {"Key": "cvmd:guest", "Value": "shutdown-ms=1500"}],
            }
        ],
    }
    It.instance = cloud.call("RunInstances", **parameters)["InstanceIdSet"][0]
    assert cloud.instance(It.instance)["InstanceState"] in ("PENDING", "RUNNING"), "visible at once"
    equal(cloud.call("RunInstances", **parameters)["InstanceIdSet"], [It.instance], "the same token's instance")
    instance = cloud.settled(It.instance)
    equal(instance["LoginSettings"]["KeyIds"], [It.key_id])
    equal(cloud.key_pair(It.key_id)["AssociatedInstanceIds"], [It.instance])
    assert {"Key": "team", "Value": "blue"} in instance["Tags"], instance["Tags"]


@check
def the_bound_key_enters_and_another_does_not():
    machine = cloud.machine(It.instance)
    equal(with_key(machine, It.key).entered().strip(), machine.user)
    with_key(machine, It.other).was_refused()
    equal(methods(machine), {"publickey"})


@check
def a_running_instance_must_be_forced():
    batch = {"InstanceIds": [It.instance], "KeyIds": [It.key_id]}
    message = cloud.refuses("UnsupportedOperation.InstanceStateRunning", "DisassociateInstancesKeyPairs", **batch)
    assert It.instance in message, f"the message names the instance: {message}"
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "DisassociateInstancesKeyPairs", ForceStop=False, **batch)
    equal(cloud.instance(It.instance)["LoginSettings"]["KeyIds"], [It.key_id])
    with_key(cloud.machine(It.instance), It.key).entered()


@check
def a_forced_unbind_is_seen_at_once_and_ends_running():
    done = cloud.call(
        "DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.key_id], ForceStop=True
    )
    instance = cloud.instance(It.instance)
    equal(instance["LatestOperationState"], "OPERATING")
    equal(instance["LatestOperation"], "DisassociateInstancesKeyPairs")
    equal(instance["LatestOperationRequestId"], done["RequestId"])
    equal(instance["LoginSettings"]["KeyIds"], None)
    equal(cloud.key_pair(It.key_id)["AssociatedInstanceIds"], [])
    # As Terraform does, right after: refused while the guest still holds the key, and retried on this very code.
    cloud.refuses("InvalidParameterValue.KeyPairNotSupported", "DeleteKeyPairs", KeyIds=[It.key_id])
    cloud.refuses(
        "OperationDenied.InstanceOperationInProgress",
        "DisassociateInstancesKeyPairs",
        InstanceIds=[It.instance],
        KeyIds=[It.key_id],
        ForceStop=True,
    )

    states = []

    def ended():
        now = cloud.instance(It.instance)
        if now["InstanceState"] not in states[-1:]:
            states.append(now["InstanceState"])
        return now["LatestOperationState"] != "OPERATING"

    wait_until("the forced unbind is done", ended)
    cloud.settled(It.instance)
    assert states[0] == "STOPPING" and states[-1] == "RUNNING", states
    cloud.call("DeleteKeyPairs", KeyIds=[It.key_id])
    equal(cloud.call("DescribeKeyPairs", KeyIds=[It.key_id])["KeyPairSet"], [])


@check
def a_machine_that_lost_its_only_login_admits_nobody():
    machine = cloud.machine(It.instance)
    with_key(machine, It.key).was_refused()
    admits_nobody_by_password(machine)
    with_password(machine, PASSWORD).was_refused()


@check
def a_password_set_afterwards_enters_and_the_key_stays_out():
    reset = {"InstanceIds": [It.instance], "Password": PASSWORD}
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "ResetInstancesPassword", **reset)
    cloud.call("ResetInstancesPassword", ForceStop=True, **reset)
    cloud.settled(It.instance)
    machine = cloud.machine(It.instance)
    equal(with_password(machine, PASSWORD).entered().strip(), machine.user)
    with_key(machine, It.key).was_refused()
    with_password(machine, PASSWORD + "x").was_refused()


@check
def binding_a_key_turns_the_password_off():
    bind = {"InstanceIds": [It.instance], "KeyIds": [It.other_id]}
    cloud.refuses("UnsupportedOperation.InstanceStateRunning", "AssociateInstancesKeyPairs", **bind)
    cloud.call("AssociateInstancesKeyPairs", ForceStop=True, **bind)
    cloud.settled(It.instance)
    machine = cloud.machine(It.instance)
    with_key(machine, It.other).entered()
    with_password(machine, PASSWORD).was_refused()
    admits_nobody_by_password(machine)


@check
def an_unbind_on_a_stopped_instance_leaves_it_stopped_and_the_old_password_returns():
    cloud.stop(It.instance)
    cloud.call("DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.other_id], ForceStop=True)
    cloud.settled(It.instance, "STOPPED")
    cloud.start(It.instance)
    machine = cloud.machine(It.instance)
    with_password(machine, PASSWORD).entered()
    with_key(machine, It.other).was_refused()


@check
def one_of_two_keys_goes_and_the_other_stays():
    cloud.stop(It.instance)
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.other_id, It.third_id])
    cloud.settled(It.instance, "STOPPED")
    cloud.start(It.instance)
    machine = cloud.machine(It.instance)
    with_key(machine, It.other).entered()
    with_key(machine, It.third).entered()
    cloud.call("DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.other_id], ForceStop=True)
    equal(cloud.settled(It.instance)["LoginSettings"]["KeyIds"], [It.third_id])
    with_key(machine, It.other).was_refused()
    with_key(machine, It.third).entered()
    # Unbinding some keys leaves password login as it is: off.
    admits_nobody_by_password(machine)


@check
def binding_replaces_what_was_bound():
    cloud.call("AssociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.other_id], ForceStop=True)
    equal(cloud.settled(It.instance)["LoginSettings"]["KeyIds"], [It.other_id])
    machine = cloud.machine(It.instance)
    with_key(machine, It.other).entered()
    with_key(machine, It.third).was_refused()


@check
def a_password_beside_a_key_opens_both_ways():
    cloud.call("ResetInstancesPassword", InstanceIds=[It.instance], Password="Another8+word", ForceStop=True)
    equal(cloud.settled(It.instance)["LoginSettings"]["KeyIds"], [It.other_id])
    machine = cloud.machine(It.instance)
    with_password(machine, "Another8+word").entered()
    with_key(machine, It.other).entered()
    with_password(machine, PASSWORD).was_refused()


@check
def nothing_to_unbind_on_a_running_instance_needs_no_power_cycle():
    machine = cloud.machine(It.instance)
    boot = "cat /proc/sys/kernel/random/boot_id"
    before = with_key(machine, It.other, boot).entered()
    cloud.call("DisassociateInstancesKeyPairs", InstanceIds=[It.instance], KeyIds=[It.third_id], ForceStop=True)
    instance = cloud.instance(It.instance)
    equal((instance["InstanceState"], instance["LatestOperationState"]), ("RUNNING", "SUCCESS"))
    equal(with_key(machine, It.other, boot).entered(), before, "boot id")
    cloud.refuses(
        "UnsupportedOperation.InstanceStateRunning",
        "DisassociateInstancesKeyPairs",
        InstanceIds=[It.instance],
        KeyIds=[It.third_id],
    )
