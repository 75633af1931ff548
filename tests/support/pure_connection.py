"""An open ``WebSocketConnection`` without a socket: bytes in, what the listener heard and what was written out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from typing import Any

from websockets.protocol import Protocol, Side
from websockets.uri import parse_uri

from station.net import Target
from station.net.websocket import WebSocketConnection
from tests.support.listeners import Heard

URL = "ws://csms.example/CP-1"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Pipe:
    """A transport that keeps what is written; ``unsent`` is what it says of its buffer."""

    def __init__(self) -> None:
        self.written = b""
        self.ends: list[str] = []
        self.unsent = 0

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.ends.append("eof")

    def can_write_eof(self) -> bool:
        return True

    def abort(self) -> None:
        self.ends.append("abort")

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def frames(self) -> list[tuple[int, bytes]]:
        """Opcode and payload of the frames written since, unmasked by the library; each must have been masked."""
        server = Protocol(Side.SERVER, max_size=None)
        server.receive_data(self.written)
        self.written = b""
        assert server.parser_exc is None, server.parser_exc
        return [(int(event.opcode), bytes(event.data)) for event in server.events_received()]


def grant(request: bytes, *headers: bytes) -> bytes:
    """The answer to an upgrade request."""
    key = re.search(rb"(?i)^sec-websocket-key: *(\S+)", request, re.MULTILINE)
    assert key is not None
    accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
    lines = (
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept,
        b"Sec-WebSocket-Protocol: ocpp1.6",
        *headers,
    )
    return b"\r\n".join((*lines, b"", b""))


def open_connection(
    loop: asyncio.AbstractEventLoop, kind: type[WebSocketConnection] = WebSocketConnection, **options: Any
) -> tuple[WebSocketConnection, Pipe, Heard]:
    """A connection whose upgrade was granted, that has begun."""
    heard, pipe = Heard(), Pipe()
    connection = kind(Target(URL, ("ocpp1.6",), **options), parse_uri(URL), heard, loop)
    connection.connection_made(pipe)  # type: ignore[arg-type]
    connection.data_received(grant(pipe.written))
    pipe.written = b""
    loop.run_until_complete(connection.upgraded())
    connection.begin()
    return connection, pipe, heard
