"""An asyncio event loop whose time is virtual: it jumps to the next timer instead of waiting for it.

Sockets and threads still work, in real time; programs that only wait for timers run as fast as the machine does. While
the loop's executor has work, time stands: a file that takes a busy machine a moment must not take the station hours.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE_S = 5.0
"""How long, in real time, a loop without timers waits for a thread before it is called stuck."""
_AT_WORK_S = 2.0
"""How long, in real time, the executor's work may keep time from passing."""


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(_PATIENCE_S)
            if not ready:
                raise RuntimeError("the virtual loop is stuck: nothing is scheduled and nothing happens")
            return ready
        if self.loop.at_work:
            ready = super().select(_AT_WORK_S)
            if ready:
                return ready
        self.loop.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._virtual_s = 1000.0
        self.at_work = 0
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Virtual monotonic seconds."""
        return self._virtual_s

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """As asyncio's; time does not jump while it is under way."""
        future = super().run_in_executor(executor, func, *args)
        self.at_work += 1
        future.add_done_callback(self._worked)
        return future

    def _worked(self, future: object) -> None:
        del future
        self.at_work -= 1

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._virtual_s += seconds


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
