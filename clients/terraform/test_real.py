"""The real Terraform with the real provider, when they are given: `hcl/` applied step by step, each plan empty.

`TERRAFORM_BINARY` is the program, `TERRAFORM_PROVIDERS` a directory that `terraform init -plugin-dir` takes. They are not
in any registry that the project's checks may reach, so without them the check is skipped.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.login import Machine, new_key, public_half, with_key
from support.program import Program
from support.surroundings import REGION, SECRET_ID, SECRET_KEY
from terraform.provider import Provider

BINARY = os.environ.get("TERRAFORM_BINARY")
PROVIDERS = os.environ.get("TERRAFORM_PROVIDERS")
SETTINGS = {"CVMD_RUNNING_KEY_CHANGE": "shutdown", "CVMD_ASSOCIATE": "add"}
PLAN_IS_EMPTY = 0


class Workspace:
    """A copy of `hcl/` with the environment that `cvmd env --for terraform` prints."""

    def __init__(self, program, folder):
        endpoint = program.endpoint
        self.folder = folder
        shutil.copytree(Path(__file__).parent / "hcl", self.folder)
        self.keys = {name: new_key(f"real-{name}") for name in ("first", "second")}
        self.variables = [f"-var={name}_public_key={public_half(key)}" for name, key in self.keys.items()]
        self.environment = {
            **os.environ,
            "TENCENTCLOUD_SECRET_ID": SECRET_ID, "TENCENTCLOUD_SECRET_KEY": SECRET_KEY, "TENCENTCLOUD_REGION": REGION,
            "TENCENTCLOUD_PROTOCOL": "HTTP", "SSL_CERT_FILE": str(Path(program.data) / "ca.pem"),
            **{name: endpoint for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY")},
        }
        self.run("init", "-input=false", f"-plugin-dir={PROVIDERS}")

    def run(self, *words, wanted=0):
        done = subprocess.run(
            [BINARY, *words], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=1200, check=False,
        )
        assert done.returncode == wanted, f"terraform {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}"
        return done.stdout

    def apply(self, **variables):
        given = [*self.variables, *(f"-var={name}={value}" for name, value in variables.items())]
        self.run("apply", "-input=false", "-auto-approve", *given)
        self.run("plan", "-input=false", "-detailed-exitcode", *given, wanted=PLAN_IS_EMPTY)
        return self.run("output", "-raw", "instance_id").strip()


@pytest.mark.skipif(not BINARY or not PROVIDERS, reason="TERRAFORM_BINARY and TERRAFORM_PROVIDERS are not given")
def test_terraform_itself_applies_every_step_and_plans_nothing_after_it(tmp_path):
    with Program(settings=SETTINGS) as program:
        space = Workspace(program, tmp_path / "terraform")
        provider = Provider(endpoint=program.endpoint)
        enters = lambda name: with_key(Machine.of(provider.describe(instance)), space.keys[name]).entered()
        is_refused = lambda name: with_key(Machine.of(provider.describe(instance)), space.keys[name]).was_refused()
        instance = space.apply(keys='["first"]')
        enters("first")
        space.apply(keys='["first","second"]')
        enters("second")
        space.apply(keys='["second"]', force_stop="true")
        is_refused("first")
        enters("second")
        space.apply(keys='["second"]', running="false")
        space.apply(keys='["second"]', team="red")
        space.run("state", "rm", "tencentcloud_instance.machine")
        given = [*space.variables, '-var=keys=["second"]', "-var=team=red"]
        space.run("import", *given, "tencentcloud_instance.machine", instance)
        space.run("destroy", "-input=false", "-auto-approve", *space.variables)
