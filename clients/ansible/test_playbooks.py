"""Ansible at machines that it knows by their ids alone, over what `cvmd ssh-config` prints; the vendor's API by tccli."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.accounts import Account
from support.fleet import Fleet
from support.login import include, new_key, public_half
from support.surroundings import DATA, ENDPOINT, REGION

PROGRAMS = Path(sys.executable).parent
MISSING = [name for name in ("ansible", "ansible-playbook", "tccli") if not (PROGRAMS / name).exists()]

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"no {', '.join(MISSING)} beside this Python; `cargo xtask setup` brings it"
)

# A Debian, entered as root, and an Ubuntu, entered as ubuntu: the inventory says nothing of users.
IMAGES = ("img-487zeit5", "img-487zeit6")


@dataclass
class Machines:
    """Two machines that the same key enters, and Ansible with an inventory of their ids."""

    account: Account
    fleet: Fleet
    key: Path
    key_id: str
    ids: list
    home: Path

    @classmethod
    def launched(cls, account, home):
        fleet, key = Fleet(account), new_key("ansible")
        key_id = fleet.imported("ansible", public_half(key))
        ids = [fleet.start_of(key_id, image=image) for image in IMAGES]
        for instance_id in ids:
            fleet.settled(instance_id)
        (home / "inventory").write_text("[machines]\n" + "".join(f"{instance_id}\n" for instance_id in ids))
        return cls(account, fleet, key, key_id, ids, home)

    def run(self, program, ssh_config, *words):
        """One of Ansible's programs, with a home of its own and nothing of the caller's settings."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CVMD_", "ANSIBLE_"))}
        environment = {
            **clean,
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(self.home / "ansible-home"),
            # No connection is shared between runs, so that each task logs in.
            "ANSIBLE_SSH_ARGS": f"-F {ssh_config} -o ControlMaster=no -o IdentityAgent=none -o IdentitiesOnly=yes",
            "ANSIBLE_ACTION_PLUGINS": str(Path(__file__).parent / "actions"),
            "ANSIBLE_PRIVATE_KEY_FILE": str(self.key),
            "ANSIBLE_NOCOLOR": "1",
            "TENCENTCLOUD_SECRET_ID": self.account.secret_id,
            "TENCENTCLOUD_SECRET_KEY": self.account.secret_key,
            "TENCENTCLOUD_REGION": REGION,
        }
        return subprocess.run(
            [str(PROGRAMS / program), "-i", str(self.home / "inventory"), *words],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False,
        )

    def directly(self, *words, pattern="machines"):
        """`ansible PATTERN ...` at the machines' addresses."""
        return self.run("ansible", include("direct", "--data", DATA), pattern, *words)


@pytest.fixture
def machines(account, tmp_path):
    return Machines.launched(account, tmp_path)


@pytest.fixture(scope="module")
def shared_machines(shared_account, tmp_path_factory):
    """The shared pair of machines. No check unbinds their key."""
    return Machines.launched(shared_account, tmp_path_factory.mktemp("ansible"))


def test_two_machines_answer_by_their_ids_at_their_addresses(shared_machines):
    done = shared_machines.directly("-m", "raw", "-a", "whoami")
    assert done.returncode == 0, done.stdout + done.stderr
    users = [line.strip() for line in done.stdout.splitlines() if line.strip() in ("root", "ubuntu")]
    assert sorted(users) == ["root", "ubuntu"]


def test_files_go_to_a_machine_and_back_by_what_ansible_tries_first(shared_machines, tmp_path):
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * 512)
    given = f"sent={sent} there=/tmp/there back={tmp_path}/back-of-{{{{ inventory_hostname }}}}"
    done = shared_machines.directly("-vvv", "-m", "there_and_back", "-a", given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "EXEC sftp -b -" in done.stdout and "EXEC scp" not in done.stdout, done.stdout
    for instance_id in shared_machines.ids:
        assert (tmp_path / f"back-of-{instance_id}").read_bytes() == sent.read_bytes()


def test_a_script_of_ones_own_runs_there_and_what_needs_python_says_so(shared_machines, tmp_path):
    script = tmp_path / "greet.sh"
    script.write_text("#!/bin/sh\nif [ -f /etc/hostname ]; then\n  echo \"$(whoami) greets ${1:-nobody}\"\nfi\n")
    done = shared_machines.directly("-m", "script", "-a", f"{script} you")
    assert done.returncode == 0, done.stdout + done.stderr
    for user in "root", "ubuntu":
        assert f"{user} greets you" in done.stdout, done.stdout
    first = shared_machines.ids[0]
    done = shared_machines.directly("-m", "ping", "-e", "ansible_python_interpreter=/usr/bin/python3", pattern=first)
    assert done.returncode == 2 and f"{first} | FAILED!" in done.stdout, done.stdout
    assert "/usr/bin/python3: not found" in done.stdout, done.stdout


def test_a_play_unbinds_a_key_and_finds_that_machine_unreachable_through_connect_alone(machines):
    facts = {
        "unbound": machines.ids[0], "key_id": machines.key_id, "tccli": str(PROGRAMS / "tccli"), "endpoint": ENDPOINT,
    }
    more = [word for name, value in facts.items() for word in ("-e", f"{name}={value}")]
    far = include("far", "--endpoint", ENDPOINT)
    done = machines.run("ansible-playbook", far, *more, str(Path(__file__).parent / "rotate.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "UNREACHABLE!" in done.stdout and "Permission denied" in done.stdout, done.stdout


def test_without_a_word_about_it_a_refused_machine_fails_the_run(machines):
    refused, entered = machines.ids
    given = {"InstanceIds": [refused], "KeyIds": [machines.key_id], "ForceStop": "TRUE"}
    machines.fleet.call("DisassociateInstancesKeyPairs", **given)
    machines.fleet.settled(refused)
    done = machines.directly("-m", "raw", "-a", "whoami")
    assert done.returncode == 4, f"Ansible's status for unreachable hosts: {done.stdout}{done.stderr}"
    assert f"{refused} | UNREACHABLE!" in done.stdout and "Permission denied" in done.stdout, done.stdout
    assert f"{entered} | CHANGED" in done.stdout, done.stdout
