"""Dialling: a name, a socket, TLS, the upgrade; each stage with its own words when it fails.

One attempt; waiting and repeating belong to the host (``backoff``). No proxy is ever asked, no redirect followed.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from websockets.exceptions import InvalidURI
from websockets.uri import WebSocketURI, parse_uri

from station.net import explain
from station.net.api import BasicAuth, Connection, Listener, Target
from station.net.errors import DialFailed
from station.net.resolve import Address, addresses
from station.net.tls import TlsSettings, client_context
from station.net.websocket import WebSocketConnection

Stages = Callable[[str, float], None]
"""Hears that a stage is over, and how many seconds it took: ``connect`` (name and TCP), ``tls``, ``upgrade``."""

_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""A dead peer is found by TCP within two minutes even where pings are off."""
_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *((socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in _KEEPALIVE if hasattr(socket, name)),
)

_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR})

_CONNECTED: Final = frozenset({0, errno.EISCONN})

_NAME, _TCP, _TLS, _UPGRADE = "question for the host's address", "TCP connect", "TLS handshake", "upgrade request"
"""What is waited for, in the words of a time-out."""


async def dial(target: Target, listener: Listener, *, stages: Stages | None = None) -> Connection:
    """Make one connection.

    The listener hears nothing before the caller has the connection in hand and yields to the loop.

    Args:
        target: where to and how.
        listener: of the connection.
        stages: hears how long each stage took that succeeded; ``tls`` only for ``wss``.

    Raises:
        DialFailed: with one clear line and the next thing to try. Nothing is left open.
    """
    uri = _parse(target.url)
    if uri.user_info is not None and target.basic_auth is None:
        target = replace(target, basic_auth=BasicAuth(*uri.user_info))
    attempt = _Attempt(target, uri, listener, stages)
    try:
        async with asyncio.timeout_at(attempt.deadline):
            await attempt.connect()
            await attempt.start()
            await attempt.upgrade()
    except BaseException as exc:
        attempt.abandon()
        failure = attempt.explained(exc)
        if failure is None:
            raise
        raise failure from exc
    attempt.loop.call_soon(attempt.connection.begin)
    return attempt.connection


class _Attempt:
    """One dial, stage by stage."""

    __slots__ = ("_since_s", "_sock", "_stage", "_stages", "_target", "_uri", "connection", "deadline", "loop")

    def __init__(self, target: Target, uri: WebSocketURI, listener: Listener, stages: Stages | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.deadline = self.loop.time() + target.open_timeout_s
        self.connection = WebSocketConnection(target, uri, listener, self.loop)
        self._target = target
        self._uri = uri
        self._stages = stages
        self._since_s = time.monotonic()  # a loop's time may be milliseconds coarse
        self._stage = _NAME
        self._sock: socket.socket | None = None

    async def connect(self) -> None:
        """A socket to the first address that answers; the time left is shared among those not yet tried."""
        try:
            found = await addresses(self._uri.host, self._uri.port)
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "no valid name") from None
        self._stage = _TCP
        failure: OSError | None = None
        for position, address in enumerate(found, 1):
            try:
                if position == len(found):
                    self._sock = await _connected(self.loop, address)
                else:
                    left_s = self.deadline - self.loop.time()
                    async with asyncio.timeout(left_s / (len(found) - position + 1)):
                        self._sock = await _connected(self.loop, address)
            except OSError as exc:
                if failure is None or isinstance(exc, TimeoutError):
                    failure = exc
            else:
                self._over("connect")
                return
        raise failure or socket.gaierror(socket.EAI_NONAME, "no address")

    async def start(self) -> None:
        """Hand the socket to the loop: TLS where it is wanted, then the request for the upgrade leaves."""
        context: ssl.SSLContext | None = None
        if self._uri.secure:
            context = self._target.ssl_context or client_context(TlsSettings())
            self._stage = _TLS
        await self.loop.create_connection(
            lambda: self.connection,
            sock=self._sock,
            ssl=context,
            server_hostname=self._uri.host if context is not None else None,
            # The dial's own time limit ends the handshake; asyncio's must not come first.
            ssl_handshake_timeout=self._target.open_timeout_s + 60 if context is not None else None,
        )
        if context is not None:
            self._over("tls")

    async def upgrade(self) -> None:
        """Wait for the answer to the upgrade."""
        self._stage = _UPGRADE
        await self.connection.upgraded()
        self._over("upgrade")

    def abandon(self) -> None:
        """Leave nothing open."""
        if self._sock is not None and not self.connection.has_transport:
            self._sock.close()
        self.connection.abandon()

    def _over(self, stage: str) -> None:
        if self._stages is not None:
            now_s = time.monotonic()
            self._stages(stage, now_s - self._since_s)
            self._since_s = now_s

    def explained(self, exc: BaseException) -> DialFailed | None:
        """The failure in words; None for what is one already, or is none of ours (a cancelled dial)."""
        url, stage = self._target.url, self._stage
        if isinstance(exc, TimeoutError) and exc.errno is None:
            return explain.timed_out(url, stage, self._target.open_timeout_s)
        if isinstance(exc, (ssl.SSLError, ssl.CertificateError)):
            return explain.tls_failed(url, exc)
        if isinstance(exc, ConnectionError) and stage not in (_NAME, _TCP):
            return explain.tls_failed(url, exc) if stage == _TLS else explain.broken_off(url, exc)
        return explain.not_connected(url, exc) if isinstance(exc, OSError) else None


def _parse(url: str) -> WebSocketURI:
    if " " in url or not url.isprintable():
        raise explain.bad_url(url, "a space or control character in the URL")
    try:
        return parse_uri(url)
    except InvalidURI as exc:
        # Its text repeats the URL, credentials included.
        raise explain.bad_url(url, exc.msg) from None
    except ValueError:
        raise explain.bad_url(url, "no valid host or port") from None


async def _connected(loop: asyncio.AbstractEventLoop, where: Address) -> socket.socket:
    """A connected socket.

    A connect on loopback is over by the time one asks again; waiting for it by the loop's ways would cost half as much
    as all the rest of a dial.
    """
    family, kind, protocol, address = where
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        for level, option, value in _OPTIONS:
            sock.setsockopt(level, option, value)
        error = sock.connect_ex(address)
        if error in _UNDER_WAY:
            error = sock.connect_ex(address)
        if error in _UNDER_WAY:
            await loop.sock_connect(sock, address)
        elif error not in _CONNECTED:
            raise OSError(error, os.strerror(error))
    except BaseException:
        sock.close()
        raise
    return sock
