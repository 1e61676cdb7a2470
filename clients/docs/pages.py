"""What can be typed on the pages that users read: blocks of code, and commands within the prose."""

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docs.typed_lines import exemption

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ["README.md", "README.zh-CN.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
TRANSLATED = {"README.zh-CN.md": "README.md"}
SHELL = ("sh", "bash", "console", "")
# Beside what is installed here: programs that these pages speak of, and what every shell has.
_PROGRAMS = {
    "ansible", "cargo", "curl", "cvmd", "docker", "eval", "export", "go", "java", "kill", "nc", "node", "npm", "packer", "pip",
    "scp", "sqlite3", "ssh", "sudo", "systemctl", "tccli", "terraform", "ulimit",
}


@dataclass(frozen=True)
class Block:
    """Lines of code; `line` is the number of the first. `language` is empty for indented ones."""

    page: str
    line: int
    language: str
    lines: tuple

    def where(self):
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command within a sentence or a table, which may be broken over two lines."""

    page: str
    line: int
    text: str

    def where(self):
        return f"{self.page}:{self.line}"


@cache
def read(page):
    """The page's blocks and commands, in its order."""
    blocks, prose, fence, indented = [], [], None, None
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), start=1):
        before = prose[-1] if prose else ""
        if fence is None and line.startswith("```"):
            fence, prose = (number + 1, line[3:].strip(), []), [*prose, ""]
        elif fence is not None and line.startswith("```"):
            blocks.append(Block(page, fence[0], fence[1], tuple(fence[2])))
            fence, prose = None, [*prose, ""]
        elif fence is not None:
            fence[2].append(line)
            prose.append("")
        elif line.startswith("    ") and (indented or not before.strip()):
            indented = indented or (number, [])
            indented[1].append(line.strip())
            prose.append("")
        else:
            if indented and line.strip():
                blocks.append(Block(page, indented[0], "", tuple(indented[1])))
            indented = indented if not line.strip() else None
            prose.append(line)
    assert fence is None, f"{page}: a block has no end"
    if indented:
        blocks.append(Block(page, indented[0], "", tuple(indented[1])))
    return sorted(blocks, key=lambda block: block.line), _commands(page, prose)


def _commands(page, prose):
    found = []
    text = "\n".join(prose)
    for span in re.finditer(r"`([^`]+)`", text):
        # A cell of a table writes a bar as `\|`.
        command = " ".join(span.group(1).replace("\\|", "|").split())
        words = command.split(" ")
        if len(words) > 1 and (words[0] in _PROGRAMS or shutil.which(words[0])):
            found.append(Command(page, text.count("\n", 0, span.start()) + 1, command))
    return found


def lines_of(block):
    """What is typed of a block of the shell."""
    return [line for line in block.lines if without_comment(line) and not exemption(block.page, without_comment(line))]


def without_comment(line):
    """What is typed of a line; a comment begins at a `#` that stands alone."""
    return re.split(r"(?:^|\s+)#(?:\s|$)", line, maxsplit=1)[0].rstrip()
