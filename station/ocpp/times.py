"""Dates and times of the wire, read and written as all versions do. Called by the dialects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import floor
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
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

    Spec: OCPP 1.6 §3.15; OCPP 2.0.1 part 2, 2.1.4 (RFC 3339, at most three decimals).
    """
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def timestamp_of(utc_s: float) -> str:
    """The same of a moment in seconds since 1970, which is taken to the microsecond as ``timedelta`` takes it.

    Each reading has one: put together from parts that are ready, without a ``datetime``, it takes a third of the time.
    """
    whole = floor(utc_s)
    microseconds = round((utc_s - whole) * 1e6)
    if microseconds == 1_000_000:
        whole, microseconds = whole + 1, 0
    return _minute(whole // 60) + _SECONDS[whole % 60] + _MILLISECONDS[microseconds // 1000]


@lru_cache(maxsize=256)
def _minute(number: int) -> str:
    """The part that stays the same for a minute; minutes are counted from 1970."""
    moment = _EPOCH + timedelta(minutes=number)
    return f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T{moment.hour:02d}:{moment.minute:02d}:"
