"""Doing something for thousands of stations without holding up the loop: a few, then the loop's turn, then a few more.

Deterministic: in order, whatever comes in meanwhile waits behind. Called by the agent.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

log = logging.getLogger(__name__)

AT_ONCE: Final = 16
"""By default so many before the loop gets its turn: with something like 0.3 ms each, 5 ms."""


class Crowd:
    """See the module.

    Args:
        loop: the event loop.
        idle: called whenever everything that was asked for is done.
    """

    __slots__ = ("_handle", "_idle", "_loop", "_todo")

    def __init__(self, loop: asyncio.AbstractEventLoop, idle: Callable[[], None] | None = None) -> None:
        self._loop = loop
        self._idle = idle
        self._todo: deque[tuple[Any, Callable[[Any], object], int]] = deque()
        self._handle: asyncio.Handle | None = None

    @property
    def busy(self) -> bool:
        """Whether something is still to be done."""
        return bool(self._todo)

    def each(self, items: Iterable[Any], act: Callable[[Any], object], at_once: int = AT_ONCE) -> None:
        """Call ``act`` with every item, ``at_once`` of them a turn. The items are iterated as they are needed."""
        self._todo.append((iter(items), act, at_once))
        if self._handle is None:
            self._handle = self._loop.call_soon(self._go_on)

    def clear(self) -> None:
        """Leave what is not done."""
        self._todo.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _go_on(self) -> None:
        items, act, at_once = self._todo[0]
        for _ in range(at_once):
            try:
                item = next(items)
            except StopIteration:
                self._todo.popleft()
                break
            try:
                act(item)
            except Exception:
                log.exception("a station fell over")
        if self._todo:
            self._handle = self._loop.call_soon(self._go_on)
        else:
            self._handle = None
            if self._idle is not None:
                self._idle()
