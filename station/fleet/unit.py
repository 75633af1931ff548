"""One station of an agent: a whole ``Host``, its drivers, and what is measured of its connection.

It dials when its time has come and keeps trying as a real station does. After every turn of the station it looks, in a
few comparisons, whether that was accepted or lost, and lets its drivers act. Called by the agent and by storms.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from station.core.effects import TokenEnded
from station.fleet.census import Counted
from station.fleet.driver import IDLE, RESTING, Driver
from station.fleet.patterns import Place
from station.fleet.population import Member
from station.fleet.strikes import DialBarred
from station.host.engine import Engine
from station.host.execution import CommandRefused
from station.host.host import Host
from station.net import Connection, DialFailed, Listener, Target
from station.ocpp.rpc import Failed

if TYPE_CHECKING:
    from station.fleet.rush import Rush
    from station.fleet.world import Cast, World

log = logging.getLogger(__name__)

BOOT, DIAL = -1, -2
"""What the schedule rings for; that it comes late makes no session late."""
UNANSWERED: Final = "Unanswered"
"""The cause of a call that waited for its answer when the station ended."""
_MOST_ACTS: Final = 16
"""So many things drivers do in a row before the loop gets its turn."""
_TIMEOUT_S: Final = 30.0
"""How long a command may take, where it does not say."""


class Unit:
    """See the module.

    Args:
        world: what all stations of the agent share.
        cast: what those of its group share.
        member: who it is.
        attempt: how often the station was assigned before.

    Attributes:
        up: whether it is connected and its boot is accepted.
        ending: it is being taken down: what becomes of its connection is no news.
        paused: its drivers begin no session. Whoever takes that back calls ``act``.
        gone: it is none of the agent's any more.
        counted: what ``census`` has counted of it; ``recounts``: it will count it again.
        rush: the stations that it was switched on with.
        stands_ready: its drivers plug in where a session is started remotely, whatever their behaviour says.
    """

    __slots__ = (
        "_acting",
        "_again",
        "_boots",
        "_closed",
        "_draining_s",
        "_engine",
        "_since_s",
        "attempt",
        "cast",
        "counted",
        "drivers",
        "ending",
        "gone",
        "host",
        "member",
        "paused",
        "recounts",
        "runner",
        "rush",
        "stands_ready",
        "up",
        "world",
    )

    def __init__(self, world: World, cast: Cast, member: Member, attempt: int) -> None:
        self.world = world
        self.cast = cast
        self.member = member
        self.attempt = attempt
        self.up = self.ending = self.paused = self.stands_ready = False
        self._acting = self._again = False
        self.gone = self.recounts = False
        self.rush: Rush | None = None
        self.counted: Counted | None = None
        self._since_s: float | None = None
        self._draining_s: float | None = None
        self._boots = 0
        scene = cast.scene
        self.host = Host(
            cast.profile_of(member),
            kind=cast.kind,
            store=world.store(cast, attempt),
            clock=world.clock,
            seed=f"{world.plan.seed}/{attempt}",
            dialer=self.dial,
            measure=scene.measure,
        )
        self._closed = scene.closed
        self.runner = runner = self.host.runner
        self._engine: Engine = runner.engine
        evses = self._engine.station.evses
        self.drivers = tuple(
            Driver(self, Place(member.index, number, len(evses)), scene, evse) for number, evse in enumerate(evses)
        )
        world.census.note(self)
        runner.on_turn = self._turned
        runner.on_down = self._down
        runner.on_token = self._token_ended

    # Life

    def ring(self, due_s: float, what: int) -> None:
        """The schedule: it boots, then it dials: stations that are due together all boot before the first dials."""
        if self.ending:
            return
        if what == BOOT:
            self.host.start(offline=True)
            self.world.schedule.at(due_s, self, DIAL)
        else:
            self.runner.stay_offline = False
            self.runner.connect()

    def hold(self) -> None:
        """Once it is accepted, it tells nothing before ``let_go``."""
        self._engine.held = True

    def let_go(self) -> None:
        """See ``hold``."""
        if self._engine.held:
            self.runner.release()

    def begin(self) -> None:
        """Its drivers' sessions may begin."""
        for driver in self.drivers:
            driver.begin()
        self.act()

    def look(self) -> None:
        """Once in a while: whether a driver hangs."""
        if self.up:
            now_s = self.world.loop.time()
            for driver in self.drivers:
                driver.look(now_s)

    def finish(self) -> None:
        """Sessions end in order, and no new one begins."""
        self.ending = True
        self.let_go()
        for driver in self.drivers:
            driver.finish()

    @property
    def served(self) -> bool:
        """Whether no car is here and nothing is to be told any more; one that was never accepted is not waited for."""
        if not self._boots:
            return True
        gone = all(driver.step in (IDLE, RESTING) for driver in self.drivers)
        return gone and (self.quiet() if self.up else not self.undelivered)

    async def stop(self, patience_s: float = 0.0) -> None:
        """End in order; a transaction that no driver began ends now, and so long is waited for what is to be told."""
        self.ending = True
        self.runner.on_token = None  # a card that the end takes away was refused by nobody
        await self.host.stop(patience_s)
        self.give_up()

    def give_up(self) -> None:
        """The run is over: nobody waits for an answer any more."""
        engine = self.runner.engine
        for event in engine.rpc.disconnected():
            if isinstance(event, Failed) and engine.measure is not None:
                # It was sent, so it counts; that the run is over is no fault of the network's.
                engine.measure.failed(replace(event, cause="CallError", code=UNANSWERED), 0.0)

    def vanish(self) -> int:
        """Be gone at once, as if the process had died; answers how many messages nobody will tell."""
        self.ending = True
        left = self.undelivered
        self.runner.restarts.cancel()
        self.runner.down()
        return left

    @property
    def undelivered(self) -> int:
        """Messages of transactions, and security events, that are not answered.

        That a station which was never accepted has started is nothing that anybody misses.
        """
        outbox = self.runner.engine.outbox
        return outbox.queued if self._boots or outbox.awaits(None) else 0

    # The connection

    async def dial(self, target: Target, listener: Listener) -> Connection:
        """Make a connection, and note how that went."""
        metrics = self.world.metrics
        if self._since_s is None:
            self._since_s = metrics.now()
        try:
            return await self.world.dial(self, target, listener)
        except DialBarred:
            raise
        except DialFailed as failure:
            self.world.trouble = failure
            log.debug("%s: %s", self.member.id, failure.message)
            status = f".{failure.http_status}" if failure.http_status is not None else ""
            metrics.count(f"dial.failed.{failure.kind.value}{status}")
            raise
        except OSError:
            metrics.count("dial.failed.unreachable")
            raise

    def _down(self) -> None:
        """A connection is gone."""
        self._draining_s = None
        self.world.census.note(self)
        if self.up:
            self.up = False
            self.world.ups -= 1
            self._since_s = self.world.metrics.now()
        if not self.ending:
            log.debug("%s: the connection is lost", self.member.id)
            self.world.metrics.count("lost_connections")

    def _accepted(self, engine: Engine) -> None:
        """It is connected, and its boot is accepted."""
        log.debug("%s: connected, and its boot is accepted", self.member.id)
        self.up = True
        self.world.ups += 1
        metrics, now_s = self.world.metrics, self.world.metrics.now()
        if self._since_s is not None:
            metrics.took("recovery" if self._boots else "accepted", now_s - self._since_s)
        if self._boots and engine.outbox.queued:
            self._draining_s = now_s
        if self._boots != self.runner.boots:
            first = not self._boots
            self._boots = self.runner.boots
            metrics.count("booted")
            if first:
                self.world.owner.accepted(self)

    # Turns

    def quiet(self) -> bool:
        """Whether it is accepted and has nothing more to say."""
        engine = self._engine
        if engine.rpc.due_s is not None or engine.outbox.waiting:
            return False
        ctx = engine.station.ctx
        return ctx.registered and (ctx.ledger.immediate or ctx.ledger.settled) and not engine.held

    @property
    def booted(self) -> bool:
        """Whether it was ever accepted."""
        return self._boots > 0

    @property
    def alive(self) -> bool:
        """Whether it has power: it is not between two boots."""
        return self.runner.alive

    def act(self) -> None:
        """Let the drivers act, as after a turn."""
        if self.runner.alive:
            self._turned()

    def _turned(self) -> None:
        """The station has ended a turn: its drivers act, until nothing follows from that at once."""
        if self.host.waiting:
            self.host.look()
        if self._acting:
            # What a driver did in a closed loop is nearly always a call: the answer to it is the next turn.
            self._again = self._again or not (self._closed and self._engine.rpc.due_s is not None)
            return
        self._acting = True
        try:
            for _ in range(_MOST_ACTS):
                self._again = False
                if not self.recounts:
                    self.world.census.note(self)
                if not self.up or self._draining_s is not None:
                    self._look_at_link()
                ready = not self._closed or self.ending or self.quiet()
                for driver in self.drivers:
                    moved = driver.evse.desk.transaction is not driver.transaction
                    if (moved or (ready and not driver.waits)) and driver.turned(ready):
                        self._again = True
                if not self._again:
                    return
            self.world.loop.call_soon(self.act)
        finally:
            self._acting = False

    def _look_at_link(self) -> None:
        """Note what became of a station that was not up, or has something to tell of the time when it was not."""
        engine = self.runner.engine
        if engine is not self._engine:
            self._reborn(engine)  # its connection went with the old boot: it is not up
        if not self.up and engine.registered and self.runner.link.up:
            self._accepted(engine)
        if self._draining_s is not None and not engine.outbox.queued:
            metrics = self.world.metrics
            metrics.took("drain", metrics.now() - self._draining_s)
            self._draining_s = None

    def _reborn(self, engine: Engine) -> None:
        """The station booted."""
        self._engine = engine
        for driver in self.drivers:
            driver.rebooted(engine.station.evses[driver.place.evse])

    def _token_ended(self, effect: TokenEnded) -> None:
        for driver in self.drivers:
            driver.refused(effect)

    # From outside

    @property
    def answers_remote(self) -> bool:
        """Whether a driver plugs in where a session is started remotely."""
        return self.stands_ready or self.cast.scene.behaviour.answers_remote

    async def command(self, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a command of ``station.control.registry``.

        Raises:
            CommandRefused: it cannot come about, or did not in time (``timeout`` in the parameters, in seconds).
        """
        execution = self.host.execute(command, params)
        timeout_s = float(params.get("timeout", _TIMEOUT_S))
        try:
            return await asyncio.wait_for(execution.done, timeout_s)
        except TimeoutError:
            raise CommandRefused(f"{command} did not come about within {timeout_s:g} s") from None
