"""The agent of a worker under its lease, with whole stations that dial a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from station.config import from_mapping
from station.fleet.api import Assignment
from station.fleet.cluster.lease import Lease, lease_clock
from station.fleet.cluster.local_agent import LeasedAgent, make_agent
from station.fleet.plan import Behaviour, Group, Plan, Stage
from tests.support.awaited import awaited

STATIONS = 40


def agent_of(lease: Lease) -> LeasedAgent:
    # Nobody listens there: the stations keep dialling.
    mapping = {"station": {"id": "X"}, "csms": {"url": "ws://127.0.0.1:9/x", "versions": ["ocpp1.6"]}, "evses": [{}]}
    profile = from_mapping(mapping, Path("/nonexistent"), env={}).profile
    group = Group("all", 1.0, profile, Behaviour("idle"))
    plan = Plan("test", STATIONS, (group,), (Stage(STATIONS, 0, 1),))
    return make_agent(plan, time.monotonic(), lease)


async def until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


@awaited
async def test_it_knows_what_it_has() -> None:
    agent = agent_of(Lease(lease_clock() + 60))
    agent.assign([Assignment(index, 0, 0.0) for index in range(3)])
    assert [agent.has(index) for index in range(4)] == [True, True, True, False]
    await until(lambda: len(agent.units) == 3)
    assert agent.has(0)
    agent.withdraw([0])
    await until(lambda: not agent.has(0))
    agent.drop([1])
    assert not agent.has(1)
    assert agent.snapshot().counts.get("sessions.lost", 0) == 0
    await agent.stop(0)


@awaited
async def test_all_stations_vanish_at_once() -> None:
    agent = agent_of(Lease(lease_clock() + 60))
    agent.assign([Assignment(index, 0, 0.0) for index in range(STATIONS)])
    await until(lambda: len(agent.units) == STATIONS)
    hosts = [unit.host for unit in agent.units.values()]
    agent.assign([Assignment(STATIONS, 0, 1000.0)])
    await agent.vanish()
    assert not any(agent.has(index) for index in range(STATIONS + 1))
    assert not any(host.runner.alive for host in hosts)


@awaited
async def test_without_a_lease_nothing_is_dialled() -> None:
    lease = Lease(lease_clock() + 60)
    lease.lose()
    agent = agent_of(lease)
    agent.assign([Assignment(0, 0, 0.0)])
    await until(lambda: agent.snapshot().counts.get("dial.failed.unreachable", 0) > 0)
    assert "dial.failed.refused" not in agent.snapshot().counts
    await agent.vanish()
