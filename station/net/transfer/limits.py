"""How long and how much: bounds of one transfer, and the watch over a peer that falls silent."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

CHUNK_BYTES = 256 * 1024
"""What is read from a file or gathered for one write at a time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one attempt.

    Attributes:
        idle_s: how long a server may send, take and answer nothing, the connection's making included; seconds > 0.
        longest_s: how long an attempt may last although something moves; the next one continues it; seconds > 0.
        most_bytes: how long a file may be, in either direction.
        greeting_s: how long ``ftps://host:port`` waits for a server that speaks first before it begins with TLS.
    """

    idle_s: float = 60.0
    longest_s: float = 6 * 3600.0
    most_bytes: int = 2 * 1024**3
    greeting_s: float = 3.0


class Pulse:
    """Postpones the end of a silent transfer; ``timeout`` is the one around it."""

    __slots__ = ("_idle_s", "_timeout")

    def __init__(self, timeout: asyncio.Timeout, idle_s: float) -> None:
        self._timeout = timeout
        self._idle_s = idle_s

    def beat(self) -> None:
        """Something moved."""
        # A body is sent by a task of the library's own, which may outlive the time-out by a turn of the loop.
        with suppress(RuntimeError):
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._idle_s)
