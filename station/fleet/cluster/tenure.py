"""One agent under one lease: carries out orders, says what came of them. Lives in the agent's loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from station.errors import StationError
from station.fleet.api import Agent
from station.fleet.cluster.messages import (
    Assign,
    Begin,
    Drop,
    End,
    Go,
    Inject,
    Order,
    Pause,
    Report,
    Resume,
    Withdraw,
)

log = logging.getLogger(__name__)


class RunningAgent(Agent, Protocol):
    """An agent that tells what it has."""

    def has(self, index: int) -> bool:
        """Whether a station is here, in whatever state."""
        ...

    async def vanish(self) -> None:
        """All stations are gone, as if the process had died, and the agent ends."""
        ...


class Tenure:
    """See the module.

    Args:
        make: makes the agent; what it raises becomes the report's trouble.
    """

    def __init__(self, make: Callable[[], RunningAgent]) -> None:
        self.agent: RunningAgent | None = None
        self.applied = 0
        self.went = self.ended = False
        self._trouble = ""
        self._ending: asyncio.Task[None] | None = None
        self._leaving: set[int] = set()
        self._told: tuple[int, tuple[int, ...], bool] | None = None
        try:
            self.agent = make()
        except StationError as problem:
            self._trouble = problem.message
        except Exception as problem:
            log.exception("no agent")
            self._trouble = f"{type(problem).__name__}: {problem}"

    def carry_out(self, order: Order) -> None:
        """Do it. What fails is the report's trouble, and never ends the loop."""
        if self.agent is None or self._ending is not None:
            return
        try:
            self._carry_out(self.agent, order)
        except Exception as problem:
            log.exception("an order failed")
            self._trouble = f"{type(order).__name__}: {type(problem).__name__}: {problem}"

    def _carry_out(self, agent: RunningAgent, order: Order) -> None:
        match order:
            case Assign(assignments):
                self._leaving.difference_update(each.index for each in assignments)
                agent.assign(assignments)
            case Withdraw(indexes):
                self._leaving.update(indexes)
                agent.withdraw(indexes)
            case Drop(indexes):
                agent.drop(indexes)
            case Go(at_s):
                self.went = True
                agent.go(at_s)
            case Pause():
                agent.pause()
            case Resume():
                agent.resume()
            case Inject(storm):
                agent.inject(storm)
            case End(patience_s):
                self._ending = asyncio.get_running_loop().create_task(self._stop(agent, patience_s))
            case Begin():
                pass

    async def _stop(self, agent: RunningAgent, patience_s: float) -> None:
        try:
            await agent.stop(patience_s)
        except Exception as problem:
            log.exception("the agent did not stop in order")
            self._trouble = f"{type(problem).__name__}: {problem}"
        self.ended = True

    def news(self) -> bool:
        """Whether there is something to say at once: an order was carried out, a station is gone, the end."""
        return self._state() != self._told

    def _state(self) -> tuple[int, tuple[int, ...], bool]:
        if self.agent is not None and self._leaving:
            gone = {index for index in self._leaving if not self.agent.has(index)}
            self._leaving -= gone
        return self.applied, tuple(sorted(self._leaving)), self.ended

    def report(self, number: int, incarnation: int) -> Report:
        """What there is to say."""
        self._told = applied, leaving, ended = self._state()
        snapshot = b""
        try:
            snapshot = self.agent.snapshot().to_bytes() if self.agent is not None else b""
        except Exception as problem:
            log.exception("no figures")
            self._trouble = f"{type(problem).__name__}: {problem}"
        return Report(number, incarnation, applied, leaving, snapshot, ended, self._trouble)

    async def vanish(self) -> None:
        """All stations are gone at once, as if the process had died."""
        if self._ending is not None:
            self._ending.cancel()
        if self.agent is not None:
            try:
                await self.agent.vanish()
            except Exception:
                log.exception("the stations did not vanish in order")

    async def end(self, patience_s: float) -> None:
        """End in order."""
        if self._ending is not None:
            await asyncio.wait({self._ending}, timeout=patience_s + 1)
        elif self.agent is not None:
            await self._stop(self.agent, patience_s)
