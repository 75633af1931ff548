"""The pulse meter: what counts, what it makes of it, where its register goes on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.api import DriverLost, OptionError, Reading, Register
from drivers.meters.pulse import DRIVER
from tests.support import gpio_physics
from tests.support.driver_clock import HandClock
from tests.support.gpio_physics import TimedPin

OPTIONS = {"pin": "18", "pulses_per_kwh": "1000", "factory": "mock"}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def pin(clock: HandClock) -> Iterator[Any]:
    yield gpio_physics.fresh().pin(18, pin_class=TimedPin, clock=clock)
    gpio_physics.fresh()


@pytest.fixture
def meter(pin: Any, clock: HandClock) -> Iterator[Any]:
    device = DRIVER.open(DRIVER.parse(OPTIONS), clock)
    yield device
    device.release()


def pulse(pin: Any, clock: HandClock, every_s: float, on_s: float = 0.05) -> None:
    pin.drive_low()
    clock.advance(on_s)
    pin.drive_high()
    clock.advance(every_s - on_s)


def test_before_the_first_pulse_the_power_is_unknown(meter: Any) -> None:
    assert meter.read() == Reading(energy_wh=0.0, power_w=None)


def test_pulses_are_energy_and_their_interval_is_power(meter: Any, pin: Any, clock: HandClock) -> None:
    for _ in range(10):
        pulse(pin, clock, 0.36)
    reading = meter.read()
    assert reading.energy_wh == pytest.approx(10.0)
    assert reading.power_w == pytest.approx(10_000)


def test_power_falls_while_the_next_pulse_does_not_come(meter: Any, pin: Any, clock: HandClock) -> None:
    pulse(pin, clock, 0.36)
    pulse(pin, clock, 0.36)
    assert meter.read().power_w == pytest.approx(10_000)
    clock.advance(3.6 - 0.36)
    assert meter.read().power_w == pytest.approx(1000)
    clock.advance(3600)
    assert meter.read().power_w < 1.1
    assert meter.read().energy_wh == pytest.approx(2.0)


def test_the_meter_constant(pin: Any, clock: HandClock) -> None:
    meter = DRIVER.open(DRIVER.parse(OPTIONS | {"pulses_per_kwh": "800"}), clock)
    for _ in range(8):
        pulse(pin, clock, 1)
    assert meter.read().energy_wh == pytest.approx(10.0)
    meter.release()


def test_spikes_and_bounces_are_no_energy(meter: Any, pin: Any, clock: HandClock) -> None:
    for _ in range(20):
        pulse(pin, clock, 0.2, on_s=0.004)
    assert meter.read().energy_wh == 0.0
    pulse(pin, clock, 0.002, on_s=0.001)
    pulse(pin, clock, 0.052)
    assert meter.read().energy_wh == pytest.approx(1.0)


def test_the_shortest_pulses_and_pauses_of_the_standard(meter: Any, pin: Any, clock: HandClock) -> None:
    for _ in range(100):
        pulse(pin, clock, 0.06, on_s=0.03)
    assert meter.read().energy_wh == pytest.approx(100.0)


def test_the_register_goes_on_where_the_host_says(meter: Any, pin: Any, clock: HandClock) -> None:
    assert isinstance(meter, Register)
    pulse(pin, clock, 1)
    meter.preset(123_456.0)
    assert meter.read().energy_wh == pytest.approx(123_457.0)
    pulse(pin, clock, 1)
    assert meter.read().energy_wh == pytest.approx(123_458.0)
    meter.preset(5.0)
    assert meter.read().energy_wh == pytest.approx(123_458.0)


@pytest.mark.parametrize("energy_wh", [-1.0, math.nan, math.inf])
def test_no_register(meter: Any, energy_wh: float) -> None:
    with pytest.raises(ValueError, match="no register"):
        meter.preset(energy_wh)


def test_a_pulse_under_way_when_opened_is_not_counted(meter: Any, pin: Any, clock: HandClock) -> None:
    pin._change_state(False)  # low already: no edge was seen
    clock.advance(0.05)
    pin.drive_high()
    clock.advance(1)
    assert meter.read().energy_wh == 0.0
    pulse(pin, clock, 1)
    assert meter.read().energy_wh == pytest.approx(1.0)


def test_an_output_that_is_active_high(pin: Any, clock: HandClock) -> None:
    meter = DRIVER.open(DRIVER.parse(OPTIONS | {"active": "high"}), clock)
    pin.drive_low()
    for _ in range(3):
        clock.advance(0.5)
        pin.drive_high()
        clock.advance(0.05)
        pin.drive_low()
    assert meter.read().energy_wh == pytest.approx(3.0)
    meter.release()


def test_a_released_meter_is_lost(meter: Any, pin: Any, clock: HandClock) -> None:
    meter.release()
    pulse(pin, clock, 1)
    with pytest.raises(DriverLost):
        meter.read()
    with pytest.raises(DriverLost):
        meter.preset(1.0)


@pytest.mark.parametrize("options", [{"pin": 18}, {"pin": 18, "pulses_per_kwh": 0}, {"pulses_per_kwh": 1000}])
def test_options_that_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        DRIVER.parse(options)
