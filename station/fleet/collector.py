"""What the garbage collector does in a process of stations: next to nothing, and never for long.

Stations are made of objects that stay; what a session makes dies by itself, without cycles. The collector cannot know:
its youngest generation, left alone, becomes all that thousands of stations have replaced since, and is looked at in one
go (270 ns an object: 0.1 s). So what is there is put aside (``gc.freeze``, which costs nothing) four times a second,
and looked at before that only while looking finds something: failed dials and lost connections do leave cycles.

Called by the agent of a process; not in virtual time, where nobody waits.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Final

EVERY_S: Final = 0.25
THRESHOLDS: Final = (10_000, 50, 100)
"""For what grows faster than this looks: stations being made, a storm."""
_RARELY: Final = 16
"""Where nothing is found, what came in one of so many intervals is looked at."""
_GONE_BY: Final = 40
"""So many intervals after stations were told to go they are gone, mostly."""


class Collector:
    """See the module. At work from ``start`` to ``stop``."""

    __slots__ = ("_before", "_handle", "_loop", "_pause", "_thaw_in", "_wait")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._before: tuple[int, int, int] | None = None
        self._wait = self._pause = self._thaw_in = 0

    def start(self) -> None:
        """Take over."""
        self._before = gc.get_threshold()
        gc.set_threshold(*THRESHOLDS)
        self._handle = self._loop.call_later(EVERY_S, self._tick)

    def stop(self) -> None:
        """Leave it as it was."""
        if self._handle is not None and self._before is not None:
            self._handle.cancel()
            self._handle = None
            gc.set_threshold(*self._before)
            gc.unfreeze()

    def thaw(self) -> None:
        """Many stations are going: once they are gone all is looked at, which takes up to a second for thousands."""
        self._thaw_in = _GONE_BY

    def _tick(self) -> None:
        self._handle = self._loop.call_later(EVERY_S, self._tick)
        if self._thaw_in:
            self._thaw_in -= 1
            if not self._thaw_in:
                gc.unfreeze()
                gc.collect()
        if self._wait:
            self._wait -= 1
        else:
            self._pause = 0 if gc.collect(0) else min(_RARELY, 2 * self._pause + 1)
            self._wait = self._pause
        gc.freeze()
