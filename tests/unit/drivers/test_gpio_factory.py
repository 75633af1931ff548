"""Pin factories by name: what is missing and what to do about it; one of each; no blip; no litter."""

from __future__ import annotations

import builtins
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.api import DeviceMissing, DriverMissing, DriverUnsupported
from drivers.gpio import factory
from tests.support import fake_lgpio
from tests.support.fake_lgpio import FakeLgpio


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "gpiochip0").touch()
    monkeypatch.setattr(factory, "_DEVICES", tmp_path)
    return tmp_path


@pytest.fixture
def lgpio(devices: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLgpio]:
    yield fake_lgpio.install(monkeypatch)
    sys.modules.pop("gpiozero.pins.lgpio", None)


def test_a_factory_is_shared_and_closed_with_its_last_device(lgpio: FakeLgpio) -> None:
    one, two = factory.acquire("lgpio"), factory.acquire("lgpio")
    assert one is two
    factory.give_back("lgpio")
    assert ("close",) not in lgpio.requests
    factory.give_back("lgpio")
    assert lgpio.requests == [("open", 0), ("close",)]


def test_an_output_that_is_active_low_is_claimed_high_in_one_request(lgpio: FakeLgpio) -> None:
    import gpiozero

    made = factory.acquire("lgpio")
    output = gpiozero.OutputDevice(17, active_high=False, initial_value=False, pin_factory=made)
    output.close()
    factory.give_back("lgpio")
    driven = [request for request in lgpio.requests if request[0] in ("output", "write")]
    assert driven == [("output", 17, 1)]


def test_a_library_that_is_not_installed_is_named_with_what_to_type(
    devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DriverMissing) as raised:
        factory.acquire("lgpio")
    assert not isinstance(raised.value, DeviceMissing)
    assert "ocpp-station[pi]" in raised.value.hint
    with pytest.raises(DriverMissing, match="pigpio"):
        factory.acquire("pigpio")


def test_gpiozero_itself_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    monkeypatch.setattr(builtins, "__import__", real)
    with pytest.raises(DriverMissing) as raised:
        factory.acquire("native")
    assert "ocpp-station[pi]" in raised.value.hint


def test_a_machine_without_gpio_is_left_alone(lgpio: FakeLgpio, devices: Path) -> None:
    (devices / "gpiochip0").unlink()
    with pytest.raises(DeviceMissing, match="no GPIO"):
        factory.acquire("lgpio")
    assert lgpio.requests == []


def test_a_chip_without_permission_says_which_group(lgpio: FakeLgpio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for owner, group in (("gpio7", "gpio7"), ("root", "gpio")):
        monkeypatch.setattr(Path, "group", lambda self, owner=owner: owner)
        with pytest.raises(DeviceMissing) as raised:
            factory.acquire("lgpio")
        assert f"usermod -aG {group} " in raised.value.hint


def test_a_chip_that_does_not_open_may_come(lgpio: FakeLgpio) -> None:
    lgpio.refuse_chip = True
    with pytest.raises(DeviceMissing, match="can not open gpiochip"):
        factory.acquire("lgpio")
    lgpio.refuse_chip = False
    factory.acquire("lgpio")
    factory.give_back("lgpio")


def test_another_board_is_not_supported(lgpio: FakeLgpio, monkeypatch: pytest.MonkeyPatch) -> None:
    import gpiozero.exc
    import gpiozero.pins.local

    def unknown() -> int:
        raise gpiozero.exc.PinUnknownPi("no revision")

    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", unknown)
    with pytest.raises(DriverUnsupported, match="does not know this board"):
        factory.acquire("lgpio")


def test_the_pipe_of_lgpio_is_made_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As lgpio does it: the import makes a pipe in LG_WD, which becomes the working directory."""
    (tmp_path / "lgpio.py").write_text(
        "import os, threading\nseen = os.environ['LG_WD']\nos.chdir(seen)\nos.mkfifo('.lgd-nfy0')\n"
    )
    here = tmp_path / "here"
    here.mkdir()
    code = (
        "import os, sys\n"
        "from drivers.gpio import factory\n"
        f"sys.path.insert(0, {str(tmp_path)!r}); os.chdir({str(here)!r})\n"
        "with factory._pipe_elsewhere():\n"
        "    import lgpio\n"
        "print(os.getcwd(), os.path.exists(lgpio.seen), 'LG_WD' in os.environ, os.listdir('.'))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == f"{here} False False []\n"


def test_simulated_pins_are_the_same_for_everybody_and_outlive_devices() -> None:
    made = factory.acquire("mock")
    pin = factory.mock_factory().pin(17)
    assert made is factory.mock_factory()
    factory.give_back("mock")
    assert factory.mock_factory().pin(17) is pin


def test_the_pins_that_a_program_has_set_up_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    gpiozero = pytest.importorskip("gpiozero")
    from gpiozero.pins.mock import MockFactory

    monkeypatch.setattr(gpiozero.Device, "pin_factory", theirs := MockFactory())
    contactor = registry.find("contactor", "gpio")
    coil = theirs.pin(17)
    device = contactor.open(contactor.options(pin=17, active="low", factory="mock"))
    try:
        device.set_power(True)
        assert (coil.function, coil.state) == ("output", False)
    finally:
        device.release()
    assert factory.mock_factory() is theirs


def test_simulated_pins_are_those_of_gpiozero(monkeypatch: pytest.MonkeyPatch) -> None:
    gpiozero = pytest.importorskip("gpiozero")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    assert factory.mock_factory() is gpiozero.Device.pin_factory


def test_a_forgotten_device_that_is_collected_at_a_bad_moment_stops_nothing() -> None:
    import gpiozero

    made = factory.acquire("mock")
    forgotten = gpiozero.OutputDevice(5, pin_factory=made)
    with made._res_lock:  # as while another device reserves its pin
        del forgotten
    gpiozero.OutputDevice(5, pin_factory=made).close()
    factory.give_back("mock")


@pytest.mark.parametrize(
    ("parameters", "survive"),
    [
        ({}, None),
        ({"pinctrl_bcm2835": "Y"}, True),
        ({"pinctrl_bcm2835": "N"}, False),
        ({"pinctrl_rp1": "Y", "pinctrl_bcm2835": "N"}, True),
    ],
)
def test_whether_outputs_survive_the_process(tmp_path: Path, parameters: dict[str, str], survive: Any) -> None:
    for module, value in parameters.items():
        folder = tmp_path / module / "parameters"
        folder.mkdir(parents=True)
        (folder / "persist_gpio_outputs").write_text(f"{value}\n")
    assert factory.outputs_survive(tmp_path) is survive


def test_pigpio_is_not_instant() -> None:
    assert factory.instant("lgpio") and not factory.instant("pigpio")
