"""Who may talk to the HTTP face: host names, origins, the token, and the size of bodies. An ASGI middleware.

A page in a browser can reach loopback: a name that was made to point here (DNS rebinding) shows in `Host`, any other
page in `Origin`; both are refused. The outermost layer, so a request that falls over ends here too.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from station.config.hosts import is_loopback
from station.config.secret import Secret
from station.control.problem import problem

_log = logging.getLogger(__name__)

MAX_BODY: Final = 1024 * 1024
"""Longest body in bytes."""

_TOO_LONG: Final = f"the body is longer than {MAX_BODY} bytes"
_HINT_LOCAL: Final = "use the address that the station printed"


@dataclass(frozen=True, slots=True)
class Bound:
    """Where the server listens; `host` None is a UNIX socket."""

    host: str | None
    port: int = 0

    @property
    def anywhere(self) -> bool:
        """Whether it listens on every address of the machine."""
        return self.host in ("0.0.0.0", "::")

    def knows(self, authority: str) -> bool:
        """Whether a `Host` header names this machine. Ports may differ: a tunnel changes them."""
        if self.host is None:
            return True
        name = _host_of(authority)
        if name is None:
            return False
        if name == self.host.casefold() or is_loopback(name):
            return True
        # A literal address was not looked up, so nobody made it point here.
        return self.anywhere and (_is_address(name) or name.split(".")[0] == socket.gethostname().casefold())


class Guard:
    """See the module."""

    def __init__(self, app: ASGIApp, bound: Bound, token: Secret | None) -> None:
        self._app = app
        self._bound = bound
        self._token = None if token is None else token.reveal().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        body = _BoundedBody(receive)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, body.receive, watched)
        except Exception:
            _log.exception("%s %s fell over", scope["method"], scope["path"])
            if not started:
                await fell_over()(scope, receive, send)

    def _refusal(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if self._bound.host is not None and (len(hosts) != 1 or not self._bound.knows(hosts[0])):
            return problem(403, "the Host header names another machine", _HINT_LOCAL)
        origin = headers.get("origin")
        if origin is not None and not _same_origin(origin, hosts[0] if hosts else ""):
            return problem(403, "the Origin header names another site", _HINT_LOCAL)
        if not self._may(headers.getlist("authorization")):
            challenge = {"WWW-Authenticate": 'Bearer realm="ocpp-station"'}
            return problem(401, "a token is needed", "send Authorization: Bearer TOKEN", headers=challenge)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 12 or int(length) > MAX_BODY:
            return _too_long()
        return None

    def _may(self, given: list[str]) -> bool:
        if self._token is None:
            return True
        scheme, _, credentials = (given[0] if len(given) == 1 else "").partition(" ")
        sent = credentials.strip().encode("utf-8", "surrogateescape")
        return hmac.compare_digest(sent, self._token) and scheme.casefold() == "bearer"


class TooLong(HTTPException):
    """A body of unknown length went beyond the limit."""

    def __init__(self) -> None:
        super().__init__(413, _TOO_LONG, {"Connection": "close"})


class _BoundedBody:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > MAX_BODY:
                raise TooLong
        return message


def fell_over() -> Response:
    """The answer to a request that our own code could not serve."""
    return problem(500, "the request fell over inside the station", "its log says more")


def _too_long() -> Response:
    return problem(413, _TOO_LONG, "send less", headers={"Connection": "close"})


def _same_origin(origin: str, authority: str) -> bool:
    return origin.casefold() == f"http://{authority}".casefold()


def _host_of(authority: str) -> str | None:
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        return None
    return parts.hostname


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
