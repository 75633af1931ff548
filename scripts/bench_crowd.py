"""A fleet in this process, for benches: the stations, drivers and figures of ``station fleet``, steered by hand.

Used by ``bench_fleet.py``. Nothing here measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from scripts.bench_support import SAMPLES
from station.config import Profile
from station.fleet.agent import LocalAgent
from station.fleet.api import Assignment
from station.fleet.health import Health
from station.fleet.metrics import Metrics
from station.fleet.plan import Behaviour, Group, Plan, Stage
from station.fleet.population import Population
from station.host.audience import WIRE
from station.net import Connection, Listener, Target, dial
from station.ocpp.frames import encode_call

BACK_TO_BACK = Behaviour("back-to-back", samples=SAMPLES)
IDLE = Behaviour("idle")


def paced(session_s: float, pause_s: float, sample_s: float) -> Behaviour:
    """Sessions by the clock."""
    return Behaviour("paced", session_s=session_s, pause_s=pause_s, sample_s=sample_s)


class Watch(Metrics):
    """The figures of a fleet, those that a bench waits for at hand: a snapshot is too much work to be polled.

    ``boots`` were accepted, the last one at ``booted_s`` (``time.perf_counter``); ``sessions`` are over.
    """

    def __init__(self) -> None:
        super().__init__()
        self.boots = self.sessions = 0
        self.booted_s = 0.0

    def count(self, name: str, by: int = 1) -> None:
        """See ``Metrics``."""
        super().count(name, by)
        if name == "booted":
            self.boots += 1
            self.booted_s = time.perf_counter()
        elif name == "sessions.finished":
            self.sessions += 1


class Crowd:
    """The stations. ``dialled_s`` is when the first one dialled (``time.perf_counter``)."""

    def __init__(self, profile: Profile, size: int, behaviour: Behaviour = IDLE) -> None:
        group = Group("bench", 1.0, profile, behaviour)
        plan = Plan("bench", size, (group,), (Stage(size, 0.0, 0.0),), end_patience_s=0.0)
        self.metrics = Watch()
        self.dialled_s = 0.0
        self.health = Health(self.metrics)
        self._dial = partial(dial, stages=self.metrics.took)
        self.agent = LocalAgent(plan, Population(plan), self.metrics, dialer=self._dial_noted, health=self.health)
        self._began_s = asyncio.get_running_loop().time()

    async def _dial_noted(self, target: Target, listener: Listener) -> Connection:
        self.dialled_s = self.dialled_s or time.perf_counter()
        return await self._dial(target, listener)

    def begin(self, count: int) -> None:
        """Have there be so many; all new ones dial at once."""
        self.agent.assign([Assignment(index, 0, 0.0) for index in range(len(self.agent.units), count)])

    async def grow(self, count: int, at_once: int = 200) -> None:
        """Have there be so many, each accepted and with nothing more to say."""
        while len(self.agent.units) < count:
            self.begin(min(count, len(self.agent.units) + at_once))
            await self.accepted(min(count, len(self.agent.units) + at_once))
            await self.quiet()

    async def accepted(self, count: int) -> None:
        """Wait until so many boots were accepted."""
        await _until(lambda: self.metrics.boots >= count)

    async def quiet(self) -> None:
        """Wait until none has anything more to say."""
        for unit in list(self.agent.units.values()):
            await _until(unit.quiet)

    def go(self) -> None:
        """Drivers begin."""
        self.agent.go(asyncio.get_running_loop().time() - self._began_s)

    @property
    def sessions(self) -> int:
        """How many are over."""
        return self.metrics.sessions

    async def charge(self, sessions: int) -> None:
        """Let the drivers go on until at least so many more sessions are over, then until all is told."""
        wanted = self.sessions + sessions
        self.agent.resume()
        await _until(lambda: self.sessions >= wanted)
        self.agent.pause()
        for unit in list(self.agent.units.values()):
            await _until(partial(getattr, unit, "served"))

    async def recorded(self, count: int) -> list[str]:
        """The first calls that the first station makes in a session, as they go over the wire."""
        frames: list[str] = []

        def hear(event: dict[str, Any]) -> None:
            frame = event["data"]
            if frame["direction"] == ">":
                frames.append(encode_call(frame["messageId"], frame["action"], frame["payload"]))

        end = self.agent.units[0].host.subscribe(hear, frozenset({WIRE}))
        await self.charge(len(self.agent.units))
        end()
        return frames[:count]


async def _until(true: Callable[[], bool]) -> None:
    """Wait; one poll for thousands of stations."""
    while not true():  # noqa: ASYNC110 - nothing there would set an event
        await asyncio.sleep(0.01)
