"""Drivers used in a program of one's own, as the interface writes it: ``open(options(…))``."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

import drivers
from drivers.api import Clock, OptionError
from drivers.options import option
from drivers.registry import Driver
from tests.support.serial_line import serial_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    pin: int = option(between=(0, 53))
    gap_s: float = option(0.5, key="gap", unit="s", between=(0, 60))
    full_s: float = option(float("inf"), unit="s")


class Device:
    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        self.options = options

    def release(self) -> None:
        pass


DRIVER: Driver[Options, Any] = Driver(part="meter", name="mine", options=Options, open=Device)


def test_importing_the_package_is_enough() -> None:
    code = "import drivers, sys; drivers.registry.find('contactor', 'gpio'); assert 'station' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_a_contactor_and_a_reader() -> None:
    driver = drivers.registry.find("contactor", "gpio")
    device = driver.open(driver.options(pin=17, feedback_pin=27, factory="mock"), clock=None)
    device.release()
    reader = drivers.registry.find("reader", "serial")
    with serial_line() as line:
        opened = reader.open(reader.options(port=line.path, format="rdm6300"), clock=None)
        assert opened.poll() == []
        opened.release()


def test_values_are_taken_as_a_profile_has_them() -> None:
    assert DRIVER.open(Options(pin="17", gap_s="300ms")).options == Options(pin=17, gap_s=0.3)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"pin": 99}, {"pin": "x"}, {"pin": 1, "gap_s": -1.0}, {"pin": None}])
def test_what_a_profile_may_not_say_a_program_may_not_either(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        DRIVER.open(Options(**wrong))


def test_parsed_options_stay_as_they_are() -> None:
    for driver in drivers.registry.available():
        parsed = driver.parse(driver.example)
        assert drivers.options.checked(parsed) is parsed
