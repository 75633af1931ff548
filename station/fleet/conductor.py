"""Runs a plan on an engine: brings the stations up, holds each stage, ends in order.

It decides when, never how: stations are the engine's, figures are looked at once a second and handed on. Time is the
loop's, so that a virtual fleet is conducted by the same code. The command line and the control face steer it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from station.fleet.api import Engine
from station.fleet.metrics import Snapshot
from station.fleet.plan import Plan, Stage, Storm

log = logging.getLogger(__name__)

Phase = Literal["ramp", "run", "ending", "done"]
End = Literal["done", "stopped", "nobody", "failed"]

LOOK_S: Final = 1.0
_UP_LOOK_S: Final = 0.1
NOBODY_S: Final = 20.0
"""So long after the ramp, without a single accepted boot, the run is given up."""
STRAGGLERS_S: Final = 60.0
"""So long after the ramp the run goes on without the stations that are not up."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One look at the fleet.

    Attributes:
        at_s: seconds since the first dial.
        phase: where the run is.
        held_s: seconds since all were up; 0 before.
        wanted: stations of the present stage.
        snapshot: totals.
    """

    at_s: float
    phase: Phase
    held_s: float
    wanted: int
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        end: ``nobody``: no station was ever accepted, so there was nothing to measure. ``failed``: nothing can be run.
        last: the totals after everything was told.
    """

    end: End
    last: Snapshot


class Conductor:
    """See the module.

    Args:
        plan: what is run.
        engine: not started yet.
        look: hears of the fleet every so often; at the beginning, when all are up, when the end begins, and at the end.
        every_s: how often.
    """

    def __init__(self, plan: Plan, engine: Engine, look: Callable[[Tick], None], every_s: float = LOOK_S) -> None:
        self.plan = plan
        self.engine = engine
        self.phase: Phase = "ramp"
        self.paused = False
        self.wanted = 0
        self._look = look
        self._every_s = every_s
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._began_s = 0.0
        self._held_from_s: float | None = None
        self._held_s = 0.0
        self.up_s: float | None = None
        """When the stations of the first stage were up, in seconds since the first dial; None: not all of them."""

    # Steering

    def stop(self) -> None:
        """End in order, now. Asked twice: without waiting for what is still to be told."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def pause(self) -> None:
        """No new session begins."""
        self.paused = True
        self.engine.pause()

    def resume(self) -> None:
        """Sessions begin again."""
        self.paused = False
        self.engine.resume()

    def scale(self, stations: int, over_s: float) -> None:
        """Bring the number of stations to this; a later stage of the plan brings it to its own."""
        self.wanted = stations
        self.engine.scale(stations, over_s)

    def inject(self, storm: Storm) -> None:
        """Let something happen now."""
        self.engine.inject(storm)

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Have one station carry out a command."""
        return await self.engine.command(station, command, params)

    @property
    def at_s(self) -> float:
        """Seconds since the first dial."""
        return self._loop.time() - self._began_s

    def tick(self) -> Tick:
        """A look at this moment."""
        return Tick(self.at_s, self.phase, self._held(), self.wanted, self.engine.snapshot())

    # The run

    async def run(self) -> Outcome:
        """Run the plan to its end, or until ``stop``.

        Raises:
            StationError: the engine cannot start.
        """
        started = await self._started()
        self._began_s = self._loop.time()
        if not started:
            self.phase, self.wanted = "done", self.plan.stages[0].stations
            nothing = self.tick()
            self._look(nothing)
            return Outcome("stopped", nothing.snapshot)
        log.debug("the engine runs")
        watching = asyncio.ensure_future(self._watch())
        try:
            end = await self._stages()
            return await self._end("failed" if self.engine.failure else end)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _started(self) -> bool:
        """Have the engine start; False: we were told to stop before it had."""
        starting = asyncio.ensure_future(self.engine.start())
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            starting.cancel()
            stopping.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
        if starting.cancelled():
            return False
        starting.result()
        return True

    async def _stages(self) -> End:
        first = True
        for stage in self.plan.stages:
            log.debug("%d stations within %g s, then for %g s", stage.stations, stage.ramp_s, stage.for_s)
            self.scale(stage.stations, stage.ramp_s)
            if first:
                self._look(self.tick())
            if first and not await self._come_up(stage):
                return "stopped" if self._stop.is_set() and not self._in_vain() else "nobody"
            if not first and await self._stopped(stage.ramp_s):
                return "stopped"
            if first:
                first = False
                self.phase = "run"
                self._held_from_s = self._loop.time()
                self.engine.go()
                log.debug("all are up, or are not waited for any more: sessions may begin")
                self._look(self.tick())
            if await self._stopped(stage.for_s):
                return "stopped"
        return "done"

    async def _come_up(self, stage: Stage) -> bool:
        """Wait for the boots of the first stage. False: nobody was accepted, or we were told to stop."""
        ramp_ends_s = self._began_s + stage.ramp_s
        while True:
            totals = self.engine.snapshot()
            gauges, counts = totals.gauges, totals.counts
            now_s = self._loop.time()
            if gauges.get("up", 0) >= self.wanted:
                self.up_s = now_s - self._began_s
                return True
            late_s = now_s - ramp_ends_s
            if late_s > NOBODY_S and not counts.get("booted"):
                return False
            if late_s > STRAGGLERS_S:
                return True
            if await self._stopped(_UP_LOOK_S if late_s < 5 else LOOK_S):
                return False

    def _in_vain(self) -> bool:
        """Whether stations have tried so far, and none was accepted: who stops that is told why."""
        counts = self.engine.snapshot().counts
        tried = any(name == "call.BootNotification" or name.startswith("dial.failed.") for name in counts)
        return tried and not counts.get("booted")

    async def _stopped(self, within_s: float) -> bool:
        """Wait; True as soon as we are told to stop."""
        if within_s <= 0:
            return self._stop.is_set()
        try:
            await asyncio.wait_for(self._stop.wait(), None if math.isinf(within_s) else within_s)
        except TimeoutError:
            return False
        return True

    async def _end(self, end: End) -> Outcome:
        # What came since the last look belongs to the time before the end.
        self._look(self.tick())
        self._held_s, self._held_from_s = self._held(), None
        self.phase = "ending"
        log.debug("the end begins: %s", end)
        patience_s = self.plan.end_patience_s if end in ("done", "stopped") else 0.0
        stopping = asyncio.ensure_future(self.engine.stop(patience_s))
        hurrying = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({stopping, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        if not stopping.done():
            stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stopping
        self.phase = "done"
        log.debug("the end")
        last = self.tick()
        self._look(last)
        return Outcome(end, last.snapshot)

    async def _watch(self) -> None:
        """By the clock, however long a look takes."""
        due_s = self._loop.time()
        while True:
            due_s = max(due_s + self._every_s, self._loop.time())
            await asyncio.sleep(due_s - self._loop.time())
            self._look(self.tick())
            if self.engine.failure:
                self._stop.set()

    def _held(self) -> float:
        return self._held_s if self._held_from_s is None else self._loop.time() - self._held_from_s
