"""Servers on loopback sockets for e2e tests of the transport: well-behaved ones and raw ones."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def run(loop_name: str, main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on the named kind of loop; an error that the loop would only log fails the test."""
    problems: list[dict[str, Any]] = []

    async def watched() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context))
        return await main

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        result = runner.run(watched())
    assert not problems, problems
    return result


@asynccontextmanager
async def raw_server(handle: Raw, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A TCP (or TLS) server that does what ``handle`` does; yields its port."""
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Future[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.ensure_future(handle(reader, writer))
        tasks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await task

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)


async def read_request(reader: asyncio.StreamReader) -> str:
    """The head of an HTTP request."""
    return (await reader.readuntil(b"\r\n\r\n")).decode()


async def upgrade(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    subprotocol: str = "ocpp1.6",
    more: bytes = b"",
) -> str:
    """Answer an upgrade correctly, followed at once by ``more``; returns the request."""
    request = await read_request(reader)
    key = re.search(r"(?im)^Sec-WebSocket-Key: *(\S+)", request)
    assert key is not None
    accept = base64.b64encode(hashlib.sha1((key[1] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + chosen.encode()
        + b"Sec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
        + more
    )
    await writer.drain()
    return request


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """An unmasked frame, as a server sends it."""
    head = bytes([opcode | (0x80 if fin else 0)])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return head + b"\x7e" + len(payload).to_bytes(2, "big") + payload
    return head + b"\x7f" + len(payload).to_bytes(8, "big") + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """A masked frame, as a client sends it: opcode and payload."""
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read nothing, say nothing."""
    await asyncio.sleep(60)


@contextmanager
def blocking_tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """A TLS server whose refusals send their alert, as most do: asyncio's own hangs up without one. Yields its port."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listening.accept()
                plain.settimeout(5)
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
                    secure.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(6)
