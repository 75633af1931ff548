"""What the world tells the station as a whole and its EVSEs: locks, meters, the user's choice, faults.

Functions on the station, called for the events of ``station.core.dispatch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core import events
from station.core.meter import Purpose
from station.core.values import TriggerReason

if TYPE_CHECKING:
    from station.core.station import Station


def lock_moved(station: Station, event: events.LockMoved) -> None:
    """A lock reached a position: for its session, and for whoever asked to unlock."""
    if (evse := station.evse(event.evse)) is not None:
        evse.lock_moved(event.connector, event.locked, event.failed)
        station.requests.lock_moved(event.evse, event.connector, event.locked, event.failed)


def probe_meter(station: Station, event: events.ProbeMeter) -> None:
    """Read a meter now, for whoever looks at it."""
    if (evse := station.evse(event.evse)) is not None:
        evse.service.want(Purpose.RECORD)


def selected(station: Station, event: events.EvseSelected) -> None:
    """The user has chosen an EVSE for the token that waits."""
    if (evse := station.evse(event.evse)) is not None:
        station.auth.select(evse)


def fault_raised(station: Station, event: events.FaultRaised) -> None:
    """A fault of an EVSE, or of the station and so of every EVSE."""
    if event.evse == 0:
        station.faults.setdefault(event.fault, event.info)
        for evse in station.evses:
            evse.faults_changed(event.fault)
    elif (one := station.evse(event.evse)) is not None:
        one.raise_fault(event.fault, event.info)


def fault_cleared(station: Station, event: events.FaultCleared) -> None:
    """A fault, or all of an EVSE or of the station, are gone; the station's do not clear an EVSE's own."""
    if event.evse == 0:
        for fault in [event.fault] if event.fault is not None else list(station.faults):
            station.faults.pop(fault, None)
        for evse in station.evses:
            evse.settle(TriggerReason.CHARGING_STATE_CHANGED)
    elif (one := station.evse(event.evse)) is not None:
        one.clear_fault(event.fault)
