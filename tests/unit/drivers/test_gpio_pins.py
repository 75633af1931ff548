"""The pins of a device: who has them, what is refused, what a failure does, edges in seconds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.api import DriverBusy, DriverLost, DriverUnsupported
from drivers.gpio import factory
from drivers.gpio.pins import Pins
from tests.support import fake_lgpio, gpio_physics
from tests.support.fake_lgpio import FakeLgpio
from tests.support.gpio_physics import DrivenPin


@pytest.fixture(autouse=True)
def mock() -> Iterator[Any]:
    yield gpio_physics.fresh()
    gpio_physics.fresh()


@pytest.fixture
def lgpio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLgpio]:
    (tmp_path / "gpiochip0").touch()
    monkeypatch.setattr(factory, "_DEVICES", tmp_path)
    yield fake_lgpio.install(monkeypatch)
    sys.modules.pop("gpiozero.pins.lgpio", None)


@pytest.mark.parametrize(("active", "off"), [("high", False), ("low", True)])
def test_an_output_begins_off_and_ends_off(mock: Any, active: Any, off: bool) -> None:
    pin = mock.pin(17, pin_class=DrivenPin)
    pins = Pins("mock", "contactor")
    output = pins.output(17, active)
    output.set(True)
    pins.release()
    assert pin.history == [off, not off, off, None]


def test_a_pin_in_use_names_its_holder() -> None:
    first = Pins("mock", "contactor")
    first.output(17, "high")
    second = Pins("mock", "lock")
    with pytest.raises(DriverBusy, match="the lock's GPIO17 is in use by the contactor"):
        second.output(17, "high")
    first.release()
    second.output(17, "high")
    second.release()


def test_a_pin_in_use_by_somebody_else_in_this_process(mock: Any) -> None:
    import gpiozero

    other = gpiozero.OutputDevice(17, pin_factory=mock)
    pins = Pins("mock", "lock")
    with pytest.raises(DriverBusy, match="in use in this process"):
        pins.input(17)
    other.close()
    pins.release()


def test_a_pin_that_the_board_does_not_have() -> None:
    pins = Pins("mock", "lock")
    with pytest.raises(DriverUnsupported, match="GPIO44"):
        pins.output(44, "high")
    pins.release()


def test_a_pin_of_another_process_and_again_when_it_is_free(lgpio: FakeLgpio) -> None:
    lgpio.busy = {17}
    pins = Pins("lgpio", "contactor")
    with pytest.raises(DriverBusy, match="GPIO17 is taken; /dev/gpiochip0 is held by") as kept:
        pins.output(17, "high")
    lgpio.busy = set()
    assert pins.output(17, "high")
    pins.release()
    assert kept.value.hint


def test_opening_gives_back_what_was_taken(mock: Any) -> None:
    pin = mock.pin(17, pin_class=DrivenPin)
    pins = Pins("mock", "contactor")
    with pytest.raises(DriverUnsupported), pins.opening():
        pins.output(17, "low")
        pins.input(44)
    assert pin.history == [True, None]
    again = Pins("mock", "contactor")
    again.output(17, "low")
    again.release()


@pytest.mark.parametrize("name", ["native", "pigpio"])
def test_active_low_needs_a_factory_that_does_not_blip(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "acquire", lambda name: factory.mock_factory())
    monkeypatch.setattr(factory, "give_back", lambda name: None)
    pins = Pins(name, "contactor")
    with pytest.raises(DriverUnsupported, match="active low"):
        pins.output(17, "low")
    assert pins.output(17, "high")
    pins.release()


def test_a_failing_pin_is_lost_and_the_others_with_it(lgpio: FakeLgpio) -> None:
    pins = Pins("lgpio", "contactor")
    coil, mirror = pins.output(17, "high"), pins.input(27)
    assert mirror.high
    lgpio.dead = True
    with pytest.raises(DriverLost, match="GPIO27 does not answer: bad handle"):
        _ = mirror.high
    lgpio.dead = False
    with pytest.raises(DriverLost):
        coil.set(True)
    coil.off()
    assert lgpio.levels[17] == 0
    pins.release()
    pins.release()
    with pytest.raises(DriverLost):
        pins.check()


def test_a_program_that_ends_without_releasing_leaves_nothing_driven() -> None:
    code = (
        "import atexit\n"
        "from drivers.gpio.factory import mock_factory\n"
        "pin = mock_factory().pin(17)\n"
        "atexit.register(lambda: print([bool(s.state) for s in pin.states], pin.function))\n"
        "from drivers.contactors.gpio import DRIVER\n"
        "device = DRIVER.open(DRIVER.parse({'pin': 17, 'factory': 'mock'}))\n"
        "device.set_power(True)\n"
        "raise SystemExit(3)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (3, "[False, True, False] input\n")


def test_an_edge_that_goes_amiss_does_not_end_the_librarys_thread(
    lgpio: FakeLgpio, caplog: pytest.LogCaptureFixture
) -> None:
    def amiss(at_s: float, high: bool) -> None:
        raise RuntimeError("amiss")

    pins = Pins("lgpio", "meter")
    pins.input(18, amiss)
    lgpio.edge(18, 0, 1)
    assert "GPIO18 went amiss" in caplog.text
    pins.release()


def test_edges_come_in_seconds_from_the_kernel_and_end_with_the_release(lgpio: FakeLgpio) -> None:
    seen: list[tuple[float, bool]] = []
    pins = Pins("lgpio", "meter")
    pins.input(18, lambda at_s, high: seen.append((at_s, high)))
    lgpio.edge(18, 0, 5_000_000_000)
    lgpio.edge(18, 1, 5_030_000_000)
    lgpio.edge(18, 0, 6_000_000_000)
    assert [high for _, high in seen] == [False, True, False]
    assert [at_s for at_s, _ in seen] == pytest.approx([0.0, 0.03, 1.0])
    pins.release()
    lgpio.edge(18, 1, 7_000_000_000)
    assert len(seen) == 3
