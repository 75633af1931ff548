"""Prints the screen: on a terminal with lines at the bottom that change in place, elsewhere as plain lines.

Progress in a pipe or a file comes once in a while only. Writing goes through a thread, so that a terminal that was
stopped holds up no station.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

PLAIN_EVERY_S: Final = 10.0
_WAITING: Final = 1000
_FLUSH_S: Final = 1.0


def is_journal(fd: int) -> bool:
    """Whether what is printed there is kept by systemd's journal (``JOURNAL_STREAM``, systemd.exec(5))."""
    try:
        where = os.fstat(fd)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{where.st_dev}:{where.st_ino}"


class Terminal:
    """See the module.

    Args:
        in_place: whether it is a terminal that understands escape sequences.
        write: prints a text; may block.
        width: columns of the terminal.
    """

    def __init__(
        self,
        *,
        in_place: bool,
        write: Callable[[str], object],
        width: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._in_place = in_place
        self._write = write
        self._width = width
        self._bottom: list[str] = []
        self._plain_again_s = 0.0
        self._last_plain: list[str] = []

    def lines(self, lines: Sequence[str]) -> None:
        """Print lines that stay."""
        if not lines:
            return
        text = "".join(f"{line}\n" for line in lines)
        self._write(self._erase() + text + self._drawn())

    def progress(self, lines: Sequence[str], now_s: float) -> None:
        """Show these lines in place of the last ones.

        Args:
            now_s: monotonic time in seconds.
        """
        if self._in_place:
            width = max(20, self._width()) - 1
            erase, before = self._erase(), self._bottom
            self._bottom = [line[:width] for line in lines]
            if self._bottom != before:
                self._write(erase + self._drawn())
        elif lines and now_s >= self._plain_again_s and list(lines) != self._last_plain:
            self._plain_again_s = now_s + PLAIN_EVERY_S
            self._last_plain = list(lines)
            self.lines(lines)

    def _erase(self) -> str:
        if not self._bottom:
            return ""
        # A terminal that was made narrower has broken the lines above the last one, where the cursor waits.
        width = max(1, self._width())
        rows = sum(max(1, -(-len(line) // width)) for line in self._bottom[:-1])
        return (f"\x1b[{rows}A" if rows else "") + "\r\x1b[J"

    def _drawn(self) -> str:
        # The cursor waits where the ^C of a key that the terminal shows does not begin a new line.
        return "\n".join(self._bottom) + "\r" if self._bottom else ""


class BackgroundWriter:
    """Writes texts to a file descriptor in order, from a thread; what does not fit in the queue is lost.

    Attributes:
        problem: why something could not be written, other than that nobody reads any more.
    """

    def __init__(self, fd: int) -> None:
        self.problem: OSError | None = None
        self._fd = fd
        self._texts: queue.Queue[str | None] = queue.Queue(_WAITING)
        self._all_written = threading.Event()
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Queue a text."""
        try:
            self._texts.put_nowait(text)
        except queue.Full:
            return

    def close(self, patience_s: float | None = _FLUSH_S, last: str = "") -> None:
        """Write what is queued and a last text, for so long at most; None: for as long as it takes.

        A wait in the main thread ends with Ctrl-C, unless a loop has the signals.
        """
        ends_s = None if patience_s is None else time.monotonic() + patience_s
        try:
            self._texts.put(last, timeout=patience_s)
            self._texts.put(None, timeout=patience_s)
        except queue.Full:
            return
        self._thread.join(None if ends_s is None else max(0.0, ends_s - time.monotonic()))

    def closed(self, within_s: float = 0.1) -> bool:
        """Whether all is written, after ``close``."""
        # Not by the thread's own state: a join that Ctrl-C ended takes the thread for dead.
        return self._all_written.wait(within_s)

    def _run(self) -> None:
        while (text := self._texts.get()) is not None:
            data = text.encode("utf-8", "replace")
            while data:
                try:
                    data = data[os.write(self._fd, data) :]
                except OSError as error:
                    if not isinstance(error, BrokenPipeError):
                        self.problem = error
                    # Nobody reads any more; the station goes on without a screen.
                    data = b""
        self._all_written.set()
