"""Connections in memory with the interface of the real ones: for virtual fleets and tests.

Deterministic: every delivery goes through one ``schedule`` function, in order; whoever owns it decides when (a virtual
scheduler, a list in a test). There is no asyncio in it but the ``async`` of ``dial``, and no WebSocket framing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from station.net import explain
from station.net.api import Closer, CloseReason, Connection, Listener, Target

Schedule = Callable[[Callable[[], None]], None]
"""Runs a function later, in the order of the calls."""

Accept = Callable[[Target, "LoopbackConnection"], tuple[str | None, Listener]]
"""The server: gets the target and its own end; answers the subprotocol and its listener, or raises DialFailed."""


class LoopbackConnection:
    """One end; see ``api.Connection``."""

    __slots__ = ("_closed", "_closing", "_listener", "_peer", "_schedule", "subprotocol")

    def __init__(self, schedule: Schedule) -> None:
        self.subprotocol = ""
        self._schedule = schedule
        self._peer = self
        self._listener: Listener | None = None
        self._closing = False
        self._closed = False

    @property
    def is_open(self) -> bool:
        """Whether ``send`` still has an effect."""
        return not (self._closing or self._closed)

    def hand_over(self, listener: Listener) -> None:
        """Let another listener hear from now on."""
        self._listener = listener

    def send(self, text: str) -> None:
        """Deliver ``text`` to the other end, later."""
        if self.is_open:
            self._schedule(partial(self._peer._hear_text, text))

    def verified_by(self) -> tuple[bytes, ...]:
        """No TLS here."""
        return ()

    def send_binary(self, data: bytes) -> None:
        """Deliver a binary message: for peers that misbehave."""
        if self.is_open:
            peer = self._peer
            self._schedule(lambda: peer._hear(lambda listener: listener.binary(data)))

    def ping(self) -> None:
        """The other end answers by itself."""
        if self.is_open:
            self._schedule(self._peer._answer_ping)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a handshake: the other end hears it, then this one."""
        if self.is_open:
            self._closing = True
            peer = self._peer
            self._schedule(lambda: peer._hear_close(code, reason))

    def abort(self) -> None:
        """Cut: this end hears nothing more but the end; the other one finds the connection lost."""
        if not self._closed:
            self._closed = True
            peer = self._peer
            self._schedule(lambda: self._tell(CloseReason(Closer.US, 1006, "cut here")))
            self._schedule(lambda: peer._end(CloseReason(Closer.LOST, 1006, "the connection broke off")))

    def _hear_text(self, text: str) -> None:
        if not self._closed and self._listener is not None:
            self._listener.text(text)

    def _hear(self, call: Callable[[Listener], None]) -> None:
        if not self._closed and self._listener is not None:
            call(self._listener)

    def _answer_ping(self) -> None:
        if not self._closed:
            peer = self._peer
            self._schedule(lambda: peer._hear(lambda listener: listener.pong()))

    def _hear_close(self, code: int, reason: str) -> None:
        if not self._closed:
            peer = self._peer
            self._end(CloseReason(Closer.PEER, code, reason))
            self._schedule(lambda: peer._end(CloseReason(Closer.US, code, reason)))

    def _end(self, reason: CloseReason) -> None:
        if not self._closed:
            self._closed = True
            self._tell(reason)

    def _tell(self, reason: CloseReason) -> None:
        if self._listener is not None:
            self._listener.closed(reason)


class LoopbackNetwork:
    """A network with one server.

    Args:
        schedule: carries every delivery.
        accept: the server; exchange it to change its mind (``network.accept = ...``).
    """

    __slots__ = ("_schedule", "accept")

    def __init__(self, schedule: Schedule, accept: Accept) -> None:
        self._schedule = schedule
        self.accept = accept

    def connect(self, target: Target, listener: Listener) -> Connection:
        """Dial at once.

        Raises:
            DialFailed: the server's, or for a subprotocol that was not offered.
        """
        ours, theirs = LoopbackConnection(self._schedule), LoopbackConnection(self._schedule)
        ours._peer, theirs._peer = theirs, ours
        chosen, their_listener = self.accept(target, theirs)
        if chosen not in target.subprotocols:
            raise explain.wrong_subprotocol(target.url, target.subprotocols, chosen)
        ours.subprotocol = theirs.subprotocol = chosen
        ours._listener, theirs._listener = listener, their_listener
        return ours

    async def dial(self, target: Target, listener: Listener) -> Connection:
        """``connect`` with the signature of ``station.net.dial``; never waits."""
        return self.connect(target, listener)
