"""How many EVSEs are in which state, and how much is queued: the gauges of an agent.

Only stations that had a turn since they were counted last are looked at again, so that looking at a fleet of which
little happens costs little. States are words of a fleet, whatever the version: ``charging``, ``suspended`` (a
transaction without energy), ``occupied``, ``reserved``, ``available``, ``unavailable``, ``faulted``, ``down`` (the
station boots).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core.evse import Evse
from station.core.values import ChargingState

if TYPE_CHECKING:
    from station.fleet.unit import Unit

Counted = tuple[int, tuple[str, ...]]
"""What was counted of a station: messages queued, and the gauge of each EVSE."""


def state_of(evse: Evse) -> str:
    """The gauge of an EVSE's state."""
    if evse.faulted():
        return "state.faulted"
    if evse.transaction is not None:
        return "state.charging" if evse.charging_state is ChargingState.CHARGING else "state.suspended"
    if evse.occupied:
        return "state.occupied"
    if evse.reserved:
        return "state.reserved"
    return "state.available" if evse.serviceable else "state.unavailable"


class Census:
    """The counts of all stations of an agent. ``totals`` has a gauge for each state that any EVSE ever was in."""

    __slots__ = ("_changed", "totals")

    def __init__(self) -> None:
        self.totals: dict[str, int] = {"queued": 0}
        self._changed: list[Unit] = []

    def note(self, unit: Unit) -> None:
        """A station may have changed: count it again the next time."""
        if not unit.recounts:
            unit.recounts = True
            self._changed.append(unit)

    def count(self, most: int) -> bool:
        """Count so many of those that changed; whether that was all."""
        changed = self._changed
        for _ in range(min(most, len(changed))):
            unit = changed.pop()
            unit.recounts = False
            if not unit.gone:
                self._count(unit)
        return not changed

    def forget(self, unit: Unit) -> None:
        """The station is gone, or going."""
        unit.gone = True
        if unit.counted is not None:
            self._add(unit.counted, -1)
            unit.counted = None

    def _count(self, unit: Unit) -> None:
        runner = unit.runner
        engine, alive = runner.engine, runner.alive
        states: tuple[str, ...] = ()
        for evse in engine.station.evses:
            states += (state_of(evse) if alive else "state.down",)
        counted = (engine.outbox.queued, states)
        if counted != unit.counted:
            if unit.counted is not None:
                self._add(unit.counted, -1)
            self._add(counted, 1)
            unit.counted = counted

    def _add(self, counted: Counted, sign: int) -> None:
        queued, states = counted
        totals = self.totals
        totals["queued"] += sign * queued
        for state in states:
            totals[state] = totals.get(state, 0) + sign
