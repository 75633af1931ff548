"""The last lines of what a station did: for the file that a supporter asks for, not for the console.

Lines say what was sent, received, seen and decided, without payloads and without card numbers. All stations of a
process share one bounded ring; a station with a folder for its state keeps its lines in a file there too, written a few
seconds later and from a thread, so that neither the loop waits for a disk nor an SD card wears.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from station.clock import Clock, utc_text
from station.host.state_folder import for_owner

log = logging.getLogger(__name__)

FILE: Final = "station.log"
_MOST_LINES: Final = 5000
_MOST_BYTES: Final = 512 * 1024
_WRITE_AFTER_S: Final = 5.0
_HEAD: Final = 160
_MOST_TEXT: Final = 500
_FRAME: Final = re.compile(r'\s*\[\s*(\d+)\s*,\s*"([^"]{0,48})"\s*(?:,\s*"([A-Za-z0-9]{1,64})")?')
_KINDS: Final = {"2": "CALL", "3": "RESULT", "4": "ERROR"}
_HIDDEN: Final = frozenset({"tagId", "uid", "group", "token", "trace"})
"""Members of events that hold cards, or what was asked about them."""
_UNTOLD: Final = frozenset({"meter_value", "wire"})

Text = str | tuple[str, dict[str, Any]]
"""Words, or an event that is put into words when somebody reads it."""

Line = tuple[float, str, Text]
"""Station time in seconds, mark (``>`` sent, ``<`` received, ``=`` state, ``!`` trouble), text."""


class Dated(Protocol):
    """Somebody who knows the date."""

    def utc(self) -> datetime:
        """What time it is for him."""
        ...


class LogRing:
    """The last lines of all stations of a process; the oldest go first. ``add`` keeps a line and whose it is."""

    __slots__ = ("_lines", "add")

    def __init__(self, most: int = _MOST_LINES) -> None:
        self._lines: deque[tuple[object, Line]] = deque(maxlen=most)
        self.add = self._lines.append

    def of(self, owner: object) -> list[Line]:
        """What is kept of ``owner``, oldest first."""
        return [line for one, line in self._lines if one is owner]


PROCESS: Final = LogRing()
"""The ring of a process: one, as its log is."""


class StationLog:
    """The lines of one station.

    Args:
        clock: station time.
        station: knows what time it is for it.
        folder: where the file is; None: there is none. The folder exists when this is called.
        ring: keeps the lines.
    """

    __slots__ = ("_clock", "_folder", "_pending", "_ring", "_station", "_timer", "_writing")

    def __init__(
        self,
        clock: Clock,
        station: Dated,
        folder: Callable[[], Path] | None = None,
        ring: LogRing = PROCESS,
    ) -> None:
        self._clock = clock
        self._station = station
        self._folder = folder
        self._ring = ring
        self._pending: list[Line] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def note(self, mark: str, text: Text) -> None:
        """Keep a line. Whoever calls has left secrets and card numbers out."""
        line = (self._clock.now(), mark, text)
        self._ring.add((self, line))
        if self._folder is not None:
            self._write_soon(line)

    def _write_soon(self, line: Line) -> None:
        if self._pending is None:
            self._pending = []
            self._timer = asyncio.get_running_loop().call_later(_WRITE_AFTER_S, self._write_later)
        if len(self._pending) < _MOST_LINES:
            self._pending.append(line)

    def frame(self, direction: str, data: str | bytes) -> None:
        """A message was sent (``>``) or came (``<``): kept is which, never what it says."""
        self.note(direction, data[:_HEAD] if isinstance(data, str) else "a binary message")

    def event(self, name: str, data: dict[str, Any]) -> None:
        """Something happened that observers are told."""
        if name in _UNTOLD:
            return
        line = (self._clock.now(), "!" if name == "error" else "=", (name, data))
        self._ring.add((self, line))
        if self._folder is not None:
            self._write_soon(line)

    async def lines(self, oldest: datetime | None = None, latest: datetime | None = None) -> list[str]:
        """What is kept of a time, oldest first: the file, where there is one, and what is not in it yet."""
        first = utc_text(oldest) if oldest is not None else ""
        last = utc_text(latest) if latest is not None else "~"
        if self._folder is None:
            kept = self._words(self._ring.of(self))
        else:
            written = await asyncio.to_thread(_read, self._folder)
            kept = [*written, *self._words(self._pending or ())]
        return [line for line in kept if first <= line[: len(first)] and line[: len(last)] <= last]

    def _words(self, lines: Sequence[Line]) -> list[str]:
        now_s, utc = self._clock.now(), self._station.utc()
        return [
            f"{utc_text(utc - timedelta(seconds=now_s - at_s))} {mark} {_shown(mark, text)}"
            for at_s, mark, text in lines
        ]

    # Writing

    def _write_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self.flush())
        else:  # a slow disk
            self._timer = loop.call_later(_WRITE_AFTER_S, self._write_later)

    async def flush(self) -> None:
        """Write what is not in the file yet; a disk that does not take it loses lines, nothing else."""
        pending, self._pending = self._pending, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if pending and self._folder is not None:
            await asyncio.to_thread(_append, self._folder, self._words(pending))


def _older(file: Path) -> Path:
    return file.with_name(f"{file.name}.1")


def _read(folder: Callable[[], Path]) -> list[str]:
    lines: list[str] = []
    with suppress(OSError):
        file = folder() / FILE
        for path in (_older(file), file):
            with suppress(OSError):
                lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines


def _append(folder: Callable[[], Path], lines: list[str]) -> None:
    try:
        file = folder() / FILE
        with for_owner(file) as out:
            out.writelines(f"{line}\n" for line in lines)
            size = out.tell()
        if size > _MOST_BYTES:
            file.replace(_older(file))
    except OSError as problem:
        log.debug("the station's log cannot be written: %s", problem.strerror)


def _shown(mark: str, text: Text) -> str:
    """A line as it is read: one line, bounded; of a message its kind, action and id."""
    if not isinstance(text, str):
        name, data = text
        shown = {key: "***" if key in _HIDDEN and value else value for key, value in data.items()}
        text = f"{name} {json.dumps(shown, default=str)}"
    if mark not in "<>":
        return " ".join(text.split())[:_MOST_TEXT]
    found = _FRAME.match(text)
    if found is None:
        return "something that is no OCPP message"
    kind, identity, action = found.groups()
    return " ".join(part for part in (_KINDS.get(kind, kind), action or "", identity) if part)
