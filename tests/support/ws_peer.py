"""A `ScriptedCsms` behind a real loopback socket, and the misbehaviour that only a socket can show.

async with WsPeer(ScriptedCsms("ocpp1.6")) as peer:
    ...a station dials peer.url + "/CP-1"...
    await peer.wait_for("BootNotification")
    payload = await peer.call("Reset", {"type": "Soft"})
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.support.scripted_csms import Payload, ScriptedCsms

AUTO: Final = "auto"


@dataclass(frozen=True)
class Upgrade:
    """One upgrade request as it came."""

    path: str
    headers: list[tuple[str, str]]
    offered: list[str]

    def header(self, name: str) -> str | None:
        """The first header with this name, without regard to case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Behaviour:
    """What the server does; may be changed between connections.

    Attributes:
        http_status: refuse upgrades with this status (with `http_headers`, e.g. a Location); None accepts.
        subprotocol: `auto` takes the scripted version where it is offered and else none; None answers without one;
            any other text is chosen even if nobody offered it.
        hang_upgrade: never answer an upgrade.
        close_code: close right after the upgrade with this code.
        silent: read, and never say anything.
    """

    http_status: int | None = None
    http_headers: Sequence[tuple[str, str]] = ()
    subprotocol: str | None = AUTO
    hang_upgrade: bool = False
    close_code: int | None = None
    silent: bool = False


class WsPeer:
    """The server. `connections` holds the open ones, `upgrades` all requests that came, `texts` what was received."""

    def __init__(
        self,
        csms: ScriptedCsms,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        self.csms = csms
        self.behaviour = behaviour or Behaviour()
        self.upgrades: list[Upgrade] = []
        self.connections: list[ServerConnection] = []
        self.texts: list[str] = []
        self.closes: list[tuple[int | None, str | None]] = []
        self._port = port
        self._tls = tls
        self._on_text = on_text
        self._server: Server | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            ssl=self._tls,
            process_request=self._request,
            select_subprotocol=self._subprotocol,
            compression=None,
            close_timeout=0.2,
            open_timeout=None,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self.abort()
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The base URL; the station appends its id."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self._port}/ocpp"

    @property
    def connection(self) -> ServerConnection:
        """The latest open connection; AssertionError if there is none."""
        assert self.connections, "no station is connected"
        return self.connections[-1]

    async def call(self, action: str, payload: Payload | None = None, timeout_s: float = 5.0) -> Payload:
        """Send a CALL, wait, and return the payload of the result; AssertionError on a CALLERROR."""
        message_id = await self.send_call(action, payload)
        await self.until(lambda: message_id in self.csms.answers, timeout_s)
        return self.csms.result(message_id)

    async def send_call(self, action: str, payload: Payload | None = None) -> str:
        """Send a CALL without waiting; returns its message id."""
        message_id, text = self.csms.call(action, payload)
        await self.send(text)
        return message_id

    async def send(self, message: str | bytes) -> None:
        """Send a text frame, or a binary one for bytes, on the latest connection."""
        await self.connection.send(message)

    async def release(self, action: str | None = None) -> None:
        """Send the answers that HOLD keeps."""
        for text in self.csms.release(action):
            await self.send(text)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the latest connection properly."""
        await self.connection.close(code, reason)

    def abort(self) -> None:
        """Cut every connection without a closing handshake."""
        for connection in list(self.connections):
            connection.transport.abort()

    async def wait_for(self, action: str, count: int = 1, timeout_s: float = 5.0) -> Payload:
        """Wait until the station has sent `count` CALLs of this action; returns the payload of that one."""
        await self.until(lambda: len(self.csms.all(action)) >= count, timeout_s)
        return self.csms.all(action)[count - 1]

    async def until(self, condition: Callable[[], Any], timeout_s: float = 5.0) -> None:
        """Wait until something received makes the condition true; AssertionError after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s} s; the station sent {self.csms.actions()}") from None

    async def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        offered = [
            name.strip()
            for value in request.headers.get_all("Sec-WebSocket-Protocol")
            for name in value.split(",")
        ]  # fmt: skip
        self.upgrades.append(Upgrade(request.path, list(request.headers.raw_items()), offered))
        self._changed.set()
        if self.behaviour.hang_upgrade:
            await connection.connection_lost_waiter
        if self.behaviour.http_status is None:
            return None
        response = connection.respond(self.behaviour.http_status, "refused by the script\n")
        for name, value in self.behaviour.http_headers:
            response.headers[name] = value
        return response

    def _subprotocol(self, _connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        wanted = self.behaviour.subprotocol
        if wanted == AUTO:
            wanted = self.csms.version if self.csms.version in offered else None
        return None if wanted is None else Subprotocol(wanted)

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        self._changed.set()
        delayed: set[asyncio.Task[None]] = set()
        try:
            if self.behaviour.close_code is not None:
                await connection.close(self.behaviour.close_code, "the script says so")
            async for message in connection:
                await self._receive(connection, message, delayed)
        except ConnectionClosed:
            pass
        finally:
            for task in delayed:
                task.cancel()
            self.connections.remove(connection)
            self.closes.append((connection.close_code, connection.close_reason))
            self._changed.set()

    async def _receive(self, connection: ServerConnection, message: str | bytes, delayed: set[Any]) -> None:
        text = message if isinstance(message, str) else message.decode("utf-8", "replace")
        self.texts.append(text)
        if self._on_text is not None:
            self._on_text(text)
        answers = self.csms.receive(text)
        for seconds, later in self.csms.take_delayed():
            delayed.add(asyncio.create_task(_send_later(connection, seconds, later)))
        if not self.behaviour.silent:
            for answer in answers:
                await connection.send(answer)
        self._changed.set()


async def _send_later(connection: ServerConnection, seconds: float, text: str) -> None:
    await asyncio.sleep(seconds)
    try:
        await connection.send(text)
    except ConnectionClosed:
        return
