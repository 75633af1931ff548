"""The engine of a fleet in this process: one agent, its figures, and the watch over its own loop.

``station.fleet.api.Engine`` by default; a distributed fleet has the same agent in each worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from station.clock import ScaledClock, SystemClock
from station.errors import StationError
from station.fleet.agent import LocalAgent
from station.fleet.api import Assignment
from station.fleet.health import Health
from station.fleet.metrics import Metrics, Snapshot
from station.fleet.plan import Storm
from station.fleet.population import Population
from station.fleet.ramp import dial_times
from station.host.execution import CommandRefused


class LocalEngine:
    """See the module.

    Args:
        population: who may be run.
        make_agent: makes the agent, once the run begins.
    """

    def __init__(self, population: Population, make_agent: Callable[[], LocalAgent]) -> None:
        self._population = population
        self._make_agent = make_agent
        self._agent: LocalAgent | None = None
        self._loop = asyncio.get_running_loop()
        self._began_s = 0.0
        self._running = 0
        self._attempts: dict[int, int] = {}

    @property
    def agent(self) -> LocalAgent:
        """The agent; there from ``start`` on."""
        assert self._agent is not None
        return self._agent

    async def start(self) -> None:
        """Make the agent; the run's time begins."""
        self._agent = self._make_agent()
        self._began_s = self._loop.time()

    def scale(self, stations: int, over_s: float) -> None:
        """See ``api.Engine``."""
        wanted = max(0, min(stations, self._population.size))
        if wanted < self._running:
            self.agent.withdraw(range(wanted, self._running))
        else:
            now_s = self._loop.time() - self._began_s
            new = range(self._running, wanted)
            times = dial_times(len(new), over_s, self._population.plan.seed)
            self.agent.assign(
                [Assignment(index, self._attempt(index), now_s + at_s) for index, at_s in zip(new, times, strict=True)]
            )
        self._running = wanted

    def _attempt(self, index: int) -> int:
        attempt = self._attempts[index] = self._attempts.get(index, -1) + 1
        return attempt

    def go(self) -> None:
        """See ``api.Engine``."""
        self.agent.go(self._loop.time() - self._began_s)

    def pause(self) -> None:
        """See ``api.Engine``."""
        self.agent.pause()

    def resume(self) -> None:
        """See ``api.Engine``."""
        self.agent.resume()

    def inject(self, storm: Storm) -> None:
        """See ``api.Engine``."""
        self.agent.inject(storm)

    async def command(self, station: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """See ``api.Engine``."""
        index = self._population.index_of(station)
        if index is None:
            raise CommandRefused(f"this fleet has no station {station!r}")
        return await self.agent.command(index, command, params)

    @property
    def trouble(self) -> StationError | None:
        """See ``api.Engine``."""
        return self._agent.trouble if self._agent is not None else None

    @property
    def failure(self) -> str:
        """Never: what runs here runs as long as this process."""
        return ""

    def snapshot(self) -> Snapshot:
        """See ``api.Engine``."""
        return self._agent.snapshot() if self._agent is not None else Snapshot()

    async def stop(self, patience_s: float) -> None:
        """See ``api.Engine``."""
        await self.agent.stop(patience_s)


def local_engine(population: Population) -> LocalEngine:
    """The engine of a fleet that dials over the network, from this process."""

    def make_agent() -> LocalAgent:
        plan = population.plan
        clock = SystemClock() if plan.speed == 1.0 else ScaledClock(plan.speed)
        metrics = Metrics(station_now=clock.now, speed=plan.speed)
        return LocalAgent(plan, population, metrics, clock=clock, health=Health(metrics))

    return LocalEngine(population, make_agent)
