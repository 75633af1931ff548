"""The button on a GPIO pin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drivers.api import DriverLost
from drivers.buttons.gpio import DRIVER
from tests.support import gpio_physics
from tests.support.driver_clock import HandClock
from tests.support.gpio_physics import TimedPin


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def pin(clock: HandClock) -> Iterator[Any]:
    yield gpio_physics.fresh().pin(24, pin_class=TimedPin, clock=clock)
    gpio_physics.fresh()


@pytest.fixture
def button(pin: Any, clock: HandClock) -> Iterator[Any]:
    device = DRIVER.open(DRIVER.parse({"pin": 24, "factory": "mock"}), clock)
    yield device
    device.release()


def press(pin: Any, clock: HandClock, seconds: float) -> None:
    pin.drive_low()
    clock.advance(seconds)
    pin.drive_high()


def test_a_short_press_between_two_reads_is_seen_once(button: Any, pin: Any, clock: HandClock) -> None:
    assert not button.read()
    press(pin, clock, 0.05)
    clock.advance(5)
    assert button.read()
    assert not button.read()


def test_a_held_button_is_pressed_as_long_as_it_is_held(button: Any, pin: Any, clock: HandClock) -> None:
    pin.drive_low()
    assert not button.read()
    for _ in range(3):
        clock.advance(0.2)
        assert button.read()
    pin.drive_high()
    assert not button.read()


def test_spikes_are_no_press(button: Any, pin: Any, clock: HandClock) -> None:
    for _ in range(50):
        press(pin, clock, 0.005)
        clock.advance(0.1)
        assert not button.read()


def test_a_press_that_bounces_is_one(button: Any, pin: Any, clock: HandClock) -> None:
    for _ in range(5):
        press(pin, clock, 0.001)
        clock.advance(0.001)
    press(pin, clock, 0.1)
    clock.advance(0.1)
    assert button.read()
    assert not button.read()


def test_a_button_that_was_held_before_is_not_pressed(pin: Any, clock: HandClock) -> None:
    device = DRIVER.open(DRIVER.parse({"pin": 24, "active": "high", "factory": "mock"}), clock)
    clock.advance(1)
    assert not device.read()
    pin.drive_low()
    clock.advance(1)
    pin.drive_high()
    clock.advance(0.05)
    assert device.read()
    device.release()


def test_a_released_button_is_lost(button: Any, pin: Any, clock: HandClock) -> None:
    button.release()
    press(pin, clock, 0.1)
    with pytest.raises(DriverLost):
        button.read()
