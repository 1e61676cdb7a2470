"""How each line of the pages is typed: what stands for its placeholders, what goes around it, and what is not typed and why."""

import re

from docs.environment import INSTANCE, KEY

CLIENTS = ("terraform", "packer", "tccli", "python", "node", "go", "java", "qcloud")

# What a reader puts in the place of a word, the longest word first.
_PLACEHOLDERS = {
    "http://ADDR:PORT": "http://127.0.0.1:8312",
    "ADDR:PORT": "127.0.0.1:8312",
    "COMMAND...": "uptime",
    "REQUEST-ID": "$request_id",
    "SECRET-ID": "$secret_id",
    "INSTANCE": INSTANCE,
    "ACCOUNT": "alice",
    "NAME": "alice",
    "KEY": "~/.ssh/id_ed25519",
    "skey-...": KEY,
}

# What to type around a line that begins so; `{}` is the line. A line within a sentence lists only what differs.
_AROUND = {
    "cvmd relay ": "ssh -F none -o StrictHostKeyChecking=no -o ProxyCommand='{}' root@any uptime",
    "nc -X connect ": "ssh -F none -o StrictHostKeyChecking=no -o ProxyCommand='{}' root@" + INSTANCE + " uptime",
    "cvmd ssh --relay": "{} " + INSTANCE + " uptime",
    "cvmd request ": 'eval "$(cvmd env)"\nrequest_id=$(tccli cvm StartInstances --endpoint $CVMD_ENDPOINT '
                     '--InstanceIds \'["' + INSTANCE + '"]\' 2>&1 | grep -oE "[0-9a-f]{8}-[0-9a-f-]{27}" || true)\n{}',
    "cvmd credential revoke ": "cvmd account list | grep -q alice || cvmd account add alice\n"
                               "secret_id=$(cvmd credential add alice | grep -o 'AKID[A-Za-z0-9]*')\n{}",
    "cvmd credential add ": "cvmd account list | grep -q alice || cvmd account add alice\n{}",
    "cvmd account remove ": "cvmd account list | grep -q alice || cvmd account add alice\n{}",
    "cvmd account add ": "if cvmd account list | grep -q alice; then cvmd account remove alice; fi\n{}",
    "ssh -F ~/.ssh/cvmd ": "cvmd ssh-config > ~/.ssh/cvmd\n{}",
}

