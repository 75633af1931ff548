"""One timer of an event loop for the alarms of all its stations.

A timer of a loop takes half a kilobyte, and setting one costs more than an entry in a heap; thousands of stations wait
for their next heartbeat at any time. What is due together rings together, a few at a time, so that the loop serves its
sockets in between. Called by ``alarm``.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from station.host.alarm import Alarm

AT_ONCE: Final = 64
"""So many ring before the loop gets its turn."""
_FEW: Final = 64
"""So many entries without a meaning are not worth a clean-up."""


class Wheel:
    """See the module. Times are the loop's, in seconds."""

    __slots__ = ("__weakref__", "_armed_s", "_count", "_entries", "_loop", "_stale", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._entries: list[tuple[float, int, Alarm]] = []
        self._count = 0
        self._stale = 0
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._armed_s = math.inf

    def at(self, at_s: float, alarm: Alarm) -> None:
        """Have an alarm ring at this moment, if it still waits for it then."""
        self._count += 1
        heapq.heappush(self._entries, (at_s, self._count, alarm))
        if at_s < self._armed_s:
            self._arm(at_s)

    def forget(self, entries: int) -> None:
        """So many entries have lost their meaning. They go once they are many: each keeps its station alive."""
        self._stale += entries
        if self._stale > _FEW and self._stale * 2 > len(self._entries):
            self._entries = [entry for entry in self._entries if entry[2].waits_for(entry[0])]
            heapq.heapify(self._entries)
            self._stale = 0

    def _arm(self, at_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_s = at_s
        self._timer = self._loop.call_at(at_s, self._ring)

    def _ring(self) -> None:
        # A loop keeps time in coarser steps than it tells it: what it was armed for has come.
        now_s = max(self._loop.time(), self._armed_s)
        self._armed_s = -math.inf  # what is set meanwhile arms nothing
        self._timer = None
        try:
            for _ in range(AT_ONCE):
                if not self._entries or self._entries[0][0] > now_s:
                    break
                at_s, _, alarm = heapq.heappop(self._entries)
                if alarm.waits_for(at_s):
                    alarm.rung(at_s)
                else:
                    self._stale = max(0, self._stale - 1)
        finally:
            self._armed_s = math.inf
            self._arm_next(now_s)

    def _arm_next(self, now_s: float) -> None:
        if not self._entries:
            return
        if self._entries[0][0] > now_s:
            self._arm(self._entries[0][0])
        else:
            self._armed_s = -math.inf
            self._timer = self._loop.call_soon(self._ring)


_wheels: WeakKeyDictionary[asyncio.AbstractEventLoop, Wheel] = WeakKeyDictionary()


def wheel_of(loop: asyncio.AbstractEventLoop) -> Wheel:
    """The wheel of a loop: one for all stations on it."""
    wheel = _wheels.get(loop)
    if wheel is None:
        wheel = _wheels[loop] = Wheel(loop)
    return wheel
