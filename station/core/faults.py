"""The faults that stand at an EVSE: its own, and those of the station as a whole.

A table and three questions; what follows from a fault is ``station.core.evse``'s business.
Spec: OCPP 1.6 §7.6 (error codes), §4.9.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from station.core.values import Fault, StopReason

HARMLESS: Final = frozenset({Fault.READER_FAILURE, Fault.POWER_METER_FAILURE, Fault.WEAK_SIGNAL})
"""Faults that are reported while charging goes on."""

STOP_REASONS: Final[Mapping[Fault, StopReason]] = {
    Fault.GROUND_FAILURE: StopReason.GROUND_FAULT,
    Fault.OVER_CURRENT_FAILURE: StopReason.OVERCURRENT_FAULT,
    Fault.OVER_VOLTAGE: StopReason.POWER_QUALITY,
    Fault.UNDER_VOLTAGE: StopReason.POWER_QUALITY,
}
"""Why a transaction ends with a fault, where that is not Other."""


def serious(faults: Collection[Fault]) -> bool:
    """Whether one of them takes a connector out of service."""
    return bool(faults) and not HARMLESS.issuperset(faults)


class Faults:
    """The faults of one EVSE, oldest first. ``shared`` are the station's, the same mapping for all EVSEs."""

    __slots__ = ("own", "shared")

    def __init__(self, shared: dict[Fault, str]) -> None:
        self.own: dict[Fault, str] = {}
        self.shared = shared

    @property
    def standing(self) -> Mapping[Fault, str]:
        """Every fault that stands here, each with its text."""
        return {**self.shared, **self.own} if self.shared else self.own

    @property
    def serious(self) -> bool:
        """Whether the EVSE is out of service."""
        # Asked for many times in every turn; hardly ever is there one.
        return bool(self.own or self.shared) and (serious(self.own) or serious(self.shared))
