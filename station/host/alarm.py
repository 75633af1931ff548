"""The alarm of a station, set to the earliest moment that anybody in it waits for. Called by the runner.

All stations of a loop share its ``wheel``.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

from station.host.wheel import wheel_of

_ENOUGH_S: Final = 1e-4
"""An alarm that rings so little too late need not be set anew."""


class Alarm:
    """Rings once; whoever hears it sets it again. One that rings early is left alone: waking up costs less.

    ``due_s`` is when it rings; infinite: it is not set. There is no need to set it to a later moment.
    """

    __slots__ = ("_dues_s", "_ring", "_wheel", "due_s")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._wheel = wheel_of(loop)
        self._ring = ring
        # What the wheel has of it, the last one first: each was earlier than those before it.
        self._dues_s: tuple[float, ...] = ()
        self.due_s = math.inf

    def set(self, at_s: float) -> None:
        """Ring at this moment of the loop's time, at once where it is past."""
        dues_s = self._dues_s
        if not dues_s or at_s + _ENOUGH_S < dues_s[-1]:
            dues_s = self._dues_s = (*dues_s, at_s)
            self._wheel.at(at_s, self)
        self.due_s = dues_s[-1]

    def cancel(self) -> None:
        """Do not ring; none that is set is no error."""
        self.due_s = math.inf
        if self._dues_s:
            forgotten, self._dues_s = len(self._dues_s), ()
            self._wheel.forget(forgotten)

    def waits_for(self, at_s: float) -> bool:
        """The wheel: whether an entry still means something."""
        return at_s in self._dues_s

    def rung(self, at_s: float) -> None:
        """The wheel: the moment has come."""
        self._dues_s = tuple(due_s for due_s in self._dues_s if due_s != at_s)
        if self.due_s < math.inf:
            self.due_s = math.inf
            self._ring()
