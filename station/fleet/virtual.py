"""Virtual fleets: the same stations in virtual time, against a central system in memory. No network, no waiting.

``run_virtual`` makes the loop; the engine is the local one with another dialer and clock. The log of a run (every frame
with its time) depends on plan and seed alone; ``Digest`` of ``double`` is its fingerprint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from station.fleet.agent import LocalAgent
from station.fleet.double import Digest, Double
from station.fleet.local import LocalEngine
from station.fleet.metrics import Metrics
from station.fleet.population import Population
from station.net.loopback import LoopbackNetwork


class LoopClock:
    """Station time by the loop's; the date is what the CSMS tells."""

    def __init__(self, loop: asyncio.AbstractEventLoop, speed: float = 1.0) -> None:
        self._loop = loop
        self.speed = speed
        self._origin_s = loop.time()

    def now(self) -> float:
        """Seconds of station time."""
        return self._origin_s + (self._loop.time() - self._origin_s) * self.speed

    def utc(self) -> datetime | None:
        """Not known by itself."""
        return None

    def wall(self) -> datetime | None:
        """There is none."""
        return None


class VirtualEngine(LocalEngine):
    """The local engine in a virtual loop, with its own central system.

    Attributes:
        double: the central system; its books tell what was told.
        digest: fingerprint of the log so far.
    """

    def __init__(self, population: Population) -> None:
        loop = asyncio.get_running_loop()
        plan = population.plan
        self.digest = Digest()
        self.double = Double(loop, plan.seed, self.digest, plan.begins_s)
        clock = LoopClock(loop, plan.speed)

        def deliver(call: Callable[[], None]) -> None:
            loop.call_soon(call)

        network = LoopbackNetwork(deliver, self.double.accept)

        def make_agent() -> LocalAgent:
            return LocalAgent(
                plan, population, Metrics(loop.time, clock.now, plan.speed), clock=clock, dialer=network.dial
            )

        super().__init__(population, make_agent)
