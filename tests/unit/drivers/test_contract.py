"""What holds for every registered driver.

A driver of real hardware is opened against its counterpart: ``tests/support/doubles/<part>_<name>.py`` has
``double()``, a context manager that starts one (a pseudo-terminal, a Modbus server, mock pins, a card over UDP) and
gives the options, as in a profile, with which the driver reaches it. Without one, the driver's example is opened; a
driver whose device or library is not on this machine is skipped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.util
import inspect
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from drivers import api, registry
from drivers.api import DriverBusy, DriverMissing
from drivers.options import specs
from drivers.registry import Driver

DRIVERS = registry.available()
PROTOCOLS: dict[str, type[Any]] = {
    "reader": api.Reader,
    "contactor": api.Contactor,
    "meter": api.Meter,
    "pilot": api.Pilot,
    "lock": api.Lock,
    "indicator": api.Indicator,
    "button": api.Button,
}
METHODS: dict[str, dict[str, list[str]]] = {
    "reader": {"poll": []},
    "contactor": {"set_power": ["on"], "read": []},
    "meter": {"read": []},
    "pilot": {"read": [], "offer": ["current_a"]},
    "lock": {"set_locked": ["locked"], "read": []},
    "indicator": {"show": ["state"]},
    "button": {"read": []},
}
CALLS: dict[str, list[tuple[Any, ...]]] = {
    "set_power": [(True,), (False,)],
    "offer": [(6.0,), (None,)],
    "set_locked": [(True,), (False,)],
    "show": [("available",)],
}
"""What is called with arguments, and with which; every other method takes none."""
UNITS = ("_s", "_a", "_v", "_w", "_wh", "_percent")

each_driver = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: f"{driver.part}-{driver.name}")


def counterpart(driver: Driver[Any, Any]) -> contextlib.AbstractContextManager[Mapping[str, Any]]:
    name = f"tests.support.doubles.{driver.part}_{driver.name}"
    if importlib.util.find_spec(name) is None:
        return contextlib.nullcontext(driver.example)
    double: contextlib.AbstractContextManager[Mapping[str, Any]] = importlib.import_module(name).double()
    return double


def halves(driver: Driver[Any, Any], device: Any) -> dict[str, Any]:
    """The device by part: a controller is a pilot and a contactor."""
    found = {driver.part: device}
    if driver.part == "pilot" and isinstance(device, api.Controller):
        assert device.contactor is device.contactor
        found["contactor"] = device.contactor
    return found


@pytest.fixture
def device(driver: Driver[Any, Any]) -> Iterator[Any]:
    with counterpart(driver) as options:
        try:
            opened = driver.open(driver.parse(options))
        except (DriverMissing, DriverBusy) as error:
            pytest.skip(f"not on this machine: {error}")
        yield opened
        opened.release()


def test_the_simulation_is_complete() -> None:
    found = {(driver.part, driver.name) for driver in DRIVERS}
    assert found >= {(part, "sim") for part in ("contactor", "meter", "pilot", "lock", "indicator", "button")}
    assert found >= {("reader", "keyboard"), ("reader", "replay")}


@each_driver
def test_driver_is_found_by_the_name_of_its_module(driver: Driver[Any, Any]) -> None:
    assert registry.find(driver.part, driver.name) is driver


@each_driver
def test_options_are_frozen_and_speak_of_units(driver: Driver[Any, Any]) -> None:
    assert driver.options.__dataclass_params__.frozen
    for spec in specs(driver.options):
        assert spec.about, f"{spec.key} has no sentence about it"
        if spec.unit:
            assert spec.name.endswith(UNITS), f"{spec.name} has no unit in its name"
            assert not spec.key.endswith(UNITS), f"{spec.key}: a profile carries units in values"


@each_driver
def test_device_satisfies_the_protocol_of_its_part(driver: Driver[Any, Any], device: Any) -> None:
    for part, half in halves(driver, device).items():
        assert isinstance(half, PROTOCOLS[part])
        for name, parameters in METHODS[part].items():
            assert list(inspect.signature(getattr(half, name)).parameters) == parameters


@each_driver
def test_device_is_safe_when_opened(driver: Driver[Any, Any], device: Any) -> None:
    for part, half in halves(driver, device).items():
        if part == "contactor":
            assert half.read() == api.ContactorState(commanded=False, closed=False)
        elif part == "lock":
            assert not half.read().commanded
        elif part == "pilot":
            assert half.read().state in "ABEF"
        elif part == "meter":
            assert isinstance(half.read(), api.Reading)
        elif part == "reader":
            assert isinstance(half.poll(), list)


@each_driver
def test_release_may_be_called_twice_and_ends_all_use(driver: Driver[Any, Any], device: Any) -> None:
    parts = halves(driver, device)
    device.release()
    device.release()
    for part, half in parts.items():
        for method in METHODS[part]:
            for arguments in CALLS.get(method, [()]):
                with pytest.raises(api.DriverLost):
                    getattr(half, method)(*arguments)
        half.release()


def test_values_carry_their_units() -> None:
    for name in (field.name for field in dataclasses.fields(api.Reading)):
        assert name == "signed" or name.endswith((*UNITS, "_hz", "_c")), name


def test_importing_every_driver_imports_no_hardware_library_and_no_station() -> None:
    code = (
        "import sys; from drivers import registry; registry.available();"
        "bad = {'serial','nfc','gpiozero','pymodbus','cryptography','station','yaml','usb1','evdev','smartcard'};"
        "print(sorted(bad & {name.split('.')[0] for name in sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
