"""A push button on a GPIO pin.

| function | support | remarks |
|---|---|---|
| short press | yes | noted by its edges, so it is not missed between two reads; told once |
| held | yes | True as long as it is held |
| bouncing, spikes | yes | what lasts less than `debounce` is no press |

Wiring: the button closes to ground, the Pi's pull-up does the rest, hence `active: low`.
"""

# ruff: noqa: RUF009 - `option` makes a field, of an alias of Literal too

from __future__ import annotations

import threading
from dataclasses import dataclass

from drivers.api import Clock
from drivers.clock import SYSTEM
from drivers.gpio import factory as factories
from drivers.gpio.debounce import Debounce
from drivers.gpio.factory import FactoryName
from drivers.gpio.pins import Level, Pins
from drivers.options import option
from drivers.registry import Driver


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioButtonOptions:
    """See the module for the wiring."""

    pin: int = option(between=(0, 53), about="BCM number of the button's pin")
    active: Level = option("low", about="level while it is pressed")
    debounce_s: float = option(0.02, key="debounce", unit="s", between=(0.001, 1), about="what is shorter is no press")
    factory: FactoryName = option("lgpio", about="gpiozero's pin factory")


class GpioButton:
    """See the module."""

    __slots__ = ("_active_high", "_clock", "_debounce", "_edge_s", "_mutex", "_pin", "_pins", "_pressed", "instant")

    def __init__(self, options: GpioButtonOptions, clock: Clock | None = None) -> None:
        self.instant = factories.instant(options.factory)
        self._clock = clock or SYSTEM
        self._active_high = options.active == "high"
        self._mutex = threading.Lock()
        self._pressed = False
        self._edge_s = self._clock.now()
        self._debounce = Debounce(options.debounce_s)
        self._pins = Pins(options.factory, "button")
        with self._pins.opening():
            self._pin = self._pins.input(options.pin, self._changed)

    def read(self) -> bool:
        """Whether it is pressed, or was since the last read. Raises: DriverLost."""
        held = self._pin.high == self._active_high
        with self._mutex:
            if self._debounce.look(self._clock.now() - self._edge_s) is not None:
                self._pressed = True
            pressed, self._pressed = self._pressed, False
            return pressed or (held and self._debounce.steady)

    def release(self) -> None:
        """Give the pin back."""
        self._pins.release()

    def _changed(self, at_s: float, high: bool) -> None:
        """An edge, from the pin factory's thread."""
        with self._mutex:
            self._edge_s = self._clock.now()
            if self._debounce.edge(at_s, high == self._active_high) is not None:
                self._pressed = True


DRIVER = Driver(part="button", name="gpio", options=GpioButtonOptions, open=GpioButton, example={"pin": 24})
