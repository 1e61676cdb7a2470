"""Cloud Custodian's tencentcloud provider: policies that find, mark, stop, start, tag and terminate, as their users run them.

It reads answers raw, over HTTPS at the vendor's hosts. Its bundle of certificates is certifi's: a copy of that package with
cvmd's authority added stands before the installed one, as `cat ca.pem >> "$(python -m certifi)"` would leave it.
"""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from signed import Door  # noqa: E402
from story import WORK, ZONE, check, equal, tell, wait_until  # noqa: E402
from ways import certifi_copied_to, environment  # noqa: E402

CUSTODIAN = Path(sys.executable).parent / "custodian"
if not CUSTODIAN.exists():
    print("skipped custodian: no custodian beside this Python; `cargo xtask setup` brings it")
    sys.exit(0)


class It:
    door = Door(method="POST", algorithm="HmacSHA256")
    environment = None
    machines = []


def call(action, **given):
    return It.door.call(action, **given).reply()


def instances():
    return {found["InstanceId"]: found for found in call("DescribeInstances", InstanceIds=It.machines)["InstanceSet"]}


def settled(state):
    def are_there():
        found = instances().values()
        return all((i["InstanceState"], i["LatestOperationState"]) == (state, "SUCCESS") for i in found) and len(found) == 2

    wait_until(f"both are {state}", are_there)


def run(name, resource, filters=(), actions=()):
    """Runs one policy, and gives back the resources that it found."""
    policy = {"name": name, "resource": f"tencentcloud.{resource}", "filters": list(filters), "actions": list(actions)}
    written = WORK / f"{name}.yml"
    # JSON is YAML.
    written.write_text(json.dumps({"policies": [policy]}))
    done = subprocess.run(
        [str(CUSTODIAN), "run", "-s", str(WORK / "out"), str(written)],
        env=It.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )
    equal(done.returncode, 0, f"{name}: {done.stderr[-1500:]}")
    return json.loads((WORK / "out" / name / "resources.json").read_text())


def tags_of(instance):
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


@check
def its_own_lines_and_a_bundle_with_our_authority_are_all_it_needs():
    environment_of = environment("custodian", PYTHONPATH=str(WORK), HOME=str(WORK))
    with (certifi_copied_to(WORK) / "certifi" / "cacert.pem").open("a") as file:
        file.write(Path(environment_of["SSL_CERT_FILE"]).read_text())
    It.environment = environment_of
    equal(run("nothing", "cvm"), [])


@check
def policies_find_instances_by_state_type_and_tag():
    for app in ("web", "db"):
        launched = call(
            "RunInstances", Placement={"Zone": ZONE}, ImageId="img-487zeit5", InstanceType="S5.SMALL1", InstanceName=app,
            TagSpecification=[{"ResourceType": "instance", "Tags": [{"Key": "app", "Value": app}]}],
        )
        It.machines += launched["InstanceIdSet"]
    settled("RUNNING")
    equal(sorted(found["InstanceId"] for found in run("all", "cvm")), sorted(It.machines))
    web = run("web", "cvm", [{"InstanceState": "RUNNING"}, {"type": "value", "key": "InstanceType", "op": "in", "value": ["S5.SMALL1"]},
                             {"type": "value", "key": "Tags[?Key=='app'].Value | [0]", "value": "web"}])
    equal([found["InstanceId"] for found in web], It.machines[:1])
    # What was never given is null there, and not left out.
    equal(web[0]["ExpiredTime"], None)
    equal(run("gone", "cvm", [{"InstanceState": "STOPPED"}]), [])


@check
def an_instance_is_tagged_its_tag_renamed_and_removed():
    only_web = [{"InstanceName": "web"}]
    run("tag", "cvm", only_web, [{"type": "tag", "key": "owner", "value": "ops"}])
    web, other = It.machines
    equal(tags_of(instances()[web]), {"app": "web", "owner": "ops"})
    run("rename", "cvm", only_web, [{"type": "rename-tag", "old_key": "owner", "new_key": "team"}])
    equal(tags_of(instances()[web]), {"app": "web", "team": "ops"})
    run("untag", "cvm", only_web, [{"type": "remove-tag", "tags": ["team"]}])
    equal(tags_of(instances()[web]), {"app": "web"})
    equal(tags_of(instances()[other]), {"app": "db"}, "the other instance keeps what it has")


@check
def what_is_marked_for_a_stop_is_stopped_by_the_policy_that_looks_for_marks():
    run("mark", "cvm", [{"InstanceName": "web"}], [{"type": "mark-for-op", "op": "stop", "days": 1}])
    web, other = It.machines
    assert tags_of(instances()[web])["maid_status"].startswith("Resource does not meet policy: stop@"), instances()[web]
    equal(run("early", "cvm", [{"type": "marked-for-op", "op": "stop"}]), [], "a day too early")
    found = run("due", "cvm", [{"type": "marked-for-op", "op": "stop", "skew": 2}], ["stop"])
    equal([instance["InstanceId"] for instance in found], [web])
    wait_until("it is stopped", lambda: instances()[web]["InstanceState"] == "STOPPED")
    equal(instances()[other]["InstanceState"], "RUNNING", "the other one")


@check
def it_starts_again():
    run("start", "cvm", [{"InstanceState": "STOPPED"}], ["start"])
    settled("RUNNING")


@check
def disks_of_instances_are_found_attached_and_take_tags():
    disks = run("disks", "cbs", [{"DiskState": "ATTACHED"}])
    equal(sorted(disk["InstanceId"] for disk in disks), sorted(It.machines), "a system disk each")
    equal(run("loose", "cbs", [{"DiskState": "UNATTACHED"}]), [])


@check
def security_groups_are_found_with_their_rules():
    groups = run("groups", "security-group")
    assert groups and all({"IpPermissions", "IpPermissionsEgress"} <= set(group) for group in groups), groups
    open_to_all = {"type": "ingress", "Ports": [22], "Cidr": {"value": "0.0.0.0/0"}}
    run("ssh", "security-group", [open_to_all])


@check
def networks_subnets_and_images_are_read():
    for resource in ("vpc", "subnet"):
        assert run(f"read-{resource}", resource), resource
    equal(run("read-ami", "ami"), [], "images of one's own, and there are none")


@check
def terminated_instances_are_gone():
    run("end", "cvm", [{"type": "value", "key": "InstanceId", "op": "in", "value": It.machines}], ["terminate"])
    wait_until("both are gone", lambda: not instances())
    equal(run("after", "cvm"), [])


tell()
