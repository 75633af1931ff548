"""What Dask runs in each worker process: the plugin that makes the agent reachable. No station is ever a Dask task.

The scheduler sets it up in every worker that is there, and in every one that comes later. It carries the run's name and
where agents are made, no secrets: it stays at the scheduler if the coordinator dies.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from distributed import Worker, WorkerPlugin

from station import __version__
from station.fleet.cluster.agent_thread import AgentMaker, AgentThread
from station.fleet.cluster.messages import pack, unpack

PATIENCE_S = 3.0
"""How long a worker that is closed lets its stations end in order."""


class FleetPlugin(WorkerPlugin):
    """See the module.

    Args:
        run: a name of the run that no other has.
        maker: ``module:function`` of an ``AgentMaker``.
    """

    def __init__(self, run: str, maker: str) -> None:
        self.run = run
        self.maker = maker
        self.name = f"ocpp-station-fleet-{run}"
        self._agent: AgentThread | None = None

    def __reduce__(self) -> tuple[type[FleetPlugin], tuple[str, str]]:
        return FleetPlugin, (self.run, self.maker)

    async def setup(self, worker: Worker) -> None:
        """Answer the coordinator from now on."""
        module, _, name = self.maker.partition(":")
        make: AgentMaker = getattr(await asyncio.to_thread(importlib.import_module, module), name)
        agent = self._agent = AgentThread(make, __version__)

        def exchange(payload: bytes) -> bytes:
            return pack(agent.exchange(unpack(payload)))

        async def command(payload: bytes) -> bytes:
            return pack(await agent.command(unpack(payload)))

        worker.handlers[exchange_op(self.run)] = exchange
        worker.handlers[command_op(self.run)] = command

    async def teardown(self, worker: Worker) -> None:
        """The worker closes, or the run is over."""
        handlers: dict[str, Any] = worker.handlers
        handlers.pop(exchange_op(self.run), None)
        handlers.pop(command_op(self.run), None)
        if self._agent is not None:
            await asyncio.to_thread(self._agent.close, PATIENCE_S)


def exchange_op(run: str) -> str:
    """What Dask calls a ``Request``."""
    return f"station_fleet_exchange_{run}"


def command_op(run: str) -> str:
    """What Dask calls a ``Command``."""
    return f"station_fleet_command_{run}"
