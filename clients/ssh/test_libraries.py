"""SSH clients that are not OpenSSH's: libraries that programs are built on, and the clients of Windows and of small systems.

Each enters by what it knows, copies by sftp if it can, and reports a refusal in its own words.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.fleet import Fleet
from support.login import Machine, new_key, public_half, with_key, with_password
from support.surroundings import NODE_MODULES

HERE = Path(__file__).parent
JSCH = Path("/usr/share/java/jsch.jar")
PASSWORD, WRONG = "Older+Clients7", "Wrong+Clients7"
BODY = bytes(range(256)) * 1024


@dataclass
class Machines:
    """One that the key was taken off, one that it stays at, and one with a password; no check changes them."""

    key: Path
    left: Machine
    keyed: Machine
    guarded: Machine


@pytest.fixture(scope="module")
def machines(shared_account):
    fleet = Fleet(shared_account)
    left = fleet.with_key()
    keyed, guarded = fleet.start_of(left.key_id), fleet.start_of(None, LoginSettings={"Password": PASSWORD})
    return Machines(left.key, fleet.unbind(left), fleet.settled(keyed), fleet.settled(guarded))


def ran(words, environment=None):
    done = subprocess.run(
        [str(word) for word in words], env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )
    return done.returncode, done.stdout, done.stderr


def needs(program, package):
    if shutil.which(program) is None and not Path(program).exists():
        pytest.skip(f"no {program} here; `cargo xtask setup` brings it by {package}")


def test_a_machine_that_a_key_leaves_and_one_that_it_stays_at_and_one_with_a_password(machines):
    """A login by OpenSSH, with which the others are compared."""
    with_key(machines.left, machines.key).was_refused()
    with_key(machines.keyed, machines.key).entered()
    with_key(machines.guarded, machines.key).was_refused()
    with_password(machines.guarded, PASSWORD).entered()
    with_password(machines.guarded, WRONG).was_refused()


def paramiko_at(machine, without=(), auth_timeout=60, **how):
    import paramiko

    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        machine.address, machine.port, machine.user, look_for_keys=False, allow_agent=False, timeout=60,
        banner_timeout=60, auth_timeout=auth_timeout, disabled_algorithms={"keys": list(without)}, **how,
    )
    return client


def test_paramiko_enters_whatever_host_key_it_knows_and_copies_by_sftp(machines, tmp_path):
    paramiko = pytest.importorskip("paramiko", reason="no paramiko beside this Python; `cargo xtask setup` brings it")
    first, second = "ssh-ed25519", "ecdsa-sha2-nistp256"
    for without, shown in ([], first), ([first], second), ([first, second], "rsa-sha2-512"):
        with paramiko_at(machines.keyed, without, key_filename=str(machines.key)) as client:
            assert client.get_transport().host_key_type == shown
            assert client.exec_command("whoami")[1].read().decode().strip() == machines.keyed.user
        with pytest.raises(paramiko.AuthenticationException, match=r"^Authentication failed\.$"):
            paramiko_at(machines.left, without, key_filename=str(machines.key)).close()
    (tmp_path / "sent").write_bytes(BODY)
    with paramiko_at(machines.guarded, password=PASSWORD) as client, client.open_sftp() as sftp:
        sftp.mkdir("/tmp/d")
        assert sftp.put(str(tmp_path / "sent"), "/tmp/d/sent").st_size == len(BODY)
        sftp.rename("/tmp/d/sent", "/tmp/d/there")
        assert sftp.listdir("/tmp/d") == ["there"]
        sftp.get("/tmp/d/there", str(tmp_path / "back"))
        assert (tmp_path / "back").read_bytes() == BODY
        sftp.remove("/tmp/d/there")
        sftp.rmdir("/tmp/d")
    for password, enters in (PASSWORD, True), (WRONG, False):
        transport = paramiko.Transport((machines.guarded.address, machines.guarded.port))
        try:
            transport.connect()
            transport.auth_interactive(machines.guarded.user, lambda *_, answer=password: [answer])
            entered = True
        except paramiko.AuthenticationException:
            entered = False
        finally:
            transport.close()
        assert entered == enters


def by_requesting_the_service(machine, key, password):
    """paramiko's newer transport, until the machine's answer is heard.

    It makes the event that a reply sets only after it has sent the request (`send_auth_request` in its auth_handler.py): a reply
    that is there at once is lost, and it waits until its own clock ends that. Such a loss is tried again; a machine that never
    answers is not heard in any of the attempts.
    """
    from paramiko import AuthenticationException, ServiceRequestingTransport

    for _ in range(6):
        try:
            how = {"key_filename": str(key), "password": password, "transport_factory": ServiceRequestingTransport}
            return paramiko_at(machine, auth_timeout=5, **how)
        except AuthenticationException as why:
            if "timeout" not in str(why):
                raise
    raise AssertionError("the machine has never answered")


def test_paramiko_tries_a_key_and_then_a_password_on_one_connection_by_its_service_requesting_transport(machines):
    paramiko = pytest.importorskip("paramiko", reason="no paramiko beside this Python; `cargo xtask setup` brings it")
    unknown = new_key("unknown")
    with by_requesting_the_service(machines.guarded, unknown, PASSWORD) as client:
        assert client.exec_command("whoami")[1].read().decode().strip() == machines.guarded.user
    for machine, key in (machines.guarded, unknown), (machines.left, machines.key):
        with pytest.raises(paramiko.AuthenticationException):
            by_requesting_the_service(machine, key, WRONG).close()


def output(*words):
    status, out, err = ran(words)
    assert status == 0, err
    return json.loads(out)


def enters_and_is_refused(machines, program, entered, refused):
    """By a key where it stands and where it was taken off, and by a password that is right and one that is not."""

    def tried(machine, **proof):
        where = {"host": machine.address, "port": machine.port, "username": machine.user}
        return output(*program, json.dumps({**where, **proof}))

    assert tried(machines.keyed, key=str(machines.key)) == {"whoami": machines.keyed.user, **entered}
    assert tried(machines.left, key=str(machines.key)) == refused
    assert tried(machines.guarded, password=PASSWORD) == {"whoami": machines.guarded.user, **entered}
    assert tried(machines.guarded, password=WRONG) == refused


def test_phpseclib_enters_and_is_refused_and_copies_by_sftp(machines, tmp_path):
    needs("php", "php-cli")
    needs("/usr/share/php/phpseclib3/autoload.php", "php-phpseclib3")
    known = {"known": "ssh-ed25519"}
    refused = {"refused": True, "connected": True, **known}
    enters_and_is_refused(machines, ["php", HERE / "phpseclib.php"], {"same": True, **known}, refused)


def test_net_ssh_of_ruby_enters_and_is_refused(machines, tmp_path):
    needs("ruby", "ruby")
    needs("/usr/share/doc/ruby-net-ssh/copyright", "ruby-net-ssh")
    enters_and_is_refused(machines, ["ruby", HERE / "net_ssh.rb"], {}, {"refused": "AuthenticationFailed"})


def ssh2(machine, directory, **how):
    wanted = {"host": machine.address, "port": machine.port, "username": machine.user, "directory": str(directory), **how}
    status, out, err = ran(["node", HERE / "ssh2.cjs", json.dumps(wanted)], {"NODE_PATH": NODE_MODULES})
    assert status == 0, err
    return json.loads(out)


def test_ssh2_of_node_enters_and_is_refused_and_copies_by_sftp(machines, tmp_path):
    if shutil.which("node") is None or not Path(NODE_MODULES, "ssh2").is_dir():
        pytest.skip("no ssh2 for Node here; `cargo xtask setup` brings it where npm is there")
    (tmp_path / "sent").write_bytes(BODY)
    entered = {"whoami": machines.keyed.user, "bytes": len(BODY), "same": True}
    refused = {"refused": "client-authentication"}
    for known in ["ssh-ed25519"], ["ecdsa-sha2-nistp256"], ["rsa-sha2-256"]:
        assert ssh2(machines.keyed, tmp_path, privateKey=str(machines.key), known=known) == entered
        assert ssh2(machines.left, tmp_path, privateKey=str(machines.key), known=known) == refused
    for interactive in False, True:
        assert ssh2(machines.guarded, tmp_path, password=PASSWORD, interactive=interactive)["whoami"] == machines.guarded.user
        assert ssh2(machines.guarded, tmp_path, password=WRONG, interactive=interactive) == refused


def test_jsch_meets_an_ecdsa_host_key_and_says_auth_fail_where_it_is_refused(machines, tmp_path):
    needs(JSCH, "libjsch-java")
    needs("javac", "default-jdk-headless")
    status, _, err = ran(["javac", "-cp", JSCH, "-d", tmp_path, HERE / "Jsch.java"])
    assert status == 0, err
    # Asked once more, it answers no question a second time.
    for method, refused in ("password", "Auth fail"), ("keyboard-interactive", "Auth cancel"):
        for password, expected in (PASSWORD, f"ecdsa-sha2-nistp256 {machines.guarded.user} 12"), (WRONG, refused):
            words = [machines.guarded.address, machines.guarded.port, machines.guarded.user, method, password]
            status, out, err = ran(["java", "-cp", f"{JSCH}:{tmp_path}", "Jsch", *words])
            assert (status, out.strip()) == (0, expected), f"{method}: {err}"


def test_putty_enters_and_is_refused_and_copies_by_sftp(machines, tmp_path):
    needs("plink", "putty-tools")
    ppk, batch = tmp_path / "key.ppk", tmp_path / "batch"
    assert ran(["puttygen", machines.key, "-O", "private", "-o", ppk])[0] == 0
    batch.write_text(f"put {machines.key}.pub /tmp/x\nls /tmp\nget /tmp/x {tmp_path}/x\n")

    def putty(program, machine, *how, last=()):
        _, found, _ = ran(["ssh-keyscan", "-t", "ed25519", "-p", machine.port, machine.address])
        where = ["-batch", "-hostkey", found.split()[-1], "-P", machine.port, *how]
        return ran([program, *where, f"{machine.user}@{machine.address}", *last], {"HOME": str(tmp_path)})

    assert putty("plink", machines.keyed, "-i", ppk, last=["whoami"])[1].strip() == machines.keyed.user
    status, _, err = putty("plink", machines.left, "-i", ppk, last=["whoami"])
    assert status == 1 and "No supported authentication methods" in err, err
    status, out, err = putty("psftp", machines.keyed, "-i", ppk, "-b", batch)
    assert status == 0 and (tmp_path / "x").read_text().strip() == public_half(machines.key), out + err
    assert putty("plink", machines.guarded, "-pw", PASSWORD, last=["whoami"])[1].strip() == machines.guarded.user
    status, _, err = putty("plink", machines.guarded, "-pw", WRONG, last=["whoami"])
    assert status == 1 and "Access denied" in err, err


def test_dropbear_which_guesses_a_key_exchange_enters_and_is_refused(machines, tmp_path):
    needs("dbclient", "dropbear-bin")

    def dropbear(password):
        where = ["-y", "-y", "-p", machines.guarded.port, f"{machines.guarded.user}@{machines.guarded.address}"]
        return ran(["dbclient", *where, "whoami"], {"DROPBEAR_PASSWORD": password, "HOME": str(tmp_path)})

    assert dropbear(PASSWORD)[1].strip() == machines.guarded.user
    status, out, err = dropbear(WRONG)
    # It answers with the same password until the machine has heard enough, and ends with 0 then.
    assert out == "" and "Disconnect received" in err, (status, out, err)
