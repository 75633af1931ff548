"""gpiozero's pin factories by name: one of each in a process, shared by its devices, closed with the last of them.

Not gpiozero's own choice: that probes every library it finds. Called by ``drivers.gpio.pins``; tests and developers
reach the simulated pins with ``mock_factory``.

| factory | library | remarks |
|---|---|---|
| lgpio | lgpio | kernel's character device; every Pi, the 5 too; the only one that is part of ``ocpp-station[pi]`` |
| rpigpio | RPi.GPIO | not on a Pi 5 |
| pigpio | pigpio and its daemon | not on a Pi 5; calls go over a socket: devices are not ``instant`` |
| native | none | not on a Pi 5; edges need the kernel's old sysfs interface |
| mock | none | pins without hardware |
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drivers.api import DeviceMissing, DriverError, DriverMissing, DriverUnsupported, vendor
from drivers.holders import held_by

FactoryName = Literal["lgpio", "rpigpio", "pigpio", "native", "mock"]

EXTRA = "pi"
SYSFS_MODULES = Path("/sys/module")
_DEVICES = Path("/dev")
_OUTPUTS_SURVIVE = "*/parameters/persist_gpio_outputs"


@dataclass(frozen=True, slots=True)
class Maker:
    """Where a factory comes from: gpiozero's module and class, the library below it, and how that is installed."""

    module: str
    factory: str
    library: str = ""
    install: str = ""


MAKERS: dict[FactoryName, Maker] = {
    "lgpio": Maker("gpiozero.pins.lgpio", "LGPIOFactory", "lgpio", f"pip install 'ocpp-station[{EXTRA}]'"),
    "rpigpio": Maker("gpiozero.pins.rpigpio", "RPiGPIOFactory", "RPi", "pip install RPi.GPIO, or say factory: lgpio"),
    "pigpio": Maker("gpiozero.pins.pigpio", "PiGPIOFactory", "pigpio", "pip install pigpio, or say factory: lgpio"),
    "native": Maker("gpiozero.pins.native", "NativeFactory"),
    "mock": Maker("gpiozero.pins.mock", "MockFactory"),
}
SETS_LEVEL_WITH_DIRECTION: frozenset[FactoryName] = frozenset({"lgpio", "rpigpio", "mock"})
"""The others make a pin an output before they say which level: something active low would be on for an instant."""


class _Shared:
    """The factories that are open, and how many devices use each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Any] = {}
        self._users: dict[str, int] = {}

    def acquire(self, name: FactoryName) -> Any:
        with self._lock:
            factory = self._factory(name)
            self._users[name] = self._users.get(name, 0) + 1
            return factory

    def give_back(self, name: FactoryName) -> None:
        with self._lock:
            self._users[name] -= 1
            # What is wired to simulated pins stays wired, as with real ones.
            if self._users[name] == 0 and name != "mock":
                with contextlib.suppress(Exception):
                    self._open.pop(name).close()

    def mock(self) -> Any:
        with self._lock:
            return self._factory("mock")

    def _factory(self, name: FactoryName) -> Any:
        if name == "mock":
            self._open[name] = _mock_of_this_process(self._open.get(name))
        elif name not in self._open:
            self._open[name] = _make(name)
        return self._open[name]


_SHARED = _Shared()


def acquire(name: FactoryName) -> Any:
    """The factory of that name, for one more device.

    Raises:
        DriverMissing: gpiozero or the library below it is not installed.
        DeviceMissing: there is no GPIO, or no permission.
        DriverUnsupported: gpiozero does not know this board.
    """
    return _SHARED.acquire(name)


def give_back(name: FactoryName) -> None:
    """A device needs it no more; the last one closes it, and other processes may take the pins."""
    _SHARED.give_back(name)


def mock_factory() -> Any:
    """The process's gpiozero ``MockFactory``: ``mock_factory().pin(17)`` is what a device with pin 17 is connected to.

    It is ``gpiozero.Device.pin_factory`` where that is a ``MockFactory``, and becomes it where none is set. Pins, their
    levels and what is connected to them outlive the devices; ``reset()`` begins anew.

    Raises: DriverMissing: gpiozero is not installed.
    """
    return _SHARED.mock()


def instant(name: FactoryName) -> bool:
    """Whether calls return at once (``drivers.api.Instant``); pigpio asks a daemon over a socket."""
    return name != "pigpio"


def outputs_survive(modules: Path = SYSFS_MODULES) -> bool | None:
    """Whether the kernel leaves outputs driven when their process dies; None: unknown, no Raspberry Pi's kernel.

    Source: raspberrypi/linux pull requests 6117 and 6150 (``persist_gpio_outputs`` of pinctrl-bcm2835, pinctrl-rp1).
    """
    answers = []
    for parameter in modules.glob(_OUTPUTS_SURVIVE):
        with contextlib.suppress(OSError):
            answers.append(parameter.read_text().strip() == "Y")
    return any(answers) if answers else None


def chip_holders() -> str:
    """Who has the first GPIO chip open, in words; the kernel does not tell it of a single pin."""
    return held_by(next(iter(_chips()), "/dev/gpiochip0"))


def _make(name: FactoryName) -> Any:
    maker = MAKERS[name]
    vendor("gpiozero", extra=EXTRA)
    if maker.library and importlib.util.find_spec(maker.library) is None:
        raise DriverMissing(f"factory {name}: the library {maker.library!r} is not installed", maker.install)
    if name == "lgpio":
        _check_chip()
    try:
        # RPi.GPIO refuses with RuntimeError to be imported where there is no Pi, lgpio where it cannot make its pipe.
        with _pipe_elsewhere() if name == "lgpio" else contextlib.nullcontext():
            module = vendor(maker.module, extra=EXTRA)
        factory = getattr(module, maker.factory)()
    except DriverError:
        raise
    except Exception as error:
        raise _explain(name, error) from error
    _prepare(factory)
    if name == "lgpio":
        factory.pin_class = _lgpio_pin(module)
    elif name == "mock":
        factory.pin_class = _mock_pin(module)
    return factory


def _prepare(factory: Any) -> None:
    # gpiozero closes a forgotten device when it is collected, which may be while this lock is held: with its plain
    # lock the process would stand still.
    factory._res_lock = threading.RLock()


def _mock_of_this_process(known: Any) -> Any:
    """gpiozero's own simulated pins where a program has set some up, else those that are known, else new ones."""
    gpiozero = vendor("gpiozero", extra=EXTRA)
    module = vendor(MAKERS["mock"].module, extra=EXTRA)
    current = gpiozero.Device.pin_factory
    if isinstance(current, module.MockFactory):
        if current is not known:
            _prepare(current)
            if current.pin_class is module.MockPin:
                current.pin_class = _mock_pin(module)
        return current
    factory = known or _make("mock")
    if current is None:
        gpiozero.Device.pin_factory = factory
    return factory


