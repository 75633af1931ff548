"""Events for HTTP: a bounded log with ever rising ids, and server-sent events read from it.

Each stream has only a position in the log, so a slow reader costs nothing and holds up nobody: what fell out of the
log before it was read is gone. `wire` events are collected only while somebody asks for them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from heapq import merge
from itertools import islice, takewhile
from typing import Final

from station.control.commandable import WIRE, Commandable, Event
from station.control.writer import to_json

KEPT: Final = 2000
KEPT_WIRE: Final = 1000
KEEP_ALIVE_S: Final = 15.0
_PAGE: Final = 200

Entry = tuple[int, str, bytes]
"""Id, name and JSON of an event."""


class EventLog:
    """The last events of a `Commandable`. For one event loop.

    Ids rise over restarts too (they begin with the wall clock), so that a client which comes back after one gets what
    happened since the start.
    """

    def __init__(self, commandable: Commandable) -> None:
        self._commandable = commandable
        self._events: deque[Entry] = deque(maxlen=KEPT)
        self._wire: deque[Entry] = deque(maxlen=KEPT_WIRE)
        self._wire_readers = 0
        self._end_wire: Callable[[], None] | None = None
        self._last = time.time_ns() // 1_000_000 * 1000
        self._news = asyncio.Event()
        self.closed = False
        self._end_events = commandable.subscribe(lambda event: self._append(self._events, event), None)

    @property
    def last_id(self) -> int:
        """The id of the newest event."""
        return self._last

    def close(self) -> None:
        """End every stream, and collect no more."""
        self.closed = True
        self._end_events()
        if self._end_wire is not None:
            self._end_wire()
            self._end_wire = None
        self._news.set()

    def start_after(self, last_event_id: str | None) -> int:
        """The position of a stream: after the event that a client saw last, else after the newest.

        An id that this log never gave out stands for "everything that is still here".
        """
        if last_event_id is None:
            return self._last
        text = last_event_id.strip()
        seen = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
        return seen if seen <= self._last else 0

    async def stream(self, after: int, types: frozenset[str] | None) -> AsyncIterator[bytes]:
        """The text of an event stream, until the log is closed.

        Args:
            after: from `start_after`.
            types: names of events; None is all but `wire`.
        """
        wants_wire = types is not None and WIRE in types
        self._count_wire_readers(+1 if wants_wire else 0)
        try:
            # The first bytes tell proxies and clients that the stream stands.
            yield b"retry: 1000\n: here you are\n\n"
            while not self.closed:
                entries = self._after(after, wants_wire)
                for number, name, text in entries:
                    after = number
                    if types is None or name in types:
                        yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), text)
                if not entries and not await self._wait():
                    yield b": still here\n\n"
        finally:
            self._count_wire_readers(-1 if wants_wire else 0)

    def _after(self, position: int, with_wire: bool) -> list[Entry]:
        logs = (self._events, self._wire) if with_wire else (self._events,)
        return list(islice(merge(*(_newer(log, position) for log in logs)), _PAGE))

    async def _wait(self) -> bool:
        """Whether there is news within the time after which a sign of life is due."""
        self._news.clear()
        try:
            async with asyncio.timeout(KEEP_ALIVE_S):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _append(self, log: deque[Entry], event: Event) -> None:
        self._last += 1
        log.append((self._last, str(event["event"]), to_json(event)))
        self._news.set()

    def _count_wire_readers(self, change: int) -> None:
        self._wire_readers += change
        if self._wire_readers and self._end_wire is None and not self.closed:
            self._end_wire = self._commandable.subscribe(
                lambda event: self._append(self._wire, event), frozenset({WIRE})
            )
        elif not self._wire_readers and self._end_wire is not None:
            self._end_wire()
            self._end_wire = None
            self._wire.clear()


def _newer(log: deque[Entry], position: int) -> list[Entry]:
    """The entries with a higher id; looked for from the end, where readers are."""
    return list(takewhile(lambda entry: entry[0] > position, reversed(log)))[::-1]
