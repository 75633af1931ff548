from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.options import parse
from drivers.sim import Car, CarOptions


def _car(soc: float = 50.0, battery_wh: float = 50_000.0) -> Car:
    return Car(CarOptions(battery_wh=battery_wh, soc_percent=soc))


def test_the_profile_of_the_interface() -> None:
    options = parse(
        CarOptions,
        {
            "battery": "52kWh",
            "soc": "35%",
            "max_power": "11kW",
            "phases": 3,
            "plugged": "no",
            "plugs_in": "after 2s",
            "taps": "04A1B2C3",
            "stays": "30m",
        },
    )
    assert options == CarOptions(
        battery_wh=52_000, soc_percent=35, plugs_in_s=2, taps="04A1B2C3", stays_s=1800, max_power_w=11_000
    )


def test_without_a_battery_it_is_never_full() -> None:
    car = Car(CarOptions())
    assert car.charge(22_000, 3600 * 1000) == 11_000 * 1000
    assert not car.full
    assert car.soc_percent is None
    assert car.time_to_full_s(11_000) is None


def test_power_follows_the_limit_below_eighty_percent_and_falls_above() -> None:
    assert _car(79.9).power_w(11_000) == 11_000
    assert _car(79.9).power_w(7_000) == 7_000
    assert _car(90).power_w(11_000) == pytest.approx(11_000 * 0.55)
    assert _car(99.999).power_w(11_000) == pytest.approx(1_100, rel=1e-3)
    assert _car(100).power_w(11_000) == 0.0


def test_only_a_state_of_charge_gives_a_nominal_battery() -> None:
    car = Car(CarOptions())
    car.arrive(True, 100)
    assert car.full
    assert not car.wants(16)


@pytest.mark.parametrize(("offer_a", "wants"), [(None, False), (0, False), (5.9, False), (6, True), (32, True)])
def test_six_amperes_are_the_least(offer_a: float | None, wants: bool) -> None:
    assert _car().wants(offer_a) is wants


@given(
    soc=st.floats(0, 99.9),
    limit_w=st.floats(500, 30_000),
    cuts=st.lists(st.floats(1, 20_000), min_size=1, max_size=8),
)
def test_steps_of_any_length_come_to_the_same(soc: float, limit_w: float, cuts: list[float]) -> None:
    whole, parts = _car(soc), _car(soc)
    taken_wh = sum(parts.charge(limit_w, cut) for cut in cuts)
    assert whole.charge(limit_w, sum(cuts)) == pytest.approx(taken_wh, rel=1e-6, abs=1e-3)
    assert 0 <= taken_wh <= 50_000 * (100 - soc) / 100 + 1e-6


@given(soc=st.floats(0, 99.9), limit_w=st.floats(500, 30_000))
def test_the_time_to_full_is_when_it_is_full(soc: float, limit_w: float) -> None:
    car = _car(soc)
    duration_s = car.time_to_full_s(limit_w)
    assert duration_s is not None
    car.charge(limit_w, duration_s)
    assert car.soc_percent == pytest.approx(100, abs=1e-6)
    earlier = _car(soc)
    earlier.charge(limit_w, duration_s * 0.99)
    assert not earlier.full


@given(soc=st.floats(0, 99.9), limit_w=st.floats(500, 30_000))
def test_energy_is_the_integral_of_the_power_shown(soc: float, limit_w: float) -> None:
    car, summed_wh = _car(soc), 0.0
    for _ in range(200):
        before_w = car.power_w(limit_w)
        taken_wh = car.charge(limit_w, 10)
        assert car.power_w(limit_w) * 10 / 3600 - 1e-6 <= taken_wh <= before_w * 10 / 3600 + 1e-6
        summed_wh += taken_wh
