"""A bare core whose jobs a test carries out: it is told what was ordered, and says what came of it."""

from __future__ import annotations

from typing import Any

from station.core import events as ev
from station.core.effects import Work
from tests.support.core_world import World


class JobBench:
    """A world with these settings. ``jobs`` are those not reported yet."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.world = World(settings=settings, start=False)
        self.jobs: dict[int, Any] = {}
        self.world.observe = self._observe
        self.world.boot()

    def _observe(self, effect: Any) -> None:
        if isinstance(effect, Work):
            self.jobs[effect.job] = effect.task

    def report(self, kind: type, report: Any) -> list[Any]:
        """The oldest job of this kind is over."""
        job = next(number for number, task in self.jobs.items() if isinstance(task, kind))
        del self.jobs[job]
        return self.world.send(ev.JobReported(job, report))

    def ordered(self, kind: type) -> list[Any]:
        """The tasks of this kind that were not reported yet."""
        return [task for task in self.jobs.values() if isinstance(task, kind)]
