"""Tells systemd how the station is: READY, WATCHDOG, STOPPING (sd_notify: one datagram each, no library).

The watchdog is fed from the event loop, well within half of WATCHDOG_USEC, while the station says that it is sound: a
loop that hangs, or a contactor that hangs closed, feeds nothing, and the unit is restarted with its contactors opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

_SHARE: Final = 0.4
"""Of WATCHDOG_USEC, between two feedings: at most half of it, however late a timer rings."""


class ServiceManager:
    """The service manager that started us; without one every call does nothing.

    ``sound`` is asked before each feeding of the watchdog.
    """

    def __init__(self, address: str | None, watchdog_s: float | None, loop: asyncio.AbstractEventLoop) -> None:
        self.sound: Callable[[], bool] = _always
        self._loop = loop
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self._every_s = watchdog_s * _SHARE if watchdog_s else None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def from_environment(
        cls, loop: asyncio.AbstractEventLoop, environment: Mapping[str, str] = os.environ
    ) -> ServiceManager:
        """As NOTIFY_SOCKET and WATCHDOG_USEC say; a watchdog meant for another process is not ours."""
        usec = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog_s = int(usec) / 1e6 if usec.isdecimal() and ours else None
        return cls(environment.get("NOTIFY_SOCKET"), watchdog_s or None, loop)

    def ready(self) -> None:
        """The control face answers and the contactors were read."""
        self._send("READY=1")
        self._feed()

    def stopping(self) -> None:
        """The ordered stop has begun."""
        if self._timer is not None:
            self._timer.cancel()
        self._send("STOPPING=1")

    def _feed(self) -> None:
        if self._every_s is not None and self._address:
            if self.sound():
                self._send("WATCHDOG=1")
            self._timer = self._loop.call_later(self._every_s, self._feed)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(message.encode(), self._address)


def _always() -> bool:
    return True
