"""What of a meter's reading is told: measurands, phases, units, contexts.

Pure functions; when to read and whom to tell is ``station.core.transactions``' business.

Spec: OCPP 2.0.1 J02 and part 2, 2.44 SampledValueType; OCPP 1.6 §7.28 ff.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any

from station.core.values import Context, MeterValue, Reading, Sample, Stamp

ENERGY = "Energy.Active.Import.Register"
INTERVAL = "Energy.Active.Import.Interval"

_Source = tuple[str | None, str, Callable[[Reading], Any], tuple[str, ...] | None]
"""Unit, location, where the value is in a reading, and the phases of its values; None: there is one value."""

_PHASES = ("L1", "L2", "L3")
_PHASES_TO_NEUTRAL = ("L1-N", "L2-N", "L3-N")


def _power_offered(reading: Reading) -> float | None:
    if reading.offered_a is None or not reading.voltage_v:
        return None
    return reading.offered_a * sum(reading.voltage_v)


_SOURCES: dict[str, _Source] = {
    ENERGY: ("Wh", "Outlet", attrgetter("energy_wh"), None),
    "Energy.Active.Export.Register": ("Wh", "Outlet", attrgetter("export_wh"), None),
    "Power.Active.Import": ("W", "Outlet", attrgetter("power_w"), None),
    "Power.Offered": ("W", "Outlet", _power_offered, None),
    "Current.Import": ("A", "Outlet", attrgetter("current_a"), _PHASES),
    "Current.Offered": ("A", "Outlet", attrgetter("offered_a"), None),
    "Voltage": ("V", "Outlet", attrgetter("voltage_v"), _PHASES_TO_NEUTRAL),
    "Frequency": ("Hertz", "Outlet", attrgetter("frequency_hz"), None),
    "SoC": ("Percent", "EV", attrgetter("soc_percent"), None),
    "Temperature": ("Celsius", "Body", attrgetter("temperature_c"), None),
}

MEASURANDS = (*_SOURCES, INTERVAL)
"""The measurands that a station can offer at all."""

PHASED: dict[str, tuple[str, ...]] = {
    "Current.Import": _PHASES,
    "Voltage": (*_PHASES, *_PHASES_TO_NEUTRAL),
}
"""Measurands of which a single phase may be asked for, as in ``Voltage.L1``; L1 of a voltage is that to neutral."""


def select(
    reading: Reading,
    stamp: Stamp,
    measurands: tuple[str, ...],
    context: Context,
    *,
    sign: bool = False,
    since_wh: float | None = None,
) -> MeterValue | None:
    """The samples of ``reading`` for these measurands; None where nothing is selected.

    With ``sign``, what the meter signed rides on the energy register. ``since_wh`` is the register at the begin of the
    interval that the reading ends; without it there is no value of ``INTERVAL``.
    """
    data = (reading.signed_begin if context is Context.BEGIN else reading.signed) if sign else None
    samples: list[Sample] = []
    for name, only, (unit, location, of, phases) in _sources(measurands):
        value = of(reading)
        if name == INTERVAL:
            value = max(0.0, reading.energy_wh - since_wh) if since_wh is not None else None
        signed = data if name == ENERGY else None
        if phases is not None:
            for one, phase in zip(value, phases, strict=False):
                if only is None or phase in (only, f"{only}-N"):
                    samples.append(Sample(one, name, context, phase, unit, location, signed))
        elif value is not None:
            samples.append(Sample(value, name, context, None, unit, location, signed))
    return MeterValue(stamp, tuple(samples)) if samples else None


@lru_cache(maxsize=256)
def _sources(measurands: tuple[str, ...]) -> tuple[tuple[str, str | None, _Source], ...]:
    """For each measurand that there is: its name, the phase that alone is asked for, and where its values are."""
    known = {INTERVAL: _SOURCES[ENERGY], **_SOURCES}
    return tuple((name, only, known[name]) for name, only in map(_split, measurands) if name in known)


def _split(asked: str) -> tuple[str, str | None]:
    """A measurand and the phase that alone is asked for (OCPP 1.6 §9.1.17)."""
    name, _, phase = asked.rpartition(".")
    return (name, phase) if phase in PHASED.get(name, ()) else (asked, None)


_DAY_S = 86400.0


def aligned_before(utc_s: float, interval_s: float) -> float:
    """The last multiple of ``interval_s`` since midnight UTC that is not after ``utc_s`` (both seconds since 1970).

    Spec: OCPP 2.0.1 J01 (AlignedDataInterval); OCPP 1.6 §9.1.2.
    """
    midnight_s = utc_s // _DAY_S * _DAY_S
    return midnight_s + (utc_s - midnight_s) // interval_s * interval_s


def aligned_after(boundary_s: float, interval_s: float) -> float:
    """The multiple that follows ``boundary_s``, which is one; midnight always is."""
    return min(boundary_s + interval_s, (boundary_s // _DAY_S + 1) * _DAY_S)
