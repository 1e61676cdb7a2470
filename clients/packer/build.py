"""Packer, unmodified: builds an image through CONNECT, and its temporary key pair opens nothing afterwards.

Packer's tencentcloud builder is written on the vendor's SDK for Go, whose hosts are hard-wired; it reaches cvmd as any
program does that honours `HTTPS_PROXY`, in the environment that `cvmd env --for packer` prints. `PACKER_BINARY` names another Packer than the one in PATH.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from login import Machine, new_key, public_half, with_key
from signed import Door
from story import ENDPOINT, WORK, ZONE, Skipped, check, equal, wait_until
from ways import environment

PACKER = os.environ.get("PACKER_BINARY") or shutil.which("packer")
SOURCE = "img-db4trptd"

api3 = Door(host=ENDPOINT.split("//")[1], path="/", algorithm="HmacSHA256")


def with_packer(function):
    return check(function) if PACKER else function


if not PACKER:

    @check
    def packer_builds_an_image():
        raise Skipped("no packer here; `cargo xtask setup` as root installs it, or give PACKER_BINARY")


def call(action, **given):
    return api3.call(action, **given).reply()


def instances(**given):
    return call("DescribeInstances", **given)["InstanceSet"]


def run(name, key_id, image=SOURCE):
    login = {"KeyIds": [key_id]}
    given = {"Placement": {"Zone": ZONE}, "ImageId": image, "InstanceName": name, "LoginSettings": login}
    instance_id = call("RunInstances", **given)["InstanceIdSet"][0]
    running = lambda: [one for one in instances(InstanceIds=[instance_id]) if one["InstanceState"] == "RUNNING"]
    return wait_until(f"{name} runs", running)[0]


class It:
    port = image = None


@with_packer
def a_machine_tells_the_port_of_ssh():
    key = new_key("probe")
    key_id = call("ImportKeyPair", KeyName="probe", ProjectId=0, PublicKey=public_half(key))["KeyId"]
    instance = run("probe", key_id)
    with_key(Machine.of(instance), key).entered()
    It.port = instance["DefaultLoginPort"]


@with_packer
def packer_builds_an_image_and_takes_its_key_pair_away():
    surroundings = environment("packer", HOME=str(WORK), CHECKPOINT_DISABLE="1")
    template = Path(__file__).resolve().parent / "image.pkr.hcl"
    words = [PACKER, "build", "-machine-readable", "-var", f"ssh_port={It.port}", str(template)]
    done = subprocess.run(
        words, cwd=WORK, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=500, check=False
    )
    said = "\n".join(line for line in done.stdout.splitlines() if ",ui," in line)
    equal(done.returncode, 0, f"packer: {said[-3000:]} {done.stderr[-500:]}")
    # What the provisioner's script said, inside the machine.
    assert "tencentcloud-cvm.image: root" in said, said[-3000:]
    # Its machine-readable line: `...,artifact,0,id,ap-guangzhou:img-...`.
    artifact = next(line for line in done.stdout.splitlines() if ",artifact,0,id," in line)
    It.image = artifact.rsplit(":", 1)[1].strip()
    equal([pair["KeyName"] for pair in call("DescribeKeyPairs")["KeyPairSet"]], ["probe"], "key pairs left")
    equal([one["InstanceName"] for one in instances()], ["probe"], "instances left")


@with_packer
def the_image_is_there_and_machines_can_be_made_of_it():
    image = call("DescribeImages", ImageIds=[It.image])["ImageSet"][0]
    equal((image["ImageName"], image["ImageState"], image["ImageType"]), ("packer", "NORMAL", "PRIVATE_IMAGE"))
    key = new_key("later")
    key_id = call("ImportKeyPair", KeyName="later", ProjectId=0, PublicKey=public_half(key))["KeyId"]
    instance = run("later", key_id, image=It.image)
    with_key(Machine.of(instance), key).entered()
    with_key(Machine.of(instance), WORK / "probe").was_refused()


@with_packer
def nothing_is_left():
    ids = [one["InstanceId"] for one in instances()]
    call("TerminateInstances", InstanceIds=ids)
    wait_until("all are gone", lambda: not instances())
    call("DeleteImages", ImageIds=[It.image])
    equal(json.dumps(call("DescribeImages", ImageIds=[It.image])["ImageSet"]), "[]")

