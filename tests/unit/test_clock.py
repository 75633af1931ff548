"""Real, scaled and virtual time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from station.clock import Clock, ScaledClock, SystemClock, VirtualClock, host_clock_synchronised

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def test_virtual_time_moves_only_when_told() -> None:
    clock = VirtualClock(100.0, NOON)
    assert (clock.now(), clock.utc()) == (100.0, NOON)
    clock.advance(2.5)
    clock.advance_to(110.0)
    assert (clock.now(), clock.utc()) == (110.0, NOON + timedelta(seconds=10))


def test_virtual_time_never_runs_backwards() -> None:
    clock = VirtualClock(5.0)
    for bad in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="backwards"):
            clock.advance(bad)
    assert clock.now() == 5.0


def test_a_virtual_wall_clock_can_be_unknown_learnt_and_jump() -> None:
    clock = VirtualClock()
    assert clock.utc() is None
    clock.set_utc(NOON)
    clock.advance(60)
    assert clock.utc() == NOON + timedelta(minutes=1)
    clock.set_utc(NOON)
    assert clock.utc() == NOON
    assert clock.now() == 60
    with pytest.raises(ValueError, match="aware"):
        clock.set_utc(NOON.replace(tzinfo=None))


def test_scaled_time_runs_faster_in_both_hands() -> None:
    base = VirtualClock(10.0, NOON)
    clock = ScaledClock(60, base)
    assert (clock.now(), clock.utc()) == (10.0, NOON)
    base.advance(1.0)
    assert (clock.now(), clock.utc()) == (70.0, NOON + timedelta(minutes=1))
    assert clock.base_delay_s(130.0) == pytest.approx(1.0)
    assert clock.base_delay_s(0.0) == 0.0


def test_a_date_learnt_late_is_that_of_the_whole_scaled_time() -> None:
    base = VirtualClock()
    clock = ScaledClock(10, base)
    base.advance(6)
    assert clock.utc() is None
    base.set_utc(NOON)
    assert clock.utc() == NOON - timedelta(seconds=6) + timedelta(seconds=60)


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_speed_is_a_number_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        ScaledClock(speed)


def test_system_time_knows_the_date_only_once_the_host_does() -> None:
    asked: list[bool] = []

    def synchronised() -> bool:
        asked.append(True)
        return False

    clock: Clock = SystemClock(synchronised)
    assert clock.utc() is None
    assert clock.utc() is None
    assert len(asked) == 1, "the host is not asked again within ten seconds"
    told = SystemClock(lambda: True).utc()
    assert told is not None
    assert abs((datetime.now(UTC) - told).total_seconds()) < 5
    assert clock.now() <= clock.now()


def test_the_wall_shows_something_that_nobody_vouches_for() -> None:
    clock = SystemClock(lambda: False)
    assert clock.utc() is None
    assert abs((datetime.now(UTC) - clock.wall()).total_seconds()) < 5
    base = VirtualClock()
    assert ScaledClock(10, base).wall() is None
    base.set_utc(NOON)
    assert ScaledClock(10, base).wall() == NOON


def test_the_host_can_always_be_asked() -> None:
    assert host_clock_synchronised() in (True, False)
