"""What a file transfer is, for those who order one and those who carry it out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Protocol

from station.errors import StationError


class TransferCause(StrEnum):
    """What kept a transfer from coming about, as far as somebody else has to know (OCPP 2.0.1 N01.FR.10)."""

    DENIED = "denied"
    """The server does not let us."""
    UNSUPPORTED = "unsupported"
    """The server, or this program, cannot do that."""
    GARBLED = "garbled"
    """The other side does not speak the protocol."""
    OTHER = "other"


class TransferFailed(StationError):
    """A transfer did not come about.

    Attributes:
        message: one line without credentials, query or local paths.
        lasting: whether trying again cannot help (no such scheme, no URL, a certificate that is not trusted).
        cause: what kind of failure it is.
    """

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        lasting: bool = False,
        cause: TransferCause = TransferCause.OTHER,
    ) -> None:
        super().__init__(message, hint)
        self.lasting = lasting
        self.cause = cause


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
