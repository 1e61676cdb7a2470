"""Makes a data directory for tests of later versions: `make.py CVMD DIRECTORY` (Python's standard library and ssh-keygen).

Every kind of row, captured images, and every goal under way: the server is killed in the middle of all of them. Each
instance is named after what is done to it; `expected.json` says what has to come of it. A directory is made once, by the
cvmd of its day, and never again: later ones must open it and finish what it began.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time

SECRET_ID, SECRET_KEY = "AKIDofTheKeptDirectory", "clearSecretKeyOfTheKeptDirectory"
SLOW_MS = 4000
RUNNING, STOPPED, GONE = "RUNNING", "STOPPED", "GONE"
DAY = "2017-03-12"
PASSWORD = "Kept-password-1"

# What is done to whom: name, first state, guest tag, whether the kept key pair is bound, then the end: state and keys.
STAYS, REMOVED = "skey-stays001", "skey-removed1"
SEEDED = {
    "start": ("STOPPED", f"boot-ms={SLOW_MS}", [STAYS], RUNNING),
    "stop": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [STAYS], STOPPED),
    "reboot": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [STAYS], RUNNING),
    "unbind-stopping": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [STAYS, REMOVED], RUNNING),
    "unbind-writing": ("RUNNING", f"boot-ms=100,shutdown-ms=0,write-ms={SLOW_MS}", [STAYS, REMOVED], RUNNING),
    "unbind-starting": ("RUNNING", f"shutdown-ms=0,boot-ms={SLOW_MS}", [STAYS, REMOVED], RUNNING),
    "unbind-stopped": ("STOPPED", f"boot-ms=100,write-ms={SLOW_MS}", [STAYS, REMOVED], STOPPED),
    "bind": ("STOPPED", f"boot-ms=100,write-ms={SLOW_MS}", [REMOVED], STOPPED),
    "password": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [], RUNNING),
    "reshape": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [STAYS], RUNNING),
    "capture": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [STAYS], RUNNING),
    "reset": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [REMOVED], RUNNING),
    "enter-rescue": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [STAYS], "RESCUE_MODE"),
    "exit-rescue": ("RUNNING", f"boot-ms=100,shutdown-ms={SLOW_MS}", [STAYS], STOPPED),
    "terminate": ("STOPPED", f"boot-ms=100,write-ms={SLOW_MS}", [STAYS, REMOVED], GONE),
    "idle-running": ("RUNNING", "boot-ms=100", [STAYS], RUNNING),
    "idle-stopped": ("STOPPED", "boot-ms=100", [STAYS], STOPPED),
    "golden": ("STOPPED", "boot-ms=100", [STAYS], STOPPED),
}


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Server:
    def __init__(self, cvmd, data, more=()):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CVMD_")}
        ours.update(CVMD_SECRET_ID=SECRET_ID, CVMD_SECRET_KEY=SECRET_KEY)
        words = [cvmd, "serve", "--listen", "127.0.0.1:0", "--ssh-ports", "0", "--log", "error", "--data", data, *more]
        self.cvmd, self.data = cvmd, data
        self.process = subprocess.Popen(words, env=ours, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip().removeprefix("listening on http://")

    def call(self, action, service="cvm", version=DAY, **parameters):
        body, now = json.dumps(parameters), int(time.time())
        date = time.strftime("%Y-%m-%d", time.gmtime(now))
        digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
        request = "\n".join(
            ["POST", "/", "", f"content-type:application/json\nhost:{self.address}\n", "content-type;host", digest(body)]
        )
        scope = f"{date}/{service}/tc3_request"
        text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{digest(request)}"
        key = mac(mac(mac(("TC3" + SECRET_KEY).encode(), date), service), "tc3_request")
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        authorization = f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
        headers = {"Content-Type": "application/json", "Authorization": authorization, "X-TC-Action": action}
        headers.update({"X-TC-Version": version, "X-TC-Timestamp": str(now), "X-TC-Region": "ap-guangzhou"})
        connection = http.client.HTTPConnection(self.address)
        connection.request("POST", "/", body, headers)
        answer = json.loads(connection.getresponse().read())["Response"]
        assert "Error" not in answer, f"{action}: {answer}"
        return answer

    def instance(self, name):
        found = self.call("DescribeInstances", Filters=[{"Name": "instance-name", "Values": [name]}])["InstanceSet"]
        return found[0] if found else None

    def until(self, name, member, expected):
        """Asks again and again: each answer takes its time."""
        limit = time.monotonic() + 60
        while self.instance(name)[member] not in expected:
            assert time.monotonic() < limit, f"{name}: {member} is not {expected}"

    def settled(self, *names):
        for name in names:
            self.until(name, "LatestOperationState", {"SUCCESS", "FAILED", None})

    def command(self, *words):
        return subprocess.run([self.cvmd, *words, "--data", self.data], check=True, capture_output=True, text=True).stdout

    def kill(self):
        self.process.kill()
        self.process.wait()


def tags(kind, *pairs):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in pairs]}]


def instance_id(name):
    return f"ins-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def keys(place):
    """The two key pairs; their private halves are kept beside the directory, for ssh."""
    public = {}
    for name in ["stays", "removed"]:
        file = os.path.join(place, name)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@kept", "-f", file], check=True)
        with open(file + ".pub", encoding="utf-8") as text:
            public[name] = text.read().strip()
        os.remove(file + ".pub")
    return public


def seed(place):
    public = keys(place)
    instances = []
    for name, (state, guest, bound, _) in SEEDED.items():
        login = {"KeyIds": bound} if bound else {"Password": PASSWORD}
        row = {"InstanceId": instance_id(name), "InstanceName": name, "InstanceState": state, "LoginSettings": login}
        instances.append({**row, "Tags": [{"Key": "cvmd:guest", "Value": guest}]})
    pairs = [{"KeyId": STAYS, "KeyName": "stays", "PublicKey": public["stays"]}]
    pairs.append({"KeyId": REMOVED, "KeyName": "removed", "PublicKey": public["removed"]})
    return {"KeyPairs": pairs, "Instances": instances}


def run(server, name, guest, charge="POSTPAID_BY_HOUR", **more):
    parameters = {
        "Placement": {"Zone": "ap-guangzhou-3"},
        "ImageId": "img-487zeit5",
        "InstanceName": name,
        "InstanceChargeType": charge,
        "TagSpecification": tags("instance", ("cvmd:guest", guest), ("team", "blue")),
    }
    if charge == "PREPAID":
        parameters["InstanceChargePrepaid"] = {"Period": 1}
    return server.call("RunInstances", **{**parameters, **more})["InstanceIdSet"][0]


def furnish(server):
    """What is there before anything is under way: every kind of row."""
    server.command("account", "add", "other")
    server.command("credential", "add", "default")
    vpc = server.call("CreateVpc", "vpc", VpcName="own", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = server.call("CreateSubnet", "vpc", VpcId=vpc, SubnetName="own", CidrBlock="10.1.1.0/24", Zone="ap-guangzhou-3")
    group = server.call("CreateSecurityGroup", "vpc", GroupName="own", GroupDescription="kept")
    placement = server.call("CreateDisasterRecoverGroup", Name="apart", Type="HOST")["DisasterRecoverGroupId"]
    template = server.call(
        "CreateLaunchTemplate",
        LaunchTemplateName="kept",
        Placement={"Zone": "ap-guangzhou-3"},
        ImageId="img-487zeit5",
        LoginSettings={"KeyIds": [STAYS]},
        TagSpecification=tags("instance", ("cvmd:guest", "boot-ms=100")),
    )["LaunchTemplateId"]
    server.call(
        "CreateLaunchTemplateVersion",
        LaunchTemplateId=template,
        LaunchTemplateVersionDescription="the second",
        Placement={"Zone": "ap-guangzhou-3"},
        ImageId="img-487zeit5",
        InstanceName="of-the-template",
        LoginSettings={"KeyIds": [STAYS]},
        TagSpecification=tags("instance", ("cvmd:guest", "boot-ms=100")),
    )
    image = server.call("CreateImage", InstanceId=instance_id("golden"), ImageName="golden")["ImageId"]
    run(server, "no-login", "boot-ms=100", ClientToken="kept-token", DisasterRecoverGroupIds=[placement])
    run(
        server,
        "networked",
        "boot-ms=100",
        VirtualPrivateCloud={"VpcId": vpc, "SubnetId": subnet["Subnet"]["SubnetId"]},
        SecurityGroupIds=[group["SecurityGroup"]["SecurityGroupId"]],
        DataDisks=[{"DiskType": "CLOUD_PREMIUM", "DiskSize": 50}],
        InternetAccessible={"InternetMaxBandwidthOut": 1, "PublicIpAssigned": True},
        LoginSettings={"KeyIds": [STAYS]},
    )
    run(server, "isolate", f"boot-ms=100,shutdown-ms={SLOW_MS}", "PREPAID", LoginSettings={"KeyIds": [STAYS]})
    recycled = run(server, "recycled", "boot-ms=100,shutdown-ms=0", "PREPAID", LoginSettings={"KeyIds": [STAYS]})
    server.settled("no-login", "networked", "isolate", "recycled", "golden")
    run(server, "of-an-image", "boot-ms=100", ImageId=image, LoginSettings={"KeepImageLogin": "TRUE"})
    server.call("TerminateInstances", InstanceIds=[recycled])
    server.call("EnterRescueMode", InstanceId=instance_id("exit-rescue"), Password="Rescue-me-1", StopType="HARD")
    server.settled("recycled", "of-an-image", "exit-rescue")
    return image


def begin(server, image):
    """Every goal, none of which ends before the kill."""
    one = lambda name: {"InstanceId": instance_id(name)}
    many = lambda *names: {"InstanceIds": [instance_id(name) for name in names]}
    server.call("DisassociateInstancesKeyPairs", **many("terminate"), KeyIds=[REMOVED])
    run(server, "launch-starting", f"boot-ms={SLOW_MS}", LoginSettings={"KeyIds": [STAYS]})
    run(server, "launch-writing", f"boot-ms=100,write-ms={SLOW_MS}", LoginSettings={"KeyIds": [STAYS]})
    server.call("StartInstances", **many("start"))
    server.call("StopInstances", **many("stop"))
    server.call("RebootInstances", **many("reboot"))
    unbound = ["unbind-stopping", "unbind-writing", "unbind-starting", "unbind-stopped"]
    server.call("DisassociateInstancesKeyPairs", **many(*unbound), KeyIds=[REMOVED], ForceStop=True)
    server.call("AssociateInstancesKeyPairs", **many("bind"), KeyIds=[STAYS])
    server.call("ResetInstancesPassword", **many("password"), Password="Newer-password-2", ForceStop=True)
    server.call("ResetInstancesType", **many("reshape"), InstanceType="S5.LARGE8", ForceStop=True)
    server.call("CreateImage", **one("capture"), ImageName="captured", ForcePoweroff="TRUE")
    server.call("ResetInstance", **one("reset"), ImageId="img-487zeit5", LoginSettings={"KeyIds": [STAYS]})
    server.call("EnterRescueMode", **one("enter-rescue"), Password="Rescue-me-1")
    server.call("ExitRescueMode", **one("exit-rescue"))
    server.call("TerminateInstances", InstanceIds=[server.instance("isolate")["InstanceId"]])
    server.call("TerminateInstances", **many("terminate"))


def expected():
    """By name: the state at the end, and whether the machine admits the kept key then."""
    ends = {name: end for name, (_, _, _, end) in SEEDED.items()}
    for name in ["launch-starting", "launch-writing", "networked", "of-an-image", "no-login"]:
        ends[name] = RUNNING
    ends.update(isolate="SHUTDOWN", recycled="SHUTDOWN")
    without_key = {"password", "no-login"}
    return {
        name: {"State": end, "KeyIds": [] if name in without_key or end == GONE else [STAYS]} for name, end in ends.items()
    }


def main():
    cvmd, place = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.makedirs(place)
    data = os.path.join(place, "data")
    with open(os.path.join(place, "seed.json"), "w", encoding="utf-8") as file:
        json.dump(seed(place), file)
    server = Server(cvmd, data, ["--seed", file.name])
    try:
        began = None
        image = furnish(server)
        began = time.monotonic()
        begin(server, image)
        # Into phases after the first.
        server.until("unbind-writing", "InstanceState", {"STOPPED"})
        server.until("unbind-starting", "InstanceState", {"STARTING"})
    finally:
        server.kill()
    took = time.monotonic() - began
    assert took < SLOW_MS / 1000, f"the first operations may have ended after {took:.1f} s"
    for name in ["state.db", "machines.db"]:
        with contextlib.closing(sqlite3.connect(os.path.join(data, name))) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = ["ca.key", "ca.pem", "machines.db", "master.key", "state.db"]
    for name in set(os.listdir(data)) - set(kept):
        os.remove(os.path.join(data, name))
    os.remove(file.name)
    with open(os.path.join(place, "expected.json"), "w", encoding="utf-8") as file:
        json.dump(expected(), file, indent=1)
        file.write("\n")
    print(f"began everything in {took:.2f} s")


main()
