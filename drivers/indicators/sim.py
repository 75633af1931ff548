"""An indicator without hardware: it remembers what it was told to show.

| function | support | remarks |
|---|---|---|
| any state | yes | ``shown`` is the last one, None at the start and after release |
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Clock, DriverLost
from drivers.registry import Driver


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorOptions:
    """Nothing to choose."""


class SimIndicator:
    """See the module."""

    instant = True

    __slots__ = ("_released", "shown")

    def __init__(self, options: IndicatorOptions, clock: Clock | None = None) -> None:
        del options, clock
        self.shown: str | None = None
        self._released = False

    def show(self, state: str) -> None:
        """Remember ``state``. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the indicator was released")
        self.shown = state

    def release(self) -> None:
        """Go dark."""
        self._released = True
        self.shown = None


DRIVER = Driver(part="indicator", name="sim", options=IndicatorOptions, open=SimIndicator)
