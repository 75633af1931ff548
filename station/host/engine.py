"""One station without I/O: core, dialect, rpc and outbox put together.

The engine is fed with events, received texts and deadlines, and calls a ``Port`` for everything that has to be done. It
knows no sockets, no clocks and no event loop; both times (station and wire) are told by the port's clocks. What the
CSMS answers to the station's calls is read in ``answers``. The asyncio shell is ``station.host.runner``; tests and
virtual fleets drive the engine directly.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from station.core import effects, events
from station.core.device_model import Address
from station.core.effects import Effect
from station.core.events import Event
from station.core.security_events import SecurityEventType
from station.core.station import Station
from station.core.values import RegistrationStatus
from station.core.variables import Variables
from station.host.answers import Answers
from station.host.measure import Measure
from station.host.notices import Notices
from station.host.view import Port, StationView, Wiring
from station.ocpp.dialect import Answer, Defer, Dialect, Inbound, OutCall, Refuse
from station.ocpp.outbox import PLAIN, FactRef, PlainRef, QueryRef, Ref, StatusRef, Wish
from station.ocpp.rpc import Answered, Failed, OutgoingInvalid, Rpc, Send
from station.ocpp.rpc import Inbound as InboundCall
from station.ocpp.rules import ErrorKind
from station.ocpp.statuses import StatusBoard

log = logging.getLogger(__name__)

MESSAGE_TIMEOUT = Address.parse("OCPPCommCtrlr.MessageTimeout[Default]")[0]
OFFLINE_THRESHOLD = Address.parse("OCPPCommCtrlr.OfflineThreshold")[0]
MINIMUM_STATUS = Address.parse("ChargingStation.MinimumStatusDuration")[0]
_DEFAULT_TIMEOUT_S = 30.0

_OF_THE_STORE: frozenset[type[Any]] = frozenset({events.Recorded, events.RecordFailed})


def _message_timeout_s(variables: Variables) -> float:
    return variables.number(MESSAGE_TIMEOUT, _DEFAULT_TIMEOUT_S)


def _minimum_status_s(variables: Variables) -> float:
    return variables.number(MINIMUM_STATUS)


_Physical = (
    effects.OpenContactor
    | effects.CloseContactor
    | effects.OfferCurrent
    | effects.MoveLock
    | effects.ReadMeter
    | effects.MeterSession
)


def _nothing() -> None:
    """There is nothing to look at."""


class Engine(StationView):
    """A station and its conversation with the CSMS. While it is ``held`` it sends nothing but its boot and answers."""

    __slots__ = (
        "_asked",
        "_busy",
        "_ended",
        "_events",
        "_lost_s",
        "_replies",
        "_sent_s",
        "answers",
        "board",
        "cause",
        "held",
        "measure",
        "notices",
        "rpc",
        "store_failed",
    )

    def __init__(
        self, station: Station, dialect: Dialect, port: Port, wiring: Wiring, make_rpc: Callable[[Dialect], Rpc]
    ) -> None:
        super().__init__(station, dialect, port, wiring)
        self.rpc = make_rpc(dialect)
        self.board = StatusBoard()
        self.notices = Notices(self)
        self.answers = Answers(self)
        self.store_failed = False
        self.held = False
        self.measure: Measure | None = None
        self.cause: Wish | None = None
        """When what this turn brings about was wanted, where that was before the turn."""
        self._sent_s = 0.0  # by the measure's clock
        self._ended = 0  # so many calls of ours
        self._asked: dict[int, tuple[str, float]] = {}
        self._events: list[Event] = []
        self._busy = False
        self._replies: dict[int, tuple[str, Mapping[str, Any]]] = {}
        self._lost_s: float | None = None
        station.auth.speaks(dialect.token_limit(), types=dialect.types_tokens)
        for key, fact in station.ctx.ledger.facts.items():
            self.outbox.add_fact(key, fact)

    # Feeding

    def start(self, look: Callable[[], None] = _nothing) -> None:
        """The first turn of a boot; ``look`` at the world is part of it."""
        now = self._begin()
        self.station.stirred = True
        try:
            self._carry_out(self.station.start(now))
            look()
        finally:
            self._busy = False
        self._settle()

    @property
    def busy(self) -> bool:
        """Whether a turn is under way: what is fed now is taken within it."""
        return self._busy

    def feed(self, *happened: Event) -> bool:
        """Take what happened, in order, and everything that follows from it.

        Answers whether that is done; within a turn it is taken later in that turn.
        """
        self._events.append(happened[0] if len(happened) == 1 else events.Together(happened))
        if self._busy:
            return False
        self.station.ctx.now = self.port.station_now()
        self._settle()
        return True

    def take(self, event: Event) -> None:
        """Within a turn: take an event before those that wait."""
        station = self.station
        for effect in station.handle(event, station.ctx.now):
            _EFFECTS[type(effect)](self, effect)

    def tick(self, look: Callable[[], None] = _nothing) -> None:
        """Carry out what is due by now, in both times; before it, ``look`` at the world as part of the same turn."""
        now = self._begin()
        try:
            look()
            self._take_all(now)
            due = self.station.next_deadline()
            if due is not None and due <= now:
                self._carry_out(self.station.tick(now))
            call_due = self.rpc.due_s
            if call_due is not None and call_due <= self.port.wire_now():
                self._rpc_events(self.rpc.tick(call_due))
        finally:
            self._busy = False
        self._settle()

    def release(self) -> None:
        """Send what was ``held``; a turn of its own."""
        self.held = False
        self._begin()
        self._settle()

    def next_deadline(self) -> tuple[float | None, float | None]:
        """When ``tick`` is wanted next: in station time, and in wire time."""
        deadlines = self.station.ctx.deadlines
        station = min(deadlines.values()) if deadlines else None
        if (self.board.open or self.board.repeat_all) and self.station.ctx.registered and not self.held:
            status = self.board.next_deadline(self.station.statuses, self._minimum_status_s())
            if status is not None:
                station = status if station is None else min(station, status)
        wire = self.rpc.due_s
        if self.outbox.retries and self.registered:
            retry = self.outbox.next_deadline(self.port.wire_now())
            if retry is not None:
                wire = retry if wire is None else min(wire, retry)
        return station, wire

    def _begin(self) -> float:
        """A turn begins. No station time passes in it: the moment is answered."""
        self._busy = True
        now = self.station.ctx.now = self.port.station_now()
        return now

    def _settle(self) -> None:
        """Work until nothing more follows: events, statuses, calls. That ends the turn."""
        self._busy = True
        station, board = self.station, self.board
        now = station.ctx.now
        try:
            while True:
                if self._events:
                    self._take_all(now)
                if station.stirred or board.open or board.repeat_all:
                    self._look(now)
                if self.rpc.due_s is None and self.outbox.waiting:
                    self._pump()
                if not self._events:
                    return
        finally:
            self._busy = False
            self.cause = None

    def _take_all(self, now: float) -> None:
        """Take the events that wait, and those that follow from them."""
        waiting, handle = self._events, self.station.handle
        while waiting:
            event = waiting.pop(0)
            for effect in handle(event, now):
                _EFFECTS[type(effect)](self, effect)
            if type(event) in _OF_THE_STORE:
                self._after(event)

    def _after(self, event: Event) -> None:
        if isinstance(event, events.Recorded):
            self.store_failed = False
            self.answers.recorded(event.seq)
        else:
            self.store_failed = True

    def _carry_out(self, todo: list[Effect]) -> None:
        for effect in todo:
            _EFFECTS[type(effect)](self, effect)

    @property
    def recorded(self) -> bool:
        """Whether all that happened is recorded, or the store fails: then it is shown."""
        ledger = self.station.ctx.ledger
        return ledger.immediate or ledger.settled or self.store_failed

    # The link

    @property
    def registered(self) -> bool:
        """Whether this boot was accepted and the connection stands."""
        return self.station.ctx.registered

    def connected(self) -> None:
        """A connection stands; its subprotocol is the dialect's."""
        self.rpc.connected()
        self.answers.connected()
        if self._lost_s is not None and self.dialect.repeats_statuses:
            offline_s = self.port.station_now() - self._lost_s
            if offline_s > self.station.ctx.number(OFFLINE_THRESHOLD):
                self.board.repeat_all = True
        self.feed(events.Connected())

    def disconnected(self) -> None:
        """The connection is gone."""
        self._lost_s = self._begin()
        self._replies.clear()
        self._asked.clear()
        # The core has to know that it is offline before it hears that a question was not answered.
        self._events.append(events.Disconnected())
        self._rpc_events(self.rpc.disconnected())
        dropped = self.outbox.disconnected()
        self.board.disconnected()
        for ref in dropped:
            if isinstance(ref, QueryRef):
                self._events.append(events.QueryFailed(ref.query, "Disconnected"))
        self._settle()

    def receive(self, data: str | bytes) -> None:
        """A message came in. Any text is legal."""
        self._busy = True
        self.station.ctx.now = self.port.station_now()
        rpc = self.rpc
        try:
            rpc.barred = self.station.ctx.boot_status is not RegistrationStatus.ACCEPTED and self._barred
            known = rpc.invalid
            self._rpc_events(rpc.receive(data))
            if rpc.invalid and not known:
                self._events.append(events.SecurityEvent(SecurityEventType.INVALID_MESSAGES, rpc.invalid))
            if self.answers.in_doubt:
                self.answers.heard()
        finally:
            self._busy = False
        self._settle()

    def _rpc_events(self, todo: Sequence[Any]) -> None:
        for event in todo:
            if isinstance(event, Answered):
                measure = self.measure
                if measure is not None:
                    measure.answered(event, measure.now() - self._sent_s, self._sent_s, self._ended)
                    self._ended += 1
                self.answers.answered(event.ref, event.payload)
            elif isinstance(event, InboundCall):
                self._inbound(event)
            elif isinstance(event, Failed):
                if self.measure is not None:
                    self.measure.failed(event, self.measure.now() - self._sent_s)
                    self._ended += 1
                self.answers.failed(event)
            elif isinstance(event, Send) and not self._mute:
                if event.action and self.measure is not None:
                    self.measure.replied(event.action, 0.0, event.code)
                self.port.send(event.text)

    def _wish(self) -> Wish | None:
        """When what is queued now was wanted; what arises before the boot is accepted counts from its sending."""
        if self.measure is None or not self.station.ctx.registered:
            return None
        return self.cause or (self.measure.now(), self._ended)

    @property
    def _mute(self) -> bool:
        """While Rejected, a station of 1.6 answers nothing at all (OCPP 1.6 §4.2)."""
        return self.station.ctx.boot_status is RegistrationStatus.REJECTED and self.dialect.mute_while_rejected

    @property
    def _barred(self) -> bool:
        """Until the boot was answered, and while it is Rejected, a station of 2.x refuses every call (B03.FR.08)."""
        status = self.station.ctx.boot_status
        return (status is None or status is RegistrationStatus.REJECTED) and not self.dialect.mute_while_rejected

    # Calls out

    def _pump(self) -> None:
        """Send what may be sent."""
        rpc, outbox, ctx = self.rpc, self.outbox, self.station.ctx
        if not (self.wiring.central and ctx.online) or (self.held and ctx.registered):
            return
        now_s = self.port.wire_now()
        while rpc.is_connected:
            outgoing = outbox.next(now_s, ctx.registered, self.dialect, self)
            if outgoing is None:
                stuck = outbox.stuck(self, self.dialect) if ctx.registered else None
                if stuck is not None:
                    self._unstick(stuck)
                return
            self._send(*outgoing, now_s)
            if rpc.due_s is not None or not outbox.waiting:
                return

    def _unstick(self, fact: Any) -> None:
        """A fact depends on an id that nobody will give any more (OCPP 1.6 errata 3.18: -1)."""
        log.warning("a transaction whose start was never answered is told with id -1")
        self._events.append(events.Bound(fact.transaction_id, "-1"))

    def _send(self, ref: Ref, call: OutCall, now_s: float) -> None:
        if isinstance(ref, FactRef) and not call.action:
            self.answers.deliver(ref, events.Delivered(ref.key))
            return
        variables = self.station.ctx.variables
        timeout_s = variables.found.get(_message_timeout_s) or variables.derived(_message_timeout_s)
        raw = isinstance(ref, QueryRef) and isinstance(ref.query, effects.RawQuery)
        try:
            text = self.rpc.call(ref, call.action, call.payload, now_s, timeout_s, checked=not raw)
        except OutgoingInvalid as problem:
            log.error("%s cannot be sent: %s", call.action, problem)
            self.answers.unsendable(ref, str(problem))
            return
        if self.measure is not None:
            self._sent_s = self.measure.now()
        self.port.send(text)

    # Calls in

    def _inbound(self, call: InboundCall) -> None:
        if self._mute:
            self.rpc.drop(call.token)
            return
        if self.measure is not None:
            self._asked[call.token] = (call.action, self.measure.now())
        try:
            verdict: Inbound = self.dialect.inbound(call.action, call.payload, call.token, self)
        except Exception:
            log.exception("%s failed", call.action)
            verdict = Refuse(ErrorKind.INTERNAL, "the handler failed")
        if isinstance(verdict, Defer):
            self._replies[call.token] = (call.action, call.payload)
            self._events.append(verdict.event)
        else:
            self._finish(call.token, verdict)

    def _finish(self, token: int, verdict: Answer | Refuse) -> None:
        if self.measure is not None and token in self._asked:
            action, since_s = self._asked.pop(token)
            code = str(verdict.code) if isinstance(verdict, Refuse) else ""
            self.measure.replied(action, self.measure.now() - since_s, code)
        if isinstance(verdict, Refuse):
            self._write(self.rpc.refuse(token, verdict.code, verdict.description))
            return
        self._write(self.rpc.accept(token, verdict.payload))
        for call in verdict.calls:
            self.outbox.add_call(PLAIN, call, requested=True)
        self._events.extend(verdict.events)

    def _write(self, text: str | None) -> None:
        if text is not None:
            self.port.send(text)

    # Effects

    def _reply(self, effect: effects.Reply) -> None:
        request = self._replies.pop(effect.token, None)
        if request is None:
            return
        try:
            verdict = self.dialect.reply(*request, effect.outcome, self)
        except Exception:
            log.exception("the answer to %s failed", request[0])
            verdict = Refuse(ErrorKind.INTERNAL, "the handler failed")
        self._finish(effect.token, verdict)

    def _tell(self, effect: effects.Tell) -> None:
        if self.wiring.central:
            self.outbox.add_fact(effect.key, effect.fact, self._wish())
        else:
            self._events.append(events.Delivered(effect.key))
        if effect.reading is not None and self.port.sampled:
            self.notices.sampled(effect)

    def _notify(self, effect: effects.Notify) -> None:
        if self.station.ctx.online:
            ref = PlainRef(self._wish())
            for call in self.dialect.notice(effect.notice, self):
                self.outbox.add_call(ref, call, requested=True)

    def _ask(self, effect: effects.Ask) -> None:
        query = effect.query
        if not self.station.ctx.online:
            self._events.append(events.QueryFailed(query, "Disconnected"))
            return
        if isinstance(query, effects.RawQuery):
            self.outbox.add_call(QueryRef(query, self._wish()), OutCall(query.action, query.payload), urgent=True)
            return
        urgent = isinstance(query, (effects.BootQuery, effects.AuthorizeQuery))
        call = self.dialect.ask(query, self)
        self.outbox.add_call(QueryRef(query, self._wish()), call, urgent=urgent, requested=True)

    def _token_ended(self, effect: effects.TokenEnded) -> None:
        self.port.token_ended(effect)

    def _query_ended(self, effect: effects.QueryEnded) -> None:
        self.port.query_ended(effect.asked, effect.answer, effect.problem)

    def _publish(self, effect: effects.Publish) -> None:
        self.notices.publish(effect.event, effect.data)

    def _reboot(self, effect: effects.Reboot) -> None:
        self.port.reboot(effect)

    # Statuses

    def _minimum_status_s(self) -> float:
        return self.station.ctx.variables.derived(_minimum_status_s)

    def _look(self, now: float) -> None:
        """Compare statuses with what was told; only what is recorded is shown."""
        station = self.station
        if station.reset.rebooting or not self.recorded:
            return
        if station.stirred:
            station.stirred = False
            for change in self.board.look(self.dialect, self, now):
                self.notices.status_changed(change)
        board = self.board
        if not (board.open or board.repeat_all) or not station.ctx.registered or self.held:
            return
        for (evse, connector), told in board.due(station.statuses, now, self._minimum_status_s()):
            call = self.dialect.status_call(evse, connector, told, self)
            self.outbox.add_call(StatusRef(evse, connector, told.text, self._wish()), call)

    def switch(self, dialect: Dialect, make_rpc: Callable[[Dialect], Rpc]) -> None:
        """The CSMS picked another version than the one assumed so far; called before the first connection stands."""
        self.dialect = dialect
        self.rpc = make_rpc(dialect)
        self.board = StatusBoard()
        self.station.stirred = True
        self.station.auth.speaks(dialect.token_limit(), types=dialect.types_tokens)


