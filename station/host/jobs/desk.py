"""The jobs of one boot: begun, told of, abandoned. A job that falls over is told as failed; it takes nobody with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from station.core.effects import Work
from station.core.events import Event, JobReported
from station.core.jobs import JobFailed
from station.errors import StationError
from station.host.jobs import RUNNERS
from station.host.jobs.bench import Bench

log = logging.getLogger(__name__)


class JobDesk:
    """See the module. ``feed`` takes the reports."""

    __slots__ = ("_bench", "_feed", "_loop", "_tasks")

    def __init__(self, loop: asyncio.AbstractEventLoop, bench: Bench, feed: Callable[[Event], None]) -> None:
        self._loop = loop
        self._bench = bench
        self._feed = feed
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def start(self, effect: Work) -> None:
        """Begin a job."""
        self._tasks[effect.job] = self._loop.create_task(self._run(effect))

    def abandon(self, job: int) -> None:
        """Stop a job; nothing is told of it any more."""
        task = self._tasks.pop(job, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Stop all."""
        for job in list(self._tasks):
            self.abandon(job)

    async def _run(self, effect: Work) -> None:
        job = effect.job
        try:
            last = await RUNNERS[type(effect.task)](
                effect.task, self._bench, lambda report: self._feed(JobReported(job, report, last=False))
            )
        except StationError as problem:
            last = JobFailed(problem.message)
        except OSError as problem:
            last = JobFailed(problem.strerror or type(problem).__name__)
        except Exception:
            log.exception("a job fell over")
            last = JobFailed("internal error")
        if self._tasks.pop(job, None) is not None:
            self._feed(JobReported(job, last))
