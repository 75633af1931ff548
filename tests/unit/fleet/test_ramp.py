"""When stations dial: one in each slot of the ramp, somewhere within it, by the seed."""

from __future__ import annotations

from station.fleet.ramp import dial_times


def test_every_station_dials_within_its_own_slot() -> None:
    times = dial_times(1000, 60.0, 1)
    assert all(index * 0.06 <= at_s < (index + 1) * 0.06 for index, at_s in enumerate(times))
    assert times == sorted(times)


def test_where_in_its_slot_is_spread() -> None:
    within = [at_s % 1.0 for at_s in dial_times(1000, 1000.0, 1)]
    assert 0.45 < sum(within) / 1000 < 0.55
    assert min(within) < 0.05
    assert max(within) > 0.95


def test_without_a_ramp_all_dial_at_once() -> None:
    assert dial_times(3, 0.0, 1) == [0.0, 0.0, 0.0]


def test_the_seed_decides() -> None:
    assert dial_times(100, 10.0, 1) == dial_times(100, 10.0, 1)
    assert dial_times(100, 10.0, 1) != dial_times(100, 10.0, 2)


def test_nobody_dials_where_there_is_nobody() -> None:
    assert dial_times(0, 10.0, 1) == []
