"""The attempts at something that takes a while: one job at a time, and a pause before the next.

What is done, and how often, is its owner's: ``firmware`` and ``log_upload``, who call this. Nothing here is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from station.core.context import Context
from station.core.jobs import Jobs


class Attempts:
    """See the module. ``deadline`` is the name of the owner's timer."""

    __slots__ = ("_ctx", "_deadline", "_job", "_jobs")

    def __init__(self, ctx: Context, jobs: Jobs, deadline: str) -> None:
        self._ctx = ctx
        self._jobs = jobs
        self._deadline = deadline
        self._job = 0

    @property
    def under_way(self) -> bool:
        """Whether a job has not ended yet."""
        return self._job != 0

    @property
    def resting(self) -> bool:
        """Whether the next one is waited for."""
        return (self._deadline, 0) in self._ctx.deadlines

    def begin(self, task: Any, hear: Callable[[Any], None]) -> None:
        """Order a job; ``hear`` gets its report."""

        def heard(report: Any) -> None:
            self._job = 0
            hear(report)

        self._job = self._jobs.start(task, heard)

    def rest(self, delay_s: float) -> None:
        """Go on after so many seconds: the owner's timer rings then."""
        self._ctx.at(self._deadline, 0, delay_s)

    def wake(self) -> None:
        """Wait for nothing any more."""
        self._ctx.cancel(self._deadline, 0)

    def stop(self) -> None:
        """No more attempts: the job that is under way is abandoned."""
        self.wake()
        if self._job:
            self._jobs.abandon(self._job)
            self._job = 0
