"""How Dask is set up in the processes that are ours. Knows its words, and imports nothing of it."""

from __future__ import annotations

import logging
from typing import Any, Final

SETTINGS: Final[dict[str, Any]] = {
    "distributed.admin.event-loop": "uvloop",
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.tick.limit": "30s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.diagnostics.nvml": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.monitor-interval": "10s",
}
"""Of Dask, in the processes that we start: nothing that costs the stations something. Each of them opens an HTTP port
on loopback all the same; there is nothing behind it."""

_TALKERS: Final = ("distributed", "tornado")


def hush() -> None:
    """Dask and what it stands on keep their logs to themselves: what the user needs to know is said by us.

    To be called once they are imported: they give each of their loggers a level of its own.
    """
    for name in (*_TALKERS, *logging.root.manager.loggerDict):
        if name.partition(".")[0] in _TALKERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
