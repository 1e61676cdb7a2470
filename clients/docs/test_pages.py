"""Types what can be typed on the pages that users read, as it stands there, on a computer of its own.

The blocks of README's quick start are in test_quick_start.py.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.environment import ENDPOINT, Served, fresh_home, home, skip_elsewhere, typed
from docs.pages import PAGES, SHELL, TRANSLATED, lines_of, read, without_comment
from docs.typed_lines import EXEMPT, EXEMPT_LANGUAGES, around, exemption, filled, placeholders_left
from support.program import is_complaint, is_healthy
from support.surroundings import NODE_MODULES, WORK

skip_elsewhere()

FOUND = {page: read(page) for page in PAGES}
TYPED = [page for page in PAGES if page not in TRANSLATED and any(FOUND[page])]


def test_every_exemption_still_matches_a_line():
    written = {(page, without_comment(line)) for page, (blocks, _) in FOUND.items() for block in blocks for line in block.lines}
    written |= {(page, command.text) for page, (_, commands) in FOUND.items() for command in commands}
    assert [entry for entry in EXEMPT if entry[:2] not in written] == [], "exemptions of lines that are not there"
    languages = {(page, block.language) for page, (blocks, _) in FOUND.items() for block in blocks}
    assert [entry for entry in EXEMPT_LANGUAGES if entry[:2] not in languages] == [], "exemptions of languages that are not there"


def test_no_line_ends_in_a_comment_which_zsh_would_take_for_words():
    ends = [
        f"{block.page}:{block.line + index}"
        for blocks, _ in FOUND.values() for block in blocks if block.language in SHELL
        for index, line in enumerate(block.lines) if line != without_comment(line)
    ]
    assert ends == [], "say it above the block: lines with a comment"


@pytest.mark.parametrize("translation, original", TRANSLATED.items())
def test_a_translation_types_what_its_original_types(translation, original):
    (ours, our_commands), (theirs, their_commands) = FOUND[translation], FOUND[original]
    assert [block.lines for block in ours] == [block.lines for block in theirs]
    assert {command.text for command in our_commands} == {command.text for command in their_commands}


class Page:
    """A cvmd with the seed where the page expects it, and a newcomer's home."""

    def __init__(self):
        fresh_home()
        self.server = Served().__enter__()

    def complaints(self):
        return [line for line in self.server.log_text().splitlines() if is_complaint(line)]

    def serves_with(self, *arguments):
        """Runs in place of the page's server, which is started again on its data afterwards."""
        self.server.__exit__()
        other = home() / "other"
        subprocess.run(["rm", "-rf", str(other)], check=True)
        with Served("--data", str(other), *arguments):
            pass
        self.server = Served("--listen", "127.0.0.1:8312").__enter__()


class Pages:
    """The open page. All pages use one port, so a cvmd runs only while lines of its page are typed."""

    def __init__(self):
        self.name = self.page = None

    def open(self, name):
        if self.name != name:
            self.close()
            self.name, self.page = name, Page()
        return self.page

    def close(self):
        if self.page:
            self.page.server.__exit__()
            name, page, self.name, self.page = self.name, self.page, None, None
            assert page.complaints() == [], f"of the server, while lines of {name} were typed"


@pytest.fixture(scope="module")
def pages():
    pages = Pages()
    yield pages
    pages.close()


@pytest.fixture
def page(request, pages):
    return pages.open(request.param)


def is_served(page):
    assert is_healthy(ENDPOINT)
    assert page.complaints() == []


def made_no_complaint(page):
    """Looks at the log so far; its server's end is checked once more."""
    assert page.complaints() == []


def types_block(block):
    def types(page):
        if block.language in SHELL:
            typed("\n".join(around(filled(line)[-1]) for line in lines_of(block)), stdin="exit\nexit\n")
        else:
            assert block.language in LANGUAGES, "nothing runs it, and EXEMPT_LANGUAGES does not say why"
            LANGUAGES[block.language](page, block)

    return types


def types_command(command):
    def types(_page):
        for line in filled(command.text):
            assert placeholders_left(line) == [], f"placeholders in {line!r} that typed_lines.py does not fill in"
            typed(around(line), stdin="exit\n")

    return types