def _commit(engine: Engine, effect: effects.Commit) -> None:
    store = engine.port.store
    if store.immediate:
        store.commit(effect, None)
    else:
        engine.port.commit(effect)


def _physical(engine: Engine, effect: _Physical) -> None:
    engine.port.hardware[effect.evse].carry_out(effect)


_EFFECTS: dict[type[Any], Callable[[Engine, Any], None]] = {
    effects.Commit: _commit,
    effects.OpenContactor: _physical,
    effects.CloseContactor: _physical,
    effects.OfferCurrent: _physical,
    effects.MoveLock: _physical,
    effects.ReadMeter: _physical,
    effects.MeterSession: _physical,
    effects.Reply: Engine._reply,
    effects.Tell: Engine._tell,
    effects.Notify: Engine._notify,
    effects.Ask: Engine._ask,
    effects.TokenEnded: Engine._token_ended,
    effects.QueryEnded: Engine._query_ended,
    effects.Publish: Engine._publish,
    effects.Reboot: Engine._reboot,
    effects.Reconnect: lambda engine, effect: engine.port.reconnect(effect.reason),
    effects.ClockChanged: lambda engine, effect: None,
    effects.Work: lambda engine, effect: engine.port.work(effect),
    effects.Abandon: lambda engine, effect: engine.port.abandon(effect.job),
}
