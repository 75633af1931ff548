"""Dates and times of the wire: with and without an offset, finer than we count, and outside the calendar."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from station.ocpp.times import moment


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01t02:00:00.123456789+02:00", datetime(2026, 1, 1, 0, 0, 0, 123456, UTC)),
        ("2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("222222017-10-10T00:00:00Z", None),
        (None, None),
    ],
)
def test_what_a_csms_writes_as_a_date_time(text: object, when: datetime | None) -> None:
    assert moment(text) == when
