"""A listener that keeps what it hears."""

from __future__ import annotations

import asyncio

from station.net import CloseReason


class Heard:
    """Records a connection's messages and its end; ``wait`` lets an e2e test wait for them."""

    def __init__(self, fail_on: str = "") -> None:
        self.texts: list[str] = []
        self.binaries: list[bytes] = []
        self.pongs = 0
        self.ends: list[CloseReason] = []
        self._fail_on = fail_on

    def text(self, data: str) -> None:
        self.texts.append(data)
        if data == self._fail_on:
            raise RuntimeError("the listener fell over")

    def binary(self, data: bytes) -> None:
        self.binaries.append(data)

    def pong(self) -> None:
        self.pongs += 1

    def closed(self, reason: CloseReason) -> None:
        self.ends.append(reason)

    async def wait(self, *, texts: int = 0, binaries: int = 0, pongs: int = 0, end: bool = False) -> None:
        """Until so much was heard; five seconds at most."""
        async with asyncio.timeout(5):
            while (
                len(self.texts) < texts
                or len(self.binaries) < binaries
                or self.pongs < pongs
                or (end and not self.ends)
            ):
                await asyncio.sleep(0.002)
