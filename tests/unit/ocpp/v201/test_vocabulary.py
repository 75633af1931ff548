from datetime import UTC, datetime, timedelta

import pytest

from station.ocpp.v201.vocabulary import status_info, timestamp


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
        (datetime(2026, 1, 1, 12, 30, 5, 999999, UTC), "2026-01-01T12:30:05.999Z"),
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1.5), "1970-01-01T00:00:01.500Z"),
    ],
)
def test_timestamp(when, text):
    assert timestamp(when) == text


@pytest.mark.parametrize(
    ("reason", "info", "wire"),
    [
        ("", "", None),
        ("TxInProgress", "", {"reasonCode": "TxInProgress"}),
        ("ReadOnly", "cannot be set", {"reasonCode": "ReadOnly", "additionalInfo": "cannot be set"}),
        ("NoPlug", "", {"reasonCode": "Unspecified", "additionalInfo": "NoPlug"}),
        ("NoPlug", "at EVSE 1", {"reasonCode": "Unspecified", "additionalInfo": "NoPlug: at EVSE 1"}),
        ("", "busy", {"reasonCode": "Unspecified", "additionalInfo": "busy"}),
    ],
)
def test_status_info(reason, info, wire):
    assert status_info(reason, info) == wire
