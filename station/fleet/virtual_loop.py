"""An asyncio event loop whose time is virtual: it jumps to the next timer instead of waiting for it.

Sockets and threads still work, in real time; programs that only wait for timers run as fast as the machine does. While
the loop's executor has work, time stands: a file that takes a busy machine a moment must not take the station hours.
Virtual fleets and tests run in it.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

T = TypeVar("T")

_PATIENCE_S: Final = 5.0
"""How long, in real time, a loop without timers waits for a thread before it is called stuck."""
_AT_WORK_S: Final = 2.0
"""How long, in real time, the executor's work may keep time from passing."""
_GLANCE_S: Final = 0.01
"""How often, in real time, a loop that is alone asks the kernel: a system call takes as long as a turn."""


class _Selector(selectors.DefaultSelector):
    loop: VirtualLoop
    glanced_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if self.loop.alone:
            now_s = time.monotonic()
            if now_s - self.glanced_s < _GLANCE_S and timeout is not None:
                self.loop.jump(timeout)
                return []
            self.glanced_s = now_s
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
    """See the module.

    Args:
        alone: nothing but signals comes from outside, so the kernel is asked a hundred times a second only.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._virtual_s = 1000.0
        self._alone = alone
        self.at_work = 0
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self

    @property
    def alone(self) -> bool:
        """Whether the kernel need not be asked at every turn."""
        return self._alone and not self.at_work

    def time(self) -> float:
        """Virtual monotonic seconds."""
        return self._virtual_s

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
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


class LoopClock:
    """Station time by the loop's; the date is what the CSMS tells."""

    def __init__(self, loop: asyncio.AbstractEventLoop, speed: float = 1.0) -> None:
        self._loop = loop
        self.speed = speed
        self._origin_s = loop.time()

    def now(self) -> float:
        """Seconds of station time."""
        return self._origin_s + (self._loop.time() - self._origin_s) * self.speed

    def utc(self) -> datetime | None:
        """Not known by itself."""
        return None

    def wall(self) -> datetime | None:
        """There is none."""
        return None


def run_virtual(main: Coroutine[Any, Any, T], *, alone: bool = False) -> T:
    """``asyncio.run`` in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(alone=alone)) as runner:
        return runner.run(main)
