"""What must stand nowhere in clear: neither in the log nor in any file of the data directory."""

from pathlib import Path

from fleet import Fleet
from login import new_key, public_half, with_key, with_password
from program import Program
from story import SECRET_KEY, check, equal

PASSWORD = "Never3in+clear"


@check
def passwords_and_secret_keys_are_written_nowhere_in_clear():
    with Program(settings={"CVMD_LOG": "debug"}) as cvmd:
        fleet, key = Fleet(cvmd.endpoint), new_key("secrets")
        key_id = fleet.imported("secrets", public_half(key))
        created = fleet.call("CreateKeyPair", KeyName="created", ProjectId=0)["KeyPair"]["PrivateKey"]
        instance_id = fleet.run(key_id)
        fleet.call("ResetInstancesPassword", InstanceIds=[instance_id], Password=PASSWORD, ForceStop="TRUE")
        machine = fleet.settled(instance_id)
        with_password(machine, PASSWORD).entered()
        with_key(machine, key).entered()
        line = created.splitlines()[5]
        files = [Path(cvmd.log), *(path for path in Path(cvmd.data).rglob("*") if path.is_file())]
        for secret in (PASSWORD, SECRET_KEY, line):
            told = [path.name for path in files if secret.encode() in path.read_bytes()]
            equal(told, [], f"files that hold {secret[:6]}...")
        cvmd.stop()
        open_to_others = [path.name for path in Path(cvmd.data).rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
        equal([name for name in open_to_others if "key" in name or "credential" in name], [], "readable by others")
