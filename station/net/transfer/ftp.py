"""FTP and FTPS, passive only. Extended passive first; the address in a passive answer is never trusted.

``ftps``: implicit TLS on port 990, explicit (AUTH TLS) on port 21; on any other port a server that speaks first is
asked for AUTH TLS, and with one that waits TLS begins at once. Data connections are as protected as the control
connection is.

Source: RFC 959, 2428 (EPSV), 3659 (REST, SIZE, MDTM), 4217 (TLS).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import aioftp

from station.net.transfer import words
from station.net.transfer.api import TransferCause, TransferFailed
from station.net.transfer.limits import CHUNK_BYTES, Pulse
from station.net.transfer.location import PORTS, Location
from station.net.transfer.means import Means, Source
from station.net.transfer.part import Mark, Part

_MOST_LINES = 1000
"""In all answers of one connection; a transfer needs some twenty."""
_ANY = ("2xx", "4xx", "5xx")
_CAUSES = {
    **dict.fromkeys(("500", "502", "504"), TransferCause.UNSUPPORTED),
    **dict.fromkeys(("530", "532", "553"), TransferCause.DENIED),
}
_SIZE = re.compile(r"\s*(\d{1,19})\s*")
_MDTM = re.compile(r"\s*(\d{14}(?:\.\d{1,9})?)\s*")


class _Client(aioftp.Client):
    """Bounds what a server may say; tells the pulse of each line; remembers its connections."""

    def __init__(self, pulse: Pulse) -> None:
        super().__init__()
        self._pulse = pulse
        self._lines = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def parse_line(self) -> tuple[aioftp.Code, str]:
        """One line of an answer; whatever its encoding is."""
        self._lines += 1
        if self._lines > _MOST_LINES:
            raise ValueError("the server does not stop talking")
        raw = await self.stream.readline()
        if not raw:
            raise ConnectionResetError
        self._pulse.beat()
        line = raw.decode("utf-8", "replace").rstrip()
        return aioftp.Code(line[:3]), line[3:]

    async def _open_connection(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        opened: tuple[asyncio.StreamReader, asyncio.StreamWriter] = await super()._open_connection(host, port)
        self._writers.append(opened[1])
        self._pulse.beat()
        return opened

    async def enter(self, location: Location, means: Means) -> None:
        """Connect, protect, log in; ready for binary files."""
        await aioftp.BaseClient.connect(self, location.host, location.port)
        if location.scheme == "ftp":
            await self._greeted()
        elif await self._speaks_first(location, means):
            await self.upgrade_to_tls(means.tls())
        else:
            await self.stream.start_tls(sslcontext=means.tls(), server_hostname=location.host)
            await self._greeted()
            await self.command("PBSZ 0", "200")
            await self.command("PROT P", "200")
        try:
            if location.user is None:
                await self.login()
            else:
                await self.login(location.user, location.password or "")
        except aioftp.StatusCodeError as problem:
            if _code(problem).startswith("5"):
                raise words.wrong_login(location.shown) from problem
            raise
        await self.command("TYPE I", "2xx")

    async def _greeted(self) -> None:
        await self.command(None, "220", "120")

    async def _speaks_first(self, location: Location, means: Means) -> bool:
        """Whether the server has greeted in clear; else it waits for TLS."""
        if location.port == PORTS["ftps"]:
            return False
        wait_s = means.limits.greeting_s if location.port != PORTS["ftp"] else means.limits.idle_s
        try:
            await asyncio.wait_for(self._greeted(), wait_s)
        except TimeoutError:
            return False
        return True

    def abort_all(self) -> None:
        """Nothing of this client stays open."""
        # After an upgrade the writer of the control connection has another transport.
        for writer in self._writers:
            writer.transport.abort()


async def download(location: Location, part: Part, means: Means) -> None:
    """See ``Transfers.download``."""
    if location.folder:
        raise TransferFailed(f"{location.shown}: The location names a folder, no file.", lasting=True)
    path = location.file_path
    async with _client(location, means) as client:
        mark = Mark(await _ask(client, f"MDTM {path}", _MDTM), _number(await _ask(client, f"SIZE {path}", _SIZE)))
        # Without a time of change an older version of the same length could be continued.
        if not part.held or mark != part.mark or not await _restarts(client, part.held):
            await part.begin(mark)
        try:
            if mark.size is None or part.held < mark.size:
                await _receive(client, path, part, means)
        except aioftp.StatusCodeError as problem:
            raise words.no_file(
                location.shown, _said(problem), lasting=_lasting(problem), cause=_cause(problem)
            ) from problem
        await part.finish()


async def _receive(client: _Client, path: str, part: Part, means: Means) -> None:
    async with client.download_stream(path, offset=part.held) as stream:
        while chunk := await stream.read(CHUNK_BYTES):
            means.pulse.beat()
            await part.append(chunk)
        await part.keep()


async def upload(location: Location, source: Source, means: Means) -> None:
    """See ``Transfers.upload``. A location that is a folder at the server takes the name, too (1.6 §6.25)."""
    async with _client(location, means) as client:
        path = location.file_path + source.name if location.folder else location.file_path
        try:
            if not location.folder:
                code, _ = await client.command(f"CWD {path}", _ANY)
                path = source.name if code.matches("2xx") else path
            if not await _send(client, path, source, means):
                raise words.broke_off(location.shown)
        except aioftp.StatusCodeError as problem:
            raise words.not_taken(
                location.shown, _said(problem), lasting=_lasting(problem), cause=_cause(problem)
            ) from problem


async def _send(client: _Client, path: str, source: Source, means: Means) -> bool:
    """Send the file; False: the server hung up before its end, and did not say why."""
    async with client.upload_stream(path) as stream, aclosing(source.chunks(means.pulse)) as chunks:
        try:
            async for chunk in chunks:
                await stream.write(chunk)
        except (ConnectionError, RuntimeError):  # the latter is uvloop's word for a transport that is gone
            return False  # on the way out its reason is read from the control connection
    return True


@asynccontextmanager
async def _client(location: Location, means: Means) -> AsyncIterator[_Client]:
    client = _Client(means.pulse)
    try:
        await client.enter(location, means)
        yield client
    except aioftp.StatusCodeError as problem:
        message = f"{location.shown}: The server refuses: {_said(problem)}."
        raise TransferFailed(
            message, "check scheme and port", lasting=_lasting(problem), cause=_cause(problem)
        ) from problem
    finally:
        client.abort_all()


async def _ask(client: _Client, command: str, answer: re.Pattern[str]) -> str | None:
    """What the server says about a file; None where it does not."""
    code, lines = await client.command(command, _ANY)
    found = answer.fullmatch(lines[-1]) if code == "213" else None
    return found[1] if found is not None else None


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


async def _restarts(client: _Client, offset: int) -> bool:
    """Whether the server begins in the middle of a file. Asked beforehand: a refusal later would end the transfer."""
    code, _ = await client.command(f"REST {offset}", ("3xx", *_ANY))
    return bool(code.matches("3xx"))


def _code(problem: aioftp.StatusCodeError) -> str:
    return str(problem.received_codes[-1])


def _lasting(problem: aioftp.StatusCodeError) -> bool:
    return _code(problem).startswith("5")


def _cause(problem: aioftp.StatusCodeError) -> TransferCause:
    # 550 stands for missing files and missing permissions alike.
    return _CAUSES.get(_code(problem), TransferCause.OTHER)


def _said(problem: aioftp.StatusCodeError) -> str:
    text = problem.info[-1] if isinstance(problem.info, list) else problem.info
    return f"{_code(problem)} {text.strip(' -')}".rstrip(".")
