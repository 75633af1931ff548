"""The connection of one station to its CSMS: dialling, back-off, pings. One short task while it dials, none besides.

A reconnect is no reboot; every attempt dials anew. Whatever ends a connection (a refusal, a bare close, silence), the
next attempt waits as RetryBackOff* say (OCPP 2.0.1 part 4 §5.3), never below half a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import Random
from typing import Protocol

from station.net import BackOff, BackOffSettings, CloseReason, Connection, DialFailed, Listener, Target
from station.net.errors import FailureKind

log = logging.getLogger(__name__)


class Owner(Protocol):
    """The station whose connection it is."""

    def target(self) -> Target:
        """Where to dial now."""
        ...

    def back_off(self) -> BackOffSettings:
        """How long to wait between attempts."""
        ...

    def back_off_seed(self) -> str:
        """What the variety of those waits is drawn from."""
        ...

    def ping_s(self) -> tuple[float, float]:
        """Interval of pings (0: none) and how long an answer may take."""
        ...

    def link_up(self, subprotocol: str) -> bool:
        """A connection stands; False: its version cannot be spoken any more."""
        ...

    def link_down(self, reason: str) -> None:
        """The connection that stood is gone."""
        ...

    def link_failed(self, failure: DialFailed) -> None:
        """An attempt failed."""
        ...

    def received(self, data: str | bytes) -> None:
        """A message came in."""
        ...


class _Ear:
    """The listener of one connection. What a connection says after it was given up is nobody's business any more."""

    __slots__ = ("_link", "deaf", "ended")

    def __init__(self, link: Link) -> None:
        self._link = link
        self.deaf = False
        self.ended: CloseReason | None = None

    def text(self, data: str) -> None:
        """A text message."""
        if not self.deaf:
            self._link.owner.received(data)

    def binary(self, data: bytes) -> None:
        """A binary message; OCPP-J has none."""
        if not self.deaf:
            self._link.owner.received(data)

    def pong(self) -> None:
        """Our ping was answered."""
        if not self.deaf:
            self._link.ping_answered()

    def closed(self, reason: CloseReason) -> None:
        """The connection ended by itself."""
        self.ended = reason
        if not self.deaf:
            self._link.closed(reason)


class Link:
    """See the module."""

    __slots__ = (
        "_backoff",
        "_dial",
        "_ear",
        "_loop",
        "_ping",
        "_pong_due",
        "_retry",
        "_task",
        "connection",
        "owner",
        "wanted",
    )

    def __init__(self, owner: Owner, dial: Callable[..., object], loop: asyncio.AbstractEventLoop) -> None:
        self.owner = owner
        self._dial = dial
        self._loop = loop
        self._backoff: BackOff | None = None  # made when first needed: a generator takes 2.5 kB
        self.connection: Connection | None = None
        """What frames are written to; None: there is none, and what is said is gone."""
        self._ear: _Ear | None = None
        self._task: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._ping: asyncio.TimerHandle | None = None
        self._pong_due: asyncio.TimerHandle | None = None
        self.wanted = False

    @property
    def up(self) -> bool:
        """Whether a connection stands."""
        return self.connection is not None

    def verified_by(self) -> tuple[bytes, ...]:
        """The certificates (DER) that verify the CSMS's in the connection that stands, the root last."""
        return self.connection.verified_by() if self.connection is not None else ()

    def connect(self) -> None:
        """Dial at once, whatever the back-off was; idempotent."""
        self.wanted = True
        self._cancel_retry()
        if self.connection is None and self._task is None:
            self._task = self._loop.create_task(self._attempt())

    def settled(self) -> None:
        """The CSMS has accepted us: the back-off begins anew."""
        if self._backoff is not None:
            self._backoff.reset()

    def interpose(self, put: Callable[[Connection, Listener], Connection]) -> None:
        """Let something stand between the connection, where there is one, and the station: a fleet's bad network."""
        if self.connection is not None and self._ear is not None:
            self.connection = put(self.connection, self._ear)

    def close(self, reason: str = "") -> None:
        """Close properly and do not dial again."""
        self._end(lambda connection: connection.close(1000, reason))

    def abort(self) -> None:
        """Cut without a close, as a network that is gone, and do not dial again."""
        self._end(lambda connection: connection.abort())

    def _end(self, how: Callable[[Connection], None]) -> None:
        self.wanted = False
        self._cancel_retry()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        connection = self.connection
        if connection is not None:
            self._lost("closed by the station")
            how(connection)

    def drop(self, reason: str) -> None:
        """Cut once; the back-off takes over."""
        connection = self.connection
        if connection is not None:
            self._lost(reason)
            connection.abort()
            self._dial_later()

    def renew(self, reason: str) -> None:
        """Close properly and dial again at once: credentials or address have changed."""
        connection = self.connection
        if connection is not None:
            self._lost(reason)
            connection.close(1000, reason)
            self.connect()

    # Dialling

    async def _attempt(self) -> None:
        ear = _Ear(self)
        try:
            target = self.owner.target()
            connection: Connection = await self._dial(target, ear)  # type: ignore[misc]
        except DialFailed as failure:
            self._task = None
            self.owner.link_failed(failure)
            self._dial_later()
            return
        except OSError as problem:
            self._task = None
            self.owner.link_failed(DialFailed(FailureKind.UNREACHABLE, str(problem), ""))
            self._dial_later()
            return
        self._task = None
        self.connection, self._ear = connection, ear
        if not self.owner.link_up(connection.subprotocol):
            ear.deaf = True
            self.connection = self._ear = None
            connection.close(1002, "another version than before")
            self._dial_later()
            return
        self._schedule_ping()
        if ear.ended is not None:
            self.closed(ear.ended)

    def _dial_later(self) -> None:
        if self.wanted and self._retry is None:
            if self._backoff is None:
                self._backoff = BackOff(Random(self.owner.back_off_seed()))  # noqa: S311 - jitter, no secret
            delay_s = self._backoff.next_delay_s(self.owner.back_off())
            self._retry = self._loop.call_later(delay_s, self._dial_now)

    def _dial_now(self) -> None:
        self._retry = None
        if self.wanted:
            self.connect()

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    # What the connection says

    def ping_answered(self) -> None:
        """Our ping was answered."""
        if self._pong_due is not None:
            self._pong_due.cancel()
            self._pong_due = None

    def closed(self, reason: CloseReason) -> None:
        """It ended by itself."""
        if self.connection is not None:
            code = f"close {reason.code}" if reason.code else "connection lost"
            self._lost(f"{code} {reason.reason}".strip())
            self._dial_later()

    def _lost(self, reason: str) -> None:
        self.connection = None
        if self._ear is not None:
            self._ear.deaf = True
            self._ear = None
        for timer in (self._ping, self._pong_due):
            if timer is not None:
                timer.cancel()
        self._ping = self._pong_due = None
        self.owner.link_down(reason)

    # Pings

    def reschedule_ping(self) -> None:
        """The interval changed."""
        if self._ping is not None:
            self._ping.cancel()
            self._ping = None
        if self.connection is not None:
            self._schedule_ping()

    def _schedule_ping(self) -> None:
        interval_s, _ = self.owner.ping_s()
        if interval_s > 0:
            self._ping = self._loop.call_later(interval_s, self._send_ping)

    def _send_ping(self) -> None:
        self._ping = None
        if self.connection is None:
            return
        _, patience_s = self.owner.ping_s()
        if self._pong_due is None:
            self._pong_due = self._loop.call_later(patience_s, self._deaf)
        self.connection.ping()
        self._schedule_ping()

    def _deaf(self) -> None:
        self._pong_due = None
        self.drop("a ping was not answered")
