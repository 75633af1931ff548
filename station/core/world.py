"""What the world tells the station as a whole and its EVSEs: locks, meters, the user's choice, faults.

Functions on the station, called for the events of ``station.core.dispatch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core import events
from station.core.faults import struck
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


def meter_replaced(station: Station, event: events.MeterReplaced) -> None:
    """Begin with the register of another meter; within a transaction no register may fall (J02.FR.16)."""
    evse = station.evse(event.evse)
    if evse is not None and evse.transaction is None:
        evse.meter.replaced()
        evse.meter_doubted(None)
        evse.service.want(Purpose.RECORD)


def selected(station: Station, event: events.EvseSelected) -> None:
    """The user has chosen an EVSE for the token that waits, or for the next one."""
    if (evse := station.evse(event.evse)) is not None:
        station.auth.choose(evse)


def fault_raised(station: Station, event: events.FaultRaised) -> None:
    """A fault of an EVSE, or of the station and so of every EVSE."""
    if event.evse == 0:
        new = station.fault_set.add(event.fault, event.source, event.info)
        if new is not None:
            station.problem(0, new, True)
        for evse in station.evses:
            struck(evse, event.fault, event.source)
    elif (one := station.evse(event.evse)) is not None:
        one.raise_fault(event.fault, event.info, event.source)


def fault_cleared(station: Station, event: events.FaultCleared) -> None:
    """A fault, or all of an EVSE or of the station, are gone; the station's do not clear an EVSE's own."""
    if event.evse == 0:
        gone = station.fault_set.named(event.fault, event.source)
        station.fault_set.drop(gone)
        for fault in gone:
            station.problem(0, fault, False)
        for evse in station.evses:
            evse.settle(TriggerReason.CHARGING_STATE_CHANGED)
    elif (one := station.evse(event.evse)) is not None:
        one.clear_fault(event.fault, event.source)
