"""Virtual fleets: the same stations in virtual time, against a central system in memory. No network, no waiting.

``run_virtual`` makes the loop; the engine is the local one with another dialer and clock. The log of a run (every frame
with its time) depends on plan and seed alone; ``Digest`` of ``double`` is its fingerprint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from station.fleet.agent import LocalAgent
from station.fleet.double import Digest, Double
from station.fleet.local import LocalEngine
from station.fleet.metrics import Metrics
from station.fleet.population import Population
from station.fleet.virtual_loop import LoopClock
from station.net.loopback import LoopbackNetwork


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
