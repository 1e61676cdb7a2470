"""`ssh.mode = "port"`: each machine has a port of its own, at one address."""

from dataclasses import replace

import pytest

from support.fleet import Fleet
from support.login import by_name, include, with_key
from support.program import Program

# Outside the range of outgoing connections, which could take a port while cvmd is down.
RANGE = "24000-24999"


@pytest.fixture
def cvmd():
    with Program(settings={"CVMD_SSH_MODE": "port", "CVMD_SSH_PORT_RANGE": RANGE}) as program:
        yield program
        program.stop()
        assert program.complaints() == []


@pytest.fixture
def two(cvmd):
    """Machines with the same key."""
    fleet = Fleet(endpoint=cvmd.endpoint)
    first = fleet.with_key()
    return first, replace(first, id=fleet.run(first.key_id))


def at_its_port(cvmd, bound):
    return replace(Fleet(endpoint=cvmd.endpoint).machine(bound.id), address="127.0.0.1")


def test_each_machine_has_a_port_of_its_own(cvmd, two):
    one, other = (at_its_port(cvmd, bound) for bound in two)
    assert one.port != other.port, one
    key = two[0].key
    assert with_key(one, key, "hostname").entered() != with_key(other, key, "hostname").entered()


def test_an_unbound_key_is_refused_at_its_machines_port_alone(cvmd, two):
    first, second = two
    first.owner.unbind(first)
    with_key(at_its_port(cvmd, first), first.key).was_refused()
    with_key(at_its_port(cvmd, second), first.key).entered()


def test_a_restart_keeps_every_port_and_a_plain_ssh_finds_it(cvmd, two):
    first, second = two
    first.owner.unbind(first)
    before = [at_its_port(cvmd, bound) for bound in two]
    direct = include("at-ports", "--data", cvmd.data)
    cvmd.stop()
    cvmd.start()
    assert [at_its_port(cvmd, bound) for bound in two] == before
    by_name(direct, second.id, first.key).entered()
    by_name(direct, first.id, first.key).was_refused()
