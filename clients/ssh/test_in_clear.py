"""Secrets that must not appear in clear text in the log or in any file of the data directory."""

from pathlib import Path

from support.fleet import Fleet
from support.login import with_key, with_password
from support.program import Program
from support.surroundings import SECRET_KEY

PASSWORD = "Never3in+clear"


def test_passwords_and_secret_keys_are_written_nowhere_in_clear():
    with Program(settings={"CVMD_LOG": "debug"}) as cvmd:
        fleet = Fleet(endpoint=cvmd.endpoint)
        created = fleet.call("CreateKeyPair", KeyName="created", ProjectId=0)["KeyPair"]["PrivateKey"]
        bound = fleet.with_key()
        machine = fleet.set_password(bound.id, PASSWORD)
        with_password(machine, PASSWORD).entered()
        with_key(machine, bound.key).entered()
        line = created.splitlines()[5]
        files = [Path(cvmd.log), *(path for path in Path(cvmd.data).rglob("*") if path.is_file())]
        for what, secret in (("the password", PASSWORD), ("the secret key", SECRET_KEY), ("the private key", line)):
            leaking = [path.name for path in files if secret.encode() in path.read_bytes()]
            assert leaking == [], f"files that hold {what}"
        cvmd.stop()
        open_to_others = [path.name for path in Path(cvmd.data).rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
        assert [name for name in open_to_others if "key" in name or "credential" in name] == [], "readable by others"
