"""README's blocks of the shell, pasted into a terminal as they stand, in bash and in zsh."""

import re
import shutil

from environment import ENDPOINT, fresh_home, is_healthy, skip_without_programs
from story import Skipped, check, equal, wait_until
from terminal import SHELLS, Terminal, checkout

# The lines of a log, by their level.
_LOG = re.compile(r"\b(?:INFO|WARN|ERROR|DEBUG)\b|\"level\":")
# What stands for an id that the reader has got, and how such an id begins.
_EXAMPLES = (("skey-...", "skey"), ("ins-1e4r6y8i", "ins"))
_GREETING = r"[#$] $"


class It:
    terminal = None


def checks(blocks, lines_of):
    """One after the other in each shell, as a reader goes down the page."""
    blocks = [block for block in blocks if block.language in ("sh", "bash") and lines_of(block)]
    for shell in SHELLS:
        _named(f"a terminal with {shell}", lambda shell=shell: _opens(shell))
        for block in blocks:
            name = f"{block.where()} pasted in {shell}: {lines_of(block)[0]}"
            _named(name, lambda block=block: _pastes(lines_of(block)))
            if any(line.startswith("eval ") for line in lines_of(block)):
                _named(f"and what it set is there in {shell}", _has_settings)
        _named(f"no line of the log was on the terminal of {shell}", _is_quiet)
        _named(f"and the server ends when {shell} ends it", _ends)


def _named(name, function):
    def run():
        if function.__name__ != "_opens" and It.terminal is None and not name.startswith("a terminal"):
            raise Skipped("no terminal")
        function()

    run.__name__ = name
    check(run)


def _opens(shell):
    It.terminal = None
    if shutil.which(shell) is None:
        raise Skipped(f"no {shell} here; `cargo xtask setup` as root installs it")
    fresh_home()
    It.terminal = Terminal(shell, checkout())


def _pastes(lines):
    """As one, but for what waits for the reader: a value to fill in, or an ssh, which reads what is typed."""
    pasted = []
    for command in _commands(lines):
        if any(example in command for example, _ in _EXAMPLES):
            _paste(pasted)
            pasted = []
        filled = _filled(command)
        if re.search(r"\bssh ", filled):
            leads_elsewhere = re.search(r"\bssh (?:-F \S+ )?\S+$", filled)
            _succeeded(*It.terminal.type(filled, _GREETING if leads_elsewhere else None))
        else:
            pasted.append(filled)
    _paste(pasted)


def _paste(commands):
    if commands:
        skip_without_programs("\n".join(commands))
        _succeeded(*It.terminal.paste("\n".join(commands)))


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


def _filled(command):
    """With the ids that were answered last."""
    for example, kind in _EXAMPLES:
        if example in command:
            found = re.findall(rf"\"({kind}-[a-z0-9]{{8}})\"", It.terminal.screen)
            assert found, f"no {kind}-... was answered before {command!r}"
            command = command.replace(example, found[-1])
    return command


def _has_settings():
    # `eval` of nothing succeeds too.
    wanted = ("CVMD_ENDPOINT", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_REGION")
    _, statuses = It.terminal.paste("\n".join(f'test -n "${name}"' for name in wanted))
    equal(statuses[:-1], [0] * len(wanted), f"whether each of {wanted} is set")


def _is_quiet():
    told = [line for line in It.terminal.screen.splitlines() if _LOG.search(line)]
    equal(told, [], "lines of a log")


def _ends():
    assert is_healthy(ENDPOINT), "it has ended before"
    _, statuses = It.terminal.paste("kill %1\nwait %1")
    equal(statuses[-2:], [0, 0], "the statuses of `kill %1` and of the server")
    wait_until("the port is free", lambda: not is_healthy(ENDPOINT))
    It.terminal.close()
