"""The library ``lgpio`` as gpiozero calls it, writing down each request to the kernel."""

from __future__ import annotations

import importlib.machinery
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

PI_3B = 0xA02082
BUSY = -79


class LgpioError(Exception):
    """``lgpio.error``."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class FakeLgpio(types.ModuleType):
    """``requests`` are the calls, ``busy`` the pins that another process has, ``levels`` those of the inputs."""

    error = LgpioError
    GPIO_BUSY = BUSY
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.__spec__ = importlib.machinery.ModuleSpec("lgpio", None)
        self.requests: list[tuple[Any, ...]] = []
        self.busy: set[int] = set()
        self.levels: dict[int, int] = {}
        self.modes: dict[int, int] = {}
        self.callbacks: dict[int, Callable[..., None]] = {}
        self.refuse_chip = False
        self.dead = False

    @staticmethod
    def error_text(number: int) -> str:
        return {BUSY: "GPIO busy"}[number]

    def gpiochip_open(self, chip: int) -> int:
        if self.refuse_chip:
            raise LgpioError("can not open gpiochip")
        self.requests.append(("open", chip))
        return 1

    def gpiochip_close(self, handle: int) -> None:
        self.requests.append(("close",))

    def gpio_claim_input(self, handle: int, pin: int, flags: int = 0) -> None:
        if pin in self.busy:
            raise LgpioError("GPIO busy")
        self.modes[pin] = {32: 32, 64: 64}.get(flags, 0)
        self.requests.append(("input", pin))

    def gpio_claim_output(self, handle: int, pin: int, level: int = 0, flags: int = 0) -> None:
        self.modes[pin] = 2
        self.levels[pin] = level
        self.requests.append(("output", pin, level))

    def gpio_write(self, handle: int, pin: int, level: int) -> None:
        if self.dead:
            raise LgpioError("bad handle")
        self.levels[pin] = int(level)
        self.requests.append(("write", pin, int(level)))

    def gpio_read(self, handle: int, pin: int) -> int:
        if self.dead:
            raise LgpioError("bad handle")
        return self.levels.get(pin, 1)

    def gpio_get_mode(self, handle: int, pin: int) -> int:
        return self.modes.get(pin, 0)

    def gpio_free(self, handle: int, pin: int) -> None:
        self.requests.append(("free", pin))

    def gpio_claim_alert(self, handle: int, pin: int, edges: int, flags: int = 0) -> None:
        self.requests.append(("alert", pin))

    def callback(self, handle: int, pin: int, edge: int, function: Callable[..., None]) -> Any:
        self.callbacks[pin] = function
        return types.SimpleNamespace(cancel=lambda: self.callbacks.pop(pin, None))

    def edge(self, pin: int, level: int, at_ns: int) -> None:
        """The kernel reports one; nobody may listen any more."""
        self.levels[pin] = level
        if pin in self.callbacks:
            self.callbacks[pin](0, pin, level, at_ns)


def install(monkeypatch: pytest.MonkeyPatch) -> FakeLgpio:
    """Put it in the place of the library, on what looks like a Pi 3B with one GPIO chip."""
    import gpiozero.pins.local

    library = FakeLgpio()
    monkeypatch.setitem(sys.modules, "lgpio", library)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: PI_3B)
    gpiozero.pins.local.LocalPiFactory.pins.clear()
    return library
