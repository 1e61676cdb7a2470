"""A plain `ssh ins-...` with what `cvmd ssh-config` prints: to the machines' addresses, and through CONNECT alone."""

import subprocess

import pytest

from support.login import by_name, include
from support.surroundings import BINARY, DATA, ENDPOINT

WAYS = {
    "at-its-address": ("--data", DATA),
    "through-the-port": ("--data", DATA, "--relay"),
    "through-the-port-of-a-server-whose-data-directory-is-not-at-hand": ("--endpoint", ENDPOINT),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def ssh_config(request):
    return include("include", *request.param)


def test_a_plain_ssh_enters_a_machine_by_its_name(fleet, ssh_config):
    bound = fleet.with_key()
    assert by_name(ssh_config, bound.id, bound.key).entered().strip() == bound.machine.user


def test_a_machine_that_is_younger_than_the_include_is_entered_too(ssh_config, fleet):
    younger = fleet.with_key()
    by_name(ssh_config, younger.id, younger.key).entered()
    by_name(ssh_config, f"root@{younger.id}", younger.key).entered()


def test_an_unbound_key_is_refused_by_every_way_and_another_machine_admits_it(fleet, ssh_config):
    bound = fleet.with_key()
    other = fleet.run(bound.key_id)
    by_name(ssh_config, bound.id, bound.key).entered()
    fleet.unbind(bound)
    by_name(ssh_config, bound.id, bound.key).was_refused()
    by_name(ssh_config, other, bound.key).entered()


def test_a_machine_that_is_off_is_reported_through_the_port(fleet):
    bound = fleet.with_key()
    fleet.call("StopInstances", InstanceIds=[bound.id])
    bound.settled("STOPPED")
    outcome = by_name(include("relay", *WAYS["through-the-port"]), bound.id, bound.key)
    assert outcome.status == 255 and f"{bound.id} is STOPPED" in outcome.err, outcome


@pytest.mark.parametrize("more", [[], ["--relay"]], ids=["at-its-address", "through-the-port"])
def test_cvmd_ssh_takes_the_key_and_either_way(fleet, more):
    bound = fleet.with_key()
    words = [BINARY, "ssh", "--data", DATA, *more, "-i", str(bound.key), bound.id, "whoami"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "root"), done.stderr
