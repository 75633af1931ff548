"""SFTP, by ``asyncssh`` (the extra ``sftp``): a user, a password, and a host key that is trusted on first use.

Nobody hands a charger the host keys of servers that its CSMS will name one day. The key seen at the first login that
succeeds is kept and from then on is the only one for that host and port; another one is refused until the owner takes
the line out. Nothing of the user who runs the program is read: no ``~/.ssh``, no agent, no key.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import asyncssh

from station.net.transfer import words
from station.net.transfer.api import TransferCause, TransferFailed
from station.net.transfer.limits import CHUNK_BYTES
from station.net.transfer.location import Location
from station.net.transfer.means import Means, Source
from station.net.transfer.part import Mark, Part, in_thread, not_stored

asyncssh.set_log_level("WARNING")  # otherwise users and hosts stand in the log

_SSH_PORT = 22
_HOME = "~/"
_TRANSIENT = (asyncssh.SFTPFailure, asyncssh.SFTPNoConnection)
"""What a server says that may pass; a failure without a reason may be a full disk."""


class _FirstContact(asyncssh.SSHClient):
    """Takes any host key and remembers it."""

    key: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called with a key that nobody has vouched for."""
        self.key = key
        return True


async def download(location: Location, part: Part, means: Means) -> None:
    """See ``Transfers.download``."""
    if location.folder:
        raise TransferFailed(f"{location.shown}: The location names a folder, no file.", lasting=True)
    async with _client(location, means) as client:
        try:
            await _fetch(client, _path(location), part, means)
        except asyncssh.SFTPConnectionLost:
            raise
        except asyncssh.SFTPError as problem:
            raise words.no_file(location.shown, problem.reason, **_kind(problem)) from problem


async def _fetch(client: asyncssh.SFTPClient, path: str, part: Part, means: Means) -> None:
    async with client.open(path, "rb", encoding=None) as file:
        state = await file.stat()
        mark = Mark(None if state.mtime is None else str(state.mtime), state.size)
        if not part.held or mark != part.mark:
            await part.begin(mark)
        while mark.size is None or part.held < mark.size:
            wanted = CHUNK_BYTES if mark.size is None else min(CHUNK_BYTES, mark.size - part.held)
            chunk = cast(bytes, await file.read(wanted, part.held))
            if not chunk:
                break
            means.pulse.beat()
            await part.append(chunk)
        await part.finish()


async def upload(location: Location, source: Source, means: Means) -> None:
    """See ``Transfers.upload``. A location that is a folder at the server takes the name, too (1.6 §6.25)."""
    async with _client(location, means) as client:
        path = _path(location)
        try:
            if location.folder or await client.isdir(path):
                path = f"{path.rstrip('/')}/{source.name}" if path != "." else source.name
            async with client.open(path, "wb", encoding=None) as file, aclosing(source.chunks(means.pulse)) as chunks:
                async for chunk in chunks:
                    await file.write(chunk)
        except asyncssh.SFTPConnectionLost:
            raise
        except asyncssh.SFTPError as problem:
            raise words.not_taken(location.shown, problem.reason, **_kind(problem)) from problem


def _kind(problem: asyncssh.SFTPError) -> dict[str, Any]:
    """How a refusal is to be judged."""
    cause = TransferCause.OTHER
    if isinstance(problem, asyncssh.SFTPPermissionDenied):
        cause = TransferCause.DENIED
    elif isinstance(problem, asyncssh.SFTPOpUnsupported):
        cause = TransferCause.UNSUPPORTED
    return {"lasting": not isinstance(problem, _TRANSIENT), "cause": cause}


def _path(location: Location) -> str:
    """Absolute, as curl has it; ``/~/`` is where the login ends up."""
    path = location.file_path
    return path.removeprefix(_HOME) or "." if path.startswith(_HOME) else "/" + path


@asynccontextmanager
async def _client(location: Location, means: Means) -> AsyncIterator[asyncssh.SFTPClient]:
    if not location.user or location.password is None:
        raise TransferFailed(
            f"{location.shown}: SFTP needs a user and a password.", "sftp://user:password@host/path", lasting=True
        )
    connection: asyncssh.SSHClientConnection | None = None
    try:
        connection = await _login(location, means)
        means.pulse.beat()
        async with connection.start_sftp_client() as client:
            yield client
    except asyncssh.PermissionDenied as problem:
        raise words.wrong_login(location.shown) from problem
    except (asyncssh.ConnectionLost, asyncssh.SFTPConnectionLost) as problem:
        raise words.broke_off(location.shown) from problem
    except (asyncssh.Error, asyncssh.SFTPError) as problem:
        raise words.garbled(location.shown) from problem
    finally:
        if connection is not None:
            connection.abort()


async def _login(location: Location, means: Means) -> asyncssh.SSHClientConnection:
    known_hosts = means.known_hosts() if means.known_hosts is not None else None
    known = await in_thread(_known, known_hosts, location) if known_hosts is not None else []
    contact = _FirstContact()
    try:
        connection = await _connect(location, contact, known)
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as problem:
        if not known:
            raise
        # A key of another kind than the known one is not even offered.
        raise TransferFailed(
            f"{location.shown}: The server's host key is not the one of the first contact.",
            "if that is right, take the server's line out of known_hosts in the station's state folder",
            lasting=True,
        ) from problem
    if contact.key is not None and known_hosts is not None:
        try:
            await in_thread(_remember, known_hosts, location, contact.key)
        except BaseException as problem:
            connection.abort()
            if isinstance(problem, OSError):
                raise not_stored(problem) from problem
            raise
    return connection


async def _connect(
    location: Location, contact: _FirstContact, known: list[asyncssh.SSHKey]
) -> asyncssh.SSHClientConnection:
    options: dict[str, Any] = {} if known else {"client_factory": lambda: contact}
    return await asyncssh.connect(
        location.host,
        location.port,
        username=location.user,
        password=location.password,
        # An empty file would make the library read the user's own; empty lists do not.
        known_hosts=(known, [], []),
        config=None,
        client_keys=None,
        agent_path=None,
        x509_trusted_certs=None,
        gss_host=None,
        preferred_auth=("password", "keyboard-interactive"),
        keepalive_interval=0,
        **options,
    )


def _known(known_hosts: Path, location: Location) -> list[asyncssh.SSHKey]:
    """The keys seen at this host and port.

    Raises:
        TransferFailed: the file is there and cannot be read: no key is better than a forgotten one.
    """
    try:
        text = known_hosts.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as problem:
        raise TransferFailed("known_hosts in the station's state folder cannot be read.", lasting=True) from problem
    name, keys = _name(location), []
    for line in text.splitlines():
        host, _, key = line.partition(" ")
        if host == name:
            try:
                keys.append(asyncssh.import_public_key(key))
            except (asyncssh.KeyImportError, ValueError) as problem:
                hint = "take the server's line out of it"
                raise TransferFailed("known_hosts in the station's state folder is damaged.", hint, lasting=True) from (
                    problem
                )
    return keys


def _remember(known_hosts: Path, location: Location, key: asyncssh.SSHKey) -> None:
    kind, data = key.export_public_key("openssh").decode().split()[:2]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(known_hosts, flags, 0o600)
    try:
        os.write(file, f"{_name(location)} {kind} {data}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def _name(location: Location) -> str:
    """The host as OpenSSH writes it."""
    return location.host if location.port == _SSH_PORT else f"[{location.host}]:{location.port}"
