"""A small fleet in virtual time against the in-memory double, for tests of what befalls it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from station.config import from_mapping
from station.fleet.agent import LocalAgent
from station.fleet.api import Assignment
from station.fleet.double import Double
from station.fleet.metrics import Metrics, Snapshot
from station.fleet.plan import Behaviour, Group, Network, Plan, Stage, Storm
from station.fleet.population import Population
from station.fleet.virtual_loop import run_virtual
from station.net.loopback import LoopbackNetwork
from tests.support.virtual_loop import LoopClock

IDLE, CLEAN = Behaviour(), Network()
SUBPROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}


def profile_of(version: str = "1.6", **blocks: Mapping[str, Any]) -> Any:
    base: dict[str, Any] = {
        "station": {"id": "LT"},
        "csms": {
            "url": "ws://csms.test/ocpp",
            "versions": [SUBPROTOCOLS[version]],
            "reconnect": {"wait": "2s", "random": "4s", "doubles": 2},
            "call_timeout": "10s",
        },
        "store": "memory",
    }
    for name, block in blocks.items():
        base[name] = {**base.get(name, {}), **block}
    return from_mapping(base, Path.cwd()).profile


def plan_of(
    count: int,
    *storms: Storm,
    version: str = "1.6",
    behaviour: Behaviour = IDLE,
    network: Network = CLEAN,
    seed: int = 1,
) -> Plan:
    group = Group("all", 1.0, profile_of(version), behaviour, network)
    return Plan("test", count, (group,), (Stage(count, 0.0, 60.0),), seed=seed, storms=storms)


class WeatherBench:
    """The agent of a plan, its double, and every frame with its virtual time."""

    def __init__(self, plan: Plan) -> None:
        self.loop = asyncio.get_running_loop()
        self.plan = plan
        self.frames: list[tuple[float, str, str, Any]] = []
        self.double = Double(self.loop, plan.seed, self._told)
        self.network = LoopbackNetwork(self.loop.call_soon, self.double.accept)
        self.metrics = Metrics(self.loop.time, self.loop.time)
        self.dials: list[tuple[float, str]] = []
        self.agent = LocalAgent(plan, Population(plan), self.metrics, clock=LoopClock(self.loop), dialer=self._dial)

    async def _dial(self, target: Any, listener: Any) -> Any:
        self.dials.append((self.loop.time() - self.began_s, target.url.rsplit("/", 1)[-1]))
        return await self.network.dial(target, listener)

    def _told(self, at_s: float, station: str, direction: str, text: str) -> None:
        self.frames.append((at_s, station, direction, orjson.loads(text)))

    @property
    def up(self) -> set[str]:
        return set(self.double.connected)

    @property
    def snapshot(self) -> Snapshot:
        return self.agent.snapshot()

    def calls(self, action: str, since_s: float = 0.0) -> list[tuple[float, str]]:
        """When stations made a call, in virtual seconds since the beginning."""
        return [
            (at_s, station)
            for at_s, station, direction, frame in self.frames
            if direction == ">" and frame[0] == 2 and frame[2] == action and at_s >= since_s
        ]

    async def all_up(self) -> None:
        self.began_s = self.loop.time()
        self.agent.assign([Assignment(index, 0, 0.0) for index in range(self.plan.count)])
        while self.agent.snapshot().gauges["up"] < self.plan.count:
            await asyncio.sleep(0.05)
        self.agent.go(self.loop.time() - self.began_s)


def weathered(plan: Plan, scenario: Callable[[WeatherBench], Awaitable[None]]) -> WeatherBench:
    """Run a scenario from the moment that all stations are up; the bench afterwards."""

    async def inside() -> WeatherBench:
        bench = WeatherBench(plan)
        await bench.all_up()
        await scenario(bench)
        await bench.agent.stop(1.0)
        return bench

    return run_virtual(inside())
