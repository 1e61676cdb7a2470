"""Packer, unmodified: builds an image through CONNECT, and its temporary key pair opens nothing afterwards.

Packer's tencentcloud builder is written on the vendor's SDK for Go, whose hosts are hard-wired; it reaches cvmd as any
program does that honours `HTTPS_PROXY`, in the environment that `cvmd env --for packer` prints. `PACKER_BINARY` names another
Packer than the one in PATH.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.environment import environment
from support.fleet import Bound, Fleet
from support.login import with_key
from support.waiting import wait_until

PACKER = os.environ.get("PACKER_BINARY") or shutil.which("packer")
SOURCE = "img-db4trptd"

pytestmark = pytest.mark.skipif(not PACKER, reason="no packer here; `cargo xtask setup` as root installs it, or give PACKER_BINARY")


@dataclass
class Built:
    """What Packer printed, and what it left beside the instance that was there before."""

    fleet: Fleet
    probe: Bound
    status: int
    printed: str
    errors: str
    image: str
    key_pairs: list
    instances: list


@pytest.fixture(scope="module")
def built(shared_account, tmp_path_factory):
    """One build: it takes long."""
    fleet, home = Fleet(shared_account), tmp_path_factory.mktemp("packer")
    # DescribeInstances of any machine shows the port of ssh.
    probe = fleet.with_key("probe", InstanceName="probe")
    surroundings = environment("packer", shared_account, HOME=str(home), CHECKPOINT_DISABLE="1")
    template = Path(__file__).resolve().parent / "image.pkr.hcl"
    words = [PACKER, "build", "-machine-readable", "-var", f"ssh_port={probe.machine.port}", str(template)]
    done = subprocess.run(
        words, cwd=home, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=500, check=False
    )
    printed = "\n".join(line for line in done.stdout.splitlines() if ",ui," in line)
    # Its machine-readable line: `...,artifact,0,id,ap-guangzhou:img-...`.
    artifacts = [line.rsplit(":", 1)[1].strip() for line in done.stdout.splitlines() if ",artifact,0,id," in line]
    yield Built(
        fleet, probe, done.returncode, printed, done.stderr, artifacts[0] if artifacts else "",
        [pair["KeyName"] for pair in fleet.call("DescribeKeyPairs")["KeyPairSet"]],
        [one["InstanceName"] for one in fleet.call("DescribeInstances")["InstanceSet"]],
    )
    if artifacts:
        fleet.call("DeleteImages", ImageIds=artifacts)
        assert fleet.call("DescribeImages", ImageIds=artifacts)["ImageSet"] == []


def test_a_machine_shows_the_port_of_ssh(fleet):
    bound = fleet.with_key("probe")
    assert bound.describe()["DefaultLoginPort"] == bound.machine.port
    with_key(bound.machine, bound.key).entered()


def test_packer_builds_an_image_and_takes_its_key_pair_away(built):
    assert built.status == 0, f"packer: {built.printed[-3000:]} {built.errors[-500:]}"
    # Printed by the provisioner's script inside the machine.
    assert "tencentcloud-cvm.image: root" in built.printed, built.printed[-3000:]
    assert built.image.startswith("img-")
    assert built.key_pairs == ["probe"], "key pairs left"
    assert built.instances == ["probe"], "instances left"


def test_the_image_is_there_and_machines_can_be_made_of_it(built):
    fleet = built.fleet
    image = fleet.call("DescribeImages", ImageIds=[built.image])["ImageSet"][0]
    assert (image["ImageName"], image["ImageState"], image["ImageType"]) == ("packer", "NORMAL", "PRIVATE_IMAGE")
    later = fleet.with_key("later", image=built.image)
    with_key(later.machine, later.key).entered()
    with_key(later.machine, built.probe.key).was_refused()
    fleet.terminate(later.id)


def test_nothing_is_left(built):
    """Of a machine made of Packer's image, and of an image made of that machine; the fixture deletes Packer's own."""
    fleet = built.fleet
    last = fleet.with_key("last", image=built.image)
    image = fleet.call("CreateImage", InstanceId=last.id, ImageName="last")["ImageId"]
    state = lambda: fleet.call("DescribeImages", ImageIds=[image])["ImageSet"][0]["ImageState"]
    wait_until("the image is NORMAL", lambda: state() == "NORMAL")
    fleet.ended(last.id)
    fleet.terminate(last.id)
    fleet.call("DeleteImages", ImageIds=[image])
    assert fleet.call("DescribeImages", ImageIds=[image])["ImageSet"] == []
    assert fleet.call("DescribeInstances", InstanceIds=[last.id])["InstanceSet"] == []
