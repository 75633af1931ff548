"""One timer of an event loop, set to the earliest moment that anybody waits for. Called by the runner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

_ENOUGH_S: Final = 1e-4
"""A timer that rings so little too late need not be set anew."""


class Alarm:
    """Rings once; whoever hears it sets it again. One that rings early is left alone: waking up costs less."""

    __slots__ = ("_at_s", "_loop", "_ring", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._at_s = 0.0

    def set(self, at_s: float) -> None:
        """Ring at this moment of the loop's time, at once where it is past."""
        if self._timer is not None:
            if self._at_s <= at_s + _ENOUGH_S:
                return
            self._timer.cancel()
        self._at_s = at_s
        self._timer = self._loop.call_at(at_s, self._rung)

    def cancel(self) -> None:
        """Do not ring; none that is set is no error."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rung(self) -> None:
        self._timer = None
        self._ring()
