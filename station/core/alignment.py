"""Clock-aligned meter values: when they are due, over every correction of the clock.

What they tell is ``station.core.sampling``'s business. A boundary of the clock counts once: a clock that is put
forward over one has it told at once, one that is put back does not tell it again.

Spec: OCPP 2.0.1 J01; OCPP 1.6 §9.1.2 (ClockAlignedDataInterval).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from station.core import names
from station.core.context import Context
from station.core.evse import Evse
from station.core.meter import Purpose
from station.core.metering import aligned_after, aligned_before
from station.core.nothing import NOTHING

ALIGNED: Final = "aligned"
ALIGNED_END: Final = "aligned_end"
_INTERVALS: Final = {ALIGNED: names.ALIGNED_INTERVAL, ALIGNED_END: names.ALIGNED_ENDED_INTERVAL}
_TOLERANCE_S: Final = 0.0005


class Alignment:
    """The two clock-aligned intervals of a station: for what is told at once, and for the end of transactions."""

    __slots__ = ("_passed", "ctx", "evses")

    def __init__(self, ctx: Context, evses: Sequence[Evse]) -> None:
        self.ctx = ctx
        self.evses = evses
        self._passed: Mapping[str, float] = NOTHING

    def changed(self) -> None:
        """The variables changed: boundaries are counted anew."""
        self._passed = NOTHING
        for part in _INTERVALS:
            self.due(part)

    def clock_changed(self) -> None:
        """UTC became known or was corrected."""
        for part in _INTERVALS:
            self.due(part)

    def due(self, part: str) -> None:
        """Tell the boundary that has passed since the last time, if one has, and come again at the next."""
        ctx = self.ctx
        interval_s = ctx.number(_INTERVALS[part]) if ctx.enabled(names.ALIGNED_ENABLED) else 0.0
        if interval_s <= 0 or ctx.timeline.offset is None:
            ctx.cancel(part, 0)
            if part in self._passed:
                self._passed = {other: at_s for other, at_s in self._passed.items() if other != part}
            return
        utc_s = ctx.timeline.offset + ctx.now
        boundary_s = aligned_before(utc_s + _TOLERANCE_S, interval_s)
        passed_s = self._passed.get(part)
        # A clock that was wrong by more than an interval says nothing about which values were told.
        if passed_s is None or passed_s - boundary_s > interval_s:
            passed_s = boundary_s
        elif boundary_s > passed_s:
            passed_s = boundary_s
            self._read(part)
        self._passed = {**self._passed, part: passed_s}
        ctx.at(part, 0, aligned_after(passed_s, interval_s) - utc_s)

    def _read(self, part: str) -> None:
        running = [evse for evse in self.evses if evse.transaction is not None]
        if part == ALIGNED_END:
            for evse in running:
                evse.service.want(Purpose.CLOCK_END)
        elif not (running and self.ctx.flag(names.ALIGNED_DURING_IDLE)):  # J01.FR.20: then only while all are idle
            for evse in self.evses:
                evse.service.want(Purpose.CLOCK)
