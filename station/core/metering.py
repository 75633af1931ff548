"""What of a meter's reading is told: measurands, phases, units, contexts.

Pure functions; when to read and whom to tell is ``station.core.transactions``' business.

Spec: OCPP 2.0.1 J02 and part 2, 2.44 SampledValueType; OCPP 1.6 §7.28 ff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from station.core.values import Context, MeterValue, Reading, Sample, Stamp

ENERGY = "Energy.Active.Import.Register"
INTERVAL = "Energy.Active.Import.Interval"

_Source = tuple[str | None, str, Callable[[Reading], Iterator[tuple[float, str | None]]]]

_PHASES = ("L1", "L2", "L3")
_PHASES_TO_NEUTRAL = ("L1-N", "L2-N", "L3-N")


def _single(unit: str | None, location: str, of: Callable[[Reading], float | None]) -> _Source:
    def read(reading: Reading) -> Iterator[tuple[float, str | None]]:
        value = of(reading)
        if value is not None:
            yield value, None

    return unit, location, read


def _phased(unit: str, names: tuple[str, ...], of: Callable[[Reading], tuple[float, ...]]) -> _Source:
    def read(reading: Reading) -> Iterator[tuple[float, str | None]]:
        return zip(of(reading), names, strict=False)

    return unit, "Outlet", read


def _power_offered(reading: Reading) -> float | None:
    if reading.offered_a is None or not reading.voltage_v:
        return None
    return reading.offered_a * sum(reading.voltage_v)


_SOURCES: dict[str, _Source] = {
    ENERGY: _single("Wh", "Outlet", lambda r: r.energy_wh),
    "Energy.Active.Export.Register": _single("Wh", "Outlet", lambda r: r.export_wh),
    "Power.Active.Import": _single("W", "Outlet", lambda r: r.power_w),
    "Power.Offered": _single("W", "Outlet", _power_offered),
    "Current.Import": _phased("A", _PHASES, lambda r: r.current_a),
    "Current.Offered": _single("A", "Outlet", lambda r: r.offered_a),
    "Voltage": _phased("V", _PHASES_TO_NEUTRAL, lambda r: r.voltage_v),
    "Frequency": _single("Hertz", "Outlet", lambda r: r.frequency_hz),
    "SoC": _single("Percent", "EV", lambda r: r.soc_percent),
    "Temperature": _single("Celsius", "Body", lambda r: r.temperature_c),
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
    for asked in measurands:
        if asked == INTERVAL and since_wh is not None:
            samples.append(Sample(max(0.0, reading.energy_wh - since_wh), asked, context, None, "Wh", "Outlet"))
        name, only = _split(asked)
        source = _SOURCES.get(name)
        if source is None:
            continue
        unit, location, read = source
        signed = data if name == ENERGY else None
        samples.extend(
            Sample(value, name, context, phase, unit, location, signed)
            for value, phase in read(reading)
            if only is None or phase in (only, f"{only}-N")
        )
    return MeterValue(stamp, tuple(samples)) if samples else None


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
