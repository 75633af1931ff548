"""What the CSMS's answers to a station's calls mean, and what it means that none came.

Facts are delivered, sent again or given up; questions are answered or failed; statuses count as told. An answered fact
is done with only once that is recorded. Called by the engine, always within a turn.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from station.core import effects, events
from station.core.facts import FirmwareFact, LogFact, SecurityFact
from station.ocpp.dialect import OutCall
from station.ocpp.outbox import FactRef, QueryRef, Ref, StatusRef
from station.ocpp.rpc import Failed

if TYPE_CHECKING:
    from station.host.engine import Engine

log = logging.getLogger(__name__)

_DEAF_AFTER: Final = 2
"""So many time-outs in a row, with nothing heard meanwhile, and the connection is of no use any more."""

_NO_SUCH_MESSAGE: Final = frozenset({"NotImplemented", "NotSupported"})


class Answers:
    """See the module. One for each engine.

    ``in_doubt``: a call was not answered in time and nothing was heard since.
    """

    __slots__ = ("_engine", "_storing", "_timeouts", "_unheeded", "in_doubt")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._storing: list[tuple[int, FactRef]] = []
        self._timeouts = 0
        self.in_doubt = False
        self._unheeded = False  # whether the CSMS has no SecurityEventNotification, and it was said

    # The link

    def connected(self) -> None:
        """A connection stands."""
        self._timeouts = 0

    def heard(self) -> None:
        """Something came in: the connection is alive, so the attempts made over it count, and may be used up."""
        for ref in self._engine.outbox.heard():
            self._given_up(ref, "no answer")
        self._timeouts = 0
        self.in_doubt = False

    # Answers

    def answered(self, ref: object, payload: Mapping[str, Any]) -> None:
        """A call was answered. Whatever is in it, the conversation goes on."""
        engine = self._engine
        engine.station.heard()
        try:
            if isinstance(ref, FactRef):
                self.deliver(ref, engine.dialect.delivered(ref.key, ref.fact, payload, engine))
            elif isinstance(ref, QueryRef):
                if type(ref.query) is effects.AuthorizeQuery:
                    # What a card begins was wanted when it was shown: a sooner answer had begun it sooner.
                    engine.cause = ref.wish
                self._query_answered(ref.query, payload)
            elif isinstance(ref, StatusRef):
                engine.board.done((ref.evse, ref.connector))
                engine.feed(events.StatusTold(ref.evse, ref.connector, ref.told))
        except Exception:
            log.exception("an answer could not be understood")
            self._lost_answer(ref)

    def _lost_answer(self, ref: object) -> None:
        if isinstance(ref, FactRef):
            self.deliver(ref, events.Delivered(ref.key))
        elif isinstance(ref, QueryRef):
            self._engine.feed(events.QueryFailed(ref.query, "InvalidAnswer"))

    def deliver(self, ref: FactRef, event: events.Delivered) -> None:
        """The fact's row goes; the next of its lane leaves once that is recorded."""
        engine = self._engine
        ledger = engine.station.ctx.ledger
        before = ledger.seq
        engine.take(event)
        if ledger.immediate or ledger.seq == before:
            engine.outbox.answered(ref)
        else:
            self._storing.append((ledger.seq, ref))

    def recorded(self, seq: int) -> None:
        """The batches up to this one are durable."""
        while self._storing and self._storing[0][0] <= seq:
            self._engine.outbox.answered(self._storing.pop(0)[1])

    def _query_answered(self, query: Any, payload: Mapping[str, Any]) -> None:
        engine = self._engine
        asked = getattr(query, "asked", None)
        if isinstance(query, effects.RawQuery):
            engine.port.query_ended(query.asked, dict(payload), "")
            return
        was = engine.station.registration.accepted
        engine.take(engine.dialect.answered(query, payload, engine))
        if isinstance(query, effects.BootQuery) and engine.station.registration.accepted and not was:
            engine.board.repeat_all = True
        if asked is not None:
            engine.port.query_ended(asked, dict(payload), "")

    # Failures

    def unsendable(self, ref: Ref, problem: str) -> None:
        """A call that cannot be written down is told of to nobody but its owner."""
        engine = self._engine
        if isinstance(ref, FactRef):
            self.deliver(ref, engine.dialect.dropped(ref.key, ref.fact, engine))
        elif isinstance(ref, QueryRef):
            engine.feed(events.QueryFailed(ref.query, "Invalid", "", problem))
        elif isinstance(ref, StatusRef):
            engine.board.done((ref.evse, ref.connector))

    def failed(self, event: Failed) -> None:
        """A call got no usable answer."""
        engine = self._engine
        ref, cause = event.ref, event.cause
        if cause == "Timeout":
            self._timeouts = 0 if event.heard else self._timeouts + 1
            self.in_doubt = True
        if cause not in ("Disconnected", "Timeout"):
            engine.station.heard()
        if isinstance(ref, FactRef):
            self._not_told(ref, event)
        elif isinstance(ref, QueryRef):
            engine.feed(events.QueryFailed(ref.query, cause, event.code, event.description))
            if isinstance(ref.query, effects.RawQuery):
                problem = f"{event.code}: {event.description}" if cause == "CallError" else cause
                engine.port.query_ended(ref.query.asked, None, problem)
        elif isinstance(ref, StatusRef):
            engine.board.done((ref.evse, ref.connector))
            if cause != "Disconnected":
                engine.feed(events.StatusTold(ref.evse, ref.connector, ref.told))
        if self._timeouts >= _DEAF_AFTER:
            self._timeouts = 0
            engine.port.redial("the CSMS does not answer")

    def _not_told(self, ref: FactRef, event: Failed) -> None:
        """Try again, or give up.

        A CSMS without SecurityEventNotification, as one of plain 1.6, will never answer better: that is said once.
        """
        engine = self._engine
        if isinstance(ref.fact, SecurityFact) and event.code in _NO_SUCH_MESSAGE:
            known, self._unheeded = self._unheeded, True
            if known:
                self.deliver(ref, engine.dialect.dropped(ref.key, ref.fact, engine))
            else:
                self._given_up(ref, event.code)
            return
        if isinstance(ref.fact, (FirmwareFact, LogFact)) and event.code in _NO_SUCH_MESSAGE:
            self._given_up(ref, event.code)
            return
        retry = engine.dialect.retry(ref.fact, engine)
        kind = "CallError" if event.cause == "InvalidAnswer" else event.cause
        if engine.outbox.failed(ref, kind, retry, engine.port.wire_now(), event.heard):
            self._given_up(ref, event.code or event.cause)
        elif event.cause == "Timeout" and not event.heard:
            # Is it this message or the connection? Without anything else to say nobody would ever know.
            engine.feed(events.TriggerHeartbeat())

    def _given_up(self, ref: FactRef, why: str) -> None:
        engine = self._engine
        call = engine.dialect.render(ref.fact, engine)
        action = call.action if isinstance(call, OutCall) else "a message"
        engine.port.publish("error", {"message": f"{action} was given up: {why}"})
        self.deliver(ref, engine.dialect.dropped(ref.key, ref.fact, engine))
