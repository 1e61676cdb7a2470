"""A terminal with an interactive shell in it, as the one that a reader pastes into."""

import os
import pty
import re
import select
import time

from docs.environment import environment, home
from support.waiting import wait_until

# Without the reader's startup files. Our prompt shows the exit status of the last command.
SHELLS = {"bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='<''$?>'"), "zsh": (["zsh", "-f", "-i"], "PS1='<''%?>'")}
_PROMPT = re.compile(r"<(\d+)>")


class Terminal:
    """An open terminal. `screen` is everything that it showed, the typed lines included."""

    def __init__(self, shell, where):
        words, prompt = SHELLS[shell]
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(where)
            os.execvpe(words[0], words, {**environment(with_cvmd=False), "PS1": "", "HISTFILE": ""})
        self.screen = ""
        self._asked = 0
        self.paste(prompt)

    def paste(self, text, limit_s=90):
        """Types the text and waits until the shell has read and done all of it. Gives what was seen, and each status."""
        begins = len(self.screen)
        self._asked += 1
        self._write(f"{text}\necho end''-{self._asked}\n")
        # Not the line that was typed: there two quotes stand in it.
        self._until(lambda: re.search(rf"end-{self._asked}\r?\n.*<\d+>", self.screen[begins:], re.DOTALL), text, limit_s)
        seen = self.screen[begins:]
        return seen, [int(status) for status in _PROMPT.findall(seen)]

    def type(self, line, greeting=None, limit_s=60):
        """Types one command, which may read what is typed, and waits for the next prompt. One that greets is left by `exit`."""
        begins = len(self.screen)
        self._write(f"{line}\n")
        if greeting:
            self._until(lambda: re.search(greeting, self.screen[begins:].partition(line)[2]), line, limit_s)
            self._write("exit\n")
        self._until(lambda: _PROMPT.search(self.screen[begins:]), line, limit_s)
        seen = self.screen[begins:]
        return seen, [int(status) for status in _PROMPT.findall(seen)]

    def close(self):
        """Closes the terminal as closing its window does."""
        os.close(self.descriptor)
        wait_until("the shell has ended", lambda: os.waitpid(self.pid, os.WNOHANG) != (0, 0))

    def _write(self, text):
        os.write(self.descriptor, text.encode())

    def _until(self, is_there, what, limit_s):
        ends = time.monotonic() + limit_s
        while not is_there():
            left = ends - time.monotonic()
            assert left > 0, f"waited {limit_s} s in vain after {what.strip()!r}; on the screen: {self.screen[-800:]!r}"
            if select.select([self.descriptor], [], [], min(left, 1))[0]:
                self.screen += os.read(self.descriptor, 65536).decode(errors="replace")


def checkout():
    """What the quick start is typed in; building puts cvmd there."""
    path = home() / "cvmd"
    path.mkdir()
    return path
