"""Meter values as OCPP 2.0.1 writes them: SampledValueType, MeterValueType, SignedMeterValueType.

Written as plain members with the wire's names, not as the library's dataclasses: these are the most frequent objects
of all, and nested dataclasses cost five times as much.

Spec: OCPP 2.0.1 J01, J02; OCA "Signed Meter Values in OCPP" v1.0, 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ocpp.v201 import enums

from station.core.values import MeterValue, Sample
from station.ocpp.dialect import View
from station.ocpp.signed import signed_value
from station.ocpp.v201.vocabulary import timestamp

_MEASURANDS: Final = frozenset(member.value for member in enums.MeasurandEnumType)


def meter_values(values: Sequence[MeterValue], view: View) -> list[dict[str, Any]] | None:
    """The MeterValueTypes that hold ``values``; None without any.

    Measurands that this version has no word for are left out, and so are meter values that have nothing else.
    """
    written = []
    for value in values:
        samples = [_sampled(sample, view) for sample in value.samples if sample.measurand in _MEASURANDS]
        if samples:
            written.append({"timestamp": timestamp(view.utc(value.stamp)), "sampledValue": samples})
    return written or None


def _sampled(sample: Sample, view: View) -> dict[str, Any]:
    """A SampledValueType. Defaults are written out: no reader has to know them."""
    wire: dict[str, Any] = {
        "value": sample.value,
        "context": sample.context.value,
        "measurand": sample.measurand,
        "location": sample.location,
    }
    if sample.phase is not None:
        wire["phase"] = sample.phase
    if sample.unit:
        wire["unitOfMeasure"] = {"unit": sample.unit}
    if sample.signed is not None:
        signed = signed_value(sample.signed, sample.context, view)
        if signed is not None:
            wire["signedMeterValue"] = signed
    return wire
