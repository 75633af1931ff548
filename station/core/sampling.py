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
from station.core.meter import Purpose
from station.core.meter_value import MeterValue
from station.core.metering import ENERGY, selection, signed_register
from station.core.records import Json
from station.core.sampling_plan import SAMPLE, SAMPLE_END, SamplingPlan, sampling_plan
from station.core.values import Context as Why
from station.core.values import Reading, SignedData, Stamp

SAMPLES: Final = "samples"
RECORD: Final = "record"
_KEPT_VALUES: Final = 1000

PURPOSES: Final = {SAMPLE: Purpose.PERIODIC, SAMPLE_END: Purpose.PERIODIC_END, RECORD: Purpose.RECORD}
"""What is read for at each of the deadlines."""

_SERIES: Final = (Purpose.PERIODIC, Purpose.PERIODIC_END, Purpose.CLOCK, Purpose.CLOCK_END)
"""What is told again and again: each counts its intervals for itself."""


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

    def schedule(self) -> None:
        """A transaction began, goes on, or the variables changed."""
        ctx, evse = self.ctx, self.evse
        plan = ctx.variables.derived(sampling_plan)
        for part, every_s in (*plan.every_s.items(), (RECORD, ctx.plan.record_s)):
            if every_s > 0:
                ctx.deadlines[part, evse] = ctx.now + every_s
            else:
                ctx.deadlines.pop((part, evse), None)

    def cancel(self) -> None:
        """No transaction runs any more."""
        deadlines, evse = self.ctx.deadlines, self.evse
        for part in PURPOSES:
            deadlines.pop((part, evse), None)

    # What

    def _ends(self, plan: SamplingPlan) -> tuple[str, ...]:
        """The measurands of begin and end: a signed register belongs to them, whatever else is configured.

        OCPP 1.6 wants them of every measurand that the end tells (errata 3.14).
        """
        measurands = plan.ended
        if self.ctx.plan.ends_with_aligned and plan.aligned_ended:
            measurands = (*measurands, *(name for name in plan.aligned_ended if name not in measurands))
        forced = self.signs and plan.signs_ended and plan.samples and ENERGY not in measurands
        return (ENERGY, *measurands) if forced else measurands

    def signed(self, purpose: Purpose) -> bool:
        """Whether a reading for ``purpose``, between begin and end, is to be signed."""
        return self.signs and purpose in self.ctx.variables.derived(sampling_plan).signed

    def value(self, reading: Reading, stamp: Stamp, purpose: Purpose) -> MeterValue | None:
        """What a reading that was taken for ``purpose`` tells."""
        plan = self.ctx.variables.derived(sampling_plan)
        asked = plan.asked[purpose]
        since = self._interval_begin(purpose, reading) if asked.counts else None
        return asked.of(reading, stamp, sign=self.signs and purpose in plan.signed, since_wh=since)

    def _interval_begin(self, purpose: Purpose, reading: Reading) -> float | None:
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

    def begin(self, transaction_id: str, reading: Reading, stamp: Stamp) -> MeterValue | None:
        """A transaction begins: its first value counts among those of its end.

        Answers what its start tells (J02.FR.01).
        """
        plan, begin_wh = self.ctx.variables.derived(sampling_plan), reading.energy_wh
        self.kept = ()
        self._marks = dict.fromkeys(_SERIES, begin_wh) if plan.counts else None
        ends = self._ends(plan)
        if ends:
            sign = self.signs and plan.signs_ended
            kept = selection(ends, Why.BEGIN).of(reading, stamp, sign=sign, since_wh=begin_wh)
            self.keep(transaction_id, kept)
        if not plan.started:
            return None
        sign = self.signs and plan.signs_started
        return selection(plan.started, Why.BEGIN).of(reading, stamp, sign=sign, since_wh=begin_wh)

    def begin_signed(self, transaction_id: str, data: SignedData) -> None:
        """What was signed for the begin became known later: it belongs to the value that was taken then."""
        if not (self.kept and self.signs and self.ctx.variables.derived(sampling_plan).signs_ended):
            return
        first = self.kept[0]
        began = any(kind.measurand == ENERGY and kind.context is Why.BEGIN for kind in first.kinds)
        if began and not first.signed:
            first = replace(first, signed=signed_register(first.kinds, data))
            self.kept = (first, *self.kept[1:])
            self.ctx.ledger.put(SAMPLES, _key(transaction_id, 0), first, to_row)

    def keep(self, transaction_id: str, value: MeterValue | None) -> None:
        """Keep a value for the end; with too many, every second intermediate one goes (E06.FR.12; errata 3.91)."""
        if value is None:
            return
        ledger = self.ctx.ledger
        if len(self.kept) >= max(2, int(self.ctx.number(names.ENDED_MAX_VALUES, _KEPT_VALUES)) - 1):
            before, self.kept = len(self.kept), self.kept[::2]
            for index, kept in enumerate(self.kept):
                ledger.put(SAMPLES, _key(transaction_id, index), kept, to_row)
            for index in range(len(self.kept), before):
                ledger.delete(SAMPLES, _key(transaction_id, index))
        ledger.put(SAMPLES, _key(transaction_id, len(self.kept)), value, to_row)
        self.kept = (*self.kept, value)

    def last(self, reading: Reading, stamp: Stamp) -> tuple[MeterValue, ...]:
        """What the end of a transaction tells: all that was kept, and this."""
        plan = self.ctx.variables.derived(sampling_plan)
        ends = self._ends(plan)
        if not ends:
            return self.kept
        since = self._marks.get(Purpose.PERIODIC_END) if self._marks is not None else None
        sign = self.signs and plan.signs_ended
        value = selection(ends, Why.END).of(reading, stamp, sign=sign, since_wh=since)
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
