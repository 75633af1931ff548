"""The agent of a worker: ``station.fleet.agent.LocalAgent``, under a lease. What ``FleetPlugin`` makes by default."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from station.clock import ScaledClock, SystemClock
from station.fleet.agent import LocalAgent
from station.fleet.cluster.figures import MESSAGES_LOST, SESSIONS_LOST
from station.fleet.cluster.lease import Lease, gated
from station.fleet.health import Health
from station.fleet.metrics import Metrics
from station.fleet.plan import Plan
from station.fleet.population import Population
from station.net import dial


class LeasedAgent(LocalAgent):
    """An agent that tells what it has, and can vanish as a whole."""

    def has(self, index: int) -> bool:
        """Whether a station is here, in whatever state."""
        return index in self.units or index in self._planned or index in self._leaving

    def drop(self, indexes: Sequence[int]) -> int:
        """See ``Agent``. What is lost thereby is the generator's fault, and counted as that."""
        found = [self.units.get(index) or self._leaving.get(index) for index in indexes]
        evses = [evse for unit in found if unit is not None for evse in unit.host.runner.engine.station.evses]
        left = super().drop(indexes)
        sessions = sum(evse.transaction is not None for evse in evses)
        if sessions or left:
            self._world.metrics.count(SESSIONS_LOST, sessions)
            self._world.metrics.count(MESSAGES_LOST, left)
        return left

    async def vanish(self) -> None:
        """All stations are gone, as if the process had died, and the agent ends."""
        self.drop([*self._planned, *self.units, *self._leaving])
        while self._crowd.busy:  # noqa: ASYNC110 - it works a little in each turn
            await asyncio.sleep(0)
        await self.stop(0)


def make_agent(plan: Plan, began_s: float, lease: Lease) -> LeasedAgent:
    """See ``agent_thread.AgentMaker``."""
    clock = SystemClock() if plan.speed == 1.0 else ScaledClock(plan.speed)
    metrics = Metrics(station_now=clock.now, speed=plan.speed)
    return LeasedAgent(
        plan,
        Population(plan),
        metrics,
        clock=clock,
        dialer=gated(partial(dial, stages=metrics.took), lease),
        health=Health(metrics),
        began_s=began_s,
    )
