"""Meter values: numbers that were read together, and what each of them is of.

What is selected of a reading is ``station.core.metering``' business; how values are worded, the dialects'.
Spec: OCPP 2.0.1 part 2, 2.33 MeterValueType, 2.44 SampledValueType.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from station.core.codec import from_row, to_row
from station.core.frozen import dataclass
from station.core.records import Json
from station.core.values import Context, SignedData, Stamp


class Kind(NamedTuple):
    """What a number is of. A tuple: tables of what is made for several kinds are looked up by them."""

    measurand: str = "Energy.Active.Import.Register"
    context: Context = Context.PERIODIC
    phase: str | None = None
    unit: str | None = "Wh"
    location: str = "Outlet"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a meter reading (OCPP 2.0.1 SampledValueType)."""

    value: float
    measurand: str = "Energy.Active.Import.Register"
    context: Context = Context.PERIODIC
    phase: str | None = None
    unit: str | None = "Wh"
    location: str = "Outlet"
    signed: SignedData | None = None


@dataclass(frozen=True, slots=True)
class MeterValue:
    """Values that were taken together: for each of ``kinds`` one of ``values``, in the same order.

    ``signed`` is empty where nothing is; else it holds for each value what the meter signed for it, or None. Readings
    that tell the same share one ``kinds``.
    """

    stamp: Stamp
    kinds: tuple[Kind, ...] = ()
    values: tuple[float, ...] = ()
    signed: tuple[SignedData | None, ...] = ()

    @classmethod
    def of(cls, stamp: Stamp, samples: Sequence[Sample]) -> MeterValue:
        """The meter value that consists of these samples."""
        kinds = tuple(Kind(one.measurand, one.context, one.phase, one.unit, one.location) for one in samples)
        signed = tuple(one.signed for one in samples)
        return cls(stamp, kinds, tuple(one.value for one in samples), signed if any(signed) else ())

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The values one by one."""
        together = zip(self.values, self.kinds, self.signed or repeat(None), strict=False)
        return tuple(Sample(value, *kind, signed) for value, kind, signed in together)

    def as_row(self) -> Json:
        """As it is stored: moment and samples, whose members are left out where they are a ``Sample``'s defaults."""
        row: dict[str, Any] = {"stamp": to_row(self.stamp)}
        samples = [{"value": value, **kind} for value, kind in zip(self.values, _kind_rows(self.kinds), strict=True)]
        for sample, signed in zip(samples, self.signed, strict=False):
            if signed is not None:
                sample["signed"] = to_row(signed)
        if samples:
            row["samples"] = samples
        return row

    @classmethod
    def of_row(cls, row: Json) -> MeterValue:
        """What ``as_row`` wrote.

        Raises:
            ValueError, TypeError, KeyError: the row is no meter value.
        """
        stored = from_row(_Stored, row)
        return cls.of(stored.stamp, stored.samples)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The members of a meter value's row."""

    stamp: Stamp
    samples: tuple[Sample, ...] = ()


@lru_cache(maxsize=256)
def _kind_rows(kinds: tuple[Kind, ...]) -> tuple[dict[str, str | None], ...]:
    """What the samples of these kinds have in their rows besides their values."""
    defaults = Kind._field_defaults
    return tuple(
        {name: to_row(item) for name, item in kind._asdict().items() if item != defaults[name]} for kind in kinds
    )
