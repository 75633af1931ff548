"""Dialling: a name, a socket, TLS, the upgrade; each stage with its own words when it fails.

One attempt; waiting and repeating belong to the host (``backoff``). No proxy is ever asked, no redirect followed.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace

from websockets.exceptions import InvalidURI
from websockets.uri import WebSocketURI, parse_uri

from station.net import explain
from station.net.api import BasicAuth, Connection, Listener, Target
from station.net.errors import DialFailed
from station.net.tls import TlsSettings, client_context
from station.net.websocket import WebSocketConnection

_Address = tuple[int, int, int, tuple[object, ...]]

_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""A dead peer is found by TCP within two minutes even where pings are off."""


async def dial(target: Target, listener: Listener) -> Connection:
    """Make one connection.

    The listener hears nothing before the caller has the connection in hand and yields to the loop.

    Raises:
        DialFailed: with one clear line and the next thing to try. Nothing is left open.
    """
    uri = _parse(target)
    if uri.user_info is not None and target.basic_auth is None:
        target = replace(target, basic_auth=BasicAuth(*uri.user_info))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + target.open_timeout_s
    sock = await _connect(target, uri, deadline)
    connection = WebSocketConnection(target, uri, listener, loop)
    stage = "TLS handshake" if uri.secure else "upgrade request"
    try:
        async with asyncio.timeout_at(deadline):
            await _start(loop, connection, sock, target, uri)
            stage = "upgrade request"
            await connection.upgraded()
    except BaseException as exc:
        connection.abandon()
        failure = _explained(exc, target, stage)
        if failure is None:
            raise
        raise failure from exc
    loop.call_soon(connection.begin)
    return connection


def _explained(exc: BaseException, target: Target, stage: str) -> DialFailed | None:
    """The failure in words; None for what is one already, or is none of ours (a cancelled dial)."""
    if isinstance(exc, TimeoutError):
        return explain.timed_out(target.url, stage, target.open_timeout_s)
    if isinstance(exc, (ssl.SSLError, ssl.CertificateError)):
        return explain.tls_failed(target.url, exc)
    if isinstance(exc, ConnectionError):
        return explain.tls_failed(target.url, exc) if stage == "TLS handshake" else explain.broken_off(target.url, exc)
    if isinstance(exc, OSError):
        return explain.not_connected(target.url, exc)
    return None


def _parse(target: Target) -> WebSocketURI:
    if any(char.isspace() or not char.isprintable() for char in target.url):
        raise explain.bad_url(target.url, "a space or control character in the URL")
    try:
        return parse_uri(target.url)
    except InvalidURI as exc:
        # Its text repeats the URL, credentials included.
        raise explain.bad_url(target.url, exc.msg) from None
    except ValueError:
        raise explain.bad_url(target.url, "no valid host or port") from None


async def _connect(target: Target, uri: WebSocketURI, deadline: float) -> socket.socket:
    """A connected socket to the first address that answers; the time left is shared among those not yet tried."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline):
            addresses = await loop.getaddrinfo(uri.host, uri.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise explain.timed_out(target.url, "question for the host's address", target.open_timeout_s) from None
    except (OSError, UnicodeError) as exc:
        error = exc if isinstance(exc, OSError) else socket.gaierror(socket.EAI_NONAME, "no valid name")
        raise explain.not_connected(target.url, error) from exc
    failure: DialFailed | None = None
    for position, (family, kind, proto, _, address) in enumerate(addresses):
        left = deadline - loop.time()
        try:
            async with asyncio.timeout(left / (len(addresses) - position)):
                return await _connect_one(loop, (family, kind, proto, address))
        except TimeoutError:
            failure = explain.timed_out(target.url, "TCP connect", target.open_timeout_s)
        except OSError as exc:
            failure = failure or explain.not_connected(target.url, exc)
    raise failure or explain.not_connected(target.url, socket.gaierror(socket.EAI_NONAME, "no address"))


async def _connect_one(loop: asyncio.AbstractEventLoop, where: _Address) -> socket.socket:
    family, kind, proto, address = where
    sock = socket.socket(family, kind, proto)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _start(
    loop: asyncio.AbstractEventLoop,
    connection: WebSocketConnection,
    sock: socket.socket,
    target: Target,
    uri: WebSocketURI,
) -> None:
    context: ssl.SSLContext | None = None
    if uri.secure:
        context = target.ssl_context if target.ssl_context is not None else client_context(TlsSettings())
    try:
        await loop.create_connection(
            lambda: connection,
            sock=sock,
            ssl=context,
            server_hostname=uri.host if context is not None else None,
            # The dial's own time limit ends the handshake; asyncio's must not come first.
            ssl_handshake_timeout=target.open_timeout_s + 60 if context is not None else None,
        )
    except BaseException:
        if not connection.has_transport:
            sock.close()
        raise
