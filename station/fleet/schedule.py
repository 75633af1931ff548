"""One timer for everything that the drivers of an agent do by the clock: a wheel of slots of 5 ms.

Who waits costs an entry, no timer; entries of a slot ring together, in the order in which they were made. What is due
is carried out a few at a time, so that the loop serves its sockets in between. An entry cannot be taken back: whoever
hears one that has lost its meaning ignores it.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
from typing import Final, Protocol

log = logging.getLogger(__name__)

GRAIN_S: Final = 0.005
"""The width of a slot. Nothing rings early; what is due within a slot rings at its end."""
AT_ONCE: Final = 24
"""So many entries are carried out before the loop gets its turn."""
LATE_S: Final = 0.1
"""What comes more than so much after its time counts as late."""
_EARLY_S: Final = 0.0015
"""How much too early a timer may ring: loops keep time in whole milliseconds."""


class Sleeper(Protocol):
    """Who waits."""

    def ring(self, due_s: float, what: int) -> None:
        """The moment has come; ``due_s`` is when it was due, in the loop's time."""
        ...


Entry = tuple[float, Sleeper, int]


class Schedule:
    """See the module. Times are the loop's, in seconds."""

    __slots__ = ("_armed_s", "_batch", "_late", "_loop", "_next", "_order", "_rung", "_slots", "_timer", "late")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, list[Entry]] = {}
        self._order: list[int] = []
        self._batch: list[Entry] = []
        self._next = 0
        self._rung = self._late = 0
        self.late = False
        """Whether what rings now rings more than ``LATE_S`` too late."""
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._armed_s = math.inf

    def at(self, due_s: float, sleeper: Sleeper, what: int = 0) -> None:
        """Ring at this moment, at once where it is past. Of what is below 0 nobody minds that it comes late."""
        slot = math.ceil(due_s / GRAIN_S)
        entries = self._slots.get(slot)
        if entries is not None:
            entries.append((due_s, sleeper, what))
            return
        self._slots[slot] = [(due_s, sleeper, what)]
        heapq.heappush(self._order, slot)
        if slot * GRAIN_S < self._armed_s:
            self._arm()

    def judged(self) -> tuple[int, int]:
        """How many entries rang since this was asked last, and how many of them more than ``LATE_S`` too late."""
        rung, late = self._rung, self._late
        self._rung = self._late = 0
        return rung, late

    def clear(self) -> None:
        """Nobody is to hear anything any more."""
        self._slots.clear()
        self._order.clear()
        self._batch, self._next = [], 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._armed_s = math.inf

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_s = self._order[0] * GRAIN_S
        self._timer = self._loop.call_at(self._armed_s, self._ring)

    def _ring(self) -> None:
        self._armed_s = -math.inf  # what comes in meanwhile arms nothing
        late_s = self._loop.time() - LATE_S
        for _ in range(AT_ONCE):
            if self._next >= len(self._batch) and not self._turn():
                break
            due_s, sleeper, what = self._batch[self._next]
            self._next += 1
            self.late = due_s < late_s
            if what >= 0:
                self._rung += 1
                self._late += self.late
            try:
                sleeper.ring(due_s, what)
            except Exception:
                log.exception("a driver fell over")
        else:
            self._timer = self._loop.call_soon(self._ring)
            return
        self._timer, self._armed_s = None, math.inf
        if self._order:
            self._arm()

    def _turn(self) -> bool:
        """Take the next slot that is due; False: none is."""
        if self._order and self._order[0] * GRAIN_S <= self._loop.time() + _EARLY_S:
            self._batch, self._next = self._slots.pop(heapq.heappop(self._order)), 0
            return True
        self._batch, self._next = [], 0
        return False
