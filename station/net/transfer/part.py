"""A file that is arriving: bytes beside the target until all are there, and what is needed to go on from them.

``<target>.part`` holds the bytes, ``<target>.part.json`` says of which file they are. Nothing here talks to a server.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from station.net.transfer.api import TransferFailed
from station.net.transfer.limits import CHUNK_BYTES

_SIDECAR_MOST = 8192
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_LASTING = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run ``function`` in a thread; a cancelled caller leaves only when it has ended, so nothing runs behind it."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def not_stored(problem: OSError) -> TransferFailed:
    """The disk does not take the file."""
    what = problem.strerror or type(problem).__name__
    lasting = problem.errno in _LASTING
    return TransferFailed(f"The file cannot be stored: {what}.", "check the disk of this device", lasting=lasting)


@dataclass(frozen=True, slots=True)
class Mark:
    """Which version of a file the bytes belong to.

    Attributes:
        validator: what the server calls this version: an entity tag or a time of change; None: it has no name for it.
        size: of the whole file; None: not known.
    """

    validator: str | None = None
    size: int | None = None


class Part:
    """See the module. ``most_bytes`` is how long the file may be."""

    __slots__ = ("_buffer", "_known", "_most", "_part", "_sidecar", "_stored", "_target", "_url", "mark")

    def __init__(self, target: Path, url: str, most_bytes: int) -> None:
        self._target = target
        self._part = target.with_name(target.name + ".part")
        self._sidecar = target.with_name(target.name + ".part.json")
        # The URL may hold a password.
        self._url = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        self._most = most_bytes
        self._buffer = bytearray()
        self._stored = 0
        self._known = False
        self.mark = Mark()

    @property
    def held(self) -> int:
        """Bytes that are there and may be gone on from."""
        return self._stored + len(self._buffer) if self._known else 0

    async def load(self) -> None:
        """Look for what an earlier attempt left of this very URL."""
        mark, stored = await in_thread(self._read)
        if mark is not None and mark.validator and stored and (mark.size is None or stored <= mark.size):
            self.mark, self._stored, self._known = mark, stored, True

    async def begin(self, mark: Mark) -> None:
        """Start from nothing.

        Raises:
            TransferFailed: the file is too long, or the disk does not take it.
        """
        self._check_size(mark.size)
        self._buffer.clear()
        self._stored, self._known, self.mark = 0, True, mark
        await self._on_disk(self._truncate)

    async def append(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            TransferFailed: more than the file may have, or the disk does not take them.
        """
        if self.mark.size is not None and self.held + len(chunk) > self.mark.size:
            await self.discard()
            raise TransferFailed("The server sends more than the file has.")
        self._check_size(self.held + len(chunk))
        self._buffer += chunk
        if len(self._buffer) >= CHUNK_BYTES:
            await self.keep()

    async def keep(self) -> None:
        """Store what is still in memory."""
        if self._known and self._buffer:
            await self._on_disk(self._write, self._stored, bytes(self._buffer))
            self._stored += len(self._buffer)
            self._buffer.clear()

    async def leave(self) -> None:
        """The attempt has failed: leave what the next one can go on from, and nothing else."""
        with suppress(TransferFailed):  # why it failed is known already
            if self.mark.validator and self.held:
                await self.keep()
            else:
                await self.discard()

    async def finish(self) -> None:
        """All is there: give the file its name.

        Raises:
            TransferFailed: it is shorter than the server said, or the disk does not take it.
        """
        await self.keep()
        if self.mark.size is not None and self._stored != self.mark.size:
            raise TransferFailed(f"The transfer broke off after {self._stored} of {self.mark.size} bytes.")
        await self._on_disk(self._rename)

    async def discard(self) -> None:
        """Forget what is there: it cannot be gone on from."""
        self._buffer.clear()
        self._stored, self._known, self.mark = 0, False, Mark()
        await self._on_disk(self._remove)

    def _check_size(self, size: int | None) -> None:
        if size is not None and size > self._most:
            limit = self._most // 1024**2
            raise TransferFailed(f"The file is longer than {limit} MiB, the most that is taken.", lasting=True)

    async def _on_disk(self, function: Callable[..., Any], *args: Any) -> None:
        try:
            await in_thread(function, *args)
        except OSError as problem:
            raise not_stored(problem) from problem

    # In a thread

    def _read(self) -> tuple[Mark | None, int]:
        try:
            with self._sidecar.open("rb") as file:
                said = json.loads(file.read(_SIDECAR_MOST))
            stored = self._part.lstat().st_size
        except (OSError, ValueError, RecursionError):
            return None, 0
        if not isinstance(said, dict) or said.get("url") != self._url:
            return None, 0
        validator, size = said.get("validator"), said.get("size")
        good = isinstance(validator, str) and (size is None or (type(size) is int and size >= 0))
        return (Mark(validator, size), stored) if good else (None, 0)

    def _truncate(self) -> None:
        # First the words that the bytes could be mistaken for others by, then the bytes, then the new words.
        self._sidecar.unlink(missing_ok=True)
        os.close(os.open(self._part, _FLAGS | os.O_TRUNC, 0o600))
        if self.mark.validator:
            said = {"url": self._url, "validator": self.mark.validator, "size": self.mark.size}
            file = os.open(self._sidecar, _FLAGS | os.O_TRUNC, 0o600)
            try:
                os.write(file, json.dumps(said).encode())
            finally:
                os.close(file)

    def _write(self, offset: int, data: bytes) -> None:
        file = os.open(self._part, _FLAGS, 0o600)
        try:
            view = memoryview(data)
            while view:
                written = os.pwrite(file, view, offset)
                view, offset = view[written:], offset + written
        finally:
            os.close(file)

    def _rename(self) -> None:
        file = os.open(self._part, _FLAGS, 0o600)
        try:
            os.fsync(file)
        finally:
            os.close(file)
        self._part.replace(self._target)
        self._sidecar.unlink(missing_ok=True)
        with suppress(OSError):  # not every file system lets a folder be synchronised
            folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _remove(self) -> None:
        self._sidecar.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)
