"""Jobs on certificates (``station.core.certificate_tasks``); the work itself is ``station.host.vault.work``.

It is imported with the first job: ``cryptography`` takes time and memory that most stations never need.
"""

from __future__ import annotations

from typing import Any, Final

from station.core import certificate_tasks as tasks
from station.host.jobs.bench import Bench, JobRunner, Report


async def _work(task: Any, bench: Bench, _report: Report) -> Any:
    from station.host.vault.work import WORK

    return WORK[type(task)](task, bench)


JOBS: Final[dict[type, JobRunner]] = dict.fromkeys(
    (
        tasks.InstallRoot,
        tasks.DeleteInstalled,
        tasks.RemoveRoots,
        tasks.ListInstalled,
        tasks.MakeRequest,
        tasks.TakeSigned,
        tasks.DropOwn,
        tasks.InspectOwn,
    ),
    _work,
)
"""Task -> who carries it out."""
