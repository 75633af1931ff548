"""A bay and a CSMS for the bare core, in virtual time: no wire, no drivers, no loop.

``World`` carries out what a station asks for and tells it what came of it, after delays that a test may choose. It
keeps every effect in ``log`` and the stored rows in ``rows``, can lose batches, and can cut the power at any effect.
"""

from __future__ import annotations

import copy
import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from station.core import effects as ef
from station.core import events as ev
from station.core.catalogue import Layout, build_catalogue
from station.core.context import EvsePlan, StationPlan
from station.core.device_model import Address
from station.core.facts import Phase, TransactionFact
from station.core.journal import JOURNAL, journal_key
from station.core.records import Rows, apply
from station.core.station import Station
from station.core.values import (
    BootReason,
    IdToken,
    Moment,
    Pilot,
    Reading,
    RegistrationStatus,
    StopReason,
    TokenInfo,
    TokenResult,
    TokenStatus,
)
from station.core.variable_model import Model, Setting
from station.core.variables import Variables

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FEATURES = frozenset(
    {
        "core",
        "auth_cache",
        "plug_and_charge",
        "local_list",
        "reservation",
        "energy_after_invalid_id",
        "security",
        "signed_meter_values",
        "smart_charging",
    }
)
CARD = IdToken("04A1B2C3")
OTHER = IdToken("04FFEE11")
E = TypeVar("E")

V16 = {
    "TxCtrlr.TxStartPoint": "PowerPathClosed",
    "TxCtrlr.TxStopPoint": "EVConnected,Authorized",
    "SampledDataCtrlr.TxEndedMeasurands": "",
    "SampledDataCtrlr.TxStartedMeasurands": "",
}


class PowerCut(Exception):
    """The power went while effects were being carried out."""


@cache
def model(settings: tuple[tuple[str, str], ...], layout: Layout) -> Model:
    """The variables of stations of a kind, shared."""
    given = tuple(Setting(Address.parse(name)[0], value) for name, value in settings)
    return Model(build_catalogue(FEATURES), given, layout)


@dataclass
class Bay:
    """The physics of one EVSE."""

    pilot: Pilot = Pilot.A
    cable: bool = False
    closed: bool = False
    energy_wh: float = 1000.0
    read_at_s: float = 0.0
    power_w: float = 11000.0
    hungry: bool = True
    offered_a: float | None = None
    locked: bool = False
    welded: bool = False
    stuck: bool = False
    lock_broken: bool = False
    silent: bool = False
    session: bool = False
    base_wh: float = 0.0
    moment: Moment | None = None

    def read(self, now: float) -> Reading:
        """The meter at this moment."""
        if self.closed:
            self.energy_wh += self.power_w * (now - self.read_at_s) / 3600.0
        self.read_at_s = now
        return Reading(self.energy_wh - self.base_wh, self.power_w if self.closed else 0.0)


@dataclass
class Csms:
    """What the CSMS answers. ``answers`` False: to nothing."""

    tokens: dict[str, TokenInfo] = field(default_factory=dict)
    default: TokenInfo = field(default_factory=lambda: TokenInfo(TokenStatus.ACCEPTED))
    judged: TokenInfo | None = None
    answers: bool = True


