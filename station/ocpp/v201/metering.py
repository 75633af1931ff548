"""Meter values as OCPP 2.0.1 writes them: SampledValueType, MeterValueType, SignedMeterValueType.

Written as plain members with the wire's names, not as the library's dataclasses: these are the most frequent objects
of all, and nested dataclasses cost five times as much.

Spec: OCPP 2.0.1 J01, J02; OCA "Signed Meter Values in OCPP" v1.0, 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from ocpp.v201 import enums

from station.core.meter_value import Kind, MeterValue
from station.core.values import Stamp
from station.ocpp.dialect import View
from station.ocpp.signed import signed_value
from station.ocpp.times import timestamp_of

_MEASURANDS: Final = frozenset(member.value for member in enums.MeasurandEnumType)


def meter_values(
    values: Sequence[MeterValue], view: View, stamp: Stamp | None = None, timestamp: str = ""
) -> list[dict[str, Any]] | None:
    """The MeterValueTypes that hold ``values``; None without any.

    Measurands that this version has no word for are left out, and so are meter values that have nothing else.
    ``timestamp`` is what ``stamp`` is on the wire, where that was worked out before.
    """
    written = []
    for value in values:
        samples, reads, signed = [], value.values, value.signed
        for index, made in _templates(value.kinds):
            # Most of what a station says is said here: a sample costs one dictionary.
            wire = made.copy()
            wire["value"] = reads[index]
            if signed and (data := signed[index]) is not None:
                told = signed_value(data, value.kinds[index].context, view)
                if told is not None:
                    wire["signedMeterValue"] = told
            samples.append(wire)
        if samples:
            at = timestamp if value.stamp is stamp else timestamp_of(view.timeline.utc_s(value.stamp))
            written.append({"timestamp": at, "sampledValue": samples})
    return written or None


@lru_cache(maxsize=1024)
def _templates(kinds: tuple[Kind, ...]) -> tuple[tuple[int, dict[str, Any]], ...]:
    """For each kind that this version has a word for: where it stands, and its SampledValueType."""
    return tuple((index, _template(kind)) for index, kind in enumerate(kinds) if kind.measurand in _MEASURANDS)


def _template(kind: Kind) -> dict[str, Any]:
    """A SampledValueType but for its value. Defaults are written out: no reader has to know them."""
    measurand, context, phase, unit, location = kind
    wire: dict[str, Any] = {"value": 0.0, "context": context.value, "measurand": measurand, "location": location}
    if phase is not None:
        wire["phase"] = phase
    if unit:
        wire["unitOfMeasure"] = {"unit": unit}
    return wire
