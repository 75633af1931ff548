"""Several faults in one StatusNotification of OCPP 1.6: which one has the error code, and where the others are.

Functions of what stands; called by ``status``. Of one fault at a time the error code is told: of those that may
endanger people, else of the one that arose last, since each is an error to hear of (§4.9). The others are named in
``info``.

Spec: OCPP 1.6 §4.9, §6.47, §7.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ocpp.v16.enums import ChargePointStatus

from station.core.faults import HARMLESS, Standing
from station.core.values import Fault
from station.ocpp.dialect import Told

INFO_LENGTH: Final = 50
"""Of ``info`` and ``vendorErrorCode``."""


def told(status: ChargePointStatus, standing: Sequence[Standing]) -> Told:
    """A status with the faults that stand, oldest first, at least one."""
    first = _first(standing)
    return Told(status.value, first.fault.value, _info(first, standing), _vendor_code(first))


def faulted(standing: Sequence[Standing]) -> Told:
    """Faulted by what stands, at least one; a fault that leaves a connector in service is named where no other is."""
    counting = [one for one in standing if one.fault not in HARMLESS]
    # A vehicle's fault is told with Faulted only where nothing else explains that (§4.9).
    others = [one for one in counting if one.fault is not Fault.EV_COMMUNICATION_ERROR]
    first = _first(others or counting or standing)
    return Told(ChargePointStatus.faulted.value, first.fault.value, _info(first, standing), _vendor_code(first))


def _first(standing: Sequence[Standing]) -> Standing:
    latest = standing[::-1]
    return next((one for one in latest if one.row.grave), latest[0])


def _info(first: Standing, standing: Sequence[Standing]) -> str:
    """Its own text, and the names of the others as far as there is room: grave ones, then the rest, latest first."""
    text, latest = first.text, standing[::-1]
    for one in sorted(latest, key=lambda one: not one.row.grave):
        name = one.row.code or one.fault.value
        if one is not first and name not in text:
            more = f"{text}; {name}" if text else f"also {name}"
            if len(more) <= INFO_LENGTH:
                text = more
    return text[:INFO_LENGTH]


def _vendor_code(first: Standing) -> str:
    """The manufacturer's code of its source; OtherError has one in any case where anything was said (§7.6)."""
    code = first.row.code or (first.text if first.fault is Fault.OTHER_ERROR else "")
    return code[:INFO_LENGTH]
