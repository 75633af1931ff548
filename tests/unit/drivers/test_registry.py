from __future__ import annotations

import importlib.metadata
from typing import Any

import pytest

from drivers import registry
from drivers.api import DriverMissing, DriverUnsupported, OptionError, vendor


def test_the_example_of_the_interface() -> None:
    driver = registry.find("contactor", "sim")
    device = driver.open(driver.options(delay_s=0.0), clock=None)
    device.set_power(True)
    assert device.read().closed
    device.release()


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(DriverMissing, match="no reader driver is called 'keybord'") as caught:
        registry.find("reader", "keybord")
    assert caught.value.hint == "did you mean 'keyboard'?"


def test_name_that_resembles_nothing_lists_what_there_is() -> None:
    with pytest.raises(DriverMissing) as caught:
        registry.find("lock", "zzz")
    assert "sim" in caught.value.hint


def test_unknown_part_suggests_the_nearest() -> None:
    with pytest.raises(DriverUnsupported) as caught:
        registry.find("meters", "sim")
    assert caught.value.hint == "did you mean 'meter'?"


def test_parse_ignores_the_driver_key_and_names_bad_ones() -> None:
    driver = registry.find("contactor", "sim")
    assert driver.parse({"driver": "sim", "delay": "20ms"}).delay_s == pytest.approx(0.02)
    with pytest.raises(OptionError, match="dely: unknown option") as caught:
        driver.parse({"dely": "20ms"})
    assert caught.value.key == "dely"
    assert caught.value.hint == "did you mean 'delay'?"


def _entry_points(monkeypatch: pytest.MonkeyPatch, *entries: tuple[str, str]) -> None:
    points = [importlib.metadata.EntryPoint(name, value, registry.ENTRY_POINTS) for name, value in entries]

    def fake(*, group: str) -> list[Any]:
        return [point for point in points if point.group == group]

    monkeypatch.setattr(importlib.metadata, "entry_points", fake)


def test_entry_points_bring_drivers_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    _entry_points(monkeypatch, ("meter.acme", "drivers.meters.sim:DRIVER"))
    assert "acme" in registry.names("meter")
    assert "acme" not in registry.names("lock")
    assert registry.find("meter", "acme").part == "meter"


@pytest.mark.parametrize("value", ["no.such.module:DRIVER", "drivers.api:PARTS"])
def test_a_broken_entry_point_is_an_error_and_spoils_nothing_else(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    _entry_points(monkeypatch, ("meter.broken", value))
    with pytest.raises(DriverMissing):
        registry.find("meter", "broken")
    assert "sim" in [driver.name for driver in registry.available()]


def test_a_missing_library_names_the_extra() -> None:
    with pytest.raises(DriverMissing) as caught:
        vendor("no_such_library", "modbus")
    assert caught.value.hint == "pip install 'ocpp-station[modbus]'"
