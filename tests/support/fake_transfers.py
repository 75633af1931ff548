"""File transfers without a network: what a server has, what it was given, and how it fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

from station.net.transfer.api import TransferFailed


class FakeTransfers:
    """Satisfies ``station.net.transfer.api.Transfers``.

    ``files`` are to be downloaded, by URL; ``uploaded`` came in, by URL and name. ``failures`` are raised by the next
    attempts, in order; each attempt takes ``takes_s``.
    """

    def __init__(self, takes_s: float = 1.0) -> None:
        self.takes_s = takes_s
        self.files: dict[str, bytes] = {}
        self.uploaded: list[tuple[str, str, bytes]] = []
        self.attempts: list[str] = []
        self.failures: list[TransferFailed] = []

    async def _attempt(self, url: str) -> None:
        self.attempts.append(url)
        await asyncio.sleep(self.takes_s)
        if self.failures:
            raise self.failures.pop(0)

    async def download(self, url: str, target: Path) -> None:
        """Write the file, where there is one."""
        await self._attempt(url)
        if url not in self.files:
            raise TransferFailed("the server has no such file")
        target.write_bytes(self.files[url])

    async def upload(self, source: Path, url: str) -> None:
        """Take the file."""
        await self._attempt(url)
        self.uploaded.append((url, source.name, source.read_bytes()))
