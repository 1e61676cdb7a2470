"""SSH clients that are not OpenSSH's: libraries that programs are built on, and what stands on Windows and on small systems.

Each enters by what it knows, copies by sftp if it can, and tells a refusal in its own words.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from fleet import Fleet
from login import new_key, public_half
from story import ENDPOINT, WORK, ZONE, Skipped, check, equal

HERE = Path(__file__).parent
MODULES = os.environ.get("CVMD_NODE_MODULES", "")
JSCH = Path("/usr/share/java/jsch.jar")
PASSWORD, WRONG = "Older+Clients7", "Wrong+Clients7"
BODY = bytes(range(256)) * 1024


class It:
    fleet = key = key_id = left = kept = guarded = None


def ran(words, environment=None):
    done = subprocess.run(
        [str(word) for word in words], env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )
    return done.returncode, done.stdout, done.stderr


def needs(program, package):
    if shutil.which(program) is None and not Path(program).exists():
        raise Skipped(f"no {program} here; `cargo xtask setup` brings it by {package}")


@check
def a_machine_that_a_key_leaves_and_one_that_it_stays_at_and_one_with_a_password():
    It.fleet, It.key = Fleet(ENDPOINT), new_key("libraries")
    It.key_id = It.fleet.imported("libraries", public_half(It.key))
    left, kept = It.fleet.start_of(It.key_id), It.fleet.start_of(It.key_id)
    image = It.fleet.instance(kept)["ImageId"]
    login = {"Password": PASSWORD}
    answer = It.fleet.call("RunInstances", Placement={"Zone": ZONE}, ImageId=image, LoginSettings=login)
    [It.guarded] = [It.fleet.settled(instance_id) for instance_id in answer["InstanceIdSet"]]
    It.left, It.kept = It.fleet.settled(left), It.fleet.settled(kept)
    It.fleet.call("DisassociateInstancesKeyPairs", InstanceIds=[left], KeyIds=[It.key_id], ForceStop="TRUE")
    It.fleet.settled(left)


def paramiko_at(machine, without=(), **how):
    import paramiko

    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        machine.address, machine.port, machine.user, look_for_keys=False, allow_agent=False, timeout=60,
        banner_timeout=60, auth_timeout=60, disabled_algorithms={"keys": list(without)}, **how,
    )
    return client


@check
def paramiko_enters_whatever_host_key_it_knows_and_copies_by_sftp():
    try:
        import paramiko
    except ImportError:
        raise Skipped("no paramiko beside this Python; `cargo xtask setup` brings it") from None
    first, second = "ssh-ed25519", "ecdsa-sha2-nistp256"
    for without, shown in ([], first), ([first], second), ([first, second], "rsa-sha2-512"):
        with paramiko_at(It.kept, without, key_filename=str(It.key)) as client:
            equal(client.get_transport().host_key_type, shown)
            equal(client.exec_command("whoami")[1].read().decode().strip(), It.kept.user)
        try:
            paramiko_at(It.left, without, key_filename=str(It.key)).close()
            raise AssertionError("it entered")
        except paramiko.AuthenticationException as why:
            equal(str(why), "Authentication failed.")
    (WORK / "sent").write_bytes(BODY)
    with paramiko_at(It.guarded, password=PASSWORD) as client, client.open_sftp() as sftp:
        sftp.mkdir("/tmp/d")
        equal(sftp.put(str(WORK / "sent"), "/tmp/d/sent").st_size, len(BODY))
        sftp.rename("/tmp/d/sent", "/tmp/d/there")
        equal(sftp.listdir("/tmp/d"), ["there"])
        sftp.get("/tmp/d/there", str(WORK / "back"))
        equal((WORK / "back").read_bytes() == BODY, True)
        sftp.remove("/tmp/d/there")
        sftp.rmdir("/tmp/d")
    for password, enters in (PASSWORD, True), (WRONG, False):
        transport = paramiko.Transport((It.guarded.address, It.guarded.port))
        try:
            transport.connect()
            transport.auth_interactive(It.guarded.user, lambda *_, answer=password: [answer])
            entered = True
        except paramiko.AuthenticationException:
            entered = False
        finally:
            transport.close()
        equal(entered, enters, password)


@check
def paramiko_tries_a_key_and_then_a_password_on_one_connection_by_its_service_requesting_transport():
    try:
        from paramiko import AuthenticationException, ServiceRequestingTransport
    except ImportError:
        raise Skipped("no paramiko of 3.2 or later beside this Python; `cargo xtask setup` brings it") from None
    unknown = str(new_key("unknown"))
    with paramiko_at(It.guarded, key_filename=unknown, password=PASSWORD, transport_factory=ServiceRequestingTransport) as client:
        equal(client.exec_command("whoami")[1].read().decode().strip(), It.guarded.user)
    for machine, key in (It.guarded, unknown), (It.left, str(It.key)):
        try:
            paramiko_at(machine, key_filename=key, password=WRONG, transport_factory=ServiceRequestingTransport).close()
            raise AssertionError("it entered")
        except AuthenticationException as why:
            # Not by its own clock: the machine has answered.
            assert "timeout" not in str(why), why


def told(*words):
    status, out, err = ran(words)
    equal(status, 0, err)
    return json.loads(out)


def enters_and_is_refused(program, entered, refused):
    """By a key where it stands and where it was taken off, and by a password that is right and one that is not."""

    def tried(machine, **proof):
        where = {"host": machine.address, "port": machine.port, "username": machine.user}
        return told(*program, json.dumps({**where, **proof}))

    equal(tried(It.kept, key=str(It.key)), {"whoami": It.kept.user, **entered})
    equal(tried(It.left, key=str(It.key)), refused)
    equal(tried(It.guarded, password=PASSWORD), {"whoami": It.guarded.user, **entered})
    equal(tried(It.guarded, password=WRONG), refused)


@check
def phpseclib_enters_and_is_refused_and_copies_by_sftp():
    needs("php", "php-cli")
    needs("/usr/share/php/phpseclib3/autoload.php", "php-phpseclib3")
    known = {"known": "ssh-ed25519"}
    refused = {"refused": True, "connected": True, **known}
    enters_and_is_refused(["php", HERE / "phpseclib.php"], {"same": True, **known}, refused)


@check
def net_ssh_of_ruby_enters_and_is_refused():
    needs("ruby", "ruby")
    needs("/usr/share/doc/ruby-net-ssh/copyright", "ruby-net-ssh")
    enters_and_is_refused(["ruby", HERE / "net_ssh.rb"], {}, {"refused": "AuthenticationFailed"})


def ssh2(machine, **how):
    wanted = {"host": machine.address, "port": machine.port, "username": machine.user, "directory": str(WORK), **how}
    status, out, err = ran(["node", HERE / "ssh2.cjs", json.dumps(wanted)], {"NODE_PATH": MODULES})
    equal(status, 0, err)
    return json.loads(out)


@check
def ssh2_of_node_enters_and_is_refused_and_copies_by_sftp():
    if shutil.which("node") is None or not Path(MODULES, "ssh2").is_dir():
        raise Skipped("no ssh2 for Node here; `cargo xtask setup` brings it where npm is there")
    (WORK / "sent").write_bytes(BODY)
    entered = {"whoami": It.kept.user, "bytes": len(BODY), "same": True}
    refused = {"refused": "client-authentication"}
    for known in ["ssh-ed25519"], ["ecdsa-sha2-nistp256"], ["rsa-sha2-256"]:
        equal(ssh2(It.kept, privateKey=str(It.key), known=known), entered)
        equal(ssh2(It.left, privateKey=str(It.key), known=known), refused)
    for interactive in False, True:
        equal(ssh2(It.guarded, password=PASSWORD, interactive=interactive)["whoami"], It.guarded.user)
        equal(ssh2(It.guarded, password=WRONG, interactive=interactive), refused)


@check
def jsch_meets_an_ecdsa_host_key_and_says_auth_fail_where_it_is_refused():
    needs(JSCH, "libjsch-java")
    needs("javac", "default-jdk-headless")
    status, _, err = ran(["javac", "-cp", JSCH, "-d", WORK, HERE / "Jsch.java"])
    equal(status, 0, err)
    # Asked once more, it answers no question a second time.
    for method, refused in ("password", "Auth fail"), ("keyboard-interactive", "Auth cancel"):
        for password, told in (PASSWORD, f"ecdsa-sha2-nistp256 {It.guarded.user} 12"), (WRONG, refused):
            words = [It.guarded.address, It.guarded.port, It.guarded.user, method, password]
            status, out, err = ran(["java", "-cp", f"{JSCH}:{WORK}", "Jsch", *words])
            equal((status, out.strip()), (0, told), f"{method}: {err}")


@check
def putty_enters_and_is_refused_and_copies_by_sftp():
    needs("plink", "putty-tools")
    ppk, batch = WORK / "key.ppk", WORK / "batch"
    equal(ran(["puttygen", It.key, "-O", "private", "-o", ppk])[0], 0)
    batch.write_text(f"put {It.key}.pub /tmp/x\nls /tmp\nget /tmp/x {WORK}/x\n")

    def putty(program, machine, *how, last=()):
        _, found, _ = ran(["ssh-keyscan", "-t", "ed25519", "-p", machine.port, machine.address])
        where = ["-batch", "-hostkey", found.split()[-1], "-P", machine.port, *how]
        return ran([program, *where, f"{machine.user}@{machine.address}", *last], {"HOME": str(WORK)})

    equal(putty("plink", It.kept, "-i", ppk, last=["whoami"])[1].strip(), It.kept.user)
    status, _, err = putty("plink", It.left, "-i", ppk, last=["whoami"])
    assert status == 1 and "No supported authentication methods" in err, err
    status, out, err = putty("psftp", It.kept, "-i", ppk, "-b", batch)
    assert status == 0 and (WORK / "x").read_text().strip() == public_half(It.key), out + err
    equal(putty("plink", It.guarded, "-pw", PASSWORD, last=["whoami"])[1].strip(), It.guarded.user)
    status, _, err = putty("plink", It.guarded, "-pw", WRONG, last=["whoami"])
    assert status == 1 and "Access denied" in err, err


@check
def dropbear_which_guesses_a_key_exchange_enters_and_is_refused():
    needs("dbclient", "dropbear-bin")

    def dropbear(password):
        where = ["-y", "-y", "-p", It.guarded.port, f"{It.guarded.user}@{It.guarded.address}"]
        return ran(["dbclient", *where, "whoami"], {"DROPBEAR_PASSWORD": password, "HOME": str(WORK)})

    equal(dropbear(PASSWORD)[1].strip(), It.guarded.user)
    status, out, err = dropbear(WRONG)
    # It answers with the same password until the machine has heard enough, and ends with 0 then.
    assert out == "" and "Disconnect received" in err, (status, out, err)
