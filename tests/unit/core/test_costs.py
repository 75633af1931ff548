"""Costs between two messages of the CSMS: prices per kWh and hour, idle fees with grace, prices that change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.core.costs import ChargingPrice, IdlePrice, NextPeriod, RunningCost, accrued, turned

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHARGING = RunningCost(NOON, 1000.0, Decimal("1.50"), idle=False, charging=ChargingPrice(Decimal("0.30"), Decimal(2)))
IDLE = replace(CHARGING, idle=True, idling=IdlePrice(Decimal(6), grace_s=1800.0))


def test_energy_and_time_cost() -> None:
    assert accrued(CHARGING, NOON, 3000.0, NOON + HOUR) == Decimal("1.50") + Decimal("0.60") + 2


def test_what_the_csms_told_is_the_least() -> None:
    assert accrued(CHARGING, NOON, 500.0, NOON - HOUR) == Decimal("1.50")


@pytest.mark.parametrize(("minutes", "cost"), [(0, "1.50"), (30, "1.50"), (60, "4.50"), (90, "7.50")])
def test_standing_costs_after_the_grace_time(minutes: int, cost: str) -> None:
    assert accrued(IDLE, NOON, 9999.0, NOON + timedelta(minutes=minutes)) == Decimal(cost)


def test_the_grace_time_counts_from_when_it_became_idle() -> None:
    later = replace(IDLE, at=NOON + timedelta(minutes=20))
    assert accrued(later, NOON, 0.0, NOON + timedelta(minutes=40)) == Decimal("2.50")


def test_standing_without_an_idle_price_costs_nothing() -> None:
    assert accrued(replace(IDLE, idling=None), NOON, 9999.0, NOON + HOUR) == Decimal("1.50")


def test_the_next_prices_hold_from_their_moment_on() -> None:
    night = NextPeriod(NOON + HOUR, ChargingPrice(Decimal("0.10"), flat=Decimal(1)))
    running = turned(replace(CHARGING, following=night), NOON, 3000.0)
    assert running.cost == Decimal("1.50") + Decimal("0.60") + 2 + 1
    assert (running.at, running.meter_wh, running.following) == (NOON + HOUR, 3000.0, None)
    assert accrued(running, NOON, 4000.0, NOON + 2 * HOUR) == running.cost + Decimal("0.10")


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.booleans(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_cost_never_falls(first_wh: float, more_wh: float, idle: bool, first_s: int, more_s: int) -> None:
    running = IDLE if idle else CHARGING
    before = accrued(running, NOON, first_wh, NOON + timedelta(seconds=first_s))
    after = accrued(running, NOON, first_wh + more_wh, NOON + timedelta(seconds=first_s + more_s))
    assert running.cost <= before <= after
