"""The opening handshake of one connection: the request, and the judgement of its answer.

The request is written here, and the answer of nearly every server is judged here; an answer that is not of the plainest
kind goes to the library, whose word then counts. Not here: the socket, time-outs (``dial``), what follows
(``websocket``).

Spec: RFC 6455 §4.1; OCPP-J 1.6 §3.1; OCPP 2.0.1 part 4 §3.1.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
import secrets
from typing import Final

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CloseCode
from websockets.headers import build_extension, build_host
from websockets.http11 import Response
from websockets.protocol import Protocol, State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from station.net import explain
from station.net.api import BasicAuth, Target
from station.net.errors import DialFailed

frames_log = logging.getLogger("station.net.frames")
"""The library's. It logs whole messages and the Authorization header at DEBUG; our own wire log masks them."""
frames_log.setLevel(logging.WARNING)

_LONGEST_HEAD: Final = 16 * 1024
"""Bytes of the answer to the upgrade."""
_DEFLATE: Final = (
    ClientPerMessageDeflateFactory(
        server_max_window_bits=12, client_max_window_bits=12, compress_settings={"memLevel": 5}
    ),
)
_OFFER: Final = build_extension([(one.name, one.get_request_params()) for one in _DEFLATE])
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_STATUS_LINE: Final = re.compile(rb"HTTP/\d\.\d (\d{3})(?=[ \r])")
_LOCATION: Final = re.compile(rb"^location:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)

_PLAIN_HEAD: Final = 2048
"""Bytes of an answer that is judged without the library."""
_PLAIN_LINES: Final = 32
"""Its headers."""
_PLAIN_STATUS: Final = re.compile(rb"HTTP/1\.1 101 [ -~]*")
_PLAIN_HEADER: Final = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)")


class _Client(ClientProtocol):
    """The library's client; it leaves the judgement of the subprotocol to us and keeps no headers."""

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """Whatever the server chose: a wrong choice is answered with a close frame rather than a cut."""
        chosen = headers.get_all("Sec-WebSocket-Protocol")
        return Subprotocol(", ".join(chosen)) if chosen else None

    def process_response(self, response: Response) -> None:
        """Judge the upgrade, then drop the headers: the parser holds the response as long as the connection lives."""
        super().process_response(response)
        response.headers.clear()


