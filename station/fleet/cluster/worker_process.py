"""A Dask worker on this machine, without a nanny: ``python -m station.fleet.cluster.worker_process``.

``local_cluster`` starts it and writes one line of JSON to its standard input: scheduler, TLS material, name, folder.
When that input ends, whoever started it is gone or has finished: the process ends at once, with everything in it. Its
stations live in a thread of their own (``agent_thread``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from station.fleet.cluster.settings import SETTINGS, hush


def main() -> None:
    """See the module."""
    line = sys.stdin.buffer.readline()
    if not line:
        return  # the run is over before it told us anything
    order = json.loads(line)
    try:
        folder = tempfile.tempdir = tempfile.mkdtemp(prefix="worker-", dir=order["folder"])
    except FileNotFoundError:
        return  # the run is over, and has taken its folder along
    threading.Thread(target=_end_with_stdin, args=(folder,), daemon=True).start()
    logging.getLogger().setLevel(logging.ERROR)  # the coordinator says what the user needs to know
    try:
        with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_work(order, folder))
    finally:
        _clean_up(folder)


def _end_with_stdin(folder: str) -> None:
    # Not through the stream's object: its lock would be held at the end of the process.
    while os.read(0, 4096):
        pass
    _clean_up(folder)
    os._exit(0)


def _clean_up(folder: str) -> None:
    """Remove what we wrote; the last worker of a run takes the run's folder along."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        Path(folder).parent.rmdir()


async def _work(order: dict[str, Any], folder: str) -> None:
    import dask
    from distributed import Security, Worker

    # Now, not when the first question waits for it.
    import station.fleet.cluster.local_agent  # noqa: F401

    hush()
    dask.config.set(SETTINGS)
    security: Any = Security
    worker: Any = Worker(
        order["scheduler"],
        nthreads=1,
        name=order["name"],
        host="127.0.0.1",
        security=security(require_encryption=True, **order["tls"]),
        local_directory=folder,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        death_timeout=20,
    )
    await worker
    await worker.finished()


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # a platform without it
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
