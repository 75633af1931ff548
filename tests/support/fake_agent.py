"""An agent without stations, for tests of what is around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from station.fleet.api import Assignment
from station.fleet.cluster.lease import Lease
from station.fleet.metrics import Metrics, Snapshot
from station.fleet.plan import Plan, Storm
from station.host.execution import CommandRefused

MADE: list[FakeAgent] = []


class FakeAgent:
    """Remembers what it was told. A withdrawn station is gone when ``let_go`` says so."""

    def __init__(self, plan: Plan, began_s: float, lease: Lease) -> None:
        self.plan, self.began_s, self.lease = plan, began_s, lease
        self.told: list[Any] = []
        self.here: dict[int, Assignment] = {}
        self.metrics = Metrics()
        self.vanished = self.stopped = False
        MADE.append(self)

    def assign(self, assignments: Sequence[Assignment]) -> None:
        self.here.update((each.index, each) for each in assignments)
        self.metrics.count("booted", len(assignments))

    def withdraw(self, indexes: Sequence[int]) -> None:
        self.told.append(("withdraw", tuple(indexes)))

    def let_go(self) -> None:
        self.here.clear()

    def drop(self, indexes: Sequence[int]) -> int:
        for index in indexes:
            self.here.pop(index, None)
        return 0

    def go(self, at_s: float) -> None:
        self.told.append(("go", at_s))

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def inject(self, storm: Storm) -> None:
        if storm.do == "raise":
            raise ValueError("no such storm")
        if storm.do == "hang":
            time.sleep(0.5)
        self.told.append(storm)

    async def command(self, index: int, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if index not in self.here:
            raise CommandRefused("not here", "elsewhere")
        return {"index": index, "command": command, **params}

    def has(self, index: int) -> bool:
        return index in self.here

    def snapshot(self) -> Snapshot:
        return self.metrics.snapshot({"stations": len(self.here)})

    async def stop(self, patience_s: float) -> None:
        await asyncio.sleep(0)
        self.stopped = True
        self.here.clear()

    async def vanish(self) -> None:
        self.vanished = True
        self.here.clear()


def make_fake(plan: Plan, began_s: float, lease: Lease) -> FakeAgent:
    """An ``AgentMaker``."""
    if plan.name == "bad":
        raise OSError("no room")
    return FakeAgent(plan, began_s, lease)
