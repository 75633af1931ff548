"""Numbers of the wire, read as all versions write them. Called by the dialects."""

from __future__ import annotations

from typing import Any


def whole(value: Any) -> int | None:
    """An integer of the wire, which may be written ``1.0``; None stays None."""
    return None if value is None else int(value)


def number(value: Any) -> float | None:
    """A decimal of the wire, which may be written ``1``; None stays None."""
    return None if value is None else float(value)
