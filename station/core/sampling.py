"""Which values a transaction collects, when, and what is kept for its end.

Of a transaction it knows only the id; what is told, and whether one runs, is ``station.core.transactions``' business.
Spec: OCPP 2.0.1 J01 (clock-aligned), J02 (sampled); OCPP 1.6 §4.10, §9.1.25-27.
"""

from __future__ import annotations

from typing import Final

from station.core import names
from station.core.codec import from_row, to_row
from station.core.context import Context
from station.core.device_model import Address
from station.core.meter import Purpose
from station.core.metering import ENERGY, select
from station.core.records import Json
from station.core.values import Context as Why
from station.core.values import MeterValue, Reading, Stamp

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


class Sampler:
    """The values of one EVSE's transactions. ``kept`` are those that the end of the running one will tell."""

    __slots__ = ("ctx", "evse", "kept")

    def __init__(self, ctx: Context, evse: int) -> None:
        self.ctx = ctx
        self.evse = evse
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

    def first(self, reading: Reading, stamp: Stamp) -> MeterValue | None:
        """What the start of a transaction tells (J02.FR.01)."""
        return select(reading, stamp, self._sampled(names.SAMPLED_STARTED_MEASURANDS), Why.BEGIN)

    def value(self, reading: Reading, stamp: Stamp, purpose: Purpose) -> MeterValue | None:
        """What a reading that was taken for ``purpose`` tells."""
        if purpose is Purpose.PERIODIC:
            return select(reading, stamp, self._sampled(names.SAMPLED_UPDATED_MEASURANDS), Why.PERIODIC)
        if purpose is Purpose.PERIODIC_END:
            return select(reading, stamp, self._sampled(names.SAMPLED_ENDED_MEASURANDS), Why.PERIODIC)
        if purpose is Purpose.CLOCK:
            return select(reading, stamp, self._aligned(names.ALIGNED_MEASURANDS), Why.CLOCK)
        if purpose is Purpose.CLOCK_END:
            return select(reading, stamp, self._aligned(names.ALIGNED_ENDED_MEASURANDS), Why.CLOCK)
        wanted = names.SAMPLED_UPDATED_MEASURANDS if purpose is Purpose.TRIGGER else names.ALIGNED_MEASURANDS
        return select(reading, stamp, self.ctx.items(wanted) or (ENERGY,), Why.TRIGGER)

    # Kept for the end

    def begin(self, transaction_id: str, reading: Reading, stamp: Stamp) -> None:
        """A transaction begins: its first value counts among those of its end."""
        self.kept = ()
        self.keep(transaction_id, select(reading, stamp, self._sampled(names.SAMPLED_ENDED_MEASURANDS), Why.BEGIN))

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
        value = select(reading, stamp, self._sampled(names.SAMPLED_ENDED_MEASURANDS), Why.END)
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