def checks_of(page):
    """In the order of the page, so that it is opened once: without README's blocks of the shell, which are pasted, and what need
    not be run."""
    blocks, commands = FOUND[page]
    yield f"a cvmd for {page}", is_served
    for block in blocks:
        if block.language in SHELL:
            if page != "README.md" and lines_of(block):
                yield f"{block.where()} {lines_of(block)[0]}", types_block(block)
        elif not any(entry[:2] == (page, block.language) for entry in EXEMPT_LANGUAGES):
            yield f"{block.where()} in {block.language}", types_block(block)
    for command in dict.fromkeys(commands):
        if not exemption(page, command.text):
            yield f"{command.where()} {command.text}", types_command(command)
    yield f"nothing on {page} made it complain", made_no_complaint


CHECKS = [pytest.param(page, check, id=name) for page in TYPED for name, check in checks_of(page)]


@pytest.mark.parametrize("page, check", CHECKS, indirect=["page"])
def test_what_stands_on_a_page_is_typed(page, check):
    check(page)


def runs_python(_page, block):
    """A program, or the core of one: what it leaves out is what every program of that SDK begins with."""
    text = "\n".join(block.lines)
    core = "qcloud" if "QcloudApi" in text else "python"
    before = {
        "qcloud": "import os\nsecret_id = os.environ['TENCENTCLOUD_SECRET_ID']\nsecret_key = os.environ['TENCENTCLOUD_SECRET_KEY']\n",
        "python": "from tencentcloud.common import credential\nfrom tencentcloud.common.profile.client_profile import ClientProfile\n"
                  "from tencentcloud.common.profile.http_profile import HttpProfile\n"
                  "from tencentcloud.cvm.v20170312 import cvm_client, models\n",
    }[core]
    if core == "python" and "credential." not in text:
        before += "credential = credential.EnvironmentVariableCredential().get_credential()\n"
    after = {"qcloud": "", "python": "print(client.DescribeInstances(models.DescribeInstancesRequest()).to_json_string())\n"}[core]
    program = WORK / "typed.py"
    program.write_text(f"{before}{text}\n{after}", encoding="utf-8")
    environment = "qcloud" if core == "qcloud" else "tccli"
    output = typed(f'eval "$(cvmd env --for {environment})"\n"{sys.executable}" -W ignore "{program}"')
    assert "ins-1e4r6y8i" in output, output


def runs_node(_page, block):
    if not Path(NODE_MODULES, "tencentcloud-sdk-nodejs-cvm").exists():
        pytest.skip("no Node packages here; `cargo xtask setup` brings them")
    program = WORK / "typed.cjs"
    program.write_text(
        'const { Client } = require("tencentcloud-sdk-nodejs-cvm").cvm.v20170312\n'
        "const credential = { secretId: process.env.TENCENTCLOUD_SECRET_ID, secretKey: process.env.TENCENTCLOUD_SECRET_KEY }\n"
        + "\n".join(block.lines)
        + "\nclient.DescribeInstances({}).then((found) => console.log(JSON.stringify(found)))\n",
        encoding="utf-8",
    )
    output = typed(f'eval "$(cvmd env)"\nexport NODE_PATH="{NODE_MODULES}"\nnode "{program}"')
    assert "ins-1e4r6y8i" in output, output


def runs_settings(page, block):
    settings = WORK / "typed.toml"
    settings.write_text("\n".join(block.lines) + "\n", encoding="utf-8")
    page.serves_with("--config", str(settings))


def runs_seed(page, block):
    seed = WORK / "typed.json"
    key = (home() / ".ssh/id_ed25519.pub").read_text(encoding="utf-8").strip()
    seed.write_text(re.sub(r"ssh-ed25519 AAAA\.\.\. me", lambda _: key, "\n".join(block.lines)), encoding="utf-8")
    page.serves_with("--seed", str(seed))


LANGUAGES = {"python": runs_python, "js": runs_node, "toml": runs_settings, "json": runs_seed}
