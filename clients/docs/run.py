"""Types what can be typed on the pages that users read, as it stands there, on a computer of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

from environment import PROGRAMS, Served, enter, fresh_home, home, typed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import quick_start  # noqa: E402
from pages import PAGES, SHELL, read, without_comment  # noqa: E402
from story import Skipped, WORK, check, equal, tell  # noqa: E402
from typed_lines import EXEMPT, EXEMPT_LANGUAGES, around, exemption, filled, placeholders_left  # noqa: E402

if not (PROGRAMS / "tccli").exists():
    print("skipped the pages' lines: no tccli beside this Python; `cargo xtask setup` brings it")
    sys.exit(0)
if why := enter():
    print(f"skipped the pages' lines: {why}")
    sys.exit(0)

FOUND = {page: read(page) for page in PAGES}
TRANSLATED = {"README.zh-CN.md": "README.md"}


class It:
    server = None


def named(name, function):
    function.__name__ = name
    return check(function)


def lines_of(block):
    """What is typed of a block of the shell."""
    return [line for line in block.lines if without_comment(line) and not exemption(block.page, without_comment(line))]


@check
def every_exemption_still_matches_a_line():
    said = {(page, without_comment(line)) for page, (blocks, _) in FOUND.items() for block in blocks for line in block.lines}
    said |= {(page, command.text) for page, (_, commands) in FOUND.items() for command in commands}
    equal([entry for entry in EXEMPT if entry[:2] not in said], [], "exemptions of lines that are not there")
    languages = {(page, block.language) for page, (blocks, _) in FOUND.items() for block in blocks}
    equal([entry for entry in EXEMPT_LANGUAGES if entry[:2] not in languages], [], "exemptions of languages that are not there")


@check
def no_line_ends_in_a_comment_which_zsh_would_take_for_words():
    ends = [
        f"{block.page}:{block.line + index}"
        for blocks, _ in FOUND.values() for block in blocks if block.language in SHELL
        for index, line in enumerate(block.lines) if line != without_comment(line)
    ]
    equal(ends, [], "say it above the block: lines with a comment")


@check
def a_translation_types_what_its_original_types():
    for translation, original in TRANSLATED.items():
        for of in (lambda page: [block.lines for block in FOUND[page][0]], lambda page: {command.text for command in FOUND[page][1]}):
            equal(of(translation), of(original), f"what is typed on {translation}")


quick_start.checks(FOUND["README.md"][0], lines_of)


def types_page(page):
    blocks, commands = FOUND[page]

    def begins():
        fresh_home()
        It.server = Served().__enter__()

    def ends():
        It.server.__exit__()
        loud = [line for line in It.server.told().splitlines() if " WARN " in line or " ERROR " in line or "panicked" in line]
        equal(loud, [], "the server's complaints")

    begins.__name__, ends.__name__ = f"a cvmd for {page}", f"and nothing on {page} made it complain"
    check(begins)
    for block in blocks:
        if page == "README.md" and block.language in SHELL:
            continue  # quick_start has pasted them
        types_block(block)
    for command in dict.fromkeys(commands):
        if not exemption(page, command.text):
            named(f"{command.where()} {command.text}", lambda command=command: types_command(command.text))
    check(ends)


def types_command(text):
    for line in filled(text):
        equal(placeholders_left(line), [], f"placeholders in {line!r} that typed_lines.py does not fill in")
        typed(around(line), said="exit\n")


def types_block(block):
    lines = lines_of(block)
    if block.language in SHELL and lines:
        script = "\n".join(around(filled(line)[-1]) for line in lines)
        named(f"{block.where()} {lines[0]}", lambda: typed(script, said="exit\nexit\n"))
    elif block.language in LANGUAGES:
        named(f"{block.where()} in {block.language}", lambda: LANGUAGES[block.language](block))
    elif block.language not in SHELL and not any(entry[:2] == (block.page, block.language) for entry in EXEMPT_LANGUAGES):

        def nobody():
            raise AssertionError(f"nothing runs {block.language}, and EXEMPT_LANGUAGES does not say why")

        named(f"{block.where()} in {block.language}", nobody)


def runs_python(block):
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
    said = typed(f'eval "$(cvmd env --for {environment})"\n"{sys.executable}" -W ignore "{program}"')
    assert "ins-1e4r6y8i" in said, said


def runs_node(block):
    modules = os.environ.get("CVMD_NODE_MODULES", "")
    if not Path(modules, "tencentcloud-sdk-nodejs-cvm").exists():
        raise Skipped("no Node packages here; `cargo xtask setup` brings them")
    program = WORK / "typed.cjs"
    program.write_text(
        'const { Client } = require("tencentcloud-sdk-nodejs-cvm").cvm.v20170312\n'
        "const credential = { secretId: process.env.TENCENTCLOUD_SECRET_ID, secretKey: process.env.TENCENTCLOUD_SECRET_KEY }\n"
        + "\n".join(block.lines)
        + "\nclient.DescribeInstances({}).then((found) => console.log(JSON.stringify(found)))\n",
        encoding="utf-8",
    )
    said = typed(f'eval "$(cvmd env)"\nexport NODE_PATH="{modules}"\nnode "{program}"')
    assert "ins-1e4r6y8i" in said, said


def serves_with(*arguments):
    """In place of the page's server, which comes back on what it has."""
    It.server.__exit__()
    other = home() / "other"
    subprocess.run(["rm", "-rf", str(other)], check=True)
    with Served("--data", str(other), *arguments):
        pass
    It.server = Served("--listen", "127.0.0.1:8312").__enter__()


def runs_settings(block):
    settings = WORK / "typed.toml"
    settings.write_text("\n".join(block.lines) + "\n", encoding="utf-8")
    serves_with("--config", str(settings))


def runs_seed(block):
    seed = WORK / "typed.json"
    key = (home() / ".ssh/id_ed25519.pub").read_text(encoding="utf-8").strip()
    seed.write_text(re.sub(r"ssh-ed25519 AAAA\.\.\. me", lambda _: key, "\n".join(block.lines)), encoding="utf-8")
    serves_with("--seed", str(seed))


LANGUAGES = {"python": runs_python, "js": runs_node, "toml": runs_settings, "json": runs_seed}

for page in PAGES:
    if page not in TRANSLATED and any(FOUND[page]):
        types_page(page)
tell()
