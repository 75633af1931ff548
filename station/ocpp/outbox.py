"""What is to be sent, and in which order. Sans-I/O: the engine asks for the next call and tells how it went.

Three sources. *Facts* of transactions leave in the order in which they arose, each only after the one before was
answered or given up; security events, and what became of file transfers and reservations, likewise in lanes of their
own. *Calls* (questions, statuses, notices) leave in order too, and may overtake facts that wait for a retry or that
arose offline (OCPP 1.6 §3.7; OCPP 2.0.1 E11.FR.01). A CALLERROR or a time-out on a call never holds up the facts.

Spec: OCPP 1.6 §3.7.1 and errata; OCPP 2.0.1 E13 (retries), part 4 §4.1.3 (one outstanding CALL).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from station.core.facts import (
    Fact,
    FirmwareFact,
    LogFact,
    ReservationFact,
    SecurityFact,
    TransactionFact,
    UnpluggedFact,
)
from station.core.frozen import dataclass
from station.ocpp.dialect import NOT_READY, Dialect, OutCall, View

log = logging.getLogger(__name__)


Wish = tuple[float, int]
"""When a station wanted to make a call, by the clock of who measures it, and how many of its calls had ended then."""


@dataclass(frozen=True, slots=True)
class FactRef:
    """The call tells the fact with this journal key. ``wish`` as in all references: None where nobody measures it."""

    key: int
    fact: Fact
    wish: Wish | None = None


@dataclass(frozen=True, slots=True)
class QueryRef:
    """The call puts a question."""

    query: Any
    wish: Wish | None = None


@dataclass(frozen=True, slots=True)
class StatusRef:
    """The call tells the status of a connector."""

    evse: int
    connector: int
    told: str
    wish: Wish | None = None


@dataclass(frozen=True, slots=True)
class PlainRef:
    """Nobody waits for the answer."""

    wish: Wish | None = None


Ref = FactRef | QueryRef | StatusRef | PlainRef

PLAIN = PlainRef()
_NO_CALL: Final = OutCall("", {})
"""There is nothing to tell of a fact in this version."""


Outgoing = tuple[Ref, OutCall]
"""A call that may be sent now."""


@dataclass(slots=True)
class _Waiting:
    order: int
    ref: Ref
    call: OutCall
    requested: bool


class _Lane:
    """Facts of one kind, told strictly one after the other."""

    __slots__ = ("attempts", "facts", "flying", "limit", "not_before_s", "suspect_since_s")

    def __init__(self) -> None:
        self.facts: list[tuple[int, int, Fact, Wish | None]] = []
        self.attempts = 0
        self.limit = 1
        self.flying = False
        self.not_before_s = 0.0
        self.suspect_since_s: float | None = None

    def begin_anew(self) -> None:
        self.attempts = 0
        self.flying = False
        self.not_before_s = 0.0
        self.suspect_since_s = None


_LANES: Final[Mapping[type[Any], int]] = {
    TransactionFact: 0,
    UnpluggedFact: 0,
    SecurityFact: 1,
    FirmwareFact: 2,
    LogFact: 2,
    ReservationFact: 2,
}


class Outbox:
    """The queue of one station. Times are wire time, in seconds."""

    __slots__ = ("_calls", "_lanes", "_order", "_urgent", "retries", "waiting")

    def __init__(self) -> None:
        self._order = 0
        # Lists: they are short, and an empty deque takes 760 bytes of every station.
        self._urgent: list[_Waiting] = []
        self._calls: list[_Waiting] = []
        self._lanes: tuple[_Lane, ...] = (_Lane(), _Lane())
        self.retries = False
        """Whether a fact may have to wait for its retry."""
        self.waiting = 0
        """How many facts and calls wait: a fact until it is answered, a call until it is sent."""

    def add_fact(self, key: int, fact: Fact, wish: Wish | None = None) -> None:
        """Queue a journalled fact behind those of its kind."""
        self._order += 1
        self.waiting += 1
        number = _LANES[type(fact)]
        if number == len(self._lanes):
            self._lanes = (*self._lanes, _Lane())  # few stations need the last one
        self._lanes[number].facts.append((self._order, key, fact, wish))

    def add_call(self, ref: Ref, call: OutCall, *, urgent: bool = False, requested: bool = False) -> None:
        """Queue a call. ``urgent`` ones overtake all; ``requested`` ones may leave before the boot is accepted."""
        self._order += 1
        self.waiting += 1
        (self._urgent if urgent else self._calls).append(_Waiting(self._order, ref, call, requested))

    @property
    def queued(self) -> int:
        """Transaction messages and security events not yet answered, the one in flight included."""
        return len(self._lanes[0].facts) + len(self._lanes[1].facts)

    def awaits(self, transaction_id: str | None) -> bool:
        """Whether facts of this transaction (None: of any) are queued."""
        facts = self._lanes[0].facts
        return any(transaction_id in (None, getattr(fact, "transaction_id", None)) for _, _, fact, _ in facts)

    @property
    def empty(self) -> bool:
        """Whether nothing waits at all."""
        return not self.waiting

    # What leaves next

    def next(self, now: float, accepted: bool, dialect: Dialect, view: View) -> Outgoing | None:
        """The call to send now; None where nothing may leave. The caller sends it at once."""
        if self._urgent:
            waiting = self._urgent.pop(0)
            self.waiting -= 1
            return waiting.ref, waiting.call
        call = None
        if self._calls:
            call = self._calls[0] if accepted else next((w for w in self._calls if w.requested), None)
        lane = self._ready_lane(now) if accepted else None
        if lane is not None and (call is None or self._precedes(lane, call)):
            _, key, fact, wish = lane.facts[0]
            worded = dialect.render(fact, view)
            if worded is not NOT_READY:
                lane.flying = True
                return FactRef(key, fact, wish), worded if isinstance(worded, OutCall) else _NO_CALL
        if call is None:
            return None
        self._calls.remove(call)
        self.waiting -= 1
        return call.ref, call.call

    def _ready_lane(self, now: float) -> _Lane | None:
        found = None
        for lane in self._lanes:
            if not lane.facts or lane.flying or lane.not_before_s > now:
                continue
            if found is None or lane.facts[0][0] < found.facts[0][0]:
                found = lane
        return found

    @staticmethod
    def _precedes(lane: _Lane, call: _Waiting) -> bool:
        order, _, fact, _ = lane.facts[0]
        if isinstance(fact, ReservationFact):
            return False  # the status that it brought about is told first (OCPP 2.0.1 H04)
        return order < call.order and not fact.offline and lane.attempts == 0

    def stuck(self, view: View, dialect: Dialect) -> Fact | None:
        """A fact at the head that can never be worded, because what it depends on is not queued before it."""
        lane = self._lanes[0]
        if lane.facts and not lane.flying and dialect.render(lane.facts[0][2], view) is NOT_READY:
            return lane.facts[0][2]
        return None

    def next_deadline(self, now: float) -> float | None:
        """When a fact that waits for its retry may be sent again."""
        due_s = None
        for lane in self._lanes:
            waits = lane.facts and not lane.flying and lane.not_before_s > now
            if waits and (due_s is None or lane.not_before_s < due_s):
                due_s = lane.not_before_s
        return due_s

    # How it went

    def answered(self, ref: FactRef) -> None:
        """The CSMS answered: the fact leaves the queue (its row goes with the event that the answer is)."""
        for lane in self._lanes:
            if lane.facts and lane.facts[0][1] == ref.key:
                lane.facts.pop(0)
                self.waiting -= 1
                lane.flying = False
                if lane.attempts or self.retries:
                    lane.begin_anew()
                    self.retries = any(lane.not_before_s > 0 for lane in self._lanes)
                return

    def failed(self, ref: FactRef, cause: str, retry: tuple[int, float], now: float, alive: bool) -> bool:
        """A fact's call failed. True when it is given up: all attempts are used.

        A CALLERROR counts as an attempt. A time-out counts once the connection has proved alive; a lost connection
        never counts, so that a restart of the CSMS drops nothing.
        """
        lane = self._lanes[_LANES[type(ref.fact)]]
        lane.flying = False
        attempts, interval_s = retry
        if cause == "Disconnected":
            return False
        self.retries = True
        if cause == "Timeout" and not alive:
            lane.suspect_since_s = now
            lane.limit = max(1, attempts)
            lane.not_before_s = now + interval_s * (lane.attempts + 1)
            return False
        lane.attempts += 1
        lane.not_before_s = now + max(0.1, interval_s * lane.attempts)
        if lane.attempts < max(1, attempts):
            return False
        self._give_up(ref, lane)
        return True

    def _give_up(self, ref: FactRef, lane: _Lane) -> None:
        log.warning("a %s message was given up after %d attempts", type(ref.fact).__name__, lane.attempts)
        self.answered(ref)

    def heard(self) -> list[FactRef]:
        """The connection is alive: time-outs that were in doubt count after all. Answers what is given up by that."""
        given_up = []
        for lane in self._lanes:
            if lane.suspect_since_s is None:
                continue
            lane.suspect_since_s = None
            lane.attempts += 1
            if lane.attempts >= lane.limit and lane.facts and not lane.flying:
                _, key, fact, _ = lane.facts[0]
                given_up.append(FactRef(key, fact))
                self._give_up(given_up[-1], lane)
        return given_up

    def disconnected(self) -> list[Ref]:
        """The connection is gone: facts stay, calls do not. Answers what was dropped."""
        self.retries = False
        for lane in self._lanes:
            attempts = lane.attempts
            lane.begin_anew()
            lane.attempts = attempts
            lane.facts = [(order, key, _as_offline(fact), None) for order, key, fact, _ in lane.facts]
        dropped = [waiting.ref for waiting in (*self._urgent, *self._calls)]
        self._urgent.clear()
        self._calls.clear()
        self.waiting -= len(dropped)
        return dropped


def _as_offline(fact: Fact) -> Fact:
    return fact if fact.offline else replace(fact, offline=True)
