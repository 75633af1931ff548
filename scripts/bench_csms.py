"""A central system for benches: answers both versions by template, as fast as Python can, and keeps no books.

``bench_station.py`` and ``bench_fleet.py`` start it in a process of its own: its work is in nobody's figures. It prints
its port, and when its standard input ends, how many calls it answered. It listens on loopback only. It checks nothing:
the test suite's central systems do that.

    python scripts/bench_csms.py [--cert PEM --key PEM] [--deflate]

``--cert`` and ``--key``: it speaks TLS. ``--deflate``: it is a server of the ``websockets`` library with that library's
defaults, and so it agrees to compression where that is offered; without, it declines.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import os
import re
import ssl
import sys
from collections.abc import Callable
from typing import Any

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the extension
    from websockets.utils import apply_mask

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"^sec-websocket-key:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_VERSION = re.compile(rb"^sec-websocket-protocol:.*?(ocpp1\.6|ocpp2\.0\.1)", re.IGNORECASE | re.MULTILINE)
_ANSWERS: dict[bytes, bytes] = {
    b"BootNotification": b'{"currentTime":"2026-01-01T12:00:00.000Z","interval":86400,"status":"Accepted"}',
    b"Heartbeat": b'{"currentTime":"2026-01-01T12:00:00.000Z"}',
    b"StartTransaction": b'{"transactionId":7,"idTagInfo":{"status":"Accepted"}}',
}
_AUTHORIZED = {
    b"ocpp1.6": b'{"idTagInfo":{"status":"Accepted"}}',
    b"ocpp2.0.1": b'{"idTokenInfo":{"status":"Accepted"}}',
}
_CLOSE, _PING = 0x8, 0x9


def answer(call: bytes, authorized: bytes) -> bytes:
    """The CALLRESULT of a CALL."""
    _, message_id, _, action, _ = call.split(b'"', 4)
    payload = authorized if action == b"Authorize" else _ANSWERS.get(action, b"{}")
    return b'[3,"' + message_id + b'",' + payload + b"]"


class Peer(asyncio.Protocol):
    """One station's connection. ``counted`` hears of every call that was answered."""

    def __init__(self, counted: Callable[[], None]) -> None:
        self._counted = counted
        self._buffer = b""
        self._open = False
        self._authorized = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            self._upgrade()
        while self._open and self._frame():
            pass

    def _upgrade(self) -> None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        key, version = _KEY.search(head), _VERSION.search(head)
        if not end or self._transport is None:
            return
        if key is None or version is None:
            self._transport.abort()
            return
        self._authorized = _AUTHORIZED[version[1].lower()]
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\nSec-WebSocket-Protocol: " + version[1] + b"\r\n\r\n"
        )
        self._buffer, self._open = rest, True

    def _frame(self) -> bool:
        """Take one masked frame of at most 64 KiB off the buffer."""
        buffer = self._buffer
        if len(buffer) < 6:
            return False
        length, start = buffer[1] & 0x7F, 6
        if length == 126:
            length, start = int.from_bytes(buffer[2:4], "big"), 8
        if len(buffer) < start + length:
            return False
        payload = apply_mask(buffer[start : start + length], buffer[start - 4 : start])
        self._buffer = buffer[start + length :]
        self._message(buffer[0] & 0x0F, payload)
        return True

    def _message(self, opcode: int, payload: bytes) -> None:
        if opcode == _CLOSE:
            self._write(0x80 | _CLOSE, payload)
            if self._transport is not None:
                self._transport.close()
        elif opcode == _PING:
            self._write(0x8A, payload)
        elif payload.startswith(b"[2"):
            self._counted()
            self._write(0x81, answer(payload, self._authorized))

    def _write(self, first: int, payload: bytes) -> None:
        if self._transport is None:
            return
        size = len(payload)
        head = bytes((first, size)) if size < 126 else bytes((first, 126)) + size.to_bytes(2, "big")
        self._transport.write(head + payload)


async def listen(context: ssl.SSLContext | None, count: Callable[[], None]) -> int:
    """Listen as fast as Python can; the port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Peer(count), "127.0.0.1", 0, backlog=4096, ssl=context)
    return int(server.sockets[0].getsockname()[1])


async def listen_deflating(count: Callable[[], None]) -> int:
    """Listen with the defaults of ``websockets``; the port."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed
    from websockets.typing import Subprotocol

    async def handle(peer: ServerConnection) -> None:
        authorized = _AUTHORIZED[str(peer.subprotocol).encode()]
        with contextlib.suppress(ConnectionClosed):
            async for message in peer:
                count()
                await peer.send(answer(str(message).encode(), authorized).decode())

    subprotocols = [Subprotocol(name.decode()) for name in _AUTHORIZED]
    server: Any = await serve(handle, "127.0.0.1", 0, subprotocols=subprotocols)
    return int(server.sockets[0].getsockname()[1])


async def run(options: argparse.Namespace) -> None:
    """Listen until standard input ends."""
    answered = 0

    def count() -> None:
        nonlocal answered
        answered += 1

    context = None
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
    print(await (listen_deflating(count) if options.deflate else listen(context, count)), flush=True)
    over = asyncio.Event()
    stdin = sys.stdin.fileno()
    asyncio.get_running_loop().add_reader(stdin, lambda: None if os.read(stdin, 64) else over.set())
    await over.wait()
    with contextlib.suppress(BrokenPipeError):
        print(answered, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cert", help="PEM: speak TLS")
    parser.add_argument("--key", help="PEM")
    parser.add_argument("--deflate", action="store_true", help="agree to permessage-deflate")
    options = parser.parse_args()
    import uvloop

    uvloop.run(run(options))


if __name__ == "__main__":
    main()
