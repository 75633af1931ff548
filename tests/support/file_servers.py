"""File servers on loopback sockets: HTTP(S) by aiohttp, FTP by pyftpdlib, FTPS by a few lines, SFTP by asyncssh.

``http_server``, ``ftps_server`` and ``sftp_server`` run on the test's loop, ``ftp_server`` in a thread of its own. Each
serves a folder and says what it was asked.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import asyncssh
from aiohttp import web
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer

USER, PASSWORD = "cp", "pass/word:1"
"""Who may come in; in a URL ``LOGIN``."""
LOGIN = "cp:pass%2Fword%3A1"


def server_context(certificate: Any) -> ssl.SSLContext:
    """For a certificate of ``trustme``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@dataclass
class HttpServer:
    """A web server over a folder: GET with ranges, PUT, and Basic Auth where ``guarded``.

    ``tag`` is the entity tag of all files (none where empty), ``cut_after`` ends an answer in the middle of a body.
    """

    folder: Path
    port: int = 0
    tag: str = '"v1"'
    guarded: bool = False
    cut_after: int | None = None
    requests: list[web.Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        wanted = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.guarded and request.headers.get("Authorization") != wanted:
            return web.Response(status=401)
        path = self.folder / request.path.removeprefix("/")
        if request.method == "PUT":
            path.write_bytes(await request.read())
            return web.Response(status=201)
        if not path.is_file():
            return web.Response(status=404)
        return await self._answer(request, path.read_bytes(), path.stat().st_mtime)

    async def _answer(self, request: web.Request, content: bytes, changed: float) -> web.StreamResponse:
        headers = {"Last-Modified": formatdate(changed, usegmt=True), **({"ETag": self.tag} if self.tag else {})}
        begin, condition = request.headers.get("Range"), request.headers.get("If-Range")
        if begin is None or condition not in (self.tag, headers["Last-Modified"]):
            return await self._send(request, web.StreamResponse(headers=headers), content)
        start = int(begin.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return await self._send(request, web.StreamResponse(status=206, headers=headers), content[start:])

    async def _send(self, request: web.Request, response: web.StreamResponse, content: bytes) -> web.StreamResponse:
        response.content_length = len(content)
        await response.prepare(request)
        await response.write(content if self.cut_after is None else content[: self.cut_after])
        if self.cut_after is not None:
            assert request.transport is not None
            await asyncio.sleep(0.2)  # a reset takes with it what has arrived and is not read yet
            request.transport.abort()
        return response


@asynccontextmanager
async def http_server(
    folder: Path,
    context: ssl.SSLContext | None = None,
    *,
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None,
    **options: Any,
) -> AsyncIterator[HttpServer]:
    """A web server; ``answer`` replaces all of its answers, ``options`` are those of ``HttpServer``."""
    server = HttpServer(folder, **options)
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", answer or server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@dataclass
class FtpServerState:
    """A running FTP server; ``commands`` are the lines it was sent.

    ``cut_after`` ends a connection after so many bytes of a file, ``without`` are commands that it does not know.
    """

    cut_after: int | None = None
    without: tuple[str, ...] = ()
    commands: list[str] = field(default_factory=list)
    port: int = 0
    ftpd: FTPServer = None

    @property
    def open_now(self) -> int:
        """Connections that are still there, data connections included; the listening one does not count."""
        return len(self.ftpd.ioloop.socket_map) - 1


@contextmanager
def ftp_server(folder: Path) -> Iterator[FtpServerState]:
    """A server with one user, and anonymous readers."""
    state = FtpServerState()
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, str(folder), perm="elradfmw")
    authorizer.add_anonymous(str(folder))

    class Data(DTPHandler):  # type: ignore[misc]
        ac_out_buffer_size = 32768

        def handle_write(self) -> None:
            super().handle_write()
            if state.cut_after is not None and self.get_transmitted_bytes() >= state.cut_after:
                self.cmd_channel.close()

    class Control(FTPHandler):  # type: ignore[misc]
        auth_failed_timeout = 0
        dtp_handler = Data
        use_sendfile = False

        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            state.commands.append(line)
            super().pre_process_command(line, "NONE" if cmd in state.without else cmd, arg)

    Control.authorizer = authorizer
    state.ftpd = FTPServer(("127.0.0.1", 0), Control)
    state.port = state.ftpd.socket.getsockname()[1]
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            state.ftpd.serve_forever(timeout=0.02, blocking=False, handle_exit=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        stop.set()
        thread.join(5)
        state.ftpd.close_all()


class FtpsServer:
    """FTP over TLS in the few commands that a transfer needs: implicit, or after AUTH TLS; extended passive only."""

    def __init__(self, folder: Path, context: ssl.SSLContext, *, implicit: bool) -> None:
        self.folder = folder
        self.context = context
        self.implicit = implicit
        self.commands: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One control connection."""
        session = _FtpsSession(self, reader, writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            await session.run()
        writer.transport.abort()


class _FtpsSession:
    def __init__(self, server: FtpsServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._offset = 0
        self._private = False
        self._data: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] | None = None
        self._passive: asyncio.Server | None = None

    async def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._writer.drain()

    async def run(self) -> None:
        await self._say("220 hello")
        while line := (await self._reader.readline()).decode().strip():
            self._server.commands.append(line)
            verb, _, argument = line.partition(" ")
            handler = getattr(self, f"do_{verb.lower()}", None)
            if handler is None:
                await self._say("502 not here")
            elif not self._server.implicit and verb not in ("AUTH", "PBSZ", "PROT") and not self._private:
                await self._say("522 encrypt first")
            else:
                await handler(argument)

    async def do_auth(self, _argument: str) -> None:
        await self._say("234 go on")
        await self._writer.start_tls(self._server.context)

    async def do_pbsz(self, _argument: str) -> None:
        await self._say("200 fine")

    async def do_prot(self, argument: str) -> None:
        self._private = argument == "P"
        await self._say("200 fine")

    async def do_user(self, _argument: str) -> None:
        await self._say("331 and?")

    async def do_pass(self, argument: str) -> None:
        await self._say("230 welcome" if argument == PASSWORD else "530 no")

    async def do_type(self, _argument: str) -> None:
        await self._say("200 fine")

    async def do_size(self, argument: str) -> None:
        await self._say(f"213 {(self._server.folder / argument).stat().st_size}")

    async def do_mdtm(self, _argument: str) -> None:
        await self._say("213 20260101120000")

    async def do_rest(self, argument: str) -> None:
        self._offset = int(argument)
        await self._say("350 fine")

    async def do_cwd(self, argument: str) -> None:
        await self._say("550 no folder")

    async def do_epsv(self, _argument: str) -> None:
        loop = asyncio.get_running_loop()
        self._data = opened = loop.create_future()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opened.set_result((reader, writer))

        self._passive = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=self._server.context)
        await self._say(f"229 Entering (|||{self._passive.sockets[0].getsockname()[1]}|)")

    async def do_retr(self, argument: str) -> None:
        content = (self._server.folder / argument).read_bytes()[self._offset :]
        await self._say("150 here it comes")
        assert self._data is not None
        _, writer = await self._data
        writer.write(content)
        await writer.drain()
        writer.close()
        await self._done()

    async def do_stor(self, argument: str) -> None:
        await self._say("150 give it")
        assert self._data is not None
        reader, writer = await self._data
        (self._server.folder / argument).write_bytes(await reader.read())
        writer.close()
        await self._done()

    async def _done(self) -> None:
        assert self._passive is not None
        self._passive.close()
        self._offset = 0
        await self._say("226 done")


@asynccontextmanager
async def ftps_server(folder: Path, context: ssl.SSLContext, *, implicit: bool) -> AsyncIterator[FtpsServer]:
    """An FTPS server; in explicit mode it takes nothing before AUTH TLS and PROT P."""
    server = FtpsServer(folder, context, implicit=implicit)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(server.serve(reader, writer))
        tasks.add(task)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context if implicit else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class SftpServer:
    """A running SFTP server; ``logins`` are the passwords it was shown.

    ``cut_after`` ends the connection when a file is read beyond it.
    """

    port: int = 0
    cut_after: int | None = None
    logins: list[str] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)


@asynccontextmanager
async def sftp_server(folder: Path, key: asyncssh.SSHKey, port: int = 0) -> AsyncIterator[SftpServer]:
    """An SFTP server with one user, jailed in a folder."""
    state = SftpServer()
    connections: list[asyncssh.SSHServerConnection] = []

    class Guard(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            state.logins.append(password)
            return (username, password) == (USER, PASSWORD)

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(channel, chroot=str(folder).encode())

        def read(self, file_obj: object, offset: int, size: int) -> Any:
            state.reads.append(offset)
            if state.cut_after is not None and offset >= state.cut_after:
                connections[-1].abort()
            return super().read(file_obj, offset, size)

    server = await asyncssh.create_server(
        Guard, "127.0.0.1", port, server_host_keys=[key], sftp_factory=Files, config=[]
    )
    state.port = server.get_port()
    try:
        yield state
    finally:
        server.close()
        for connection in connections:
            connection.abort()
        await server.wait_closed()
