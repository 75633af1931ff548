"""Lamps and a buzzer on GPIO pins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers.api import DriverLost, OptionError
from drivers.gpio import patterns
from drivers.indicators.gpio import DRIVER
from tests.support import gpio_physics
from tests.support.gpio_physics import DrivenPin

PINS = {"red": 19, "green": 20, "blue": 21, "buzzer": 26}
WIRED = {f"{name}_pin": number for name, number in PINS.items()} | {"factory": "mock"}


@pytest.fixture
def pins() -> Iterator[dict[str, Any]]:
    factory = gpio_physics.fresh()
    yield {name: factory.pin(number, pin_class=DrivenPin) for name, number in PINS.items()}
    gpio_physics.fresh()


@pytest.fixture
def indicator(pins: dict[str, Any]) -> Iterator[Any]:
    device = DRIVER.open(DRIVER.parse(WIRED))
    yield device
    device.release()
    assert all(thread.name != "indicator" for thread in threading.enumerate())


def lit(pins: dict[str, Any]) -> set[str]:
    return {name for name, pin in pins.items() if pin.driven(True)}


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true; patterns of the tests below take milliseconds."""
    until = time.monotonic() + 5
    while not condition() and time.monotonic() < until:
        time.sleep(0.001)
    return condition()


def test_dark_when_opened_and_after_release(pins: dict[str, Any]) -> None:
    device = DRIVER.open(DRIVER.parse(WIRED))
    assert lit(pins) == set()
    device.show("available")
    device.release()
    assert [pin.history[-1] for pin in pins.values()] == [None] * 4
    assert pins["green"].history == [False, True, False, None]


@pytest.mark.parametrize(
    ("state", "lamps"),
    [
        ("available", {"green"}),
        ("preparing", {"green"}),
        ("charging", {"blue"}),
        ("suspended", {"blue"}),
        ("finishing", {"green", "blue"}),
        ("reserved", {"red", "green"}),
        ("unavailable", {"red"}),
        ("faulted", {"red"}),
    ],
)
def test_each_state_has_a_colour(pins: dict[str, Any], indicator: Any, state: str, lamps: set[str]) -> None:
    indicator.show(state)
    assert lit(pins) == lamps


def test_unknown_words_are_dark(pins: dict[str, Any], indicator: Any) -> None:
    indicator.show("available")
    indicator.show("dreaming")
    assert lit(pins) == set()


def test_what_is_steady_needs_no_thread(indicator: Any) -> None:
    before = threading.active_count()
    indicator.show("available")
    assert threading.active_count() == before
    indicator.show("faulted")
    assert threading.active_count() == before + 1
    indicator.show("unavailable")
    assert threading.active_count() == before


def test_blinking_goes_on_until_another_state(
    pins: dict[str, Any], indicator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(indicator._patterns, "charging", patterns.Pattern(frozenset({"blue"}), (1, 1)))
    indicator.show("charging")
    indicator.show("charging")
    assert soon(lambda: pins["blue"].history.count(True) >= 3)
    indicator.show("available")
    assert lit(pins) == {"green"}


def test_a_refusal_is_heard_once(pins: dict[str, Any], indicator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(indicator._patterns, "refused", patterns.Pattern(frozenset({"red"}), None, ((0, 2), (4, 6))))
    indicator.show("refused")
    assert soon(lambda: pins["buzzer"].history == [False, True, False, True, False])
    assert lit(pins) == {"red"}


def test_another_state_silences(pins: dict[str, Any], indicator: Any) -> None:
    indicator.show("refused")
    indicator.show("available")
    assert lit(pins) == {"green"}


def test_a_common_anode_and_own_patterns(pins: dict[str, Any]) -> None:
    own = {"active": "low", "patterns": {"charging": "white", "available": "off"}}
    device = DRIVER.open(DRIVER.parse(WIRED | own))
    assert [pins[lamp].history for lamp in ("red", "green", "blue")] == [[True]] * 3
    device.show("charging")
    assert lit(pins) == set()
    device.show("available")
    assert lit(pins) == {"red", "green", "blue"}
    device.release()


def test_one_lamp_shows_what_it_can() -> None:
    pin = gpio_physics.fresh().pin(20, pin_class=DrivenPin)
    device = DRIVER.open(DRIVER.parse({"green_pin": 20, "factory": "mock"}))
    device.show("available")
    device.show("faulted")
    device.show("reserved")
    assert pin.history == [False, True, False, True]
    device.release()


def test_a_lamp_that_fails_is_lost(pins: dict[str, Any], indicator: Any) -> None:
    def broken(value: object) -> None:
        raise OSError("bad handle")

    pins["green"]._set_state = broken
    with pytest.raises(DriverLost):
        indicator.show("available")
    with pytest.raises(DriverLost):
        indicator.show("faulted")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "names no pin"),
        ({"red_pin": 19, "green_pin": 19}, "both GPIO19"),
        ({"red_pin": 19, "patterns": {"chargin": "blue"}}, "did you mean 'charging'"),
        ({"red_pin": 19, "patterns": {"charging": "pink"}}, "no word of a pattern"),
        ({"red_pin": 19, "patterns": ["blue"]}, "is no mapping"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as raised:
        DRIVER.parse(options)
    assert message in str(raised.value)
