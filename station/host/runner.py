"""One station on an event loop: the shell around the engine.

Owns the connection, the timer and the engine of the boot that runs; how one boot follows another is ``restarts``. The
store and the hardware outlive boots and belong to whoever made the runner. All events of a station pass through its
engine in the loop's thread, so there are no locks.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from station.config import Profile
from station.core import effects, events
from station.core.device_model import Address
from station.core.events import Event
from station.core.journal import JOURNAL, journal_rows
from station.core.records import Batch
from station.core.station import Station
from station.core.values import BootReason, Stamp, StopReason
from station.core.variables import Hand, Keeper, Refusal, Variables
from station.errors import StationError
from station.host import security_profile, supervision
from station.host.alarm import Alarm
from station.host.computed import Computed
from station.host.credentials import Credentials
from station.host.engine import Engine
from station.host.ids import Ids
from station.host.kind import Kind
from station.host.link import Link
from station.host.restarts import DRAIN_S, Restarts
from station.host.security_desk import SecurityDesk
from station.host.state_folder import StateFolder
from station.host.surroundings import Surroundings
from station.net import BackOffSettings, DialFailed, Target
from station.net.transfer.files import FileTransfers
from station.ocpp.dialect import Dialect
from station.ocpp.rpc import Rpc

if TYPE_CHECKING:
    from station.host.jobs.desk import JobDesk

log = logging.getLogger(__name__)

_PING = Address.parse("OCPPCommCtrlr.WebSocketPingInterval")[0]
_WAIT = Address.parse("OCPPCommCtrlr.RetryBackOffWaitMinimum")[0]
_RANDOM = Address.parse("OCPPCommCtrlr.RetryBackOffRandomRange")[0]
_TIMES = Address.parse("OCPPCommCtrlr.RetryBackOffRepeatTimes")[0]
_PASSWORD = security_profile.PASSWORD
_TIMEOUT = Address.parse("OCPPCommCtrlr.MessageTimeout[Default]")[0]
_UNANSWERED_S = 30.0


class Runner(Keeper):
    """A running station. Implements ``view.Port`` and ``link.Owner``.

    Args:
        kind: what it shares with others of its profile.
        profile: its own profile (identity, password).
        surroundings: store, hardware, observers, clocks.
        loop: the event loop.
    """

    __slots__ = (
        "_alarm",
        "_asked",
        "_boots",
        "_ids",
        "_jobs",
        "_restarts",
        "_speed",
        "_state",
        "_turn",
        "alive",
        "around",
        "engine",
        "hardware",
        "kind",
        "link",
        "loop",
        "on_boot",
        "on_down",
        "on_token",
        "on_turn",
        "profile",
        "sampled",
        "security",
        "station_now",
        "stay_offline",
        "store",
        "traced",
        "version",
        "waiters",
    )

    def __init__(
        self, kind: Kind, profile: Profile, surroundings: Surroundings, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.kind = kind
        self.profile = profile
        self.around = surroundings
        self.loop = loop
        self.version: str | None = None
        self.alive = False
        self.waiters: dict[int, asyncio.Future[Any]] = {}
        self.store = surroundings.store
        self.hardware = surroundings.hardware
        self.station_now = surroundings.clock.now
        """Port: station time."""
        self.on_turn: Callable[[], None] | None = None
        self.on_down: Callable[[], None] | None = None
        self.on_boot: Callable[[], None] | None = None
        self.on_token: Callable[[effects.TokenEnded], None] | None = None
        self._alarm = Alarm(loop, self._ring)
        self._speed: float = getattr(surroundings.clock, "speed", 1.0)
        self._boots = 0
        self._turn = 0
        self._asked = 0
        self.security = SecurityDesk(self)
        self.link = Link(self, surroundings.dialer, loop)
        self.stay_offline = False
        self.traced = kind.frames
        self.sampled = True
        # What few stations of thousands ever need is made when it is.
        self._restarts: Restarts | None = None
        self._state: StateFolder | None = None
        self._jobs: JobDesk | None = None
        self.engine: Engine = self._make_engine(BootReason.POWER_UP)

    @property
    def restarts(self) -> Restarts:
        """How one boot follows another."""
        if self._restarts is None:
            self._restarts = Restarts(self)
        return self._restarts

    @property
    def state(self) -> StateFolder:
        """The station's folder."""
        if self._state is None:
            self._state = StateFolder(self.profile.state)
        return self._state

    @property
    def credentials(self) -> Credentials:
        """What connections are secured with."""
        return Credentials(self.profile, self.state, lambda: self.engine.station.certificates, self.utc)

    def _make_jobs(self) -> JobDesk:
        # Late: archives and what else jobs are done with is 2 MB that most processes never need.
        from station.host.jobs.bench import Bench
        from station.host.jobs.desk import JobDesk

        around = self.around
        transfers = around.transfers or FileTransfers(
            self.profile.csms.security.ca, lambda: self.state.path() / "known_hosts"
        )
        proofs, status = self.link.verified_by, around.status
        bench = Bench(self.profile, self.state, transfers, self.engine, proofs, status, around.log)
        return JobDesk(self.loop, bench, self.feed)

    # Boots

    def _make_engine(self, reason: BootReason) -> Engine:
        self._boots += 1
        seed = self.around.seed
        self._ids = ids = Ids(None if seed is None else f"{seed}/{self.profile.station.id}/{self._boots}")
        dialect = self.kind.dialects[0]
        variables = Variables(self.kind.model(dialect))
        rows = self.store.load()
        now = self.around.clock.now()
        station = Station(self.kind.plan(dialect), variables, rows, now, ids.transaction, reason)
        ledger, store = station.ctx.ledger, self.store
        ledger.immediate = store.immediate
        ledger.late = store.immediate and store.late
        if ledger.late:
            store.follow(JOURNAL, ledger.facts, journal_rows)
        engine = Engine(station, dialect, self, self.kind.wiring, self._make_rpc)
        engine.measure = self.around.measure
        variables.keep_with(self)
        return engine

    def _make_rpc(self, spoken: Dialect) -> Rpc:
        return Rpc(self.kind.rules(spoken), self._ids.message, self.kind.supported(spoken))

    def variable_value(self, address: Address) -> str | None:
        """See ``Keeper``."""
        return Computed(self.engine, self).value(address)

    def variable_refusal(self, address: Address, value: str, hand: Hand) -> Refusal | None:
        """See ``Keeper``: a security profile whose needs are not met."""
        if address != security_profile.LEVEL:
            return None
        return security_profile.refusal(self.credentials, self.engine.variables, value, hand)

    def start(self) -> None:
        """Begin the first boot of this process. Dialling is ``link.connect``."""
        self._begin(events.HardwareReady())

    def _begin(self, ready: events.HardwareReady) -> None:
        self.alive = True
        self.version = None
        self.engine.start(partial(self._first_look, ready))
        self._turned()
        for key in self.engine.station.damaged:
            self.around.told("error", {"message": f"the stored row {key} cannot be read and is left out"})

    def _first_look(self, ready: events.HardwareReady) -> None:
        """What a boot finds."""
        for evse in self.engine.station.evses:
            hardware = self.hardware[evse.id]
            evse.meter.gauge = hardware.gauge
            hardware.attach(self.feed)
        utc, wall = self.around.clock.utc(), self.around.clock.wall()
        if utc is not None:
            self.feed(events.ClockLearnt(utc))
        elif wall is not None:
            self.feed(events.ClockLearnt(wall, sure=False))
        if self.on_boot is not None:
            self.on_boot()
        go_on = partial(self._hardware_ready, self.engine, ready)
        supervision.when_read(self.hardware.values(), self.loop, go_on)

    def _hardware_ready(self, engine: Engine, ready: events.HardwareReady) -> None:
        """What decides over power was looked at: so are transactions that were open."""
        if engine is self.engine:
            self.feed(ready)

    def down(self) -> None:
        """Everything of this boot ends, as at a power cut: nothing is told, nothing is stored any more."""
        self.alive = False
        self._end_jobs()
        self.security.down()
        self.link.abort()
        self._alarm.cancel()
        for hardware in self.hardware.values():
            hardware.detach()
            hardware.bay.power_cut()

    def boot(self, reason: BootReason, ready: events.HardwareReady) -> None:
        """The next boot after one that is ``down``."""
        self.engine = self._make_engine(reason)
        self._begin(ready)
        if not self.stay_offline:
            self.connect()
        self._turned()

    async def stop(self, drain_s: float = DRAIN_S) -> None:
        """The ordered stop: contactors open, transactions end, what can be told in time is told, all is stored."""
        if self._restarts is not None:
            self._restarts.cancel()
        if self.alive:
            resume = self.profile.transactions.after_power_loss == "resume"
            self.feed(events.PowerFailing(StopReason.REBOOT, resume))
            await self.restarts.drained(drain_s)
            self.alive = False
        self._end_jobs()
        self.security.down()
        self.link.close("stopped")
        self._alarm.cancel()
        await supervision.release_all(self.hardware.values())
        for waiter in self.waiters.values():
            waiter.cancel()
        await asyncio.sleep(0)
        if self.store.immediate:
            self.store.close()  # thousands of stations end at once, and nothing blocks
        else:
            await self.loop.run_in_executor(None, self.store.close)
        if self._state is not None:
            self._state.release()

    # Feeding and time

    def feed(self, *happened: Event) -> None:
        """Hand events to the station: what happened at the same moment, in order."""
        if self.alive and self.engine.feed(*happened):
            self._turned()

    def hears(self, event: Event) -> bool:
        """Hand an event to the station; whether it is up."""
        up = self.alive
        self.feed(event)
        return up

    @property
    def boots(self) -> int:
        """How many boots this process has seen."""
        return self._boots

    def release(self) -> None:
        """Have the engine send what was held."""
        if self.alive and not self.engine.busy:
            self.engine.release()
            self._turned()

    def rearm(self) -> None:
        """Something outside has changed when it has to be looked at next; within a turn, its end sees to that."""
        if self.alive and not self.engine.busy:
            self._turned()

    def _turned(self) -> None:
        """A turn is over: whoever looks on may act, which makes turns of their own; after the last the timer is set."""
        turn = self._turn = self._turn + 1
        try:
            if self.on_turn is not None:
                self.on_turn()
        finally:
            if turn == self._turn and self.alive:
                self._arm()

    def _arm(self) -> None:
        """Have the timer ring when the first of all deadlines is due."""
        station, wire = self.engine.next_deadline()
        for hardware in self.hardware.values():
            change = hardware.bay.next_s if hardware.look_s is None else hardware.next_change()
            if change is not None and (station is None or change < station):
                station = change
        if station is not None or wire is not None:
            now = self.loop.time()
            at = now + (station - self.station_now()) / self._speed if station is not None else math.inf
            if wire is not None and wire < at:
                at = wire
            if at < self._alarm.due_s:
                self._alarm.set(max(at, now))

    def later(self, delay_s: float, do: Callable[[], None]) -> asyncio.TimerHandle:
        """Do something after a while of station time."""
        return self.loop.call_later(self._real(delay_s), do)

    def _real(self, station_s: float) -> float:
        return station_s / self._speed

    def overdue(self, real_s: float) -> bool:
        """Whether something of an EVSE should have been looked at this long ago, and was not: nothing ticks."""
        late_s = self.station_now() - real_s * self._speed
        changes = (hardware.next_change() for hardware in self.hardware.values())
        return any(change is not None and change < late_s for change in changes)

    def _ring(self) -> None:
        if self.alive:
            self.engine.tick(self._look)
            self._turned()

    def _look(self) -> None:
        """See what has changed in the world by itself."""
        now = self.station_now()
        for hardware in self.hardware.values():
            change = hardware.next_change()
            if change is not None and change <= now:
                hardware.poll()

    # Port

    def wire_now(self) -> float:
        """Port: wire time."""
        return self.loop.time()

    def send(self, text: str) -> None:
        """Port: a frame for the CSMS."""
        if self.traced:
            self.around.frame(">", text)
        connection = self.link.connection
        if connection is not None:
            connection.send(text)

    def commit(self, batch: Batch) -> None:
        """Port: make it durable. What comes back to an earlier boot is ignored."""
        engine = self.engine

        def done(seq: int, problem: StationError | None) -> None:
            if engine is self.engine and self.alive:
                self.feed(events.Recorded(seq) if problem is None else events.RecordFailed(seq, problem.message))

        self.store.commit(batch, done)

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Port: an event for observers."""
        if event == "connected":
            self.link.settled()
        self.around.told(event, data)

    def token_ended(self, effect: effects.TokenEnded) -> None:
        """Port: a token reached a result."""
        data = {
            "tagId": effect.token.value,
            "result": effect.result.value,
            "reason": effect.reason,
            "trace": list(effect.trace),
        }
        if self.on_token is not None:
            self.on_token(effect)
        if effect.final:
            self.around.told("token", data)
        self.answer(effect.asked, {**data, "final": effect.final})

    def query_ended(self, asked: int, answer: Any, problem: str) -> None:
        """Port: a question of the owner was answered."""
        self.answer(asked, (answer, problem))

    def reboot(self, effect: effects.Reboot) -> None:
        """Port: start anew."""
        self.restarts.begin(effect)

    def work(self, effect: effects.Work) -> None:
        """Port: a job begins."""
        if self._jobs is None:
            self._jobs = self._make_jobs()
        self._jobs.start(effect)

    def abandon(self, job: int) -> None:
        """Port: a job is of no use any more."""
        if self._jobs is not None:
            self._jobs.abandon(job)

    def _end_jobs(self) -> None:
        if self._jobs is not None:
            self._jobs.close()
            self._jobs = None

    def reconnect(self, reason: str) -> None:
        """Port: dial again with what is new."""
        self.security.reconnect(reason)

    def redial(self, reason: str) -> None:
        """Port: the connection is deaf. It is cut after this turn, not within it."""
        self.loop.call_soon(self.link.drop, reason)

    # Questions of the owner

    def question(self) -> tuple[int, asyncio.Future[Any]]:
        """A number under which an answer will come."""
        self._asked += 1
        future = self.loop.create_future()
        self.waiters[self._asked] = future
        return self._asked, future

    def answer(self, asked: int | None, result: Any) -> None:
        """The answer came."""
        future = self.waiters.pop(asked, None) if asked is not None else None
        if future is not None and not future.done():
            future.set_result(result)

    # The link

    def connect(self) -> None:
        """Dial now, where there is a CSMS and the owner has not forbidden it."""
        if self.kind.wiring.central and self.alive:
            self.link.connect()

    def target(self) -> Target:
        """Link: where and how to dial now."""
        spoken = [dialect for dialect in self.kind.dialects if self.version in (None, dialect.version)]
        return self.security.target(
            self.around.url or self.profile.station_url or "",
            tuple(dialect.subprotocol for dialect in spoken),
            self._call_timeout_s(),
        )

    def _call_timeout_s(self) -> float:
        return self.engine.variables.number(_TIMEOUT, _UNANSWERED_S)

    def back_off(self) -> BackOffSettings:
        """Link: RetryBackOff* as they are now."""
        variables = self.engine.variables
        return BackOffSettings(variables.number(_WAIT), variables.number(_RANDOM), variables.integer(_TIMES))

    def back_off_seed(self) -> str:
        """Link: what its back-off is drawn from."""
        return f"{self.around.seed or ''}/{self.profile.station.id}/link"

    def ping_s(self) -> tuple[float, float]:
        """Link: the interval of pings, and the patience with each."""
        interval_s = self.engine.variables.number(_PING)
        return interval_s, min(self._call_timeout_s(), 2 * interval_s)

    def link_up(self, subprotocol: str) -> bool:
        """Link: a connection stands; its version holds until the next boot."""
        dialect = next((d for d in self.kind.dialects if d.subprotocol == subprotocol), None)
        if dialect is None or self.version not in (None, dialect.version):
            return False
        if dialect is not self.engine.dialect:
            self.engine.station.ctx.plan = self.kind.plan(dialect)
            self.engine.variables.become(self.kind.model(dialect))
            self.engine.switch(dialect, self._make_rpc)
        self.version = dialect.version
        was_accepted = self.engine.station.registration.accepted
        self.security.link_up()
        self.engine.connected()
        if was_accepted:
            self.link.settled()
            self.around.told("connected", {})
        self._turned()
        return True

    def link_down(self, reason: str) -> None:
        """Link: the connection is gone."""
        self.around.told("disconnected", {"reason": reason})
        if self.on_down is not None:
            self.on_down()
        if self.alive:
            self.engine.disconnected()
            self._turned()

    def link_failed(self, failure: DialFailed) -> None:
        """Link: an attempt failed; said in one line, with the next thing to try."""
        self.around.told("error", {"message": failure.message, "hint": failure.hint, "kind": failure.kind.name})
        self.security.link_failed(failure)

    def received(self, data: str | bytes) -> None:
        """Link: a message."""
        if self.traced:
            self.around.frame("<", data)
        if self.alive:
            self.engine.receive(data)
            self._turned()

    def variable_changed(self, address: Address, old: str, new: str) -> None:
        """See ``Keeper``: what the connection depends on."""
        if address == _PING:
            self.loop.call_soon(self.link.reschedule_ping)
        elif address == _PASSWORD:
            self.security.password_changed()
        elif address == security_profile.LEVEL:
            self.security.profile_changed(old, new)

    # Looking

    def utc(self) -> datetime:
        """The station's UTC; the host's where the station does not know any."""
        timeline = self.engine.station.ctx.timeline
        return timeline.now_utc(self.station_now()) if timeline.known else datetime.now(UTC)

    def utc_of(self, stamp: Stamp) -> datetime:
        """UTC of a stamp; by the host's clock where the station does not know any."""
        timeline = self.engine.station.ctx.timeline
        if timeline.known or stamp.boot != timeline.boot:
            return timeline.utc(stamp)
        return datetime.now(UTC) - timedelta(seconds=self.station_now() - stamp.at_s)