class World:
    """A station with everything around it."""

    def __init__(
        self,
        *,
        plan: StationPlan | None = None,
        settings: dict[str, str] | None = None,
        start: bool = True,
        reply_delay_s: float = 0.0,
    ) -> None:
        self.plan = plan or StationPlan(evses=(EvsePlan(1),))
        self.layout = Layout(tuple((e.id, tuple(c.id for c in e.connectors)) for e in self.plan.evses))
        self.settings = tuple((settings or {}).items())
        self.rows: Rows = {}
        self.now = 0.0
        self.bays = {e.id: Bay(session=e.session_meter) for e in self.plan.evses}
        self.csms = Csms()
        self.delay_s = reply_delay_s
        self.store_works = True
        self.log: list[Any] = []
        self.told: list[TransactionFact] = []
        self.deliver = True
        self.linked = False
        self.cut_after: int | None = None
        self.observe: Callable[[Any], None] = lambda effect: None
        self._ids = itertools.count(1)
        self._order = itertools.count()
        self._later: list[tuple[float, int, Any]] = []
        self._queue: list[Any] = []
        self.station = self._make(BootReason.POWER_UP)
        if start:
            self.boot()

    # Boots

    def _make(self, reason: BootReason) -> Station:
        variables = Variables(model(self.settings, self.layout))
        return Station(self.plan, variables, copy.deepcopy(self.rows), self.now, self._new_id, reason)

    def _new_id(self) -> str:
        return f"tx{next(self._ids)}"

    def boot(self, *, online: bool = True) -> None:
        """The first turns of a boot: the bay is read, then the link comes up."""
        self.perform(self.station.start(self.now))
        for number, bay in self.bays.items():
            self.send(ev.ContactorMoved(number, bay.closed))
            self.send(ev.LockMoved(number, 1, bay.locked))
            if bay.cable:
                self.send(ev.CableChanged(number, 1, True))
            self.send(ev.PilotChanged(number, bay.pilot))
        self.send(ev.HardwareReady())
        if online:
            self.connect()

    def power_cycle(self, *, online: bool = True, after_s: float = 3.0) -> None:
        """The power goes, unannounced, and comes back: contactors drop, what was not stored is gone."""
        self._later.clear()
        self._queue.clear()
        self.cut_after = None
        self.linked = False
        for bay in self.bays.values():
            bay.read(self.now)
            bay.closed = bay.welded
            bay.offered_a = None
            if bay.pilot in (Pilot.C, Pilot.D):
                bay.pilot = Pilot.B
        self.now += after_s
        self.store_works = True
        self.station = self._make(BootReason.POWER_UP)
        self.boot(online=online)

    # Time and events

    def send(self, event: Any) -> list[Any]:
        """Tell the station; answers the effects, those that followed at once included."""
        mark = len(self.log)
        self.perform(self.station.handle(event, self.now))
        return self.log[mark:]

    def later(self, delay_s: float, event: Any) -> None:
        """Tell the station after a while; a callable makes the event then, or None."""
        heapq.heappush(self._later, (self.now + delay_s, next(self._order), event))

    def run(self, seconds: float) -> list[Any]:
        """Let time pass; answers the effects."""
        mark, end = len(self.log), self.now + seconds
        for _ in range(100_000):
            due = self.station.next_deadline()
            soon = self._later[0][0] if self._later else None
            if soon is not None and soon <= end and (due is None or soon <= due):
                self.now = max(self.now, soon)
                _, _, event = heapq.heappop(self._later)
                event = event() if callable(event) else event
                if event is not None:
                    self.perform(self.station.handle(event, self.now))
            elif due is not None and due <= end:
                self.now = max(self.now, due)
                self.perform(self.station.tick(self.now))
            else:
                break
        else:
            raise AssertionError("time stands still")
        self.now = end
        return self.log[mark:]

    def perform(self, effects: list[Any]) -> None:
        """Carry out effects in order; what they cause follows them."""
        self._queue.extend(effects)
        while self._queue:
            if self.cut_after is not None:
                if self.cut_after <= 0:
                    raise PowerCut
                self.cut_after -= 1
            effect = self._queue.pop(0)
            self.log.append(effect)
            self.observe(effect)
            self._carry_out(effect)

    def _answer(self, event: Any) -> None:
        if self.delay_s:
            self.later(self.delay_s, event)
        else:
            self._queue.extend(self.station.handle(event, self.now))

    def _carry_out(self, effect: Any) -> None:
        if isinstance(effect, ef.Commit):
            self._commit(effect)
        elif isinstance(effect, ef.Ask):
            self._ask(effect.query)
        elif isinstance(effect, ef.Tell):
            self._tell(effect)
        elif (bay := self.bays.get(getattr(effect, "evse", None) or 0)) is not None:
            self._physics(bay, effect)

    def _commit(self, effect: ef.Commit) -> None:
        if self.store_works:
            apply(self.rows, effect.records)
            self._answer(ev.Recorded(effect.seq))
        else:
            self._answer(ev.RecordFailed(effect.seq, "disk full"))

    def _physics(self, bay: Bay, effect: Any) -> None:
        if isinstance(effect, ef.MoveLock):
            bay.locked = bay.locked if bay.lock_broken else effect.locked
            self._answer(ev.LockMoved(effect.evse, effect.connector, bay.locked, bay.lock_broken))
        elif isinstance(effect, (ef.CloseContactor, ef.OpenContactor)):
            closes = isinstance(effect, ef.CloseContactor)
            bay.read(self.now)
            moved = bay.welded or (closes and not bay.stuck)
            if moved != bay.closed or moved is closes:
                bay.closed = moved
                self._answer(ev.ContactorMoved(effect.evse, moved))
        elif isinstance(effect, ef.ReadMeter):
            if not bay.silent:
                moment, bay.moment = bay.moment, None
                self._answer(ev.MeterRead(effect.evse, replace(bay.read(self.now), moment=moment)))
        elif isinstance(effect, ef.MeterSession):
            bay.moment = Moment.BEGIN if effect.begins else Moment.END
            if bay.session and effect.begins:
                bay.base_wh = bay.read(self.now).energy_wh + bay.base_wh
        elif isinstance(effect, ef.OfferCurrent):
            bay.offered_a = effect.current_a
            if bay.pilot in (Pilot.B, Pilot.C):
                wants = Pilot.C if effect.current_a and bay.hungry else Pilot.B
                if wants is not bay.pilot:
                    bay.pilot = wants
                    self._answer(ev.PilotChanged(effect.evse, wants))

    def _ask(self, query: Any) -> None:
        if not self.linked:
            self._answer(ev.QueryFailed(query, "Disconnected"))
        elif not self.csms.answers:
            self.later(30.0, ev.QueryFailed(query, "Timeout"))
        elif isinstance(query, ef.BootQuery):
            self._answer(ev.BootAnswered(RegistrationStatus.ACCEPTED, 300.0, self.utc()))
        elif isinstance(query, ef.HeartbeatQuery):
            self._answer(ev.HeartbeatAnswered(self.utc()))
        elif isinstance(query, ef.AuthorizeQuery):
            self._answer(ev.TokenAnswered(query.token, self.csms.tokens.get(query.token.value, self.csms.default)))

    def _tell(self, effect: ef.Tell) -> None:
        if isinstance(effect.fact, TransactionFact):
            self.told.append(effect.fact)
        if self.deliver and self.linked:
            self._deliver(effect.key, effect.fact)

    def _deliver(self, key: int, fact: Any) -> None:
        token = getattr(fact, "id_token", None)
        judged = self.csms.judged if token is not None and fact.phase is not Phase.ENDED else None
        self._answer(ev.Delivered(key, token=token, info=judged))

    def utc(self) -> datetime:
        """The CSMS's clock."""
        return EPOCH + timedelta(seconds=self.now)

    # What people and cars do

    def connect(self) -> list[Any]:
        """The link comes up; what is queued is delivered. What is not recorded yet is not: it was never told."""
        self.linked = True
        out = self.send(ev.Connected())
        if self.deliver:
            for key, fact in list(self.station.ctx.ledger.facts.items()):
                if journal_key(key) not in self.rows.get(JOURNAL, {}):
                    continue
                known = {(one.transaction_id, one.seq_no) for one in self.told}
                if isinstance(fact, TransactionFact) and (fact.transaction_id, fact.seq_no) not in known:
                    self.told.append(fact)
                self._deliver(key, fact)
            self.perform([])
        return out

    def disconnect(self) -> list[Any]:
        """The link is gone."""
        self.linked = False
        return self.send(ev.Disconnected())

    def plug(self, evse: int = 1) -> list[Any]:
        """Both ends of the cable go in."""
        mark, bay = len(self.log), self.bays[evse]
        if not bay.cable:
            bay.cable = True
            self.send(ev.CableChanged(evse, 1, True))
        if bay.pilot is Pilot.A:
            bay.pilot = Pilot.C if bay.offered_a and bay.hungry else Pilot.B
            self.send(ev.PilotChanged(evse, bay.pilot))
        return self.log[mark:]

    def unplug(self, evse: int = 1, *, station_side: bool = True) -> list[Any]:
        """The car's end comes out, then the station's where the lock lets it."""
        mark, bay = len(self.log), self.bays[evse]
        bay.pilot = Pilot.A
        self.send(ev.PilotChanged(evse, Pilot.A))
        if station_side and not bay.locked and bay.cable:
            bay.cable = False
            self.send(ev.CableChanged(evse, 1, False))
        return self.log[mark:]

    def tap(self, token: IdToken = CARD, *evses: int) -> list[Any]:
        """A card is shown."""
        return self.send(ev.TokenPresented(token, "reader", evses))

    def charge(self, token: IdToken = CARD, evse: int = 1) -> list[Any]:
        """Plug in, show the card."""
        mark = len(self.log)
        self.plug(evse)
        self.tap(token, evse)
        return self.log[mark:]

    def stop(self, reason: StopReason, evse: int = 1) -> list[Any]:
        """The owner's hand."""
        return self.send(ev.StopRequested(evse, reason))

    # What came of it

    @property
    def evse(self) -> Any:
        """The first EVSE."""
        return self.station.evses[0]

    def results(self) -> list[TokenResult]:
        """The final results of tokens, in order."""
        return [effect.result for effect in of(self.log, ef.TokenEnded) if effect.final]

    def facts(self, phase: Phase | None = None) -> list[TransactionFact]:
        """The facts that were told, of one phase or all."""
        return [fact for fact in self.told if phase is None or fact.phase is phase]

    def replies(self) -> dict[int, ef.Outcome]:
        """The answers to requests."""
        return {effect.token: effect.outcome for effect in of(self.log, ef.Reply)}

    def stored(self) -> Rows:
        """What the store holds, without empty tables."""
        return {name: dict(rows) for name, rows in self.rows.items() if rows}


def of(effects: list[Any], kind: type[E]) -> list[E]:
    """The effects of a kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def two(**more: Any) -> StationPlan:
    """A station with two EVSEs."""
    return replace(StationPlan(evses=(EvsePlan(1), EvsePlan(2))), **more)


def kinds(effects: list[Any]) -> Iterator[str]:
    """The names of effects, for reading order."""
    return (type(effect).__name__ for effect in effects)
