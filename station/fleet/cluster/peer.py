"""One worker as the coordinator knows it: asked once a second and whenever there are orders, one question at a time.

It knows how to ask, not what answers mean for the fleet: its owner (``engine``) hears every answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final, Protocol

from station.fleet.cluster.messages import Order, Reply, Request, Withdraw, pack, unpack
from station.fleet.cluster.offset import Offset

log = logging.getLogger(__name__)

_HURRY_S: Final = 0.15
_TIMEOUT_S: Final = 2.0
_SLOW_TIMEOUT_S: Final = 10.0
"""For a worker that is not renewed any more: each question that is given up leaves the scheduler waiting for it."""


class Link(Protocol):
    """The way to the workers; ``link.DaskLink``."""

    async def exchange(self, worker: str, payload: bytes, timeout_s: float) -> bytes:
        """One request to one worker."""
        ...


class Owner(Protocol):
    """Who hears the answers."""

    lease_s: float
    ask_s: float
    plan: bytes
    errors: tuple[type[Exception], ...]

    def replied(self, peer: Peer, reply: Reply, heard_s: float) -> None:
        """A worker answered; it was alive at ``heard_s`` of the loop's time."""
        ...

    def failed(self, peer: Peer, problem: Exception) -> None:
        """A worker did not answer."""
        ...


class Peer:
    """See the module.

    Attributes:
        key: of the incarnation that is there now; empty before the first answer.
        renewed: whether the lease of this incarnation is renewed.
        used: whether stations are given to it at all.
        hurried: ask more often.
    """

    def __init__(self, address: str, link: Link, owner: Owner) -> None:
        self.address = address
        self.uid = ""
        self.pid = 0
        self.incarnation = 0
        self.renewed = self.used = True
        self.hurried = False
        self.offset = Offset()
        self.withdrawn: dict[int, int] = {}
        self._link = link
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._poked = asyncio.Event()
        self._anchor_s: float | None = None
        self._has_plan = True
        self._seen = 0
        self._number = 0
        self._orders: list[tuple[int, Order]] = []
        self._task = self._loop.create_task(self._run())

    @property
    def key(self) -> str:
        """See the class."""
        return f"{self.uid}/{self.incarnation}" if self.uid else ""

    def tell(self, order: Order) -> None:
        """An order for the incarnation that is there now; it is asked for until it arrived."""
        self._number += 1
        self._orders.append((self._number, order))
        if isinstance(order, Withdraw):
            self.withdrawn.update(dict.fromkeys(order.indexes, self._number))
        self._poked.set()

    def left(self, applied: int, leaving: frozenset[int] | set[int]) -> set[int]:
        """Which of the withdrawn are gone, by what the worker says; they are forgotten."""
        gone = {index for index, number in self.withdrawn.items() if number <= applied and index not in leaving}
        for index in gone:
            del self.withdrawn[index]
        return gone

    async def close(self) -> None:
        """Ask no more."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            self._poked.clear()
            try:
                await self._exchange()
            except self._owner.errors as problem:
                self._owner.failed(self, problem)
            except Exception as problem:
                log.exception("what worker %s answered could not be used", self.address)
                self._owner.failed(self, problem)
            pause_s = _HURRY_S if (self._orders or self.hurried) and self.renewed else self._owner.ask_s
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), pause_s)

    async def _exchange(self) -> None:
        request = Request(
            incarnation=self.incarnation or None,
            anchor_s=self._anchor_s if self.renewed else None,
            lease_s=self._owner.lease_s,
            orders=tuple(self._orders),
            seen=self._seen,
            plan=None if self._has_plan else self._owner.plan,
        )
        asked_s = self._loop.time()
        timeout_s = _TIMEOUT_S if self.renewed and request.plan is None else _SLOW_TIMEOUT_S
        reply: Reply = unpack(await self._link.exchange(self.address, pack(request), timeout_s))
        heard_s = self._loop.time()
        if (reply.uid, reply.incarnation) != (self.uid, self.incarnation):
            self._begin_anew(reply)
        self.offset.add(asked_s, reply.monotonic_s, heard_s)
        if reply.held:
            self._anchor_s = reply.anchor_s
        self._has_plan = reply.has_plan
        self._orders = [each for each in self._orders if each[0] > reply.received]
        if reply.report is not None:
            self._seen = reply.report.number
        self._owner.replied(self, reply, heard_s - reply.age_s)

    def _begin_anew(self, reply: Reply) -> None:
        """Another incarnation: what the one before was told is nothing to it."""
        if reply.uid != self.uid:
            self.offset = Offset()
            self._seen = 0
        self.uid, self.pid, self.incarnation = reply.uid, reply.pid, reply.incarnation
        self._anchor_s = None
        self._number = 0
        self._orders = []
        self.withdrawn = {}
        self.renewed = self.used
