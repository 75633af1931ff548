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
from station.core.metering import ENERGY, select
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


class Sampler:
    """The values of one EVSE's transactions. ``kept`` are those that the end of the running one will tell.

    ``signs``: its meter signs, where the variables want that.
    """

    __slots__ = ("ctx", "evse", "kept", "signs")

    def __init__(self, ctx: Context, evse: int, *, signs: bool = False) -> None:
        self.ctx = ctx
        self.evse = evse
        self.signs = signs
        self.kept: tuple[MeterValue, ...] = ()

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
        """The measurands of begin and end: a signed register belongs to them, whatever else is configured."""
        measurands = self._sampled(names.SAMPLED_ENDED_MEASURANDS)
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
        return select(reading, stamp, self._sampled(names.SAMPLED_STARTED_MEASURANDS), Why.BEGIN, sign=sign)

    def value(self, reading: Reading, stamp: Stamp, purpose: Purpose) -> MeterValue | None:
        """What a reading that was taken for ``purpose`` tells."""
        sign = self.signed(purpose)
        if purpose is Purpose.PERIODIC:
            return select(reading, stamp, self._sampled(names.SAMPLED_UPDATED_MEASURANDS), Why.PERIODIC, sign=sign)
        if purpose is Purpose.PERIODIC_END:
            return select(reading, stamp, self._sampled(names.SAMPLED_ENDED_MEASURANDS), Why.PERIODIC, sign=sign)
        if purpose is Purpose.CLOCK:
            return select(reading, stamp, self._aligned(names.ALIGNED_MEASURANDS), Why.CLOCK, sign=sign)
        if purpose is Purpose.CLOCK_END:
            return select(reading, stamp, self._aligned(names.ALIGNED_ENDED_MEASURANDS), Why.CLOCK, sign=sign)
        wanted = names.SAMPLED_UPDATED_MEASURANDS if purpose is Purpose.TRIGGER else names.ALIGNED_MEASURANDS
        return select(reading, stamp, self.ctx.items(wanted) or (ENERGY,), Why.TRIGGER)

    # Kept for the end

    def begin(self, transaction_id: str, reading: Reading, stamp: Stamp) -> None:
        """A transaction begins: its first value counts among those of its end."""
        self.kept = ()
        self.keep(transaction_id, select(reading, stamp, self._ends(), Why.BEGIN, sign=self.signs_ends))

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
        value = select(reading, stamp, self._ends(), Why.END, sign=self.signs_ends)
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
