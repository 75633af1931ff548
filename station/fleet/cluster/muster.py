"""Which workers there are: asks the scheduler again and again, and has a ``Peer`` for each. Called by ``engine``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final, Protocol

from station.fleet.cluster.peer import Link, Owner, Peer

log = logging.getLogger(__name__)

_EVERY_S: Final = 1.0
_FIRST_S: Final = 0.2
_OTHERS_S: Final = 10.0
_SAMPLES: Final = 3
"""So many exchanges tell how far the clocks are apart."""


class WorkersLink(Link, Protocol):
    """A way to the workers that knows them."""

    async def workers(self) -> list[str]:
        """The addresses of those that are there."""
        ...


class Muster:
    """See the module.

    Args:
        link: the way to the workers.
        owner: of the peers.
        serving: whether a worker that has left the scheduler is still waited for.
    """

    def __init__(self, link: WorkersLink, owner: Owner, serving: Callable[[Peer], bool]) -> None:
        self.peers: dict[str, Peer] = {}
        self.begun = False
        self._link = link
        self._owner = owner
        self._serving = serving
        self._loop = asyncio.get_running_loop()
        self._first_s = self._loop.time()
        self._task = self._loop.create_task(self._call())

    async def _call(self) -> None:
        lost = False
        while True:
            try:
                await self._look(await self._link.workers())
                lost = False
            except self._owner.errors as problem:
                if not lost and self.begun:
                    log.warning("the scheduler cannot be asked: %s", problem)
                lost = True
            await asyncio.sleep(_EVERY_S if self.begun else _FIRST_S)

    async def _look(self, there: Collection[str]) -> None:
        for address in there:
            if address not in self.peers:
                self.peers[address] = Peer(address, self._link, self._owner)
                self.peers[address].hurried = True
        for address in self.peers.keys() - set(there):
            if not self._serving(self.peers[address]):
                await self.peers.pop(address).close()

    def ready(self, answering: Collection[Peer]) -> bool:
        """Whether the run can begin: all that are there are known well enough, or the others were waited for."""
        known = sum(peer.offset.known >= _SAMPLES for peer in answering)
        waited = self._loop.time() - self._first_s > _OTHERS_S
        there = answering if waited else [peer for peer in self.peers.values() if peer.used]
        return bool(answering) and known == len(there)

    async def close(self) -> None:
        """Ask no more."""
        self._task.cancel()
        tasks = [self._task, *(asyncio.ensure_future(peer.close()) for peer in self.peers.values())]
        await asyncio.gather(*tasks, return_exceptions=True)
