"""A command under way, and a command that cannot be: what the host answers to whoever commands it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any


class CommandRefused(Exception):
    """A command that cannot come about; becomes ``{"ok": false, "error": message}``.

    Args:
        message: one line: what cannot be, and why.
        hint: what to try instead, where something is known.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(slots=True)
class Execution:
    """A command that took effect.

    Args:
        done: resolves with the final data, or raises ``CommandRefused`` or ``TimeoutError``. It is cancelled when its
            time is over; what took effect stays.
        data: what is known at once, for those who do not wait.
    """

    done: asyncio.Future[dict[str, Any]]
    data: dict[str, Any] = field(default_factory=dict)
