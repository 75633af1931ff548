"""Which values a transaction collects, when, and what is kept for its end.

Of a transaction it knows only the id; what is told, and whether one runs, is ``station.core.transactions``' business.
Spec: OCPP 2.0.1 J01 (clock-aligned), J02 (sampled); OCPP 1.6 §4.10, §9.1.25-27; OCA "Signed Meter Values in OCPP"
v1.0, 3.3 and 4.3 (which values are signed).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from station.core import names
from station.core.codec import from_row, to_row
from station.core.context import Context
from station.core.device_model import Address
from station.core.meter import Purpose
from station.core.metering import ENERGY, INTERVAL, select
from station.core.records import Json
from station.core.values import Context as Why
from station.core.values import MeterValue, Reading, SignedData, Stamp

SAMPLES: Final = "samples"
SAMPLE: Final = "sample"
SAMPLE_END: Final = "sample_end"
RECORD: Final = "record"
_KEPT_VALUES: Final = 1000

INTERVALS: Final = {
    SAMPLE: (names.SAMPLED_UPDATED_INTERVAL, names.SAMPLED_UPDATED_MEASURANDS),
    SAMPLE_END: (names.SAMPLED_ENDED_INTERVAL, names.SAMPLED_ENDED_MEASURANDS),
}
"""The deadlines of sampling, and the variables that give their intervals; without measurands nothing is read."""

PURPOSES: Final = {SAMPLE: Purpose.PERIODIC, SAMPLE_END: Purpose.PERIODIC_END, RECORD: Purpose.RECORD}
"""What is read for at each of the deadlines."""

_SIGNED: Final = {
    Purpose.PERIODIC: (names.SAMPLED_SIGN, names.SAMPLED_SIGN_UPDATED),
    Purpose.PERIODIC_END: (names.SAMPLED_SIGN,),
    Purpose.CLOCK: (names.ALIGNED_SIGN, names.ALIGNED_SIGN_UPDATED),
    Purpose.CLOCK_END: (names.ALIGNED_SIGN,),
}
"""The variables that have values between begin and end signed, all of them."""

_SERIES: Final = (Purpose.PERIODIC, Purpose.PERIODIC_END, Purpose.CLOCK, Purpose.CLOCK_END)
"""What is told again and again: each counts its intervals for itself."""

_INTERVALS_FROM: Final = (
    names.SAMPLED_UPDATED_MEASURANDS,
    names.SAMPLED_ENDED_MEASURANDS,
    names.ALIGNED_MEASURANDS,
    names.ALIGNED_ENDED_MEASURANDS,
)


class Sampler:
    """The values of one EVSE's transactions. ``kept`` are those that the end of the running one will tell.

    ``signs``: its meter signs, where the variables want that.
    """

    __slots__ = ("_marks", "ctx", "evse", "kept", "signs")

    def __init__(self, ctx: Context, evse: int, *, signs: bool = False) -> None:
        self.ctx = ctx
        self.evse = evse
        self.signs = signs
        self.kept: tuple[MeterValue, ...] = ()
        self._marks: dict[Purpose, float] | None = None

    # When

    def every_s(self, part: str) -> float:
        """The interval of a deadline, 0 where it is switched off."""
        if part == RECORD:
            return self.ctx.plan.record_s
        interval, measurands = INTERVALS[part]
        return self.ctx.number(interval) if self._sampled(measurands) else 0.0

    def schedule(self) -> None:
        """A transaction began, goes on, or the variables changed."""
        for part in PURPOSES:
            every_s = self.every_s(part)
            if every_s > 0:
                self.ctx.at(part, self.evse, every_s)
            else:
                self.ctx.cancel(part, self.evse)

    def cancel(self) -> None:
        """No transaction runs any more."""
        for part in PURPOSES:
            self.ctx.cancel(part, self.evse)

    # What

    def _of(self, enabled: Address, measurands: Address) -> tuple[str, ...]:
        return self.ctx.items(measurands) if self.ctx.enabled(enabled) else ()

    def _sampled(self, measurands: Address) -> tuple[str, ...]:
        return self._of(names.SAMPLED_ENABLED, measurands)

    def _aligned(self, measurands: Address) -> tuple[str, ...]:
        return self._of(names.ALIGNED_ENABLED, measurands)

    def _ends(self) -> tuple[str, ...]:
        """The measurands of begin and end: a signed register belongs to them, whatever else is configured.

        OCPP 1.6 wants them of every measurand that the end tells (errata 3.14).
        """
        measurands = self._sampled(names.SAMPLED_ENDED_MEASURANDS)
        if self.ctx.plan.ends_with_aligned and self.ctx.number(names.ALIGNED_ENDED_INTERVAL) > 0:
            aligned = self._aligned(names.ALIGNED_ENDED_MEASURANDS)
            measurands = (*measurands, *(name for name in aligned if name not in measurands))
        forced = self.signs_ends and ENERGY not in measurands and self.ctx.enabled(names.SAMPLED_ENABLED)
        return (ENERGY, *measurands) if forced else measurands

    @property
    def signs_ends(self) -> bool:
        """Whether the end of a transaction tells what was signed at its begin and its end."""
        return self.signs and (self.ctx.flag(names.SAMPLED_SIGN) or self.ctx.flag(names.ALIGNED_SIGN))

    def signed(self, purpose: Purpose) -> bool:
        """Whether a reading for ``purpose``, between begin and end, is to be signed."""
        wanted = _SIGNED.get(purpose) if self.signs else None
        return wanted is not None and all(self.ctx.flag(name) for name in wanted)

    def first(self, reading: Reading, stamp: Stamp) -> MeterValue | None:
        """What the start of a transaction tells (J02.FR.01)."""
        sign = self.signs and self.ctx.flag(names.SAMPLED_SIGN) and self.ctx.flag(names.SAMPLED_SIGN_STARTED)
        measurands = self._sampled(names.SAMPLED_STARTED_MEASURANDS)
        return select(reading, stamp, measurands, Why.BEGIN, sign=sign, since_wh=reading.energy_wh)

    def value(self, reading: Reading, stamp: Stamp, purpose: Purpose) -> MeterValue | None:
        """What a reading that was taken for ``purpose`` tells."""
        measurands, why = self._asked(purpose)
        since = self._interval_begin(purpose, measurands, reading) if INTERVAL in measurands else None
        return select(reading, stamp, measurands, why, sign=self.signed(purpose), since_wh=since)

    def _asked(self, purpose: Purpose) -> tuple[tuple[str, ...], Why]:
        """The measurands of a reading between begin and end, and its context."""
        if purpose is Purpose.PERIODIC:
            return self._sampled(names.SAMPLED_UPDATED_MEASURANDS), Why.PERIODIC
        if purpose is Purpose.PERIODIC_END:
            return self._sampled(names.SAMPLED_ENDED_MEASURANDS), Why.PERIODIC
        if purpose is Purpose.CLOCK:
            return self._aligned(names.ALIGNED_MEASURANDS), Why.CLOCK
        if purpose is Purpose.CLOCK_END:
            return self._aligned(names.ALIGNED_ENDED_MEASURANDS), Why.CLOCK
        outside = purpose is Purpose.TRIGGER_OUTSIDE
        wanted = names.ALIGNED_MEASURANDS if outside else names.SAMPLED_UPDATED_MEASURANDS
        return self.ctx.items(wanted) or (ENERGY,), Why.OTHER if purpose is Purpose.OTHER else Why.TRIGGER

    def _interval_begin(self, purpose: Purpose, measurands: tuple[str, ...], reading: Reading) -> float | None:
        """The register at the last value of the same series, None where that is not known."""
        marks = self._marks
        if purpose not in _SERIES:
            return marks.get(Purpose.PERIODIC) if marks is not None else None
        if marks is None:
            marks = self._marks = {}
        since = marks.get(purpose)
        marks[purpose] = reading.energy_wh
        return since

    # Kept for the end

    def begin(self, transaction_id: str, reading: Reading, stamp: Stamp) -> None:
        """A transaction begins: its first value counts among those of its end."""
        self.kept = ()
        begin_wh = reading.energy_wh
        counts = any(INTERVAL in self.ctx.items(name) for name in _INTERVALS_FROM)
        self._marks = dict.fromkeys(_SERIES, begin_wh) if counts else None
        first = select(reading, stamp, self._ends(), Why.BEGIN, sign=self.signs_ends, since_wh=begin_wh)
        self.keep(transaction_id, first)

    def begin_signed(self, transaction_id: str, data: SignedData) -> None:
        """What was signed for the begin became known later: it belongs to the value that was taken then."""
        if not self.signs_ends or not self.kept:
            return
        first = self.kept[0]
        samples = tuple(
            replace(sample, signed=data)
            if sample.context is Why.BEGIN and sample.measurand == ENERGY and sample.signed is None
            else sample
            for sample in first.samples
        )
        if samples != first.samples:
            first = replace(first, samples=samples)
            self.kept = (first, *self.kept[1:])
            self.ctx.ledger.put(SAMPLES, _key(transaction_id, 0), to_row(first))

    def keep(self, transaction_id: str, value: MeterValue | None) -> None:
        """Keep a value for the end; with too many, every second intermediate one goes (E06.FR.12; errata 3.91)."""
        if value is None:
            return
        ledger = self.ctx.ledger
        if len(self.kept) >= max(2, int(self.ctx.number(names.ENDED_MAX_VALUES, _KEPT_VALUES)) - 1):
            before, self.kept = len(self.kept), self.kept[::2]
            for index, kept in enumerate(self.kept):
                ledger.put(SAMPLES, _key(transaction_id, index), to_row(kept))
            for index in range(len(self.kept), before):
                ledger.delete(SAMPLES, _key(transaction_id, index))
        ledger.put(SAMPLES, _key(transaction_id, len(self.kept)), to_row(value))
        self.kept = (*self.kept, value)

    def last(self, reading: Reading, stamp: Stamp) -> tuple[MeterValue, ...]:
        """What the end of a transaction tells: all that was kept, and this."""
        since = self._marks.get(Purpose.PERIODIC_END) if self._marks is not None else None
        value = select(reading, stamp, self._ends(), Why.END, sign=self.signs_ends, since_wh=since)
        return (*self.kept, value) if value is not None else self.kept

    def drop(self, transaction_id: str) -> None:
        """The values are told, or of no use any more."""
        for index in range(len(self.kept)):
            self.ctx.ledger.delete(SAMPLES, _key(transaction_id, index))
        self.kept = ()

    def rows(self, transaction_id: str) -> dict[str, Json]:
        """The values as they are stored."""
        return {_key(transaction_id, index): to_row(value) for index, value in enumerate(self.kept)}

    def restore(self, transaction_id: str, rows: dict[str, Json]) -> None:
        """Take the values of a transaction back from what is stored."""
        prefix = f"{transaction_id}/"
        self.kept = tuple(from_row(MeterValue, rows[key]) for key in sorted(rows) if key.startswith(prefix))


def _key(transaction_id: str, index: int) -> str:
    return f"{transaction_id}/{index:06d}"
