"""A program on a pseudo-terminal, and what a user sees there.

The terminal knows what the screens of ``station`` use (CR, LF, cursor up, erase below) and fits long lines to a new
width as most terminals do. A reader thread keeps the picture up to date; it can be halted, as if the terminal had
been stopped.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ESCAPE = re.compile(r"\x1b\[(\d*)([A-Za-z])")
_CUT = re.compile(r"\x1b(\[\d*)?$")


class Picture:
    """What a terminal shows, and what scrolled off its top.

    Lines are held as they were printed, however many rows they take; a position is a line and a column of it.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.unknown: list[str] = []
        self._lines = [""]
        self._line = 0
        self._column = 0
        self._wraps = False
        self._rest = ""

    @property
    def lines(self) -> list[str]:
        """Everything that was printed and not erased."""
        return [line.rstrip() for line in self._lines]

    @property
    def shown(self) -> list[str]:
        """The rows on the screen."""
        return [row.rstrip() for row in self._rows()[-self.rows :]]

    def feed(self, text: str) -> None:
        """Print."""
        text = self._rest + text
        cut = _CUT.search(text)
        self._rest = cut.group() if cut else ""
        text = text[: len(text) - len(self._rest)]
        place = 0
        for found in _ESCAPE.finditer(text):
            self._print(text[place : found.start()])
            place = found.end()
            self._obey(int(found[1] or 1), found[2])
        self._print(text[place:])

    def _rows(self) -> list[str]:
        return [row for line in self._lines for row in _split(line, self.columns)]

    def _obey(self, number: int, letter: str) -> None:
        if letter == "A":
            for _ in range(number):
                self._up()
        elif letter == "J":
            del self._lines[self._line + 1 :]
            self._lines[self._line] = self._lines[self._line][: self._column]
        else:
            self.unknown.append(f"CSI {number} {letter}")

    def _row_begins(self) -> int:
        column = self._column - 1 if self._wraps else self._column
        return column - column % self.columns

    def _up(self) -> None:
        within = self._column - self._row_begins()
        above = [*(row for line in self._lines[: self._line] for row in _split(line, self.columns))]
        if len(above) + self._row_begins() // self.columns <= len(self._rows()) - self.rows:
            return
        if self._row_begins():
            self._column -= self.columns
        elif self._line:
            self._line -= 1
            last = len(_split(self._lines[self._line], self.columns)) - 1
            self._column = last * self.columns + within
        self._wraps = False

    def _print(self, text: str) -> None:
        for char in text:
            if char == "\r":
                self._column, self._wraps = self._row_begins(), False
            elif char == "\n":
                self._feed_line()
            elif char < " ":
                self.unknown.append(repr(char))
            else:
                self._put(char)

    def _feed_line(self) -> None:
        within = self._column - self._row_begins()
        line, below = self._lines[self._line], self._row_begins() + self.columns
        if below < len(line):
            self._column = below + within
        else:
            self._line, self._column = self._line + 1, within
            if self._line == len(self._lines):
                self._lines.append("")
        self._wraps = False

    def _put(self, char: str) -> None:
        line = self._lines[self._line].ljust(self._column)
        self._lines[self._line] = line[: self._column] + char + line[self._column + 1 :]
        self._column += 1
        self._wraps = self._column % self.columns == 0


def _split(line: str, width: int) -> list[str]:
    return [line[place : place + width] for place in range(0, len(line), width)] or [""]


class PtyProcess:
    """See the module.

    Args:
        command: the program.
        rows: of the terminal.
        columns: of the terminal.
    """

    def __init__(self, command: Sequence[str], rows: int = 30, columns: int = 120) -> None:
        self._controller, screen = pty.openpty()
        self._resize(screen, rows, columns)
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            command,
            stdin=screen,
            stdout=screen,
            stderr=screen,
            cwd=ROOT,
            env=environment | {"TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(screen)
        self.picture = Picture(rows, columns)
        self._lock = threading.Lock()
        self._reads = threading.Event()
        self._reads.set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def _resize(fd: int, rows: int, columns: int) -> None:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows: int, columns: int) -> None:
        """As if the window's corner were dragged."""
        with self._lock:
            self.picture.rows, self.picture.columns = rows, columns
            self._resize(self._controller, rows, columns)

    def press(self, keys: str) -> None:
        """As if typed; ``\\x03`` is Ctrl-C."""
        os.write(self._controller, keys.encode())

    def halt(self) -> None:
        """The terminal is stopped: it reads nothing more."""
        self._reads.clear()

    def go_on(self) -> None:
        """It reads again."""
        self._reads.set()

    @property
    def lines(self) -> list[str]:
        """All lines so far."""
        with self._lock:
            return self.picture.lines

    @property
    def shown(self) -> list[str]:
        """The rows of the screen."""
        with self._lock:
            return self.picture.shown

    def until(self, true: Callable[[list[str]], bool], within_s: float = 40.0) -> list[str]:
        """Wait until the rows of the screen are so; answers them."""
        end_s = time.monotonic() + within_s
        while not true(shown := self.shown):
            assert time.monotonic() < end_s, "it was never seen:\n" + "\n".join(shown)
            time.sleep(0.02)
        return shown

    def ended(self, within_s: float = 60.0) -> int:
        """Wait for the program's end and for all that it printed. Its exit code."""
        code = self.process.wait(within_s)
        self._reader.join(within_s)
        return code

    def close(self) -> None:
        """Let nothing of it remain."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self._reads.set()
        self._reader.join(5.0)
        os.close(self._controller)

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            self._reads.wait()
            try:
                data = os.read(self._controller, 4096)
            except OSError:
                return  # nobody holds the other end any more
            with self._lock:
                self.picture.feed(decoder.decode(data))


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def on_a_terminal(command: Sequence[str], rows: int = 30, columns: int = 120) -> Iterator[PtyProcess]:
    """Run one."""
    running = PtyProcess(command, rows, columns)
    try:
        yield running
    finally:
        running.close()
