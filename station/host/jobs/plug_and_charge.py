"""Jobs on V2G certificates and contracts (``station.core.v2g_tasks``, ``contract_tasks``); the work itself is
``station.host.vault.v2g_work``, imported with the first job as ``certificates`` does."""

from __future__ import annotations

from typing import Any, Final

from station.core import contract_tasks, v2g_tasks
from station.host.jobs.bench import Bench, JobRunner, Report


async def _work(task: Any, bench: Bench, _report: Report) -> Any:
    from station.host.vault.v2g_work import WORK

    return WORK[type(task)](task, bench)


JOBS: Final[dict[type, JobRunner]] = dict.fromkeys(
    (
        v2g_tasks.MakeV2gRequest,
        v2g_tasks.TakeV2gSigned,
        v2g_tasks.DropV2g,
        v2g_tasks.InspectV2g,
        contract_tasks.ExamineContract,
    ),
    _work,
)
"""Task -> who carries it out."""
