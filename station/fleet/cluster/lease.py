"""The right of a worker to run stations, for a few seconds at a time.

A worker that nobody hears may be dead, cut off, or only stopped; its stations are given to others once its lease is
over for certain, and so it must have dropped them by then, without being told. The lease counts from a moment that the
worker itself named (the anchor) and that the coordinator sent back: a renewal that lay in a buffer while the process
was stopped gives nothing, and clocks need not agree. A lease once lost stays lost.

``gated`` puts it in front of every frame, so that a process that wakes after its lease says nothing more, even before
its loop comes to the check.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from station.net.api import Connection, Listener, Target
from station.net.errors import DialFailed, FailureKind

Dial = Callable[[Target, Listener], Awaitable[Connection]]

_CLOCK = getattr(time, "CLOCK_BOOTTIME", None) or time.CLOCK_MONOTONIC


def lease_clock() -> float:
    """Seconds; time in which the machine was asleep counts, where the system can tell (Linux)."""
    return time.clock_gettime(_CLOCK)


class Lease:
    """See the module. Renewed by one thread, asked by another.

    Args:
        until_s: when it ends, if it is not renewed.
        clock: as ``lease_clock``.
    """

    __slots__ = ("_clock", "_lost", "_until_s")

    def __init__(self, until_s: float, clock: Callable[[], float] = lease_clock) -> None:
        self._until_s = until_s
        self._clock = clock
        self._lost = False

    def held(self) -> bool:
        """Whether stations may do anything."""
        if self._lost:
            return False
        if self._clock() > self._until_s:
            self._lost = True
            return False
        return True

    def renew(self, until_s: float) -> bool:
        """Hold it until then, unless it is lost; whether it is held."""
        if not self.held():
            return False
        self._until_s = max(self._until_s, until_s)
        return self.held()

    def lose(self) -> None:
        """Give it up."""
        self._lost = True


def gated(dial: Callable[..., Any], lease: Lease) -> Dial:
    """A dialler whose connections send only while the lease is held."""

    async def leased(target: Target, listener: Listener) -> Connection:
        if not lease.held():
            raise _lost(target)
        connection: Connection = await dial(target, listener)
        if not lease.held():
            connection.abort()
            raise _lost(target)
        return _Gated(connection, lease)

    return leased


def _lost(target: Target) -> DialFailed:
    return DialFailed(FailureKind.UNREACHABLE, "this worker has lost its lease", target.url)


class _Gated:
    """A ``Connection`` that falls silent with the lease."""

    __slots__ = ("_connection", "_lease")

    def __init__(self, connection: Connection, lease: Lease) -> None:
        self._connection = connection
        self._lease = lease

    @property
    def subprotocol(self) -> str:
        """See ``Connection``."""
        return self._connection.subprotocol

    @property
    def is_open(self) -> bool:
        """See ``Connection``."""
        return self._connection.is_open

    def verified_by(self) -> tuple[bytes, ...]:
        """See ``Connection``."""
        return self._connection.verified_by()

    def send(self, text: str) -> None:
        """See ``Connection``; cut off where the lease is lost."""
        if self._lease.held():
            self._connection.send(text)
        else:
            self._connection.abort()

    def ping(self) -> None:
        """See ``Connection``."""
        if self._lease.held():
            self._connection.ping()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """See ``Connection``; without a farewell where the lease is lost."""
        if self._lease.held():
            self._connection.close(code, reason)
        else:
            self._connection.abort()

    def abort(self) -> None:
        """See ``Connection``."""
        self._connection.abort()

    def hand_over(self, listener: Listener) -> None:
        """See ``Connection``."""
        self._connection.hand_over(listener)
