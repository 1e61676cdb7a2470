"""Ansible at machines that it knows by their ids alone, over what `cvmd ssh-config` prints; the vendor's API by tccli."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from login import include, new_key, public_half  # noqa: E402
from signed import Door  # noqa: E402
from story import ENDPOINT, REGION, SECRET_ID, SECRET_KEY, WORK, ZONE, check, equal, tell, wait_until  # noqa: E402

PROGRAMS = Path(sys.executable).parent
if missing := [name for name in ("ansible", "ansible-playbook", "tccli") if not (PROGRAMS / name).exists()]:
    print(f"skipped ansible: no {missing[0]} beside this Python; `cargo xtask setup` brings it")
    sys.exit(0)

# A Debian, entered as root, and an Ubuntu, entered as ubuntu: the inventory says nothing of users.
IMAGES = ("img-487zeit5", "img-487zeit6")


class It:
    door = Door(method="POST", algorithm="HmacSHA256")
    key = key_id = None
    machines = []


def call(action, **given):
    return It.door.call(action, **given).reply()


def launched(image):
    found = call("RunInstances", Placement={"Zone": ZONE}, ImageId=image, LoginSettings={"KeyIds": [It.key_id]})
    return found["InstanceIdSet"][0]


def is_running(instance_id):
    found = call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"][0]
    return found["InstanceState"] == "RUNNING" and found["LatestOperationState"] == "SUCCESS"


def ansible(program, ssh_config, *words):
    """One of Ansible's programs, with a home of its own and nothing of the caller's settings."""
    (WORK / "inventory").write_text("[machines]\n" + "".join(f"{instance_id}\n" for instance_id in It.machines))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CVMD_", "ANSIBLE_"))}
    environment = {
        **clean,
        "HOME": str(WORK),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_HOME": str(WORK / "ansible-home"),
        # Without a master that outlives the run, so that each task logs in.
        "ANSIBLE_SSH_ARGS": f"-F {ssh_config} -o ControlMaster=no -o IdentityAgent=none -o IdentitiesOnly=yes",
        "ANSIBLE_ACTION_PLUGINS": str(Path(__file__).parent / "actions"),
        "ANSIBLE_PRIVATE_KEY_FILE": str(It.key),
        "ANSIBLE_NOCOLOR": "1",
        "TENCENTCLOUD_SECRET_ID": SECRET_ID,
        "TENCENTCLOUD_SECRET_KEY": SECRET_KEY,
        "TENCENTCLOUD_REGION": REGION,
    }
    return subprocess.run(
        [str(PROGRAMS / program), "-i", str(WORK / "inventory"), *words],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False,
    )


@check
def two_machines_answer_by_their_ids_at_their_addresses():
    It.key = new_key("ansible")
    It.key_id = call("ImportKeyPair", KeyName="ansible", ProjectId=0, PublicKey=public_half(It.key))["KeyId"]
    It.machines = [launched(image) for image in IMAGES]
    for instance_id in It.machines:
        wait_until(f"{instance_id} is RUNNING", lambda asked=instance_id: is_running(asked))
    direct = include("direct", "--data", os.environ["CVMD_DATA"])
    done = ansible("ansible", direct, "machines", "-m", "raw", "-a", "whoami")
    equal(done.returncode, 0, done.stdout + done.stderr)
    told = [line.strip() for line in done.stdout.splitlines() if line.strip() in ("root", "ubuntu")]
    equal(sorted(told), ["root", "ubuntu"])


@check
def files_go_to_a_machine_and_back_by_what_ansible_tries_first():
    direct = include("direct", "--data", os.environ["CVMD_DATA"])
    (WORK / "sent").write_bytes(bytes(range(256)) * 512)
    given = f"sent={WORK / 'sent'} there=/tmp/there back={WORK}/back-of-{{{{ inventory_hostname }}}}"
    done = ansible("ansible", direct, "machines", "-vvv", "-m", "there_and_back", "-a", given)
    equal(done.returncode, 0, done.stdout + done.stderr)
    assert "EXEC sftp -b -" in done.stdout and "EXEC scp" not in done.stdout, done.stdout
    for instance_id in It.machines:
        equal((WORK / f"back-of-{instance_id}").read_bytes() == (WORK / "sent").read_bytes(), True)


@check
def a_script_of_ones_own_runs_there_and_what_needs_python_says_so():
    direct = include("direct", "--data", os.environ["CVMD_DATA"])
    script = WORK / "greet.sh"
    script.write_text("#!/bin/sh\nif [ -f /etc/hostname ]; then\n  echo \"$(whoami) greets ${1:-nobody}\"\nfi\n")
    done = ansible("ansible", direct, "machines", "-m", "script", "-a", f"{script} you")
    equal(done.returncode, 0, done.stdout + done.stderr)
    for user in "root", "ubuntu":
        assert f"{user} greets you" in done.stdout, done.stdout
    python = ["-e", "ansible_python_interpreter=/usr/bin/python3"]
    done = ansible("ansible", direct, It.machines[0], "-m", "ping", *python)
    assert done.returncode == 2 and f"{It.machines[0]} | FAILED!" in done.stdout, done.stdout
    assert "/usr/bin/python3: not found" in done.stdout, done.stdout


@check
def a_play_unbinds_a_key_and_finds_that_machine_unreachable_through_connect_alone():
    far = include("far", "--endpoint", ENDPOINT)
    facts = {
        "unbound": It.machines[0], "key_id": It.key_id, "tccli": str(PROGRAMS / "tccli"), "endpoint": ENDPOINT,
    }
    more = [word for name, value in facts.items() for word in ("-e", f"{name}={value}")]
    done = ansible("ansible-playbook", far, *more, str(Path(__file__).parent / "rotate.yml"))
    equal(done.returncode, 0, done.stdout + done.stderr)
    assert "UNREACHABLE!" in done.stdout and "Permission denied" in done.stdout, done.stdout


@check
def without_a_word_about_it_a_refused_machine_fails_the_run():
    direct = include("direct", "--data", os.environ["CVMD_DATA"])
    done = ansible("ansible", direct, "machines", "-m", "raw", "-a", "whoami")
    equal(done.returncode, 4, f"Ansible's status for unreachable hosts: {done.stdout}{done.stderr}")
    refused, entered = It.machines
    assert f"{refused} | UNREACHABLE!" in done.stdout and "Permission denied" in done.stdout, done.stdout
    assert f"{entered} | CHANGED" in done.stdout, done.stdout
    call("TerminateInstances", InstanceIds=It.machines)


tell()
