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

from station.core.values import Context, MeterValue, Sample
from station.ocpp.dialect import View
from station.ocpp.signed import signed_value
from station.ocpp.times import timestamp_of

_MEASURANDS: Final = frozenset(member.value for member in enums.MeasurandEnumType)


def meter_values(values: Sequence[MeterValue], view: View) -> list[dict[str, Any]] | None:
    """The MeterValueTypes that hold ``values``; None without any.

    Measurands that this version has no word for are left out, and so are meter values that have nothing else.
    """
    written = []
    for value in values:
        samples = []
        for sample in value.samples:
            template = _template(sample.measurand, sample.context, sample.phase, sample.location, sample.unit)
            if template is not None:
                samples.append(_sampled(sample, template, view))
        if samples:
            written.append({"timestamp": timestamp_of(view.utc_s(value.stamp)), "sampledValue": samples})
    return written or None


def _sampled(sample: Sample, template: dict[str, Any], view: View) -> dict[str, Any]:
    """A SampledValueType."""
    wire = template.copy()
    wire["value"] = sample.value
    if sample.signed is not None:
        signed = signed_value(sample.signed, sample.context, view)
        if signed is not None:
            wire["signedMeterValue"] = signed
    return wire


@lru_cache(maxsize=1024)
def _template(
    measurand: str, context: Context, phase: str | None, location: str, unit: str | None
) -> dict[str, Any] | None:
    """A SampledValueType but for its value; None for a measurand that this version has no word for.

    Defaults are written out: no reader has to know them.
    """
    if measurand not in _MEASURANDS:
        return None
    wire: dict[str, Any] = {"value": 0.0, "context": context.value, "measurand": measurand, "location": location}
    if phase is not None:
        wire["phase"] = phase
    if unit:
        wire["unitOfMeasure"] = {"unit": unit}
    return wire
