"""Readings and timestamps as stations of both versions tell them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from station.csms.cards import CardBook
from station.csms.desk import Desk, moment, register_wh


def values(*samples):
    return [{"timestamp": "2026-01-01T00:00:00Z", "sampled_value": list(samples)}]


@pytest.mark.parametrize(
    ("samples", "wh"),
    [
        ([{"value": "12"}], 12.0),
        ([{"value": "1.5", "unit": "kWh"}], 1500.0),
        ([{"value": 1.5, "unit_of_measure": {"unit": "kWh", "multiplier": -1}}], 150.0),
        ([{"value": 12, "unit_of_measure": {"multiplier": 3}}], 12000.0),
        ([{"value": "230", "measurand": "Voltage"}], None),
        ([{"value": "5", "phase": "L1"}], None),
        ([{"value": "5", "location": "Inlet"}], None),
        ([{"value": "0A1F", "format": "SignedData"}], None),
        ([{"value": "no number"}], None),
        ([{"value": 1, "unit_of_measure": {"multiplier": 999}}], None),
        ([{"value": "5", "phase": "L1"}, {"value": "7"}], 7.0),
        ([], None),
    ],
)
def test_the_energy_register(samples, wh):
    assert register_wh(values(*samples)) == (None if wh is None else pytest.approx(wh))


def test_the_last_reading_counts():
    assert register_wh(values({"value": "1"}) + values({"value": "2"})) == 2.0


def test_moments_are_aware_and_garbage_is_none():
    assert moment("2026-01-01T00:00:00.5Z") == datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    assert moment("2026-01-01T00:00:00") == datetime(2026, 1, 1, tzinfo=UTC)
    assert moment("222222017-10-10") is None


def test_timestamps_are_utc_with_milliseconds():
    desk = Desk(CardBook(), 300, "Accepted")
    desk.now = lambda: datetime(2026, 1, 1, 1, 0, 0, 1234, tzinfo=timezone(timedelta(hours=1)))
    assert desk.timestamp() == "2026-01-01T00:00:00.001Z"
