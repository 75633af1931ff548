"""Jobs: work that needs a library, a file or the network. The core orders it and hears how it went.

A task is a frozen dataclass of the part that orders it; what it means is the host's business (``station.host.jobs``).
A job lives no longer than the boot that ordered it: what has to go on afterwards is ordered anew from stored rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from station.core.effects import Abandon, Work
from station.core.frozen import dataclass
from station.core.journal import Ledger


@dataclass(frozen=True, slots=True)
class JobFailed:
    """The last report of a job that fell over. ``problem`` for people, without secrets."""

    problem: str


class Jobs:
    """The jobs under way. ``start`` orders one once the turn is recorded; its reports go to ``hear``."""

    __slots__ = ("_heard", "_last", "_ledger")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._heard: dict[int, Callable[[Any], None]] = {}
        self._last = 0

    def start(self, task: Any, hear: Callable[[Any], None]) -> int:
        """Order a job. Answers its number, for ``abandon``."""
        self._last += 1
        job = self._last
        self._heard[job] = hear
        self._ledger.then(lambda: self._order(job, task), follows=False)
        return job

    def _order(self, job: int, task: Any) -> None:
        if job in self._heard:
            self._ledger.emit(Work(job, task))

    def abandon(self, job: int) -> None:
        """Stop a job; nothing is heard of it any more. One that is over is no error."""
        if self._heard.pop(job, None) is not None:
            self._ledger.emit(Abandon(job))

    def reported(self, job: int, report: Any, last: bool) -> None:
        """The host tells how a job is going; the ``last`` report ends it."""
        hear = self._heard.pop(job, None) if last else self._heard.get(job)
        if hear is not None:
            hear(report)