def _explain(name: FactoryName, error: Exception) -> DriverError:
    if isinstance(error, vendor("gpiozero.exc", extra=EXTRA).PinUnknownPi):
        return DriverUnsupported(f"factory {name}: gpiozero does not know this board", "factory: mock has no hardware")
    return DeviceMissing(f"factory {name} cannot be opened: {error}", "is this a Raspberry Pi? factory: lgpio")


def _chips() -> list[Path]:
    return sorted(_DEVICES.glob("gpiochip*"))


def _check_chip() -> None:
    chips = _chips()
    if not chips:
        raise DeviceMissing("there is no /dev/gpiochip*: this machine has no GPIO", "factory: mock has no hardware")
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        group = "gpio"
        with contextlib.suppress(OSError, KeyError):
            # Nobody is told to join root's group: where the chip is root's, a udev rule gives it to this one.
            if (owner := chips[0].group()) != "root":
                group = owner
        raise DeviceMissing(f"{chips[0]}: no permission", f"sudo usermod -aG {group} $USER, then log in again")


@contextlib.contextmanager
def _pipe_elsewhere() -> Iterator[None]:
    """Keep lgpio's pipe out of the working directory, which a service may not write to.

    While it is imported, lgpio makes a named pipe in ``LG_WD``, else in the working directory, and makes ``LG_WD`` the
    process's working directory. Only the import needs either; both ends are open afterwards.
    """
    if "lgpio" in sys.modules:
        yield
        return
    before = os.open(".", os.O_RDONLY)
    try:
        if "LG_WD" in os.environ:
            yield
        else:
            with tempfile.TemporaryDirectory(prefix="lgpio-") as directory, _environment("LG_WD", directory):
                yield
    finally:
        os.fchdir(before)
        os.close(before)


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)


def _lgpio_pin(module: Any) -> Any:
    """gpiozero's pin, but it becomes an output with its level in one request to the kernel.

    gpiozero 2.0.1 claims the line low and writes the level afterwards: a coil that is active low would be on between.
    """
    lgpio = module.lgpio

    class Pin(module.LGPIOPin):  # type: ignore[misc]
        def output_with_state(self, state: bool) -> None:
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))

    return Pin


def _mock_pin(module: Any) -> Any:
    """gpiozero's simulated pin, but it takes its level before it becomes an output, as a real one does."""

    class Pin(module.MockPin):  # type: ignore[misc]
        def output_with_state(self, state: bool) -> None:
            self._change_state(bool(state))
            self._set_function("output")

    return Pin
