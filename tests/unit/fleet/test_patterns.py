"""Arrivals and stays: what a tester expects of a week, and that the seed alone decides it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from station.fleet.patterns import LOADS, Place, Visit, Visits, visits_of
from station.fleet.plan import Behaviour

HOUR_S = 3600.0
DAY_S = 86_400.0


def visits(behaviour: Behaviour, *, seed: int = 1, begins_s: float = 0.0) -> Visits:
    made = visits_of(behaviour, seed, begins_s)
    assert made is not None
    return made


def all_visits(pattern: Visits, place: Place, until_s: float, since_s: float = 0.0) -> list[Visit]:
    """Every visit that is drawn for a place."""
    found: list[Visit] = []
    while True:
        visit = pattern.after(place, len(found), since_s)
        if visit.at_s >= until_s:
            return found
        found.append(visit)
        since_s = visit.at_s


@pytest.mark.parametrize("pattern", ["idle", "back-to-back"])
def test_some_patterns_do_not_go_by_the_clock(pattern: str) -> None:
    assert visits_of(Behaviour(pattern), 1) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", ["paced", "commuter", "rush-hour", "highway"])
def test_the_seed_alone_decides(pattern: str) -> None:
    behaviour = Behaviour(pattern, session_s=1800.0)  # type: ignore[arg-type]
    place = Place(7)
    once = all_visits(visits(behaviour), place, 14 * DAY_S)
    assert len(once) > 5
    assert all_visits(visits(behaviour), place, 14 * DAY_S) == once
    assert all(one.at_s < two.at_s for one, two in pairwise(once))
    if pattern != "paced":
        assert all_visits(visits(behaviour, seed=2), place, 14 * DAY_S) != once
        assert all_visits(visits(behaviour), Place(7, 1, 2), 14 * DAY_S) != once


# Paced


def test_paced_sessions_come_by_the_clock() -> None:
    paced = visits(Behaviour("paced", session_s=10.0, pause_s=2.0))
    found = all_visits(paced, Place(3), 120.0)
    assert len(found) == 10
    assert all(two.at_s - one.at_s == pytest.approx(12.0) for one, two in pairwise(found))
    assert all(one.stay_s == 10.0 for one in found)


@pytest.mark.parametrize("stations", [1, 2, 10, 100, 1000])
def test_the_beginnings_of_a_fleet_are_spread_evenly_however_many_stations_run(stations: int) -> None:
    paced = visits(Behaviour("paced", session_s=10.0, pause_s=2.0))
    firsts = sorted(paced.after(Place(index), 0, 0.0).at_s for index in range(stations))
    assert all(0.0 <= at_s <= 12.0 for at_s in firsts)
    gaps = [two - one for one, two in pairwise([*firsts, firsts[0] + 12.0])]
    assert max(gaps) <= 3 * 12.0 / stations


def test_the_evses_of_a_station_take_turns() -> None:
    paced = visits(Behaviour("paced", session_s=10.0, pause_s=2.0))
    firsts = [paced.after(Place(0, each, 3), 0, -1e-6).at_s for each in range(3)]
    assert firsts == pytest.approx([0.0, 4.0, 8.0])


def test_a_visit_is_never_drawn_twice() -> None:
    paced = visits(Behaviour("paced", session_s=0.7, pause_s=0.1))
    for index in range(50):
        at_s = paced.after(Place(index), 0, 0.0).at_s
        for _ in range(500):
            following_s = paced.after(Place(index), 0, at_s).at_s
            assert following_s - at_s == pytest.approx(0.8)
            at_s = following_s


# Commuters


def test_commuters_come_in_the_evening_and_leave_in_the_morning() -> None:
    commuter = visits(Behaviour("commuter"))
    found = [visit for index in range(50) for visit in all_visits(commuter, Place(index), 5 * DAY_S)]
    assert len(found) == 50 * 5
    arrivals = [visit.at_s % DAY_S / HOUR_S for visit in found]
    departures = [(visit.at_s + visit.stay_s) % DAY_S / HOUR_S for visit in found]
    assert 17.25 < sum(arrivals) / len(arrivals) < 18.25
    assert 6.75 < sum(departures) / len(departures) < 7.75
    assert min(arrivals) > 14.5
    assert max(departures) < 9.5
    assert all(9 * HOUR_S < visit.stay_s < 19 * HOUR_S for visit in found)


def test_fewer_commuters_at_weekends() -> None:
    commuter = visits(Behaviour("commuter"))
    days = Counter(int(v.at_s // DAY_S) for index in range(100) for v in all_visits(commuter, Place(index), 7 * DAY_S))
    assert all(days[day] == 100 for day in range(5))
    assert all(30 < days[day] < 70 for day in (5, 6))


def test_the_time_of_the_day_at_the_beginning_counts() -> None:
    first = visits(Behaviour("commuter"), begins_s=12 * HOUR_S).after(Place(0), 0, 0.0)
    assert 2.5 * HOUR_S < first.at_s < 9 * HOUR_S


def test_a_short_day_has_everything_sooner() -> None:
    found = all_visits(visits(Behaviour("commuter", day_s=2400.0)), Place(0), 5 * 2400.0)
    assert len(found) == 5
    assert all(1450.0 < visit.at_s % 2400.0 < 2100.0 for visit in found)


# Rush hours and motorways


def by_hour(pattern: str, first_day: int, days: int, stations: int = 40) -> list[int]:
    behaviour = Behaviour(pattern, session_s=900.0)  # type: ignore[arg-type]
    drawn = visits(behaviour)
    hours = [0] * 24
    for index in range(stations):
        for visit in all_visits(drawn, Place(index), (first_day + days) * DAY_S, first_day * DAY_S):
            hours[int(visit.at_s % DAY_S / HOUR_S)] += 1
    return hours


def test_rush_hours_have_two_peaks_on_working_days() -> None:
    hours = by_hour("rush-hour", 0, 5)
    assert min(hours[7], hours[8]) > 4 * max(hours[2], hours[12], hours[22])
    assert min(hours[16], hours[17]) > 4 * max(hours[2], hours[12], hours[22])
    weekend = by_hour("rush-hour", 5, 2, stations=100)
    assert max(weekend) < 3 * max(1, min(weekend))


def test_a_motorway_is_busy_all_day() -> None:
    hours = by_hour("highway", 0, 7)
    assert min(hours[9:19]) > 2 * max(hours[1:4])


@pytest.mark.parametrize("pattern", ["rush-hour", "highway"])
def test_how_busy_an_evse_is_and_how_long_cars_stay(pattern: str) -> None:
    behaviour = Behaviour(pattern, session_s=600.0)  # type: ignore[arg-type]
    drawn = visits(behaviour)
    found = [visit for index in range(30) for visit in all_visits(drawn, Place(index), 7 * DAY_S)]
    stays_s = [visit.stay_s for visit in found]
    assert sum(stays_s) / len(stays_s) == pytest.approx(600.0, rel=0.05)
    assert sum(stays_s) / (30 * 7 * DAY_S) == pytest.approx(LOADS[pattern], rel=0.08)
