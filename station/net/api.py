"""The vocabulary of the transport: where to dial, what a connection offers, what a listener hears.

``websocket`` and ``loopback`` implement ``Connection``; the host implements ``Listener``.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

MAX_MESSAGE_SIZE = 1024 * 1024
"""Bytes of an incoming message unless the target says otherwise; OCPP itself names no limit."""


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """Credentials of the upgrade request (OCPP 2.0.1 A00.FR.202-205, A00.FR.301-304).

    Attributes:
        user: the station's identity; without a colon.
        password: sent as UTF-8; OCPP 1.6 AuthorizationKeys that are no text may be given as bytes.
    """

    user: str
    password: str | bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to dial and how.

    Attributes:
        url: ``ws://`` or ``wss://``, with the station's identity as its last part (percent-encoded).
        subprotocols: OCPP-J subprotocol names in order of preference; at least one.
        basic_auth: sent to this host and no other.
        ssl_context: for ``wss``, from ``tls.client_context``; None: TLS by the system's roots.
        open_timeout_s: for everything from the name's resolution to the answer to the upgrade.
        compression: offer permessage-deflate (costs some 40 KiB a connection).
        max_size: bytes of the largest message taken, after decompression.
        max_unsent: bytes that may wait for a peer which has stopped reading; beyond that the connection is cut.
    """

    url: str
    subprotocols: tuple[str, ...]
    basic_auth: BasicAuth | None = None
    ssl_context: ssl.SSLContext | None = None
    open_timeout_s: float = 30.0
    compression: bool = False
    max_size: int = MAX_MESSAGE_SIZE
    max_unsent: int = 2 * MAX_MESSAGE_SIZE


class Closer(Enum):
    """Who ended a connection."""

    PEER = "peer"
    """The peer, with a closing handshake."""
    US = "us"
    """``close`` or ``abort`` was called, or the peer broke the protocol and was told so."""
    LOST = "lost"
    """Nobody: the connection broke off, or the peer stopped reading."""


@dataclass(frozen=True, slots=True)
class CloseReason:
    """How a connection ended.

    Attributes:
        by: who ended it.
        code: the WebSocket close code; 1005 a close without one, 1006 no closing handshake.
        reason: the words that came with it, at most 123 bytes; hostile input where the peer wrote them.
    """

    by: Closer
    code: int
    reason: str = ""


class Listener(Protocol):
    """Hears a connection, in the loop's thread. What a method raises is logged, and the connection goes on."""

    def text(self, data: str) -> None:
        """A text message."""
        ...

    def binary(self, data: bytes) -> None:
        """A binary message (OCPP-J has none)."""
        ...

    def pong(self) -> None:
        """The answer to the last ``ping``."""
        ...

    def closed(self, reason: CloseReason) -> None:
        """The end; called once, after everything else."""
        ...


class Connection(Protocol):
    """An open connection. No method blocks or raises; on a closed connection they do nothing."""

    @property
    def subprotocol(self) -> str:
        """What the peer chose among the offered."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether ``send`` still has an effect: False as soon as either side has begun to close."""
        ...

    def verified_by(self) -> tuple[bytes, ...]:
        """The verified chain of the peer's certificate (DER), the root last; empty without TLS, or unverified."""
        ...

    def hand_over(self, listener: Listener) -> None:
        """Let another listener hear from now on."""
        ...

    def send(self, text: str) -> None:
        """Send a text message."""
        ...

    def ping(self) -> None:
        """Send a ping; the listener's ``pong`` tells of its answer."""
        ...

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake; a peer that does not answer is cut off after some seconds.

        Args:
            code: 1000 to 1014 or 3000 to 4999 as RFC 6455 allows them; any other becomes 1000.
            reason: cut at 123 bytes of UTF-8.
        """
        ...

    def abort(self) -> None:
        """Cut without a closing handshake; what was not yet sent is lost."""
        ...
