"""Meter values as OCPP 1.6 writes them: MeterValue, SampledValue, and signed values in their place.

Written as plain members with the wire's names, not as the library's dataclasses: these are the most frequent objects
of all, and nested dataclasses cost seven times as much. Called by ``outbound``.

Spec: OCPP 1.6 §7.33, §7.43; OCA "Signed Meter Values in OCPP" v1.0, §3.2.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from math import floor
from typing import Any, Final

from ocpp.v16 import enums

from station.core.meter_value import Kind, MeterValue
from station.core.values import Context, SignedData
from station.ocpp.dialect import View
from station.ocpp.signed import signed_value
from station.ocpp.times import timestamp_of
from station.ocpp.v16.vocabulary import NOISE_WH

_MEASURANDS: Final = frozenset(member.value for member in enums.Measurand)
_SPELLINGS: Final = {enums.UnitOfMeasure.celsius.value: "Celcius"}
"""Units that the first schemas misspelt, and that every central system takes so (OCPP-J 1.6 errata 2.1)."""
_UNITS: Final = frozenset(member.value for member in enums.UnitOfMeasure) | frozenset(_SPELLINGS.values())
_CONTEXTS: Final = frozenset(member.value for member in enums.ReadingContext)
_PHASES: Final = frozenset(member.value for member in enums.Phase)
_LOCATIONS: Final = frozenset(member.value for member in enums.Location)
_DEFAULT_LOCATION: Final = enums.Location.outlet.value
_SIGNED_DATA: Final = enums.ValueFormat.signed_data.value


def meter_values(values: Sequence[MeterValue], view: View) -> list[dict[str, Any]]:
    """The MeterValue elements that hold ``values``.

    Measurands that 1.6 has no word for are left out, and so are meter values that have nothing else.
    A reading has up to three decimals, none where it is whole; a register is written as ``whole_wh`` does.
    """
    written = []
    for value in values:
        samples, reads, signed = [], value.values, value.signed
        for index, made, is_register in _templates(value.kinds):
            # Most of what a station says is said here: a sample costs one dictionary.
            wire, read = made.copy(), reads[index]
            if signed and (text := _signed(signed[index], value.kinds[index].context, view)) is not None:
                wire["value"], wire["format"] = text, _SIGNED_DATA
            elif is_register:
                wire["value"] = str(floor(read + NOISE_WH))
            elif read % 1:
                wire["value"] = f"{read:z.3f}".rstrip("0").rstrip(".")
            else:
                wire["value"] = str(int(read))
            samples.append(wire)
        if samples:
            written.append({"timestamp": timestamp_of(view.timeline.utc_s(value.stamp)), "sampledValue": samples})
    return written


@lru_cache(maxsize=1024)
def _templates(kinds: tuple[Kind, ...]) -> tuple[tuple[int, dict[str, str], bool], ...]:
    """For each kind that 1.6 has a word for: where it stands, its SampledValue, and whether that is a register.

    A register counts complete Wh, as meterStart and meterStop do: no value may lie above a later meterStop.
    """
    return tuple(
        (index, _template(kind), kind.unit == "Wh" and kind.measurand.endswith(".Register"))
        for index, kind in enumerate(kinds)
        if kind.measurand in _MEASURANDS
    )


def _template(kind: Kind) -> dict[str, str]:
    """A SampledValue but for its value.

    Measurand, context and unit are written out; the location only where it is not Outlet. A unit that 1.6 cannot name
    is left out: a frequency is in hertz (errata 3.86).
    """
    measurand, context, phase, unit, location = kind
    wire = {
        "value": "",
        "context": context.value if context in _CONTEXTS else enums.ReadingContext.other.value,
        "measurand": measurand,
    }
    if phase in _PHASES:
        wire["phase"] = phase
    if location != _DEFAULT_LOCATION and location in _LOCATIONS:
        wire["location"] = location
    spelt = _SPELLINGS.get(unit or "", unit)
    if spelt in _UNITS:
        wire["unit"] = spelt
    return wire


def _signed(data: SignedData | None, context: Context, view: View) -> str | None:
    """The SignedMeterValueType as text, in the place of the plain value (§3.2.1, §3.3.5); None where it is too long."""
    wire = signed_value(data, context, view) if data is not None else None
    return json.dumps(wire, separators=(",", ":")) if wire is not None else None
