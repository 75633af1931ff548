"""Dates and times of the wire: with and without an offset, finer than we count, and outside the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from station.ocpp.times import moment, timestamp, timestamp_of


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


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
        (datetime(2026, 1, 1, 12, 30, 5, 999999, UTC), "2026-01-01T12:30:05.999Z"),
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1.5), "1970-01-01T00:00:01.500Z"),
        (datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2025-12-31T23:00:00.000Z"),
        (datetime(7, 6, 5, 4, 3, 2, 1000, UTC), "0007-06-05T04:03:02.001Z"),
    ],
)
def test_what_we_write_as_a_date_time(when: datetime, text: str) -> None:
    assert timestamp(when) == text


@given(st.floats(-1e9, 7e9))
@example(1_699_999_999.9999999)
@example(1_700_000_000.123)
def test_seconds_are_written_as_the_moment_that_they_are(utc_s: float) -> None:
    assert timestamp_of(utc_s) == timestamp(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=utc_s))
