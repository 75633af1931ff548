"""The composition by the examples of the specifications, and its corners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from station.core.smart_charging.composite import Composer, Outlet, Site, Stretch, composite, in_seconds, to_ms
from station.core.smart_charging.profile import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from station.core.smart_charging.sharing import Budget, Claim, share

HOUR_MS = 3_600_000
W, A = RateUnit.WATT, RateUnit.AMPERE
OUTLET = Outlet(1, 32.0, 3, 0)


def site(*profiles: ChargingProfile, outlets: tuple[Outlet, ...] = (OUTLET,), current_a: float = 63.0) -> Site:
    """A station whose time is UTC."""
    return Site(outlets, current_a, profiles, 0)


def made(number: int, level: int, start: str, *periods: tuple[int, float], **more: Any) -> ChargingProfile:
    """A default profile in watt."""
    kind = more.pop("kind", Kind.RECURRING)
    schedule = Schedule(W, tuple(Period(*one) for one in periods), datetime.fromisoformat(start), more.pop("duration"))
    return ChargingProfile(number, 0, level, Purpose.TX_DEFAULT, kind, schedule, **more)


def power(where: Site, moment: str) -> float:
    """What EVSE 1 may take then, in watt."""
    return Composer(where).allowed(1, W, to_ms(datetime.fromisoformat(moment)))[0]


def test_the_daily_profile_of_the_specification() -> None:
    """OCPP 1.6 §3.13.7; OCPP 2.0.1 K 3.6."""
    daily = made(
        100,
        0,
        "2013-01-01T00:00:00+00:00",
        (0, 11000),
        (28800, 6000),
        (72000, 11000),
        duration=86400,
        recurrency=Recurrency.DAILY,
    )
    where = site(daily)
    assert power(where, "2026-05-05T07:59:59.999+00:00") == 11000
    assert power(where, "2026-05-05T08:00:00+00:00") == 6000
    assert power(where, "2026-05-05T19:59:59+00:00") == 6000
    assert power(where, "2026-05-05T20:00:00+00:00") == 11000
    assert power(where, "2012-12-31T12:00:00+00:00") == 32 * 690


def test_the_stacked_profiles_of_the_specification() -> None:
    """OCPP 2.0.1 K 3.6.1: 2 kW in the evening, but not on Sundays, and not on Christmas Day 2020."""
    evenings = made(10, 1, "2020-01-09T17:00:00+00:00", (0, 2000), duration=10800, recurrency=Recurrency.DAILY)
    sundays = made(11, 2, "2020-01-05T00:00:00+00:00", (0, 999999), duration=86400, recurrency=Recurrency.WEEKLY)
    christmas = made(
        12,
        3,
        "2020-12-25T00:00:00+00:00",
        (0, 999999),
        duration=86400,
        kind=Kind.ABSOLUTE,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        valid_to=datetime(2021, 1, 1, tzinfo=UTC),
    )
    where = site(evenings, sundays, christmas)
    free = 32 * 690
    assert power(where, "2020-12-24T18:00:00+00:00") == 2000
    assert power(where, "2020-12-24T20:00:00+00:00") == free
    assert power(where, "2020-12-25T18:00:00+00:00") == free
    assert power(where, "2020-12-26T18:00:00+00:00") == 2000
    assert power(where, "2020-12-27T18:00:00+00:00") == free
    assert power(where, "2021-12-25T18:00:00+00:00") == 2000


@pytest.mark.parametrize(
    ("unit", "limit", "phases", "outlet_phases", "amperes", "watts"),
    [
        (A, 16.0, 3, 3, 16.0, 11040.0),
        (A, 16.0, None, 3, 16.0, 11040.0),
        (A, 16.0, 1, 3, 16.0, 3680.0),
        (A, 16.0, 3, 1, 16.0, 3680.0),
        (W, 11040.0, None, 3, 16.0, 11040.0),
        (W, 3680.0, 1, 3, 16.0, 3680.0),
        (W, 3680.0, None, 1, 16.0, 3680.0),
    ],
)
def test_units(
    unit: RateUnit, limit: float, phases: int | None, outlet_phases: int, amperes: float, watts: float
) -> None:
    """OCPP 1.6 §7.12 and errata 3.34: the limit as given, for as many phases as there are."""
    schedule = Schedule(unit, (Period(0, limit, phases),))
    default = ChargingProfile(1, 0, 0, Purpose.TX_DEFAULT, Kind.RELATIVE, schedule)
    composer = Composer(site(default, outlets=(Outlet(1, 32.0, outlet_phases, 0),)))
    assert composer.allowed(1, A, 0) == (amperes, min(phases or 3, outlet_phases))
    assert composer.allowed(1, W, 0)[0] == watts


def test_the_lowest_number_of_phases_of_all_purposes() -> None:
    """OCPP 2.0.1 errata 2025-09, 2.36."""
    limit = Schedule(A, (Period(0, 20.0, 1),), datetime(1970, 1, 1, tzinfo=UTC))
    own = Schedule(A, (Period(0, 10.0, 3),))
    where = site(
        ChargingProfile(1, 0, 0, Purpose.STATION_MAX, Kind.ABSOLUTE, limit),
        ChargingProfile(2, 1, 0, Purpose.TX_DEFAULT, Kind.RELATIVE, own),
    )
    assert Composer(where).allowed(1, A, 0) == (10.0, 1)
    assert Composer(where).allowed(0, A, 0) == (10.0, 1)


def test_external_constraints_count_like_any_limit() -> None:
    """OCPP 2.0.1 K08.FR.04."""
    external = Schedule(A, (Period(0, 9.0),), datetime(1970, 1, 1, tzinfo=UTC), 3600)
    where = site(ChargingProfile(1, 0, 0, Purpose.EXTERNAL, Kind.ABSOLUTE, external))
    stretches, length_ms = composite(where, 1, A, (0, 2 * HOUR_MS), 10)
    assert stretches == (Stretch(0, 9.0, 3), Stretch(HOUR_MS, 32.0, 3))
    assert length_ms == 2 * HOUR_MS


def test_an_unknown_evse() -> None:
    with pytest.raises(KeyError):
        composite(site(), 5, A, (0, 1000), 10)


def test_whole_seconds() -> None:
    stretches = (Stretch(0, 16.0, 3), Stretch(1500, 8.46, 3), Stretch(2500, 12.0, 3), Stretch(9960, 6.0, 3))
    assert in_seconds(stretches, 20_000) == (
        Period(0, 16.0, 3),
        Period(1, 8.4, 3),
        Period(3, 12.0, 3),
        Period(10, 6.0, 3),
    )
    assert in_seconds((Stretch(0, 16.0, 3),), 0) == (Period(0, 16.0, 3),)


def test_moments_before_1970_are_moments() -> None:
    assert to_ms(datetime(1970, 1, 1, tzinfo=UTC) - timedelta(seconds=1)) == -1000


def test_who_came_first_is_served_first() -> None:
    claims = [Claim(1, 16.0, 6.0, 3), Claim(2, 16.0, 6.0, 3), Claim(3, 16.0, 6.0, 3)]
    assert share(claims, Budget(13.0)) == {1: 6.5, 2: 6.5, 3: 0.0}
    assert share(claims, Budget(5.0)) == {1: 0.0, 2: 0.0, 3: 0.0}
    assert share(claims, Budget(100.0, 4140.0 * 2)) == {1: 6.0, 2: 6.0, 3: 0.0}
    assert share([], Budget(10.0)) == {}
