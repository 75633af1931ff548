"""A cluster on this machine alone: a scheduler in this process, on loopback, and worker processes.

What passes between them is encrypted with certificates made for this run, so that another user of the machine neither
reads the fleet's passwords nor runs programs as us. No dashboard, no nanny: a worker that dies stays dead, and its
stations move. Nothing outlives this process: the workers end when their standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
from typing import Any, Final

import dask
from distributed import Scheduler, Security

from station.errors import StationError
from station.fleet.cluster.settings import SETTINGS, hush

_START_S: Final = 30.0
_END_S: Final = 3.0


class LocalCluster:
    """See the module."""

    def __init__(self) -> None:
        security: Any = Security
        self.security = security.temporary()
        self.address = ""
        self._folder = tempfile.mkdtemp(prefix="ocpp-station-fleet-")
        self._scheduler: Any = None
        self._workers: list[asyncio.subprocess.Process] = []

    async def start(self, workers: int) -> None:
        """Start the scheduler and so many workers; they join by themselves.

        Raises:
            StationError: it cannot be.
        """
        hush()
        dask.config.set(SETTINGS)
        self._scheduler = Scheduler(
            host="127.0.0.1",
            port=0,
            protocol="tls://",
            security=self.security,
            dashboard=False,
            dashboard_address="127.0.0.1:0",
        )
        try:
            async with asyncio.timeout(_START_S):
                await self._scheduler
        except (OSError, TimeoutError) as problem:
            raise StationError(f"no scheduler on this machine: {problem}") from problem
        self.address = self._scheduler.address
        for _ in range(workers):
            await self.add_worker()

    async def add_worker(self) -> int:
        """Start one more worker; its process id."""
        # In a session of its own: Ctrl-C at the terminal is for us, who end in order.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "station.fleet.cluster.worker_process",
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        name = f"worker-{len(self._workers) + 1}"
        order = {"scheduler": self.address, "name": name, "tls": self._tls(), "folder": self._folder}
        process.stdin.write(json.dumps(order).encode() + b"\n")
        self._workers.append(process)
        return process.pid

    def _tls(self) -> dict[str, str]:
        security = self.security
        return {
            "tls_ca_file": security.tls_ca_file,
            "tls_worker_cert": security.tls_worker_cert,
            "tls_worker_key": security.tls_worker_key,
        }

    @property
    def pids(self) -> list[int]:
        """The worker processes that run."""
        return [process.pid for process in self._workers if process.returncode is None]

    @property
    def dead_pids(self) -> list[int]:
        """The worker processes that have ended."""
        return [process.pid for process in self._workers if process.returncode is not None]

    async def close(self) -> None:
        """End everything; bounded."""
        for process in self._workers:
            if process.stdin is not None:
                process.stdin.close()
        await asyncio.gather(*map(_ended, self._workers))
        if self._scheduler is not None:
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(_END_S):
                    await self._scheduler.close()
        shutil.rmtree(self._folder, ignore_errors=True)


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
