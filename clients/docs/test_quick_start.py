"""README's blocks of the shell, pasted into a terminal as they stand, in bash and in zsh.

One after the other, as a reader goes down the page: a check of a block pastes the blocks above it first, if nobody has.
"""

import re
import shutil

import pytest

from docs.environment import ENDPOINT, fresh_home, is_healthy, skip_elsewhere, skip_without_programs
from docs.pages import lines_of, read
from docs.terminal import SHELLS, Terminal, checkout
from support.waiting import wait_until

skip_elsewhere()

# The lines of a log, by their level.
_LOG = re.compile(r"\b(?:INFO|WARN|ERROR|DEBUG)\b|\"level\":")
# What stands for an id that the reader has got, and how such an id begins.
_EXAMPLES = (("skey-...", "skey"), ("ins-1e4r6y8i", "ins"))
_GREETING = r"[#$] $"
# `eval` of nothing succeeds too.
_SETTINGS = ("CVMD_ENDPOINT", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_REGION")

BLOCKS = [block for block in read("README.md")[0] if block.language in ("sh", "bash") and lines_of(block)]
NAMES = [f"{block.where()} {lines_of(block)[0]}" for block in BLOCKS]
EVALUATES = [place for place, block in enumerate(BLOCKS) if any(line.startswith("eval ") for line in lines_of(block))]


class Reader:
    """Somebody at a terminal, who has come down the page as far as `outcomes` go."""

    def __init__(self, shell):
        fresh_home()
        self.terminal = Terminal(shell, checkout())
        self.outcomes = []
        # Which of the settings were there after each block.
        self.settings = []

    def pastes(self, place):
        """All blocks down to this one, each once; raises what was wrong with it."""
        while len(self.outcomes) <= place:
            above = next((name for name, outcome in zip(NAMES, self.outcomes) if outcome), None)
            assert above is None, f"not pasted: what is above it failed, {above}"
            self.outcomes.append(self._pasted(lines_of(BLOCKS[len(self.outcomes)])))
            _, statuses = self.terminal.paste("\n".join(f'test -n "${name}"' for name in _SETTINGS))
            self.settings.append(statuses[:-1])
        if self.outcomes[place]:
            raise self.outcomes[place]

    def reads_to_the_end(self):
        self.pastes(len(BLOCKS) - 1)

    def close(self):
        """Ends the server if it still runs."""
        if is_healthy(ENDPOINT):
            self.terminal.paste("kill %1\nwait %1")
            wait_until("the port is free", lambda: not is_healthy(ENDPOINT))
        self.terminal.close()

    def _pasted(self, lines):
        """Pastes the block and returns None, or why that failed."""
        try:
            self._paste_all(lines)
        except (AssertionError, pytest.skip.Exception) as why:
            return why
        return None

    def _paste_all(self, lines):
        """Pastes lines together, but alone those that need the reader: a value to fill in, or an ssh that reads what is typed."""
        pasted = []
        for command in _commands(lines):
            if any(example in command for example, _ in _EXAMPLES):
                self._paste(pasted)
                pasted = []
            filled = self._filled(command)
            if re.search(r"\bssh ", filled):
                leads_elsewhere = re.search(r"\bssh (?:-F \S+ )?\S+$", filled)
                _succeeded(*self.terminal.type(filled, _GREETING if leads_elsewhere else None))
            else:
                pasted.append(filled)
        self._paste(pasted)

    def _paste(self, commands):
        if commands:
            skip_without_programs("\n".join(commands))
            _succeeded(*self.terminal.paste("\n".join(commands)))

    def _filled(self, command):
        """The line with the ids of the last reply filled in."""
        for example, kind in _EXAMPLES:
            if example in command:
                found = re.findall(rf"\"({kind}-[a-z0-9]{{8}})\"", self.terminal.screen)
                assert found, f"no {kind}-... was answered before {command!r}"
                command = command.replace(example, found[-1])
        return command


def _succeeded(seen, statuses):
    assert statuses and not any(statuses), f"statuses {statuses}: {seen[-1500:]}"


def _commands(lines):
    """Lines that a backslash, a pipe or an open bracket joins are one."""
    commands, open_line = [], ""
    for line in lines:
        open_line = f"{open_line}\n{line}" if open_line else line
        if not line.endswith(("\\", "|")) and open_line.count("'") % 2 == 0 and open_line.count("(") == open_line.count(")"):
            commands.append(open_line)
            open_line = ""
    return [*commands, open_line] if open_line else commands


@pytest.fixture(scope="module", params=SHELLS)
def reader(request):
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} here; `cargo xtask setup` as root installs it")
    reader = Reader(request.param)
    yield reader
    reader.close()


def test_a_terminal_reads_what_is_typed(reader):
    seen, statuses = reader.terminal.paste("true\nfalse")
    assert statuses[:2] == [0, 1], seen


@pytest.mark.parametrize("place", range(len(BLOCKS)), ids=NAMES)
def test_a_block_is_pasted(reader, place):
    reader.pastes(place)


@pytest.mark.parametrize("place", EVALUATES, ids=[NAMES[place] for place in EVALUATES])
def test_what_an_eval_set_is_there(reader, place):
    reader.pastes(place)
    assert reader.settings[place] == [0] * len(_SETTINGS), f"whether each of {_SETTINGS} is set"


def test_no_line_of_the_log_was_on_the_terminal(reader):
    reader.reads_to_the_end()
    assert [line for line in reader.terminal.screen.splitlines() if _LOG.search(line)] == []


def test_the_server_ends_when_its_terminal_ends_it(reader):
    reader.reads_to_the_end()
    assert is_healthy(ENDPOINT), "it has ended before"
    _, statuses = reader.terminal.paste("kill %1\nwait %1")
    assert statuses[-2:] == [0, 0], "the statuses of `kill %1` and of the server"
    wait_until("the port is free", lambda: not is_healthy(ENDPOINT))
