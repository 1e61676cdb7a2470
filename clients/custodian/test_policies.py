"""Cloud Custodian's tencentcloud provider: policies that find, mark, stop, start, tag and terminate, as their users run them.

It reads answers raw, over HTTPS at the vendor's hosts. Its bundle of certificates is certifi's: a copy of that package with
cvmd's authority added stands before the installed one, as `cat ca.pem >> "$(python -m certifi)"` would leave it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.environment import certifi_copied_to, environment
from support.fleet import Fleet
from support.waiting import wait_until

CUSTODIAN = Path(sys.executable).parent / "custodian"

pytestmark = pytest.mark.skipif(
    not CUSTODIAN.exists(), reason="no custodian beside this Python; `cargo xtask setup` brings it"
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The first directory of PYTHONPATH: certifi with cvmd's certificate authority."""
    copy = certifi_copied_to(tmp_path_factory.mktemp("bundle"))
    with (copy / "certifi" / "cacert.pem").open("a") as file:
        file.write(Path(environment("custodian")["SSL_CERT_FILE"]).read_text())
    return copy


class Custodian:
    """One account's policies."""

    def __init__(self, account, bundle, home):
        self.home = home
        self.environment = environment("custodian", account, PYTHONPATH=str(bundle), HOME=str(home))

    def run(self, name, resource, filters=(), actions=()):
        """Runs one policy, and gives back the resources that it found."""
        policy = {"name": name, "resource": f"tencentcloud.{resource}", "filters": list(filters), "actions": list(actions)}
        written = self.home / f"{name}.yml"
        # JSON is YAML.
        written.write_text(json.dumps({"policies": [policy]}))
        done = subprocess.run(
            [str(CUSTODIAN), "run", "-s", str(self.home / "out"), str(written)],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stderr[-1500:]}"
        return json.loads((self.home / "out" / name / "resources.json").read_text())


class Pair:
    """Two instances, one tagged as of the app `web` and one of `db`, which are their names as well."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.ids = [
            fleet.start_of(
                None, image="img-487zeit5", InstanceType="S5.SMALL1", InstanceName=app,
                TagSpecification=[{"ResourceType": "instance", "Tags": [{"Key": "app", "Value": app}]}],
            )
            for app in ("web", "db")
        ]
        self.web, self.db = self.ids
        for instance_id in self.ids:
            fleet.settled(instance_id)

    def found(self):
        return {one["InstanceId"]: one for one in self.fleet.call("DescribeInstances", InstanceIds=self.ids)["InstanceSet"]}

    def state(self, instance_id):
        return self.found()[instance_id]["InstanceState"]

    def tags(self, instance_id):
        return {tag["Key"]: tag["Value"] for tag in self.found()[instance_id]["Tags"]}


@pytest.fixture
def custodian(account, bundle, tmp_path):
    return Custodian(account, bundle, tmp_path)


@pytest.fixture
def pair(fleet):
    return Pair(fleet)


@pytest.fixture(scope="module")
def shared_pair(shared_account):
    return Pair(Fleet(shared_account))


@pytest.fixture
def reader(shared_account, shared_pair, bundle, tmp_path):
    """Policies that only read the shared pair of instances."""
    return Custodian(shared_account, bundle, tmp_path)


ONLY_WEB = [{"InstanceName": "web"}]


def test_its_own_lines_and_a_bundle_with_our_authority_are_all_it_needs(custodian):
    assert custodian.run("nothing", "cvm") == []


def test_policies_find_instances_by_state_type_and_tag(reader, shared_pair):
    assert sorted(found["InstanceId"] for found in reader.run("all", "cvm")) == sorted(shared_pair.ids)
    web = reader.run("web", "cvm", [
        {"InstanceState": "RUNNING"},
        {"type": "value", "key": "InstanceType", "op": "in", "value": ["S5.SMALL1"]},
        {"type": "value", "key": "Tags[?Key=='app'].Value | [0]", "value": "web"},
    ])
    assert [found["InstanceId"] for found in web] == [shared_pair.web]
    # A value that was never given is null, not left out.
    assert web[0]["ExpiredTime"] is None
    assert reader.run("gone", "cvm", [{"InstanceState": "STOPPED"}]) == []


def test_an_instance_is_tagged_its_tag_renamed_and_removed(custodian, pair):
    custodian.run("tag", "cvm", ONLY_WEB, [{"type": "tag", "key": "owner", "value": "ops"}])
    assert pair.tags(pair.web) == {"app": "web", "owner": "ops"}
    custodian.run("rename", "cvm", ONLY_WEB, [{"type": "rename-tag", "old_key": "owner", "new_key": "team"}])
    assert pair.tags(pair.web) == {"app": "web", "team": "ops"}
    custodian.run("untag", "cvm", ONLY_WEB, [{"type": "remove-tag", "tags": ["team"]}])
    assert pair.tags(pair.web) == {"app": "web"}
    assert pair.tags(pair.db) == {"app": "db"}, "the other instance keeps what it has"


def test_what_is_marked_for_a_stop_is_stopped_by_the_policy_that_looks_for_marks(custodian, pair):
    custodian.run("mark", "cvm", ONLY_WEB, [{"type": "mark-for-op", "op": "stop", "days": 1}])
    assert pair.tags(pair.web)["maid_status"].startswith("Resource does not meet policy: stop@")
    assert custodian.run("early", "cvm", [{"type": "marked-for-op", "op": "stop"}]) == [], "a day too early"
    found = custodian.run("due", "cvm", [{"type": "marked-for-op", "op": "stop", "skew": 2}], ["stop"])
    assert [instance["InstanceId"] for instance in found] == [pair.web]
    wait_until("it is stopped", lambda: pair.state(pair.web) == "STOPPED")
    assert pair.state(pair.db) == "RUNNING", "the other one"


def test_it_starts_again(custodian, pair):
    pair.fleet.call("StopInstances", InstanceIds=[pair.web])
    pair.fleet.settled(pair.web, "STOPPED")
    started = custodian.run("start", "cvm", [{"InstanceState": "STOPPED"}], ["start"])
    assert [instance["InstanceId"] for instance in started] == [pair.web]
    pair.fleet.settled(pair.web)
    pair.fleet.settled(pair.db)


def test_disks_of_instances_are_found_attached_and_take_tags(reader, shared_pair):
    disks = reader.run("disks", "cbs", [{"DiskState": "ATTACHED"}])
    assert sorted(disk["InstanceId"] for disk in disks) == sorted(shared_pair.ids), "a system disk each"
    assert reader.run("loose", "cbs", [{"DiskState": "UNATTACHED"}]) == []


def test_security_groups_are_found_with_their_rules(reader):
    groups = reader.run("groups", "security-group")
    assert groups and all({"IpPermissions", "IpPermissionsEgress"} <= set(group) for group in groups), groups
    open_to_all = {"type": "ingress", "Ports": [22], "Cidr": {"value": "0.0.0.0/0"}}
    reader.run("ssh", "security-group", [open_to_all])


def test_networks_subnets_and_images_are_read(reader):
    for resource in ("vpc", "subnet"):
        assert reader.run(f"read-{resource}", resource), resource
    assert reader.run("read-ami", "ami") == [], "images of one's own, and there are none"


def test_terminated_instances_are_gone(custodian, pair):
    custodian.run("end", "cvm", [{"type": "value", "key": "InstanceId", "op": "in", "value": pair.ids}], ["terminate"])
    wait_until("both are gone", lambda: not pair.found())
    assert custodian.run("after", "cvm") == []