# Page, line, why. One that matches nothing any more fails.
EXEMPT = [
    ("README.md", "cargo run --release -- demo", "the lane demo runs it"),
    ("README.zh-CN.md", "cargo run --release -- demo", "the lane demo runs it"),
    ("README.md", "cargo xtask ci", "it is what runs this"),
    ("README.zh-CN.md", "cargo xtask ci", "it is what runs this"),
    ("README.md", "kill %1", "quick_start types it in the terminal where the server runs"),
    ("README.zh-CN.md", "kill %1", "quick_start types it in the terminal where the server runs"),
    ("README.md", "pip install tccli", "cargo xtask setup has done it"),
    ("README.zh-CN.md", "pip install tccli", "cargo xtask setup has done it"),
    ("README.md", "pip install tencentcloud-sdk-python-cvm", "cargo xtask setup has brought the package that holds all products"),
    ("README.zh-CN.md", "pip install tencentcloud-sdk-python-cvm", "cargo xtask setup has brought the package that holds all products"),
    ("docs/api.md", "cargo xtask docs", "it writes that page, and a Rust test holds the page against it"),
    ("docs/operating.md", "cargo xtask docs", "it writes a table of that page, and a Rust test holds the page against it"),
    ("README.md", "cargo xtask dist", "it takes minutes, and builds what is here otherwise"),
    ("README.zh-CN.md", "cargo xtask dist", "it takes minutes, and builds what is here otherwise"),
    ("docs/operating.md", "cargo xtask dist", "it takes minutes, and builds what is here otherwise"),
    ("docs/operating.md", "cargo xtask ci shipped", "it runs this too"),
    ("docs/operating.md", "cargo xtask bench", "it takes minutes, and its figures are worth something only on a quiet machine"),
    ("docs/operating.md", "cvmd backup /backups/2026-01-31", "there is no /backups here; the server's tests make backups"),
    ("docs/operating.md", "cvmd state check --data /backups/2026-01-31", "there is no /backups here; the server's tests make backups"),
    ("docs/clients.md", "cargo xtask setup", "it has made what this runs on"),
    ("docs/clients.md", "cargo xtask clients", "it is what runs this"),
    ("docs/clients.md", "terraform init", "its provider cannot be fetched where the tests run; clients/terraform"),
    ("docs/clients.md", "terraform apply", "its provider cannot be fetched where the tests run; clients/terraform"),
    ("docs/clients.md", "packer init .", "its plugin cannot be fetched where the tests run"),
    ("README.md", "cvmd ssh", "a command that is spoken of; the block below types it"),
    ("README.zh-CN.md", "cvmd ssh", "a command that is spoken of; the block below types it"),
    ("docs/clients.md", "cvmd ssh", "a command that is spoken of; the section types it"),
    ("docs/clients.md", "packer build .", "clients/packer runs it on a template"),
    ("docs/operating.md", "kill -9", "half a command, with which clients/ssh and the Rust tests end servers"),
    ("docs/clients.md", 'cat "$SSL_CERT_FILE" >> "$(python -m certifi)"', "changes the Python that all checks share; clients/custodian does it to a copy"),
    ("docs/clients.md", "custodian run -s out policy.yml", "needs that; clients/custodian runs it"),
    ("docs/operating.md", "ulimit -n", "a setting that is spoken of"),
    ("docs/operating.md", "ssh -v", "an option that is spoken of"),
    ("docs/operating.md", "ssh -L", "an option that is spoken of, and refused by guests"),
    ("docs/operating.md", "cvmd ssh", "a command that is spoken of; docs/clients.md types it"),
    ("docs/evidence.md", "cvmd ledger key rotated", "a text that is signed"),
    ("docs/operating.md", "scp -O", "an option that is spoken of; docs/clients.md types it"),
]

# Languages that nothing here compiles; what runs has a function in test_pages.py.
EXEMPT_LANGUAGES = [
    ("docs/evidence.md", "text", "a format and how to check it; clients/evidence does it"),
    ("docs/clients.md", "go", "its modules cannot be fetched where the tests run"),
    ("docs/clients.md", "java", "its artifacts cannot be fetched where the tests run"),
]


def exemption(page, line):
    return next((entry for entry in EXEMPT if entry[0] == page and entry[1] == line), None)


def filled(line):
    """The line as a reader types it: every choice once, with and without what stands in brackets."""
    lines = [line]
    if "[" in line and re.search(r"\[[^\]]*\]", line) and "'" not in line:
        lines = [re.sub(r" ?\[[^\]]*\]", "", line), re.sub(r"\[([^\]]*)\]", r"\1", line)]
    choices = [re.search(r"(?<= )[a-z]+(?:\|[a-z]+)+", line) for line in lines]
    lines = [
        line.replace(found.group(0), choice) if found else line
        for line, found in zip(lines, choices)
        for choice in (found.group(0).split("|") if found else [""])
    ]
    lines = [line.replace("CLIENT", client) for line in lines for client in (CLIENTS if "CLIENT" in line else [""])]
    for word, meant in _PLACEHOLDERS.items():
        lines = [re.sub(rf"(?<![A-Za-z0-9_-]){re.escape(word)}(?![A-Za-z0-9_-])", lambda _, meant=meant: meant, line) for line in lines]
    return lines


def around(line):
    way = next((way for begins, way in _AROUND.items() if line.startswith(begins) or line == begins.strip()), "{}")
    return way.replace("{}", line)


def placeholders_left(line):
    """Words in capitals that nobody has filled in, which are no variables of the shell."""
    return re.findall(r"(?<![$A-Za-z0-9_/-])[A-Z]{3,}(?:[:-][A-Z]+)*(?![A-Za-z0-9_=-])", re.sub(r"\$\{?\w+", "", line))