class Opening:
    """A handshake under way.

    Args:
        target: where it goes.
        uri: ``target.url``, parsed.
        answered: done when the handshake has succeeded, or failed with ``DialFailed``.
    """

    __slots__ = ("_head", "_key", "_target", "_uri", "accepted", "answered", "client", "subprotocol", "url")

    def __init__(self, target: Target, uri: WebSocketURI, answered: asyncio.Future[None]) -> None:
        self._target = target
        self._uri = uri
        self._key = base64.b64encode(secrets.token_bytes(16))
        self._head = bytearray()
        self.url = target.url
        self.answered = answered
        self.accepted = False
        """Whether the answer was judged, and is what we need."""
        self.client: Protocol | None = None
        """The library's side of the connection, where an extension was agreed on or the connection is to be closed."""
        self.subprotocol = ""

    def request(self) -> bytes:
        """The request. Credentials come from the target alone."""
        target, uri = self._target, self._uri
        lines = [
            f"GET {uri.resource_name} HTTP/1.1",
            f"Host: {build_host(uri.host, uri.port, uri.secure)}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {self._key.decode()}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {', '.join(target.subprotocols)}",
        ]
        if target.compression:
            lines.append(f"Sec-WebSocket-Extensions: {_OFFER}")
        if target.basic_auth is not None:
            lines.append(f"Authorization: {_basic(target.basic_auth)}")
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def take(self, data: bytes) -> bytes | None:
        """Read on; answers what came after the head, None while the head is incomplete. A body is never waited for.

        Raises:
            DialFailed: the answer is not the one we need.
        """
        head = self._head
        head += data
        url = self.url
        line_end = head.find(b"\r\n")
        status = _STATUS_LINE.match(head) if line_end >= 0 else None
        if not head.startswith(b"HTTP/"[: len(head)]) or (line_end >= 0 and status is None):
            raise explain.not_http(url, bytes(head[:16]))
        end = head.find(b"\r\n\r\n")
        if end < 0 or end > _LONGEST_HEAD:
            if len(head) > _LONGEST_HEAD:
                raise explain.bad_upgrade(url, f"more than {_LONGEST_HEAD} bytes of headers")
            return None
        assert status is not None
        if status[1] != b"101":
            found = _LOCATION.search(head, 0, end)
            location = found[1].decode("latin-1").strip() if found else None
            raise explain.http_answer(url, int(status[1]), location, has_password=self._target.basic_auth is not None)
        rest = self._judge(bytes(head[: end + 4]), bytes(head[end + 4 :]))
        self._head = bytearray()
        self.accepted = True
        return rest

    def _judge(self, head: bytes, rest: bytes) -> bytes:
        """Judge the whole head; answers what of ``rest`` is still to be read."""
        offered = self._target.subprotocols
        chosen = plainly_accepted(head, self._key, offered)
        if chosen is not None:
            self.subprotocol = chosen
            return rest
        client = self._judged_by_library(head, rest)
        if client.subprotocol not in offered:
            if client.state is State.OPEN:
                client.send_close(CloseCode.PROTOCOL_ERROR, "subprotocol")
            self.client = client
            raise explain.wrong_subprotocol(self.url, offered, client.subprotocol)
        self.subprotocol = client.subprotocol
        if not client.extensions:
            return rest
        self.client = client
        return b""

    def _judged_by_library(self, head: bytes, rest: bytes) -> _Client:
        client = _Client(
            self._uri,
            subprotocols=[Subprotocol(name) for name in self._target.subprotocols],
            extensions=_DEFLATE if self._target.compression else None,
            max_size=self._target.max_size,
            logger=frames_log,
        )
        client.key = self._key.decode()
        client.receive_data(head + rest)
        if client.handshake_exc is not None:
            raise explain.bad_upgrade(self.url, str(client.handshake_exc))
        return client

    def fail(self, failure: DialFailed) -> None:
        """Tell whoever waits."""
        if not self.answered.done():
            self.answered.set_exception(failure)

    def abandon(self) -> None:
        """Nobody waits any more."""
        if not self.answered.cancel() and not self.answered.cancelled():
            self.answered.exception()  # asyncio logs one that nobody looks at


def plainly_accepted(head: bytes, key: bytes, offered: tuple[str, ...]) -> str | None:
    """The subprotocol of an upgrade that is granted in the plainest words, without extensions; None for any other.

    Each header once, each value without structure: whatever passes here, the library takes, too.

    Args:
        head: the answer up to and including its empty line.
        key: what was sent as Sec-WebSocket-Key.
        offered: the subprotocols.
    """
    status, *lines = head[:-4].split(b"\r\n")
    if len(head) > _PLAIN_HEAD or len(lines) > _PLAIN_LINES or _PLAIN_STATUS.fullmatch(status) is None:
        return None
    found: dict[bytes, bytes] = {}
    for line in lines:
        header = _PLAIN_HEADER.fullmatch(line)
        if header is None or header[1].lower() in found:
            return None
        found[header[1].lower()] = header[2]
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    chosen = found.get(b"sec-websocket-protocol", b"").decode("ascii")
    granted = (
        found.get(b"sec-websocket-accept") == accept
        and found.get(b"upgrade", b"").lower() == b"websocket"
        and found.get(b"connection", b"").lower() == b"upgrade"
        and b"sec-websocket-extensions" not in found
    )
    return chosen if granted and chosen in offered else None


def _basic(auth: BasicAuth) -> str:
    password = auth.password if isinstance(auth.password, bytes) else auth.password.encode()
    return "Basic " + base64.b64encode(auth.user.encode() + b":" + password).decode("ascii")
