"""What an attempt works with. Made by ``files`` for each attempt, used by the modules of the protocols."""

from __future__ import annotations

import ssl
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from station.net.transfer.api import TransferFailed
from station.net.transfer.limits import CHUNK_BYTES, Limits, Pulse
from station.net.transfer.location import Location
from station.net.transfer.part import Part, in_thread


@dataclass(frozen=True, slots=True)
class Means:
    """See the module.

    Attributes:
        limits: bounds.
        pulse: told whenever something moves.
        tls: makes the context for servers; raises ``TlsSettingsError``.
        known_hosts: where the host keys of SFTP servers are kept; it may make the folder. None: nowhere.
    """

    limits: Limits
    pulse: Pulse
    tls: Callable[[], ssl.SSLContext]
    known_hosts: Callable[[], Path] | None


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is sent: so many bytes of it, whatever is appended meanwhile.

    Attributes:
        name: of the file, without folders.
        size: bytes when it was opened.
    """

    name: str
    size: int
    file: BinaryIO
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """Close the file, not while a thread reads from it: its number may be another's by then."""
        with self._lock:
            self.file.close()

    def _read(self, size: int) -> bytes:
        with self._lock:
            return b"" if self.file.closed else self.file.read(size)

    async def chunks(self, pulse: Pulse) -> AsyncGenerator[bytes, None]:
        """The content.

        Raises:
            TransferFailed: it became shorter.
        """
        left = self.size
        while left:
            try:
                chunk = await in_thread(self._read, min(CHUNK_BYTES, left))
            except OSError as problem:
                raise TransferFailed(f"{self.name} cannot be read: {problem.strerror}.", lasting=True) from problem
            if not chunk:
                raise TransferFailed(f"{self.name} became shorter while it was sent.")
            left -= len(chunk)
            pulse.beat()
            yield chunk


class Carrier(Protocol):
    """A protocol: a module with these two functions. Errors of the network may leave them as ``OSError``."""

    async def download(self, location: Location, part: Part, means: Means) -> None:
        """Fetch the file into ``part`` and finish it."""
        ...

    async def upload(self, location: Location, source: Source, means: Means) -> None:
        """Send the file."""
        ...
