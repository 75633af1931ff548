from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import drivers.meters
from drivers import registry
from drivers.api import DriverMissing, DriverUnsupported, OptionError, vendor
from station.config import ConfigError, from_mapping
from station.config.schema import json_schema

NEW_FILE = """
from dataclasses import dataclass
from drivers.api import Reading
from drivers.options import option
from drivers.registry import Driver

@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    unit: int = option(1, between=(1, 247), about="address")

class Acme9:
    def __init__(self, options, clock=None):
        self._energy_wh = 100.0 * options.unit

    def read(self):
        return Reading(energy_wh=self._energy_wh)

    def release(self):
        pass

DRIVER = Driver(part="meter", name="acme9", options=Options, open=Acme9, example={"unit": 2})
"""


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands for `drivers/meters`, beside what is there."""
    monkeypatch.setattr(drivers.meters, "__path__", [*drivers.meters.__path__, str(tmp_path)])
    yield tmp_path
    for name in ("acme9", "torn", "helper"):
        sys.modules.pop(f"drivers.meters.{name}", None)


def _profile(where: Path, **options: Any) -> dict[str, Any]:
    return {"csms": {"url": "ws://h/"}, "evses": [{"hardware": {"meter": {"driver": "acme9", **options}}}]}


def test_a_driver_in_a_new_file_is_found_by_everybody_without_touching_anything_else(folder: Path) -> None:
    (folder / "acme9.py").write_text(NEW_FILE)
    assert "acme9" in registry.names("meter")
    driver = registry.find("meter", "acme9")
    assert driver in registry.available(), "the contract tests run over these"
    assert driver.open(driver.parse(driver.example)).read().energy_wh == 200.0
    part = from_mapping(_profile(folder, unit="7"), folder, env={}).profile.evses[0].hardware.meter
    assert (part.driver, part.parsed.unit, part.simulated) == ("acme9", 7, False)
    with pytest.raises(ConfigError, match="unit"):
        from_mapping(_profile(folder, unit="248"), folder, env={})
    assert "acme9" in str(json_schema())


def test_a_broken_file_is_an_error_with_its_name_and_spoils_nothing_else(folder: Path) -> None:
    (folder / "torn.py").write_text("def read(:\n")
    (folder / "helper.py").write_text("HELP = 1\n")
    assert "torn" in registry.names("meter")
    assert "helper" not in registry.names("meter")
    with pytest.raises(DriverMissing, match=r"meter\.torn .* cannot be loaded: SyntaxError"):
        registry.find("meter", "torn")
    assert "sim" in [driver.name for driver in registry.available() if driver.part == "meter"]


def test_an_entry_point_for_another_part_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _entry_points(monkeypatch, ("meter.wrong", "drivers.contactors.sim:DRIVER"))
    with pytest.raises(DriverMissing, match="is a contactor, no meter") as caught:
        registry.find("meter", "wrong")
    assert caught.value.hint == "name it contactor.sim"


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
