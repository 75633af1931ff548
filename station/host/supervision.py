"""Watches the threads of real devices: what hangs becomes a fault, and the service manager hears of danger.

One timer for a station, and none where no device blocks: thousands of simulated ones share a process. Also waits,
bounded, for the first looks at the hardware. Called by ``host.host`` and ``host.runner``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from station.host.hardware import EvseHardware
from station.host.outside import OutsideHardware
from station.host.worker import OPENING_S, join_all

log = logging.getLogger(__name__)

PERIOD_S: Final = 0.25
"""How often it is looked whether something hangs."""
SOUND_S: Final = 2.0
"""How long an EVSE may go without a moment at which all was in order, before the watchdog is fed no more."""
READ_S: Final = OPENING_S
"""How long the first look at the hardware is waited for."""
_LOOK_S: Final = 0.02


def real_ones(hardware: Iterable[EvseHardware]) -> tuple[OutsideHardware, ...]:
    """Those with parts from outside."""
    return tuple(one for one in hardware if isinstance(one, OutsideHardware))


class Supervision:
    """See the module.

    Args:
        hardware: the EVSEs' with parts from outside.
        loop: the event loop.
    """

    def __init__(self, hardware: tuple[OutsideHardware, ...], loop: asyncio.AbstractEventLoop) -> None:
        self._watched = tuple(one for one in hardware if one.threads)
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch from now on; once."""
        if self._watched and self._timer is None:
            self._tick()

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sound(self) -> bool:
        """Whether every EVSE was in order a moment ago: it ticks, and no contactor hangs that may be closed."""
        now_s = time.monotonic()
        return all(now_s - one.sound_at_s < SOUND_S for one in self._watched)

    def _tick(self) -> None:
        for one in self._watched:
            try:
                one.supervise()
            except Exception:
                log.exception("EVSE %d: the supervision failed", one.evse)
        self._timer = self._loop.call_later(PERIOD_S, self._tick)


def when_read(
    hardware: Iterable[EvseHardware], loop: asyncio.AbstractEventLoop, do: Callable[[], None]
) -> asyncio.TimerHandle | None:
    """Do it once everything that decides over power was looked at, or failed to be; at once where nothing blocks."""
    waited_for = [one for one in hardware if one.unread]
    if not waited_for:
        do()
        return None
    end_s = loop.time() + READ_S

    def look() -> None:
        if loop.time() < end_s and any(one.unread for one in waited_for):
            loop.call_later(_LOOK_S, look)
        else:
            do()

    return loop.call_later(_LOOK_S, look)


async def until(condition: Callable[[], bool], at_most_s: float) -> None:
    """Wait until it is so, bounded."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + at_most_s
    while loop.time() < end_s:
        if condition():
            return
        await asyncio.sleep(_LOOK_S)


async def release_all(hardware: Iterable[EvseHardware]) -> None:
    """Give all devices back, contactors first; a thread that hangs is waited for, bounded, beside the loop."""
    ending = [worker for one in hardware for worker in one.release()]
    if ending:
        await asyncio.get_running_loop().run_in_executor(None, join_all, ending)
