"""A plain `ssh ins-...` with what `cvmd ssh-config` prints: to the machines' addresses, and through CONNECT alone."""

import os
import subprocess

from fleet import Fleet
from login import by_name, include, new_key, public_half
from program import BINARY
from story import ENDPOINT, check, equal


class It:
    fleet = key = key_id = older = younger = None
    includes = {}


@check
def a_plain_ssh_enters_a_machine_by_its_name():
    It.fleet, It.key = Fleet(ENDPOINT), new_key("by-name")
    It.key_id = It.fleet.imported("by_name", public_half(It.key))
    It.older = It.fleet.run(It.key_id)
    data = os.environ["CVMD_DATA"]
    It.includes = {
        "at its address": include("direct", "--data", data),
        "through the port": include("relay", "--data", data, "--relay"),
        "through the port of a server whose data directory is not at hand": include("far", "--endpoint", ENDPOINT),
    }
    for path in It.includes.values():
        equal(by_name(path, It.older, It.key).entered().strip(), It.fleet.machine(It.older).user)


@check
def a_machine_that_is_younger_than_the_include_is_entered_too():
    It.younger = It.fleet.run(It.key_id)
    for path in It.includes.values():
        by_name(path, It.younger, It.key).entered()
        by_name(path, f"root@{It.younger}", It.key).entered()


@check
def an_unbound_key_is_refused_by_every_way_and_another_machine_admits_it():
    It.fleet.call("DisassociateInstancesKeyPairs", InstanceIds=[It.older], KeyIds=[It.key_id], ForceStop="TRUE")
    It.fleet.settled(It.older)
    for path in It.includes.values():
        by_name(path, It.older, It.key).was_refused()
        by_name(path, It.younger, It.key).entered()


@check
def a_machine_that_is_off_is_told_so_through_the_port():
    It.fleet.call("StopInstances", InstanceIds=[It.younger])
    It.fleet.settled(It.younger, "STOPPED")
    outcome = by_name(It.includes["through the port"], It.younger, It.key)
    assert outcome.status == 255 and f"{It.younger} is STOPPED" in outcome.err, outcome


@check
def cvmd_ssh_takes_the_key_and_either_way():
    It.fleet.call("StartInstances", InstanceIds=[It.younger])
    It.fleet.settled(It.younger)
    for more in ([], ["--relay"]):
        words = [BINARY, "ssh", "--data", os.environ["CVMD_DATA"], *more, "-i", str(It.key), It.younger, "whoami"]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        equal((done.returncode, done.stdout.strip()), (0, "root"), done.stderr)
    It.fleet.call("TerminateInstances", InstanceIds=[It.older, It.younger])
