"""Who may speak at the legacy door: signatures, clocks, replays, versions."""

import time

from codes import DOORS, UNBIND, It
from signed import Door
from story import check, equal


@check
def a_forged_signature_is_refused():
    for door in DOORS:
        signed = door.sign(door.parameters("DescribeZones"))
        signed["Nonce"] = str(int(signed["Nonce"]) + 1)
        equal(door.send(signed).code(), "InvalidParameter.SignatureFailure")
    equal(Door(secret_key="not the key").call("DescribeZones").code(), "InvalidParameter.SignatureFailure")


@check
def an_absent_signature_is_missing():
    for door in DOORS:
        for name in ("Signature", "SecretId", "Timestamp", "Nonce"):
            signed = door.sign(door.parameters("DescribeZones"))
            del signed[name]
            code = door.send(signed).code()
            assert code in ("MissingParameter", "InvalidParameter.SignatureFailure"), f"{name}: {code}"


@check
def an_unknown_secret_id_is_told():
    equal(Door(secret_id="AKIDnobody").call("DescribeZones").code(), "InvalidParameter.SecretIdNotFound")


@check
def a_skewed_clock_is_refused():
    for door in DOORS:
        for skew in (-400, 400, -10**9):
            parameters = {**door.parameters("DescribeZones"), "Timestamp": str(int(time.time()) + skew)}
            equal(door.send(door.sign(parameters)).code(), "InvalidRequest.ReplayAttack", str(skew))
        for skew in (-200, 200):
            parameters = {**door.parameters("DescribeZones"), "Timestamp": str(int(time.time()) + skew)}
            door.send(door.sign(parameters)).reply()
        parameters = {**door.parameters("DescribeZones"), "Timestamp": "yesterday"}
        assert door.send(door.sign(parameters)).code()


@check
def the_same_signed_request_twice_is_a_replay():
    for door in DOORS:
        query = door.sign(door.parameters("DescribeZones"))
        door.send(query).reply()
        equal(door.send(query).code(), "InvalidRequest.ReplayAttack")
        command = door.sign(door.parameters("ModifyInstancesAttribute", InstanceIds=[It.instance], InstanceName="once"))
        door.send(command).reply()
        equal(door.send(command).code(), "InvalidRequest.ReplayAttack")


@check
def api_3_does_not_count_nonces():
    # Some of its clients draw them from 0..65535, so the same one comes again.
    door = Door(host="cvm.tencentcloudapi.com", path="/")
    query = door.sign(door.parameters("DescribeZones"))
    door.send(query).reply()
    door.send(query).reply()


@check
def nonces_of_every_width_are_taken():
    for door in DOORS:
        for nonce in ("0", "65535", "4294967296", str(2**63 - 1)):
            door.send(door.sign({**door.parameters("DescribeZones"), "Nonce": nonce})).reply()


@check
def without_a_version_the_old_action_set_answers():
    given = {"InstanceIds.1": It.instance, "KeyIds.1": It.key_id}
    for door in DOORS:
        parameters = {**door.parameters(UNBIND, **given)}
        del parameters["Version"]
        answer = door.send(door.sign(parameters))
        equal((answer.status, answer.content_type), (200, "application/json"))
        old = answer.json()
        equal(old["code"], 6100)
        assert "Version=2017-03-12" in old["message"], old
        assert old["codeDesc"], old
        assert "Response" not in old, old


@check
def a_wrong_version_is_an_invalid_value_here_and_no_such_version_on_api_3():
    equal(Door(version="2016-01-01").call("DescribeZones").code(), "InvalidParameterValue")
    three = Door(version="2016-01-01", host="cvm.tencentcloudapi.com", path="/")
    equal(three.call("DescribeZones").code(), "NoSuchVersion")


@check
def the_signature_method_is_sha256_only_when_it_says_so():
    door = Door(algorithm="HmacSHA1")
    for name in ("", "HmacSHA512"):
        parameters = {**door.parameters("DescribeZones"), "SignatureMethod": name}
        door.send(door.sign(parameters)).reply()
