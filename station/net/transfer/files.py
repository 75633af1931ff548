"""File transfers over the network, by the scheme of the URL."""

from __future__ import annotations

from pathlib import Path

from station.net.transfer.api import TransferFailed


class FileTransfers:
    """Implements ``Transfers``.

    Args:
        ca: a file of roots that are trusted besides the system's.
    """

    __slots__ = ("_ca",)

    def __init__(self, ca: Path | None = None) -> None:
        self._ca = ca

    async def download(self, url: str, target: Path) -> None:
        """See ``Transfers.download``."""
        raise TransferFailed("no such scheme", lasting=True)

    async def upload(self, source: Path, url: str) -> None:
        """See ``Transfers.upload``."""
        raise TransferFailed("no such scheme", lasting=True)
