"""Identifiers that never repeat: of messages and of transactions.

On a device they come from ``secrets``; in a seeded run they are hashed from seed, station, boot number and attempt, so
that the same run gives the same frames and no boot repeats an id of another.
"""

from __future__ import annotations

import secrets
import uuid
from hashlib import blake2b
from typing import Final

_VARIANTS: Final = "89ab"
"""The digits of the variant of RFC 4122, by the two bits that are free."""


class Ids:
    """Ids of one boot of one station. ``seed`` None: unpredictable ones."""

    __slots__ = ("_count", "_prefix", "_seed", "_transactions")

    def __init__(self, seed: str | None = None) -> None:
        # Not a generator: its state takes 2.5 kB of every station.
        self._seed = seed
        self._prefix = secrets.token_hex(12) if seed is None else blake2b(seed.encode(), digest_size=12).hexdigest()
        self._count = 0
        self._transactions = 0

    def message(self) -> str:
        """A message id, at most 36 characters (OCPP-J 1.6 §4.1.4, 2.0.1 part 4 §4.1.4)."""
        self._count += 1
        return f"{self._prefix}-{self._count:x}"

    def transaction(self) -> str:
        """A transaction id: a UUID (OCPP 2.0.1 E01.FR.08)."""
        if self._seed is None:
            return str(uuid.uuid4())
        self._transactions += 1
        name = f"{self._prefix}/{self._transactions}"
        digits = blake2b(name.encode(), digest_size=16).hexdigest()
        # As ``uuid.UUID(..., version=4)`` writes it, which takes ten times as long.
        variant = _VARIANTS[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
