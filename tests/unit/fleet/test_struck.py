"""Who is struck by a storm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station.fleet.plan import Group, Storm
from station.fleet.population import Population
from station.fleet.struck import lasts_s, name_of, struck, title
from tests.support.weather_bench import plan_of, profile_of


def population(count: int, seed: int = 1) -> Population:
    plan = plan_of(count, seed=seed)
    one, two = Group("one", 0.25, profile_of()), Group("two", 0.75, profile_of())
    return Population(replace(plan, groups=(one, two)))


@pytest.mark.parametrize(("share", "count", "wanted"), [(0.2, 1000, 200), (1.0, 7, 7), (0.01, 10, 1), (0.3, 10, 3)])
def test_the_share_is_exact_and_at_least_one(share: float, count: int, wanted: int) -> None:
    found = struck(Storm(0.0, "heartbeat", share), "storm/0", population(count))
    assert len(found) == len(set(found)) == wanted
    assert all(0 <= index < count for index in found)


def test_only_stations_of_the_group() -> None:
    everyone = population(100)
    found = struck(Storm(0.0, "heartbeat", 0.4, group="one"), "storm/0", everyone)
    assert len(found) == 10
    assert {everyone.member(index).group.name for index in found} == {"one"}


def test_storms_that_are_alike_strike_others() -> None:
    storm = Storm(0.0, "heartbeat", 0.2)
    one = struck(storm, name_of(storm, 0), population(100))
    two = struck(storm, name_of(storm, 1), population(100))
    three, four = (struck(wish, name_of(wish, None), population(100)) for wish in (storm, replace(storm, number=1)))
    assert len({tuple(found) for found in (one, two, three, four)}) == 4
    assert list(one) == list(struck(storm, name_of(storm, 0), population(100)))


def test_where_it_is_spread_the_order_is_by_chance() -> None:
    storm = Storm(0.0, "heartbeat", spread_s=10.0)
    found = list(struck(storm, "storm/0", population(50)))
    assert sorted(found) == list(range(50)) != found


def test_how_long_and_in_words() -> None:
    plan = plan_of(5)
    assert lasts_s(Storm(0.0, "blackout", for_s=30.0), plan) == 30.0
    assert lasts_s(Storm(0.0, "power_cycle"), plan) == plan.groups[0].profile.reboot.takes_s
    assert lasts_s(Storm(0.0, "power_cycle"), replace(plan, speed=10.0)) == plan.groups[0].profile.reboot.takes_s / 10
    assert lasts_s(Storm(0.0, "go_offline"), plan) is None
    assert title(Storm(0.0, "blackout", 0.2, 30.0, group="one")) == "blackout, 20 % of one for 30 s"
    assert title(Storm(0.0, "reconnect_storm")) == "reconnect_storm, 100 %"
