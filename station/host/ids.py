"""Identifiers that never repeat: of messages and of transactions.

On a device they come from ``secrets``; in a seeded run from a stream keyed by seed, station, boot number and attempt,
so that the same run gives the same frames and no boot repeats an id of another.
"""

from __future__ import annotations

import secrets
import uuid
from random import Random


class Ids:
    """Ids of one boot of one station. ``seed`` None: unpredictable ones."""

    __slots__ = ("_count", "_prefix", "_random")

    def __init__(self, seed: str | None = None) -> None:
        self._random = Random(seed) if seed is not None else None  # noqa: S311 - a seeded run is not a secret
        self._prefix = self._bytes(12).hex()
        self._count = 0

    def _bytes(self, count: int) -> bytes:
        return self._random.randbytes(count) if self._random is not None else secrets.token_bytes(count)

    def message(self) -> str:
        """A message id, at most 36 characters (OCPP-J 1.6 §4.1.4, 2.0.1 part 4 §4.1.4)."""
        self._count += 1
        return f"{self._prefix}-{self._count:x}"

    def transaction(self) -> str:
        """A transaction id: a UUID (OCPP 2.0.1 E01.FR.08)."""
        return str(uuid.UUID(bytes=self._bytes(16), version=4))
