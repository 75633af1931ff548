"""Doubt about registers that jump."""

from __future__ import annotations

import pytest

from drivers.modbus.plausible import Guard


@pytest.fixture
def guard() -> Guard:
    made = Guard(22_000.0, lambda value: 1.0)
    assert made.believes(1000.0, 0.0)
    return made


def test_what_can_have_flowed_is_believed(guard: Guard) -> None:
    assert guard.believes(1006.0, 1.0)
    assert guard.believes(1006.0, 2.0)
    assert guard.believes(60_000.0, 1002.0)  # after a silence of 1,000 s


def test_a_jump_has_to_be_seen_twice(guard: Guard) -> None:
    assert not guard.believes(50_000.0, 1.0)
    assert guard.believes(50_001.0, 2.0)
    assert guard.believes(50_002.0, 3.0)


def test_a_single_foreign_value_is_never_shown(guard: Guard) -> None:
    assert not guard.believes(50_000.0, 1.0)
    assert guard.believes(1001.0, 2.0)
    assert not guard.believes(3.0, 3.0)
    assert guard.believes(1002.0, 4.0)


def test_other_nonsense_does_not_confirm_nonsense(guard: Guard) -> None:
    assert not guard.believes(50_000.0, 1.0)
    assert not guard.believes(900_000.0, 2.0)
    assert not guard.believes(20_000.0, 3.0)


def test_a_fall_that_stays_is_for_the_host_to_judge(guard: Guard) -> None:
    assert not guard.believes(500.0, 1.0)
    assert guard.believes(500.0, 2.0)


def test_zero_after_a_value_is_never_believed(guard: Guard) -> None:
    for second in range(1, 6):
        assert not guard.believes(0.0, float(second))
    assert guard.believes(1001.0, 6.0)


def test_a_new_meter_may_begin_at_zero() -> None:
    guard = Guard(22_000.0, lambda value: 1.0)
    assert guard.believes(0.0, 0.0)
    assert guard.believes(0.0, 1.0)
    assert guard.believes(1.0, 2.0)


def test_coarse_registers_may_step() -> None:
    """A float32 of Wh at 100 MWh steps by 8 Wh, whatever the power."""
    guard = Guard(100.0, lambda value: 8.0)
    assert guard.believes(1e8, 0.0)
    assert guard.believes(1e8 + 8, 0.1)


def test_a_fast_forward_meter_goes_on() -> None:
    """A meter in a test or a simulation that runs ahead of the clock is confirmed by going on as it began."""
    guard = Guard(22_000.0, lambda value: 1.0)
    shown = [guard.believes(1000.0 * number, float(number)) for number in range(1, 8)]
    assert shown == [True, False, True, False, True, False, True]


def test_a_zero_between_two_jumps_makes_the_second_one_the_first_again(guard: Guard) -> None:
    assert not guard.believes(50_000.0, 1.0)
    assert not guard.believes(0.0, 2.0)
    assert not guard.believes(50_001.0, 3.0)
    assert guard.believes(50_002.0, 4.0)
