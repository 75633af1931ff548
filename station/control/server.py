"""Serves the HTTP face in the running event loop: sockets in, `ControlServer` out.

`serve` refuses to listen beyond loopback without a token. Called by the command line; the libraries behind it are
imported when it is called.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from station.config.errors import ValueRefusedError
from station.config.secret import Secret
from station.config.types import split_listen
from station.control.commandable import Commandable
from station.control.fleet_commandable import FleetCommandable
from station.control.metrics import LoopLag
from station.control.sse import EventLog
from station.errors import StationError

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from station.control.guard import Bound

UNIX: Final = "unix:"
_GRACE_S: Final = 1
_BACKLOG: Final = 128


class ControlError(StationError):
    """The HTTP face cannot be served as it was asked."""


@dataclass(slots=True)
class ControlServer:
    """A control face that serves.

    Args:
        url: where clients find it: `http://host:port`, or `unix:/path`.
    """

    url: str
    _server: uvicorn.Server
    _task: asyncio.Task[None]
    _path: Path | None = None
    _closing: tuple[Callable[[], None], ...] = ()
    _stopping: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def stop(self) -> None:
        """End streams, answer what is open for a second at most, and free the address. Idempotent."""
        async with self._stopping:
            for close in self._closing:
                close()
            self._server.should_exit = True
            await asyncio.wait({self._task})
            if self._path is not None:
                self._path.unlink(missing_ok=True)


async def serve(commandable: Commandable, listen: str, token: Secret | None = None) -> ControlServer:
    """Serve until stopped.

    Args:
        listen: `HOST:PORT`, `[IPV6]:PORT` (port 0: a free one) or `unix:/path`.
        token: what requests must bear; None: no token is asked for.

    Raises:
        ControlError: no such address, in use, or beyond loopback without a token.
    """
    events, lag = EventLog(commandable), LoopLag()

    def application() -> ASGIApp:
        # Here and not above: these take a third of a second, and stations without HTTP do without them.
        from station.control.api import Api

        return Api(commandable, events, lag, token=token is not None).app

    server = await _serve(application, listen, token)
    lag.start()
    server._closing = (events.close, lag.stop)
    return server


async def serve_fleet(fleet: FleetCommandable, listen: str, token: Secret | None = None) -> ControlServer:
    """Serve a fleet until stopped. For the arguments and errors see ``serve``."""

    def application() -> ASGIApp:
        from station.control.fleet_api import FleetApi

        return FleetApi(fleet, token=token is not None).app

    return await _serve(application, listen, token)


async def _serve(application: Callable[[], ASGIApp], listen: str, token: Secret | None) -> ControlServer:
    listener, bound, url = _listen(listen, token)
    import uvicorn

    from station.control.guard import Guard

    config = uvicorn.Config(
        Guard(application(), bound, token),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        loop="none",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    up = asyncio.Event()
    server = _quiet_server(config, up)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="control-http")
    started = asyncio.create_task(up.wait())
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
    started.cancel()
    if task.done():
        listener.close()
        await task
    return ControlServer(url, server, task, Path(url[len(UNIX) :]) if url.startswith(UNIX) else None)


def _quiet_server(config: uvicorn.Config, up: asyncio.Event) -> uvicorn.Server:
    """A server that leaves the signals to the program, and sets ``up`` once it takes requests."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            up.set()

    return Server(config)


def _listen(listen: str, token: Secret | None) -> tuple[socket.socket, Bound, str]:
    from station.control.guard import Bound

    if listen.startswith(UNIX):
        path = Path(listen[len(UNIX) :]).absolute()
        return _unix_socket(path), Bound(None), f"{UNIX}{path}"
    try:
        host, port = split_listen(listen)
    except ValueRefusedError as error:
        raise ControlError(f"control cannot listen on {listen}: {error.message}", error.suggestion) from None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such host"
        raise ControlError(f"control cannot listen on {listen}: {reason}", "--control 127.0.0.1:0") from None
    family, _, _, _, address = found[0]
    if token is None and not ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback:
        message = f"control on {listen} can be reached from other machines and needs a token"
        raise ControlError(message, "control: {listen: …, token: !file token}")
    try:
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        hint = "--control 127.0.0.1:0 takes a free port"
        raise ControlError(f"control cannot listen on {listen}: {error.strerror or error}", hint) from None
    taken = int(listener.getsockname()[1])
    return listener, Bound(host, taken), f"http://{_reachable(host)}:{taken}"


def _reachable(host: str) -> str:
    """What a client on this machine dials."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{name}]" if ":" in name else name


def _unix_socket(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _forget_dead(path)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise ControlError(f"control cannot listen on {UNIX}{path}: {reason}", "--control 127.0.0.1:0") from None
    return listener


def _forget_dead(path: Path) -> None:
    """Remove a socket file that nobody serves any more; any other file stays and is an error."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
