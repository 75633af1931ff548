"""Dates and times of the wire, read and written as all versions do. Called by the dialects."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_SECONDS: Final = tuple(f"{second:02d}." for second in range(60))
_MILLISECONDS: Final = tuple(f"{millisecond:03d}Z" for millisecond in range(1000))


def moment(text: object) -> datetime | None:
    """A dateTime of the CSMS in UTC; None where there is none, or none that exists. Without an offset it is UTC.

    Spec: OCPP 1.6 §3.15; OCPP 2.0.1 part 2, 2.1.4 (RFC 3339).
    """
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text.upper())
        return read.astimezone(UTC) if read.tzinfo is not None else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def timestamp(moment: datetime) -> str:
    """A moment in UTC with milliseconds (cut, not rounded), as ``2026-01-01T00:00:00.000Z``.

    Put together from parts that are ready: a third of what ``isoformat`` takes, and each reading has one.

    Spec: OCPP 1.6 §3.15; OCPP 2.0.1 part 2, 2.1.4 (RFC 3339, at most three decimals).
    """
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    minute = _minute(moment.year, moment.month, moment.day, moment.hour, moment.minute)
    return minute + _SECONDS[moment.second] + _MILLISECONDS[moment.microsecond // 1000]


@lru_cache(maxsize=256)
def _minute(year: int, month: int, day: int, hour: int, minute: int) -> str:
    """The part that stays the same for a minute."""
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:"
