"""Charging schedules of the wire: what is left out, and numbers as any JSON writer may put them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from station.core.smart_charging.profile import Period, RateUnit, Schedule
from station.ocpp.charging_schedules import period_out, schedule_in

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_schedule_with_everything() -> None:
    periods = [{"startPeriod": 0, "limit": 16, "numberPhases": 1}, {"startPeriod": 60.0, "limit": 8.1}]
    wire = {"chargingRateUnit": "A", "duration": 120.0, "minChargingRate": 6, "chargingSchedulePeriod": periods}
    expected = (Period(0, 16.0, 1), Period(60, 8.1, None))
    assert schedule_in(wire, START, 7) == Schedule(RateUnit.AMPERE, expected, START, 120, 6.0, 7)


def test_a_schedule_with_what_it_must_have() -> None:
    wire = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0}]}
    assert schedule_in(wire, None) == Schedule(RateUnit.WATT, (Period(0, 0.0, None),))


@pytest.mark.parametrize(
    ("period", "wire"),
    [
        (Period(0, 16.0, 3), {"startPeriod": 0, "limit": 16.0, "numberPhases": 3}),
        (Period(5, 0.0, None), {"startPeriod": 5, "limit": 0.0}),
    ],
)
def test_a_period_without_phases_does_not_name_any(period: Period, wire: dict[str, Any]) -> None:
    assert period_out(period) == wire
