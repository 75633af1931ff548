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
    """The jobs under way; their reports go to ``hear``."""

    __slots__ = ("_heard", "_last", "_ledger")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._heard: dict[int, Callable[[Any], None]] | None = None
        self._last = 0

    def start(self, task: Any, hear: Callable[[Any], None], *, asked: bool = False) -> int:
        """Order a job once the turn is recorded. Answers its number, for ``abandon``.

        ``asked``: at once. Somebody waits for what comes of it, also while the store fails, and it rests on no record.
        """
        self._last += 1
        job = self._last
        if self._heard is None:
            self._heard = {}  # few stations ever have one
        self._heard[job] = hear
        if asked:
            self._order(job, task)
        else:
            self._ledger.then(lambda: self._order(job, task), follows=False)
        return job

    def _order(self, job: int, task: Any) -> None:
        if self._heard is not None and job in self._heard:
            self._ledger.emit(Work(job, task))

    def abandon(self, job: int) -> None:
        """Stop a job; nothing is heard of it any more. One that is over is no error."""
        if self._heard is not None and self._heard.pop(job, None) is not None:
            self._ledger.emit(Abandon(job))

    def reported(self, job: int, report: Any, last: bool) -> None:
        """The host tells how a job is going; the ``last`` report ends it."""
        if self._heard is None:
            return
        hear = self._heard.pop(job, None) if last else self._heard.get(job)
        if hear is not None:
            hear(report)
