"""Dates and times of the wire, read as all versions write them. Writing one is the version's business.

Called by the dialects.
"""

from __future__ import annotations

from datetime import UTC, datetime


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
