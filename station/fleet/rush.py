"""Stations that are switched on in the same moment: all start, all dial, all boot, and then each tells its statuses.

Thousands of stations of their own would do each of these at the same time. One process has to put them in an order, and
the nearest to that is step by step: otherwise the statuses of the first stations delay the connection of the last. A
station that was accepted waits for the others for a second at most, and not at all once no more boots are accepted.
Called by the agent; stations that dial at different moments of a ramp have nothing to do with it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from station.fleet.crowd import Crowd

if TYPE_CHECKING:
    from station.fleet.unit import Unit

MOST_S: Final = 1.0
STALLED_S: Final = 0.25
"""Nobody was accepted for so long: nobody is waited for."""
_LOOK_S: Final = 0.05


class Rush:
    """See the module.

    Args:
        loop: the event loop.
        crowd: lets stations go on, a few in each turn of the loop.
        size: stations that may come.
    """

    __slots__ = ("_crowd", "_last_s", "_loop", "_missing", "_timer", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, crowd: Crowd, size: int) -> None:
        self._loop = loop
        self._crowd = crowd
        self._missing = size
        self._waiting: deque[tuple[float, Unit]] = deque()
        self._last_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def accepted(self, unit: Unit) -> None:
        """Its boot was accepted: it waits for the others."""
        self._last_s = self._loop.time()
        self._waiting.append((self._last_s, unit))
        self._missing -= 1
        if self._timer is None:
            self._timer = self._loop.call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        now_s, waiting = self._loop.time(), self._waiting
        over = self._missing <= 0 or now_s - self._last_s > STALLED_S
        free = []
        while waiting and (over or now_s - waiting[0][0] > MOST_S):
            free.append(waiting.popleft()[1])
        self._crowd.each(free, _let_go)
        if waiting:
            self._timer = self._loop.call_later(_LOOK_S, self._look)


def _let_go(unit: Unit) -> None:
    unit.let_go()
