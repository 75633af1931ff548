"""The coordinator of a distributed fleet, with workers in this process and no Dask in between."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from station import __version__
from station.config import from_mapping
from station.errors import StationError
from station.fleet.cluster import ClusterEngine
from station.fleet.cluster.agent_thread import AgentThread
from station.fleet.cluster.assignment import Terms
from station.fleet.cluster.messages import Reply, pack, unpack
from station.fleet.plan import Group, Plan, Stage, Storm
from station.fleet.population import Population
from station.host.execution import CommandRefused
from tests.support.awaited import awaited
from tests.support.fake_agent import MADE, FakeAgent, make_fake

TERMS = Terms(ask_s=0.2, lease_s=1.5, margin_s=0.2, doubt_s=0.8, horizon_s=0.5, withdraw_s=1.0)


class Silent(Exception):
    """No answer."""


class FakeLink:
    """Workers by name; some do not answer."""

    def __init__(self) -> None:
        self.threads: dict[str, AgentThread] = {}
        self.versions: dict[str, str] = {}
        self.silent: set[str] = set()
        self.closed = False

    def add(self, name: str, version: str = __version__) -> None:
        self.threads[name] = AgentThread(make_fake, version)

    async def connect(self, address: str, security: Any) -> None: ...

    async def workers(self) -> list[str]:
        return list(self.threads)

    async def exchange(self, worker: str, payload: bytes, timeout_s: float) -> bytes:
        await asyncio.sleep(0)
        if worker in self.silent:
            raise Silent("no answer")
        return pack(self.threads[worker].exchange(unpack(payload)))

    async def command(self, worker: str, payload: bytes, timeout_s: float) -> bytes:
        if worker in self.silent:
            raise Silent("no answer")
        return pack(await self.threads[worker].command(unpack(payload)))

    async def close(self) -> None:
        self.closed = True
        for thread in self.threads.values():
            await asyncio.to_thread(thread.close, 0.2)


class JoinedEngine(ClusterEngine):
    """An engine whose way to the workers is a fake one."""

    def __init__(self, population: Population, link: FakeLink) -> None:
        super().__init__(population, scheduler="127.0.0.1:1", terms=TERMS)
        self.fake = link

    def make_link(self) -> Any:
        self.errors = (Silent,)
        return self.fake


def population(name: str = "plan") -> Population:
    profile = from_mapping({"station": {"id": "X"}, "csms": {"url": "ws://h/x"}}, Path("/nonexistent"), env={}).profile
    return Population(Plan(name, 12, (Group("all", 1.0, profile),), (Stage(12, 0, 1),)))


@asynccontextmanager
async def running(*names: str) -> AsyncIterator[JoinedEngine]:
    MADE.clear()
    link = FakeLink()
    for name in names:
        link.add(name)
    engine = JoinedEngine(population(), link)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop(0.2)
        assert link.closed


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


def stations(engine: ClusterEngine) -> int:
    return engine.snapshot().gauges.get("stations", 0)


@awaited
async def test_stations_are_spread_and_what_is_told_reaches_all() -> None:
    async with running("a", "b") as engine:
        assert engine.snapshot().gauges["workers"] == 2
        engine.scale(12, 0)
        await until(lambda: stations(engine) == 12)
        assert engine.shares() == {"a": 6, "b": 6}
        engine.go()
        engine.pause()
        engine.resume()
        storm = Storm(1.0, "blackout")
        engine.inject(storm)
        await until(lambda: all(agent.told[-1:] == [storm] for agent in MADE))
        assert all(
            [each[0] if isinstance(each, tuple) else each for each in agent.told[:3]] == ["go", "pause", "resume"]
            for agent in MADE
        )
    assert all(agent.stopped for agent in MADE)
    assert engine.snapshot().counts == {"booted": 12}


@awaited
async def test_run_time_zero_is_the_same_for_all() -> None:
    async with running("a", "b"):
        began_s = [agent.began_s for agent in MADE]
        assert max(began_s) - min(began_s) < 0.05
        assert 0 <= time.monotonic() - began_s[0] < 3


@awaited
async def test_a_silent_workers_stations_move_and_it_begins_anew_when_it_is_back() -> None:
    async with running("a", "b") as engine:
        engine.scale(12, 0)
        await until(lambda: stations(engine) == 12)
        engine.go()
        engine.fake.silent.add("a")
        first: FakeAgent = next(agent for agent in MADE if 0 in agent.here)
        await until(lambda: engine.shares() == {"b": 12}, 6)
        await until(lambda: stations(engine) == 12)
        counts = engine.snapshot().counts
        assert counts["booted"] == 18
        assert counts["workers.lost"] == 1
        await until(lambda: first.vanished)
        engine.fake.silent.clear()
        await until(lambda: engine.shares() == {"a": 6, "b": 6} or bool(engine.shares().get("a") == 0), 6)
        assert MADE[-1].told[0][0] == "go", "who comes late hears that all are up"
        full = next(agent for agent in MADE if len(agent.here) == 12)
        await until(lambda: any(each[0] == "withdraw" for each in full.told))
        full.let_go()
        await until(lambda: engine.snapshot().counts["booted"] >= 24)


@awaited
async def test_commands_go_to_the_worker_that_has_the_station() -> None:
    async with running("a", "b") as engine:
        with pytest.raises(CommandRefused, match="at no worker"):
            await engine.command("LT-00001", "tap", {})
        engine.scale(2, 0)
        await until(lambda: stations(engine) == 2)
        for station, index in (("LT-00001", 0), ("LT-00002", 1)):
            assert await engine.command(station, "tap", {"card": "A"}) == {
                "index": index,
                "command": "tap",
                "card": "A",
            }
        with pytest.raises(CommandRefused, match="no station 'other'"):
            await engine.command("other", "tap", {})
        engine.fake.silent.update("ab")
        with pytest.raises(CommandRefused, match="does not answer: no answer"):
            await engine.command("LT-00001", "tap", {})
        engine.fake.silent.clear()


@awaited
async def test_a_worker_with_another_version_is_not_used() -> None:
    link = FakeLink()
    link.add("old", "0.0.1")
    link.add("new")
    engine = JoinedEngine(population(), link)
    await engine.start()
    engine.scale(4, 0)
    await until(lambda: stations(engine) == 4)
    assert engine.shares() == {"new": 4}
    await engine.stop(0.2)


@awaited
async def test_nobody_to_run_the_plan_is_said_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.fleet.cluster.engine._READY_S", 1.0)
    monkeypatch.setattr("station.fleet.cluster.engine._JOINED_S", 1.0)
    link = FakeLink()
    link.add("old", "0.0.1")
    with pytest.raises(StationError, match=f"ocpp-station 0.0.1 on old, {__version__} here"):
        await JoinedEngine(population(), link).start()
    assert link.closed
    link = FakeLink()
    link.add("a")
    with pytest.raises(StationError, match="no room"):
        await JoinedEngine(population("bad"), link).start()
    with pytest.raises(StationError, match="no worker at"):
        await JoinedEngine(population(), FakeLink()).start()


@awaited
async def test_a_worker_that_begins_anew_again_and_again_is_not_used_any_more() -> None:
    async with running("a", "b") as engine:
        engine.scale(12, 0)
        await until(lambda: stations(engine) == 12)
        for made in range(2, 5):
            await until(lambda made=made: len(MADE) == made)  # type: ignore[misc]
            MADE[-1].lease.lose()
            await asyncio.sleep(0.2)
        await until(lambda: len(engine.shares()) == 1, 6)
        await until(lambda: list(engine.shares().values()) == [12])
        assert len(MADE) == 4


@awaited
async def test_stopping_is_bounded_when_a_worker_is_silent() -> None:
    async with running("a", "b") as engine:
        engine.scale(4, 0)
        await until(lambda: stations(engine) == 4)
        engine.fake.silent.add("b")
        began_s = time.monotonic()
        await engine.stop(0.5)
        assert time.monotonic() - began_s < 6


@awaited
async def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "station.fleet.cluster.link", raising=False)
    with pytest.raises(StationError, match="distributed is not installed") as refused:
        await ClusterEngine(population(), workers=1).start()
    assert refused.value.hint == "pip install 'ocpp-station[cluster]'"


def test_an_answer_is_plain_data() -> None:
    reply = Reply("u", 1, "v", 1, True, 1.0, 0.0, 1.0, False, 0)
    assert unpack(pack(reply)) == replace(reply)
