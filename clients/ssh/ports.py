"""`ssh.mode = "port"`: machines that are told apart by a port of their own, at one address."""

from fleet import Fleet
from login import Machine, by_name, include, new_key, public_half, with_key
from program import Program
from story import check, equal

# Apart from the ports that outgoing connections get: none of those may take one while cvmd is away.
RANGE = "24000-24999"


class It:
    cvmd = key = key_id = first = second = None


def at_its_port(instance_id):
    found = Fleet(It.cvmd.endpoint).instance(instance_id)
    return Machine("127.0.0.1", found["DefaultLoginPort"], found["DefaultLoginUser"])


@check
def each_machine_has_a_port_of_its_own():
    It.cvmd = Program(settings={"CVMD_SSH_MODE": "port", "CVMD_SSH_PORT_RANGE": RANGE}).start()
    fleet, It.key = Fleet(It.cvmd.endpoint), new_key("ports")
    It.key_id = fleet.imported("ports", public_half(It.key))
    It.first, It.second = fleet.run(It.key_id), fleet.run(It.key_id)
    one, two = at_its_port(It.first), at_its_port(It.second)
    assert one.port != two.port, one
    assert with_key(one, It.key, "hostname").entered() != with_key(two, It.key, "hostname").entered()


@check
def an_unbound_key_is_refused_at_its_machines_port_alone():
    fleet = Fleet(It.cvmd.endpoint)
    fleet.call("DisassociateInstancesKeyPairs", InstanceIds=[It.first], KeyIds=[It.key_id], ForceStop="TRUE")
    fleet.settled(It.first)
    with_key(at_its_port(It.first), It.key).was_refused()
    with_key(at_its_port(It.second), It.key).entered()


@check
def a_restart_keeps_every_port_and_a_plain_ssh_finds_it():
    before = [at_its_port(It.first), at_its_port(It.second)]
    direct = include("at-ports", "--data", It.cvmd.data)
    It.cvmd.stop()
    It.cvmd.start()
    equal([at_its_port(It.first), at_its_port(It.second)], before)
    by_name(direct, It.second, It.key).entered()
    by_name(direct, It.first, It.key).was_refused()
    It.cvmd.stop()
    equal(It.cvmd.complaints(), [])
