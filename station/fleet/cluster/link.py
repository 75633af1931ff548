"""The way to the workers through Dask: who is there, one question to one of them, the plugin. Everything is bounded.

Questions go over the scheduler, so workers need not be reachable from where the coordinator runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from typing import Any, TypeVar

from distributed import Client, Security

from station.errors import StationError
from station.fleet.cluster.plugin import FleetPlugin, command_op, exchange_op
from station.fleet.cluster.settings import hush

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_CONNECT_S = 10.0
_PLUGIN_S = 20.0
_CLOSE_S = 5.0


class Unreachable(Exception):
    """A worker did not answer, or cannot be asked."""


class WorkerFailed(Exception):
    """A worker answered with an error of its own, in one line."""


class DaskLink:
    """See the module.

    Args:
        run: the name of the run.
        maker: see ``FleetPlugin``.
    """

    def __init__(self, run: str, maker: str) -> None:
        self._run = run
        self._plugin = FleetPlugin(run, maker)
        self._client: Any = None

    async def connect(self, address: str, security: Security | None = None) -> None:
        """Join a cluster and bring the plugin to its workers.

        Args:
            address: of the scheduler.
            security: TLS material; None: what Dask's own configuration says.

        Raises:
            StationError: the scheduler cannot be reached, or refuses.
        """
        hush()
        try:
            make: Any = Client
            client = make(address, security=security, asynchronous=True, timeout=_CONNECT_S, set_as_default=False)
            self._client = client
            await _within(_CONNECT_S + 1, client)
            await _within(_PLUGIN_S, self._client.register_plugin(self._plugin, name=self._plugin.name))
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError, ImportError) as problem:
            await self.close()
            raise StationError(
                f"the scheduler at {address} cannot be used: {_line(problem)}",
                "is it running (dask scheduler), and do its certificates fit? docs/fleet-cluster.md",
            ) from problem

    async def workers(self) -> list[str]:
        """The addresses of the workers that the scheduler knows.

        Raises:
            Unreachable: the scheduler does not answer.
        """
        try:
            return list(await _within(5.0, self._scheduler().ncores()))
        except (OSError, TimeoutError) as problem:
            raise Unreachable(_line(problem)) from problem

    def _scheduler(self) -> Any:
        scheduler = getattr(self._client, "scheduler", None)
        if scheduler is None:  # closed, or lost for good
            raise Unreachable("the scheduler is gone")
        return scheduler

    async def exchange(self, worker: str, payload: bytes, timeout_s: float) -> bytes:
        """One request to one worker.

        Raises:
            Unreachable: no answer.
            WorkerFailed: it fell over.
        """
        return await self._ask(worker, exchange_op(self._run), payload, timeout_s)

    async def command(self, worker: str, payload: bytes, timeout_s: float) -> bytes:
        """One command to one worker; as ``exchange``."""
        return await self._ask(worker, command_op(self._run), payload, timeout_s)

    async def _ask(self, worker: str, op: str, payload: bytes, timeout_s: float) -> bytes:
        message = {"op": op, "payload": payload}
        try:
            asked = self._scheduler().broadcast(msg=message, workers=[worker], on_error="ignore")
            answers = await _within(timeout_s, asked)
        except (OSError, TimeoutError) as problem:
            raise Unreachable(_line(problem)) from problem
        answer = answers.get(worker)
        if isinstance(answer, bytes):
            return answer
        if isinstance(answer, dict) and "text" in answer:
            raise WorkerFailed(str(answer["text"])[:300])
        raise Unreachable("the worker is not there, or not yet ready")

    async def close(self) -> None:
        """Take the plugin off the workers, and leave the cluster; bounded."""
        client, self._client = self._client, None
        if client is None:
            return
        if client.status == "running":
            with contextlib.suppress(OSError, TimeoutError, ValueError):
                await _within(_CLOSE_S, client.unregister_worker_plugin(self._plugin.name))
        with contextlib.suppress(Exception):  # a client that never was one falls over here, and is gone either way
            await _within(_CLOSE_S, client.close())


async def _within(timeout_s: float, what: Awaitable[_Result]) -> _Result:
    async with asyncio.timeout(timeout_s):
        return await what


def _line(problem: BaseException) -> str:
    text = str(problem).strip()
    return text.splitlines()[0] if text else type(problem).__name__
