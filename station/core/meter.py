"""The meter of one EVSE: what was read last, who waits for a reading, and whether it can be believed.

A register that falls is a fault of the meter and is not reported (OCPP 2.0.1 J02.FR.16-17); a meter that counts per
session starts anew with each transaction. One that rises by more than the EVSE can have delivered is believed once a
second reading agrees: answers of another meter on the same line come once. What is shown to anyone is recorded first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Protocol

from station.core.context import Context, EvsePlan
from station.core.effects import ReadMeter
from station.core.hardware_faults import METER_FELL, METER_JUMPED, METER_NONSENSE
from station.core.plausibility import MAINS_V, SLACK_WH, UNKNOWN_S, deliverable_wh, sound
from station.core.values import Moment, Reading

DEADLINE = "meter"
METER = "meter"
TAKEN = ""
"""The reading was taken over."""
UNSURE = "unsure"
"""The reading has to be confirmed by another one first."""
_FRESH_S = 2.5
_SILENT_S = 10.0
_READ_S = 2.0


class Purpose(StrEnum):
    """What a reading is taken for, in the order of serving."""

    BEGIN = "begin"
    RECORD = "record"
    PERIODIC = "periodic"
    PERIODIC_END = "periodic_end"
    CLOCK = "clock"
    CLOCK_END = "clock_end"
    TRIGGER = "trigger"
    TRIGGER_OUTSIDE = "trigger_outside"
    OTHER = "other"
    END = "end"


@dataclass(slots=True)
class _Register:
    """A register as it is stored, where a store reads what goes on changing."""

    energy_wh: float


_ENERGY_WH = attrgetter("energy_wh")
_read_meter = lru_cache(maxsize=128)(ReadMeter)
_MOMENTS = {Purpose.BEGIN: Moment.BEGIN, Purpose.END: Moment.END}


class Gauge(Protocol):
    """A meter that is read within the turn: what it shows is a function of the moment, as with a simulated one."""

    def reading(self) -> Reading | None:
        """What it shows now; None: it does not answer, and has to be asked by ``ReadMeter`` as any other."""


class Meter:
    """Readings of one meter. ``want`` says who waits; the EVSE's ``MeterService`` serves them when a reading comes.

    ``shown_wh`` is the register as it may be shown: recorded. ``kept_wh`` is what it is recorded as, or is about to be.
    ``floor_wh`` is the highest that was believed; below it nothing is. Where it ``signs``, begin and end are served
    with the readings of the meter's own session alone. ``gauge`` is how samples are taken within the turn that
    they are due in, where the host knows how.
    """

    __slots__ = (
        "_candidate",
        "_missed_since_s",
        "_row",
        "_signed",
        "_wants",
        "ctx",
        "evse",
        "floor_wh",
        "gauge",
        "kept_wh",
        "last",
        "plan",
        "polled",
        "read_at_s",
        "shown_wh",
        "signs",
    )

    def __init__(self, ctx: Context, plan: EvsePlan) -> None:
        self.ctx = ctx
        self.plan = plan
        self.evse = plan.id
        self.polled = plan.polled_meter
        self.signs = plan.signing_meter
        self._candidate: tuple[float, float] | None = None
        self._missed_since_s: float | None = None
        self.last: Reading | None = None
        self.read_at_s = float("-inf")
        self.shown_wh: float | None = None
        self.floor_wh: float | None = None
        self._wants: tuple[Purpose, ...] = ()
        self._signed: tuple[Purpose, ...] = ()
        self.kept_wh: float | None = None
        self.gauge: Gauge | None = None
        self._row: _Register | None = None

    def want(self, purpose: Purpose, *, signed: bool = False) -> None:
        """Have a reading for ``purpose``: a fresh one if the meter is polled, else one taken now.

        ``signed``: one that the meter is to sign, between begin and end.
        """
        if purpose in self._wants:
            return
        ctx, deadline = self.ctx, (DEADLINE, self.evse)
        asked = deadline in ctx.deadlines
        self._wants = (*self._wants, purpose)
        if signed:
            self._signed = (*self._signed, purpose)
        # What a poll before the last opening, or before a session's zero, asked for is not what is wanted now.
        if (not asked and not (self.polled and self.fresh)) or self._own(purpose):
            ctx.ledger.out.append(_read_meter(self.evse, signed))
            ctx.deadlines[deadline] = ctx.now + _READ_S

    def _own(self, purpose: Purpose) -> bool:
        """Whether only a reading taken now will do."""
        if purpose is Purpose.BEGIN:
            return self.plan.session_meter or self.signs
        return purpose is Purpose.END or purpose in self._signed

    def _suits(self, purpose: Purpose, reading: Reading) -> bool:
        """Whether this is the reading that ``purpose`` waits for: a plain one has nothing signed."""
        if purpose in _MOMENTS:
            return reading.moment is _MOMENTS[purpose]
        return purpose not in self._signed or reading.moment is Moment.UPDATE

    @property
    def servable(self) -> bool:
        """Whether those who wait can be served with the last reading."""
        return bool(self._wants) and self.fresh and not any(self._own(purpose) for purpose in self._wants)

    def wanted(self, purpose: Purpose) -> bool:
        """Whether somebody waits for this."""
        return purpose in self._wants

    @property
    def fresh(self) -> bool:
        """Whether the last reading of a polled meter may stand for one taken now."""
        return self.polled and self.last is not None and self.ctx.now - self.read_at_s <= _FRESH_S

    @property
    def known_wh(self) -> float:
        """The register as far as it is known without a reading."""
        return self.floor_wh if self.floor_wh is not None else 0.0

    def accept(self, reading: Reading) -> str:
        """Take over a reading: ``TAKEN``, ``UNSURE``, or why it is not believed, in a word of ``hardware_faults``."""
        believed = sound(reading)
        if believed is None:
            return METER_NONSENSE
        if self.plan.session_meter and self.wanted(Purpose.BEGIN):
            self.floor_wh = self._candidate = None
        if self.floor_wh is not None:
            if believed.energy_wh < self.floor_wh:
                return METER_FELL
            rise_wh = believed.energy_wh - self.floor_wh
            if rise_wh > SLACK_WH and believed.moment is None and (doubt := self._jumped(believed.energy_wh)):
                return doubt
        self._candidate = self._missed_since_s = None
        self.last = believed
        self.floor_wh = believed.energy_wh
        self.read_at_s = self.ctx.now
        return TAKEN

    def _jumped(self, energy_wh: float) -> str:
        """Whether the register rose by more than can have flowed and no reading before says the same."""
        now, candidate = self.ctx.now, self._candidate
        since_s = min(now - self.read_at_s, UNKNOWN_S) if self.last is None else now - self.read_at_s
        power_w = self.plan.max_current_a * self.plan.phases * MAINS_V
        if energy_wh - (self.floor_wh or 0.0) <= deliverable_wh(power_w, since_s):
            return TAKEN
        self._candidate = (energy_wh, now)
        if candidate is None:
            return UNSURE
        rise_wh, rise_s = energy_wh - candidate[0], now - candidate[1]
        return TAKEN if 0.0 <= rise_wh <= deliverable_wh(power_w, rise_s) else METER_JUMPED

    def missed(self) -> bool:
        """A reading did not come. Whether none has come for so long that the meter counts as silent."""
        if self._missed_since_s is None:
            self._missed_since_s = self.ctx.now
        return self.ctx.now - self._missed_since_s >= _SILENT_S

    def ask_again(self) -> None:
        """Have another reading, for those who wait and for what the last one was worth."""
        self.ctx.ledger.emit(ReadMeter(self.evse))

    def replaced(self) -> None:
        """Another meter was fitted: what the old one showed says nothing about it."""
        self.last = self.floor_wh = self._candidate = None

    def serve(self, reading: Reading | None) -> tuple[Purpose, ...]:
        """Those who waited for such a reading, or for any where none came; they are served now."""
        served = self._wants
        waiting: tuple[Purpose, ...] = ()
        if self.signs and reading is not None:
            waiting = tuple(purpose for purpose in served if not self._suits(purpose, reading))
            served = tuple(purpose for purpose in served if purpose not in waiting)
        self._wants = waiting
        if not waiting:
            self._signed = ()
            self.ctx.deadlines.pop((DEADLINE, self.evse), None)
        elif self._signed:
            self._signed = tuple(p for p in self._signed if p in waiting)
        return served

    def restart(self) -> None:
        """A meter that counts per session begins at zero: what it showed before says nothing about it."""
        if self.plan.session_meter:
            self.replaced()

    def record(self) -> bool:
        """Keep the register with this turn; it is shown once it is recorded. False where it is kept already."""
        if self.last is None:
            return False
        value = self.last.energy_wh
        if value == self.kept_wh:
            return False
        ledger, row = self.ctx.ledger, self._row
        self.kept_wh = value
        if row is not None:
            row.energy_wh = self.shown_wh = value
        elif ledger.late:
            # Such a store reads it as it is then.
            self._row = _Register(value)
            self.shown_wh = value
            ledger.put(METER, str(self.evse), self._row, _ENERGY_WH)
        else:
            ledger.put(METER, str(self.evse), value)
            ledger.then(lambda: self._recorded(value), follows=False)
        return True

    def _recorded(self, value: float) -> None:
        self.shown_wh = value

    def restore(self, value: float) -> None:
        """The register that was recorded last. A meter that counts per session may have begun anew."""
        self.shown_wh = self.kept_wh = value
        if not self.plan.session_meter:
            self.floor_wh = value

    def resume(self, value_wh: float) -> None:
        """A transaction that goes on after a power cut had reached this."""
        self.floor_wh = max(value_wh, self.floor_wh or 0.0)
