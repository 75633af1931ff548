"""What a file transfer is, for those who order one and those who carry it out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from station.errors import StationError


class TransferFailed(StationError):
    """A transfer did not come about.

    Attributes:
        message: one line without credentials, query or local paths.
        lasting: whether trying again cannot help (no such scheme, no URL, a certificate that is not trusted).
    """

    def __init__(self, message: str, hint: str | None = None, *, lasting: bool = False) -> None:
        super().__init__(message, hint)
        self.lasting = lasting


class Transfers(Protocol):
    """Carries out one attempt at a time; retries are the core's. Cancelling the coroutine ends the transfer."""

    async def download(self, url: str, target: Path) -> None:
        """Fetch a file; what an earlier attempt left of it at ``target`` is gone on from where the server allows.

        Raises:
            TransferFailed: it did not arrive whole; what came stays for the next attempt.
        """
        ...

    async def upload(self, source: Path, url: str) -> None:
        """Send a file; its name is appended to a location that ends in ``/``.

        Raises:
            TransferFailed: the server did not take it.
        """
        ...
