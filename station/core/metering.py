"""What of a meter's reading is told: measurands, phases, units, contexts.

Pure functions; when to read and whom to tell is ``station.core.transactions``' business.

Spec: OCPP 2.0.1 J02 and part 2, 2.44 SampledValueType; OCPP 1.6 §7.28 ff.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any

from station.core.meter_value import Kind, MeterValue
from station.core.values import Context, Reading, SignedData, Stamp

ENERGY = "Energy.Active.Import.Register"
INTERVAL = "Energy.Active.Import.Interval"

_Source = tuple[str | None, str, Callable[[Reading], Any], tuple[str, ...] | None]
"""Unit, location, where the value is in a reading, and the phases of its values; None: there is one value."""

_PHASES = ("L1", "L2", "L3")
_PHASES_TO_NEUTRAL = ("L1-N", "L2-N", "L3-N")
_MOST_PHASES = len(_PHASES)


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


class Selection:
    """What readings tell of these measurands in one context. Made once, by ``selection``, for whoever tells the same.

    ``counts``: one of them is counted from the value before.
    """

    __slots__ = ("_context", "_kinds", "_shared", "_sources", "counts")

    def __init__(self, measurands: tuple[str, ...], context: Context) -> None:
        asked = tuple((name, only) for name, only in map(_split, measurands) if name in MEASURANDS)
        self.counts = INTERVAL in measurands
        self._context = context
        self._sources = tuple(_source(name, only) for name, only in asked)
        self._kinds = tuple(_kinds(name, only, context) for name, only in asked)
        self._shared: dict[tuple[int, ...], tuple[Kind, ...]] = {}

    def of(
        self, reading: Reading, stamp: Stamp, *, sign: bool = False, since_wh: float | None = None
    ) -> MeterValue | None:
        """What ``reading`` tells; None where that is nothing.

        With ``sign``, what the meter signed rides on the energy register. ``since_wh`` is the register at the begin of
        the interval that the reading ends; without it there is no value of ``INTERVAL``.
        """
        interval_wh = max(0.0, reading.energy_wh - since_wh) if since_wh is not None else None
        values: list[float] = []
        counts = []
        for of, phased in self._sources:
            value: Any = of(reading) if of is not None else interval_wh
            if phased:
                values += value[:_MOST_PHASES]
                counts.append(len(value))
            elif value is not None:
                values.append(value)
                counts.append(1)
            else:
                counts.append(0)
        if not values:
            return None
        shape = tuple(counts)
        kinds = self._shared.get(shape)
        if kinds is None:
            there = zip(self._kinds, shape, strict=True)
            kinds = self._shared[shape] = tuple(kind for some, count in there for kind in some[:count])
        data = (reading.signed_begin if self._context is Context.BEGIN else reading.signed) if sign else None
        if data is None:
            return MeterValue(stamp, kinds, tuple(values))
        return MeterValue(stamp, kinds, tuple(values), signed_register(kinds, data))


@lru_cache(maxsize=256)
def selection(measurands: tuple[str, ...], context: Context) -> Selection:
    """How these measurands, in this order, are told in this context; what no station offers is left out."""
    return Selection(measurands, context)


def signed_register(kinds: tuple[Kind, ...], data: SignedData) -> tuple[SignedData | None, ...]:
    """``MeterValue.signed`` where ``data`` belongs to the energy register; empty without one among ``kinds``."""
    signed = tuple(data if kind.measurand == ENERGY else None for kind in kinds)
    return signed if data in signed else ()


def _source(name: str, only: str | None) -> tuple[Callable[[Reading], Any] | None, bool]:
    """Where the value is in a reading, None for what is counted, and whether it has one for each phase."""
    if name == INTERVAL:
        return None, False
    _, _, of, phases = _SOURCES[name]
    if phases is None or only is None:
        return of, phases is not None
    index = phases.index(only)

    def of_phase(reading: Reading) -> float | None:
        values = of(reading)
        return values[index] if len(values) > index else None

    return of_phase, False


def _kinds(name: str, only: str | None, context: Context) -> tuple[Kind, ...]:
    """What the values of a measurand are of, one for each phase, or for the one that alone is asked for."""
    unit, location, _, phases = _SOURCES[ENERGY if name == INTERVAL else name]
    return tuple(Kind(name, context, phase, unit, location) for phase in ((only,) if only else phases or (None,)))


def _split(asked: str) -> tuple[str, str | None]:
    """A measurand and the phase that alone is asked for (OCPP 1.6 §9.1.17), as readings have it."""
    name, _, phase = asked.rpartition(".")
    if phase not in PHASED.get(name, ()):
        return asked, None
    return name, phase if phase in (_SOURCES[name][3] or ()) else f"{phase}-N"


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
