"""The faults that stand at an EVSE, its own and those of the station as a whole, each with who reports it.

What stands and what follows from it for a session; what hardware means by a word is ``station.core.hardware_faults``,
what the CSMS is told of it ``station.core.problems`` and the dialects' statuses.

Spec: OCPP 1.6 §7.6 (error codes), §4.9.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from station.core.frozen import dataclass
from station.core.hardware_faults import (
    CONTACTOR_STUCK,
    CONTACTOR_WELDED,
    LOCK_NOT_CLOSED,
    LOCK_NOT_OPENED,
    METER_DOUBTS,
    HardwareFault,
    hardware_fault,
)
from station.core.values import Fault, StopReason, TriggerReason

if TYPE_CHECKING:
    from station.core.evse import Evse

HARMLESS: Final = frozenset({Fault.READER_FAILURE, Fault.POWER_METER_FAILURE, Fault.WEAK_SIGNAL})
"""Faults that are reported while charging goes on."""

STOP_REASONS: Final[Mapping[Fault, StopReason]] = {
    Fault.GROUND_FAILURE: StopReason.GROUND_FAULT,
    Fault.OVER_CURRENT_FAILURE: StopReason.OVERCURRENT_FAULT,
    Fault.OVER_VOLTAGE: StopReason.POWER_QUALITY,
    Fault.UNDER_VOLTAGE: StopReason.POWER_QUALITY,
}
"""Why a transaction ends with a fault, where that is not Other."""

_CONTRADICTIONS: Final = (CONTACTOR_WELDED, CONTACTOR_STUCK)
"""They stay until the contacts agree, whoever says that they are gone."""


def serious(faults: Collection[Fault]) -> bool:
    """Whether one of them takes a connector out of service."""
    return bool(faults) and not HARMLESS.issuperset(faults)


@dataclass(frozen=True, slots=True)
class Standing:
    """A fault that stands. ``source`` is who reports it; empty: somebody who gave no word of the table."""

    fault: Fault
    source: str = ""
    info: str = ""

    @property
    def row(self) -> HardwareFault:
        """What is known of its source."""
        return hardware_fault(self.source, self.fault)

    @property
    def text(self) -> str:
        """For people: what was said of it, else what its source means."""
        return self.info or self.row.info


class FaultSet:
    """The faults of one place, oldest first. There is no table as long as there is no fault.

    ``stands``: whether there is any; ``serious``: whether one of them takes a connector out of service.
    """

    __slots__ = ("_infos", "serious", "stands")

    def __init__(self) -> None:
        self._infos: dict[tuple[Fault, str], str] | None = None
        self.stands = self.serious = False  # asked for many times in every turn; hardly ever is there one

    def __bool__(self) -> bool:
        return self.stands

    @property
    def standing(self) -> tuple[Standing, ...]:
        """Every fault with its source."""
        if not self._infos:
            return ()
        return tuple(Standing(fault, source, info) for (fault, source), info in self._infos.items())

    def _weigh(self) -> None:
        self.stands = bool(self._infos)
        self.serious = serious({fault for fault, _ in self._infos or ()})

    def has(self, fault: Fault, source: str) -> bool:
        """Whether this source reports this fault."""
        return self._infos is not None and (fault, source) in self._infos

    def add(self, fault: Fault, source: str, info: str) -> Standing | None:
        """A fault stands. Answers it, or None where it stood already; a text that is not empty replaces the old one."""
        if self._infos is None:
            self._infos = {}
        new = (fault, source) not in self._infos
        self._infos[fault, source] = info or self._infos.get((fault, source), "")
        self._weigh()
        return Standing(fault, source, info) if new else None

    def drop(self, gone: Iterable[Standing]) -> None:
        """These do not stand any more."""
        for one in gone:
            if self._infos is not None:
                self._infos.pop((one.fault, one.source), None)
        self._infos = self._infos or None
        self._weigh()

    def named(self, fault: Fault | None, source: str | None) -> list[Standing]:
        """Those that a clearing names.

        One that names no source clears what nobody else will: hardware that says when a fault is there says when it is
        gone, too.
        """
        return [
            one
            for one in self.standing
            if fault in (None, one.fault) and (one.source == source if source is not None else not one.row.held)
        ]


_NONE: Final[Mapping[Fault, str]] = MappingProxyType({})


def by_name(standing: Iterable[Standing]) -> Mapping[Fault, str]:
    """The faults, each with the text of the source that reported it last."""
    return {one.fault: one.text for one in standing} or _NONE


class Faults:
    """What stands at one EVSE: its own faults, and those of the station, which are the same object for all EVSEs."""

    __slots__ = ("own", "shared")

    def __init__(self, shared: FaultSet) -> None:
        self.own = FaultSet()
        self.shared = shared

    @property
    def standing(self) -> tuple[Standing, ...]:
        """Every fault that stands here, the station's first."""
        return (*self.shared.standing, *self.own.standing) if self.shared.stands or self.own.stands else ()


# What follows at an EVSE


def raise_fault(evse: Evse, fault: Fault, info: str, source: str) -> None:
    """A fault of an EVSE stands; one that takes the connector out of service ends what runs."""
    new = evse.fault_table.own.add(fault, source, info)
    if new is not None:
        evse.hooks.problem(evse.id, new, True)
    struck(evse, fault, source)


def struck(evse: Evse, fault: Fault, source: str = "") -> None:
    """A fault came to stand here, or for the whole station."""
    if fault not in HARMLESS:
        reason = hardware_fault(source, fault).stop or STOP_REASONS.get(fault, StopReason.OTHER)
        evse.stop(reason, TriggerReason.ABNORMAL_CONDITION)
        evse.reconcile()


def clear_fault(evse: Evse, fault: Fault | None, source: str | None = None) -> None:
    """A fault is gone, or all are; what the contacts still show stays."""
    own = evse.fault_table.own
    gone = own.named(fault, source)
    if any(one.source in _CONTRADICTIONS for one in gone) and not evse.contactor.recover():
        gone = [one for one in gone if one.source not in _CONTRADICTIONS]
    own.drop(gone)
    for one in gone:
        evse.hooks.problem(evse.id, one, False)
    evse.settle(TriggerReason.CHARGING_STATE_CHANGED)


def recovered(evse: Evse, fault: Fault, source: str) -> None:
    """Clear a fault that the EVSE raised itself, and nobody else's of that name."""
    if evse.fault_table.own.has(fault, source):
        clear_fault(evse, fault, source)


def lock_moves(evse: Evse, locked: bool, failed: bool) -> None:
    """The lock reached a position, or failed to close: what that shows to be gone is gone."""
    if not locked:
        recovered(evse, Fault.CONNECTOR_LOCK_FAILURE, LOCK_NOT_OPENED)
    if not failed and (locked or not evse.occupied):
        # A bolt that did not close opens easily: that alone shows nothing while the vehicle is there.
        recovered(evse, Fault.CONNECTOR_LOCK_FAILURE, LOCK_NOT_CLOSED)


def doubt_meter(evse: Evse, doubt: str | None) -> None:
    """Why the last reading is not believed, in a word of the table; None: it is."""
    for source in METER_DOUBTS:
        if source == doubt:
            raise_fault(evse, Fault.POWER_METER_FAILURE, "", source)
        else:
            recovered(evse, Fault.POWER_METER_FAILURE, source)
