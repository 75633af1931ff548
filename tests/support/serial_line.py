"""A serial line for tests: a pseudo-terminal with the driver at one end and the test at the other.

    with serial_line() as line:
        port = SerialPort(line.path, 9600)
        line.write(b"hello")            # what the device sends
        assert line.read(2) == b"ok"    # what the driver sent

`line.path` is a symlink that stays the same when the line is unplugged and plugged in again, as a by-id link does.
`line.serve(respond)` answers what the driver sends from a thread, until the line is unplugged or closed.
"""

from __future__ import annotations

import contextlib
import os
import select
import tempfile
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

DEADLINE_S = 2.0


class SerialLine:
    """The far end of a line; plugged in when made. Not for several threads at once, but for `serve`'s own."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master = -1
        self._slave = -1
        self._thread: threading.Thread | None = None
        self._wake: tuple[int, int] | None = None
        self._respond: Callable[[bytes], bytes | None] | None = None
        self.plug_in()

    @property
    def path(self) -> str:
        """What a profile names as `port`."""
        return str(self.link)

    def write(self, data: bytes, deadline_s: float = DEADLINE_S) -> int:
        """The device sends; returns how much went out before the deadline: all, unless nobody reads."""
        sent, end_s = 0, time.monotonic() + deadline_s
        while sent < len(data) and (left_s := end_s - time.monotonic()) > 0:
            if select.select([], [self._master], [], left_s)[1]:
                with contextlib.suppress(BlockingIOError):
                    sent += os.write(self._master, data[sent : sent + 2048])
        return sent

    def read(self, count: int = 1, deadline_s: float = DEADLINE_S) -> bytes:
        """What the driver has sent: at least `count` bytes, or what came until the deadline."""
        data, end_s = b"", time.monotonic() + deadline_s
        while len(data) < count and select.select([self._master], [], [], max(0.0, end_s - time.monotonic()))[0]:
            data += os.read(self._master, 65536)
        return data

    def settled(self, deadline_s: float = DEADLINE_S) -> bool:
        """Wait until the driver has fetched everything that was written; False at the deadline."""
        end_s = time.monotonic() + deadline_s
        while select.select([self._slave], [], [], 0)[0]:
            if time.monotonic() > end_s:
                return False
            time.sleep(0.002)
        return True

    def serve(self, respond: Callable[[bytes], bytes | None]) -> None:
        """Answer each chunk that the driver sends with what `respond` makes of it (None, b"": nothing), in a thread.

        After `plug_in` the thread serves again.
        """
        self._respond = respond
        self._start()

    def unplug(self) -> None:
        """Pull the adapter: the driver's end hangs up, the path is gone."""
        self._stop()
        self.link.unlink(missing_ok=True)
        for descriptor in (self._slave, self._master):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1

    def plug_in(self) -> None:
        """Put it back: another device, the same path."""
        assert self._master < 0, "it is plugged in"
        # The own slave end keeps the line from hanging up while no driver has it open.
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        self.link.symlink_to(os.ttyname(self._slave))
        if self._respond is not None:
            self._start()

    def _start(self) -> None:
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, args=(self._master, self._wake[0]), daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        if self._thread is None or self._wake is None:
            return
        os.write(self._wake[1], b"x")
        self._thread.join()
        for descriptor in self._wake:
            os.close(descriptor)
        self._thread = self._wake = None

    def _run(self, master: int, wake: int) -> None:
        while True:
            ready = select.select([master, wake], [], [])[0]
            if wake in ready:
                return
            assert self._respond is not None
            answer = self._respond(os.read(master, 65536))
            if answer:
                self.write(answer)


@contextlib.contextmanager
def serial_line(where: Path | None = None, name: str = "line") -> Iterator[SerialLine]:
    """A line at `where`/`name` (default: in a directory of its own); nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        line = SerialLine((where or Path(folder)) / name)
        try:
            yield line
        finally:
            line.unplug()
