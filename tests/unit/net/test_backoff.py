"""Reconnecting: OCPP 2.0.1 part 4 §5.3."""

from __future__ import annotations

from random import Random

import pytest

from station.net.backoff import LONGEST_S, SHORTEST_S, BackOff, BackOffSettings


def delays(settings: BackOffSettings, count: int, seed: int = 1) -> list[float]:
    back_off = BackOff(Random(seed))
    return [back_off.next_delay_s(settings) for _ in range(count)]


def test_the_wait_doubles_as_often_as_told_and_then_stays() -> None:
    assert delays(BackOffSettings(10, 0, 3), 6) == [10, 20, 40, 80, 80, 80]


def test_each_wait_has_a_random_part_of_its_own() -> None:
    waits = delays(BackOffSettings(10, 5, 2), 50)
    assert all(40 <= wait <= 45 for wait in waits[2:])
    assert len(set(waits)) == 50
    assert delays(BackOffSettings(10, 5, 2), 50) == waits, "the same seed waits the same"
    assert delays(BackOffSettings(10, 5, 2), 50, seed=2) != waits


def test_a_success_begins_anew() -> None:
    back_off, settings = BackOff(Random(1)), BackOffSettings(10, 0, 5)
    assert [back_off.next_delay_s(settings) for _ in range(3)] == [10, 20, 40]
    assert back_off.failures == 3
    back_off.reset()
    assert back_off.next_delay_s(settings) == 10


def test_changed_settings_count_at_once() -> None:
    back_off = BackOff(Random(1))
    back_off.next_delay_s(BackOffSettings(10, 0, 5))
    assert back_off.next_delay_s(BackOffSettings(3, 0, 5)) == 6


@pytest.mark.parametrize(
    "settings", [BackOffSettings(0, 0, 0), BackOffSettings(-5, -5, -5), BackOffSettings(0.01, 0, 3)]
)
def test_never_below_half_a_second(settings: BackOffSettings) -> None:
    assert set(delays(settings, 5)) == {SHORTEST_S}


def test_absurd_settings_stay_finite() -> None:
    assert delays(BackOffSettings(10, 0, 10**6), 3000)[-1] == LONGEST_S
    assert delays(BackOffSettings(10 * LONGEST_S, 0, 10**6), 100)[-1] == 10 * LONGEST_S
