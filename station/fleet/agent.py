"""The stations of one process and the people who charge at them: ``station.fleet.api.Agent``.

Stations are made ahead, a few in each turn of the loop, and dial when their time has come; stations that are due in the
same moment are all made before the first of them dials. Nothing here takes time in proportion to the fleet within one
turn, and no station has a task, a thread or a timer of the agent's. All times go by the loop's clock, so that the same
agent runs in virtual time.

Engines make it: the local one in this process, a distributed one in each worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

from station.clock import Clock, ScaledClock, SystemClock
from station.fleet.api import Assignment
from station.fleet.collector import Collector
from station.fleet.crowd import Crowd
from station.fleet.health import SATURATED, SATURATED_S, Health
from station.fleet.metrics import Metrics, Snapshot
from station.fleet.pages import Pages
from station.fleet.plan import Plan, Storm
from station.fleet.population import Population
from station.fleet.rush import Rush
from station.fleet.schedule import Schedule
from station.fleet.storms import Storms
from station.fleet.strikes import Weather
from station.fleet.unit import BOOT, Unit
from station.fleet.world import World
from station.host.execution import CommandRefused
from station.net import Connection, DialFailed, Listener, Target, dial

log = logging.getLogger(__name__)

Dialer = Callable[[Target, Listener], Awaitable[Connection]]

LOOK_S: Final = 30.0
"""How often it is looked whether a driver hangs."""
_COUNTED_AT_ONCE: Final = 500
"""So many stations are counted in a turn of the loop: some 2 ms."""
_SETTLE_S: Final = 0.05
_STOPS_AT_ONCE: Final = 32
_STOP_S: Final = 5.0
"""How long a station may take to stop, beyond the patience."""
_FREEZE_EVERY: Final = 256
_FEW: Final = 1000
_FEW_LATE: Final = 10
_LATE_SHARE: Final = 0.05
"""More late steps than both, within a second: the process does not keep up."""


class LocalAgent:
    """See the module.

    Args:
        plan: what is run.
        population: who there is.
        metrics: hears of everything.
        clock: station time, of all stations; real time at the plan's speed where left out.
        dialer: makes connections; another one for virtual fleets.
        health: watches the loop while the agent runs; None: nobody does.
        began_s: the run's time 0, in the loop's time; now where left out.
    """

    def __init__(
        self,
        plan: Plan,
        population: Population,
        metrics: Metrics,
        *,
        clock: Clock | None = None,
        dialer: Dialer = dial,
        health: Health | None = None,
        began_s: float | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        if clock is None:
            clock = SystemClock() if plan.speed == 1.0 else ScaledClock(plan.speed)
        self.units: dict[int, Unit] = {}
        if dialer is dial:
            dialer = partial(dial, stages=metrics.took)
        self._weather = Weather(population, dialer, metrics.now, metrics.count)
        self._storms = Storms(population, self.units.get, self._weather)
        self._schedule = Schedule(self._loop)
        self._world = World(
            plan=plan,
            population=population,
            metrics=metrics,
            loop=self._loop,
            clock=clock,
            schedule=self._schedule,
            dial=self._dial,
            owner=self,
            began_s=self._loop.time() if began_s is None else began_s,
        )
        self._planned: dict[int, Assignment] = {}
        self._leaving: dict[int, Unit] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._made = self._gone = self._tidied = 0
        self._failed = False
        self._crowd = Crowd(self._loop)
        self._counter = Crowd(self._loop)
        self._pages = Pages(self._loop) if health is not None else None
        self._looking: asyncio.TimerHandle | None = self._loop.call_later(LOOK_S, self._look)
        self._health = health
        self._behind = False
        self._judged_s = self._loop.time()
        self._stopped = False
        self._collector = Collector(self._loop) if health is not None else None
        if health is not None:
            health.start()
        if self._collector is not None:
            self._collector.start()

    # Coming and going

    def assign(self, assignments: Sequence[Assignment]) -> None:
        """See ``api.Agent``."""
        new = [one for one in assignments if one.index not in self.units and one.index not in self._planned]
        if not new or self._stopped:
            return
        self._planned.update((one.index, one) for one in new)
        new.sort(key=attrgetter("at_s"))
        for _, together in itertools.groupby(new, key=attrgetter("at_s")):
            group = list(together)
            rush = Rush(self._loop, self._crowd, len(group)) if len(group) > 1 else None
            self._crowd.each(group, self._make)
            self._crowd.each(group, partial(self._call, rush), at_once=_FREEZE_EVERY)

    def _make(self, one: Assignment) -> None:
        """Make a station, unless it is not wanted any more, or its predecessor is still leaving."""
        if self._planned.get(one.index) is not one or one.index in self._leaving:
            return
        del self._planned[one.index]
        world = self._world
        member = world.population.member(one.index)
        try:
            self.units[one.index] = Unit(world, world.cast(member), member, one.attempt)
        except Exception as problem:
            # What is wrong with one is mostly wrong with all: it is said once, and counted.
            world.metrics.count("stations.failed")
            log.log(logging.DEBUG if self._failed else logging.ERROR, "%s cannot be run: %s", member.id, problem)
            self._failed = True
            return
        self._made += 1
        if self._made % _FREEZE_EVERY == 0:
            # Thousands of stations are millions of objects that all stay: no collection needs to look at them again.
            gc.freeze()

    def _call(self, rush: Rush | None, one: Assignment) -> None:
        """Have a station dial in time."""
        unit = self.units.get(one.index)
        if unit is not None and unit.attempt == one.attempt:
            if rush is not None:
                unit.rush = rush
                unit.hold()
            self._schedule.at(self._world.began_s + one.at_s, unit, BOOT)

    def withdraw(self, indexes: Sequence[int]) -> None:
        """See ``api.Agent``."""
        leaving = self._taken(indexes)
        self._leaving.update((unit.member.index, unit) for unit in leaving)
        if leaving:
            farewell = self._loop.create_task(self._see_off(leaving, self._world.plan.end_patience_s))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    def drop(self, indexes: Sequence[int]) -> int:
        """See ``api.Agent``. They vanish a few in each turn of the loop."""
        gone = self._taken(indexes)
        gone += [unit for index in indexes if (unit := self._leaving.pop(index, None)) is not None]
        for unit in gone:
            unit.ending = True
        left = sum(unit.undelivered for unit in gone)
        self._crowd.each(gone, Unit.vanish)
        self._thaw(len(gone))
        return left

    def _thaw(self, gone: int) -> None:
        """Have stations that are gone collected, seldom: to look at all that stays takes a second for thousands."""
        self._gone += gone
        if self._gone > max(_FEW, len(self.units)):
            self._gone = 0
            if self._collector is not None:
                self._collector.thaw()
            else:
                gc.unfreeze()

    def _taken(self, indexes: Iterable[int]) -> list[Unit]:
        """Those that are here, and are not any more; those that were only planned never come."""
        taken = []
        for index in indexes:
            self._planned.pop(index, None)
            unit = self.units.pop(index, None)
            if unit is not None:
                self._world.census.forget(unit)
                taken.append(unit)
        return taken

    async def _see_off(self, units: Sequence[Unit], patience_s: float) -> None:
        """Let stations end in order. Whoever is waited for comes when they are gone."""
        try:
            await self._end(units, patience_s)
        finally:
            again = []
            for unit in units:
                index = unit.member.index
                if self._leaving.get(index) is unit:
                    del self._leaving[index]
                    if index in self._planned:
                        again.append(self._planned[index])
            self._crowd.each(again, self._make)
            self._crowd.each(again, partial(self._call, None))
            self._thaw(len(units))

    async def _end(self, units: Sequence[Unit], patience_s: float) -> None:
        """End the sessions of stations, wait until all is told or the patience is over, and stop them.

        Those that were never accepted have nothing to tell that is worth waiting for: they are stopped first.
        """
        until_s = self._loop.time() + patience_s
        ended: set[Unit] = set()
        try:
            for some in _batches(units, _STOPS_AT_ONCE):
                for unit in some:
                    unit.finish()
                await asyncio.sleep(0)
            for some in _batches(units, _STOPS_AT_ONCE):
                # Some are accepted while others are stopped, and even while they are stopped themselves.
                strangers = [unit for unit in some if not unit.booted]
                self._untold(sum(unit.undelivered for unit in strangers))
                await self._stop_units(strangers, 0.0)
                ended.update(strangers)
            waited_for = [unit for unit in units if unit not in ended and not unit.served]
            while waited_for and self._loop.time() < until_s:
                await asyncio.sleep(_SETTLE_S)
                waited_for = [unit for unit in waited_for if not unit.served]
            for some in _batches([unit for unit in units if unit not in ended], _STOPS_AT_ONCE):
                await self._stop_units(some, until_s)
                self._untold(sum(unit.undelivered for unit in some))
                ended.update(some)
        except asyncio.CancelledError:
            left = {unit: unit.vanish() for unit in units}
            for unit in units:
                unit.give_up()
            self._untold(sum(messages for unit, messages in left.items() if unit not in ended))
            raise

    async def _stop_units(self, units: Sequence[Unit], until_s: float) -> None:
        """Stop stations at once; they may tell what they have until then."""
        left_s = max(0.0, until_s - self._loop.time())
        if stops := [self._loop.create_task(unit.stop(left_s)) for unit in units]:
            await asyncio.wait(stops, timeout=left_s + _STOP_S)

    def _untold(self, messages: int) -> None:
        """So many are left of stations that end."""
        if messages:
            self._world.metrics.count("undelivered", messages)

    # What is asked of all

    def go(self, at_s: float) -> None:
        """See ``api.Agent``."""
        self._world.go(at_s)
        self._storms.go(max(0.0, self._loop.time() - self._world.began_s - at_s))
        gc.freeze()
        self._crowd.each([unit for unit in self.units.values() if unit.booted], Unit.begin)
        self._tidy()

    def accepted(self, unit: Unit) -> None:
        """A station's first boot here was accepted."""
        if unit.rush is not None:
            unit.rush.accepted(unit)
            unit.rush = None
        if unit.cast.scene.origin_s is not None:
            unit.begin()

    def pause(self) -> None:
        """See ``api.Agent``."""
        self._world.pause(True)

    def resume(self) -> None:
        """See ``api.Agent``."""
        self._world.pause(False)
        self._crowd.each(list(self.units.values()), Unit.act)

    def inject(self, storm: Storm) -> None:
        """See ``api.Agent``."""
        self._storms.inject(storm)

    async def command(self, index: int, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """See ``api.Agent``."""
        unit = self.units.get(index)
        if unit is None:
            raise CommandRefused("this station does not run here")
        return await unit.command(command, params)

    async def _dial(self, unit: Unit, target: Target, listener: Listener) -> Connection:
        return await self._storms.dial(unit.member.index, target, listener)

    # Looking

    @property
    def trouble(self) -> DialFailed | None:
        """The last dial that failed."""
        return self._world.trouble

    def snapshot(self) -> Snapshot:
        """See ``api.Agent``. Of thousands that changed some are counted after this, beside other work."""
        census = self._world.census
        if not census.count(_COUNTED_AT_ONCE) and not self._counter.busy:
            self._counter.each(iter(partial(census.count, _COUNTED_AT_ONCE), True), bool, at_once=1)
        gauges = {"stations": len(self.units), "up": self._world.ups, **census.totals}
        if self._health is not None:
            gauges |= self._health.gauges()
            gauges[SATURATED] |= self._is_behind()
        return self._world.metrics.snapshot(gauges)

    def _is_behind(self) -> bool:
        """Whether drivers were late in the last second: the loop may be in time, and yet have too much to do."""
        now_s = self._loop.time()
        if now_s - self._judged_s >= 1.0:
            rung, late = self._schedule.judged()
            self._behind = late > max(_FEW_LATE, _LATE_SHARE * rung)
            if self._behind:
                self._world.metrics.count(SATURATED_S, max(1, round(now_s - self._judged_s)))
            self._judged_s = now_s
        return self._behind

    def _look(self) -> None:
        """Look after drivers that hang."""
        self._looking = self._loop.call_later(LOOK_S, self._look)
        self._crowd.each(list(self.units.values()), Unit.look, at_once=_FREEZE_EVERY)
        if self._world.went_s is not None:
            self._tidy()

    def _tidy(self) -> None:
        """Put what new stations are made of in large pages: not of a few, which fit in the processor's caches."""
        if self._pages is not None and self._made - self._tidied >= _FREEZE_EVERY:
            self._tidied = self._made
            self._pages.tidy()

    # The end

    async def stop(self, patience_s: float) -> None:
        """See ``api.Agent``. Where it is cancelled, the stations are gone at once."""
        self._stopped = True
        self._planned.clear()
        self._crowd.clear()
        self._storms.close()
        self._weather.close()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        try:
            farewells = tuple(self._farewells)
            await self._end(list(self.units.values()), patience_s)
            if farewells:
                await asyncio.wait(farewells, timeout=_STOP_S)
        finally:
            for farewell in self._farewells:
                farewell.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*self._farewells, return_exceptions=True)
            self._schedule.clear()
            self._taken(list(self.units))
            self._counter.clear()
            if self._health is not None:
                self._health.stop()
            if self._pages is not None:
                self._pages.stop()
            if self._collector is not None:
                self._collector.stop()
            gc.unfreeze()


def _batches(units: Sequence[Unit], size: int) -> Iterable[Sequence[Unit]]:
    return (units[first : first + size] for first in range(0, len(units), size))
