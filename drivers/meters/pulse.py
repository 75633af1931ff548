"""An energy meter with a pulse output (S0, IEC 62053-31) on a GPIO pin.

| function | support | remarks |
|---|---|---|
| energy | yes | pulses since the opening, on top of `preset`; never falls |
| power | yes | from the interval of the last two pulses; falls while the next one does not come; None before two came |
| bouncing, spikes | yes | what lasts less than `debounce` is no pulse, no pause (both last 30 ms or more) |
| pulses while the program does not run | no | that energy is missed; a `modbus` meter misses nothing |
| a cut wire | no | looks like a car that does not charge |

The meter keeps its register to itself and tells only that it moved. So this driver is a ``drivers.api.Register``: the
host tells it after each opening where the register was.

Wiring: the S0 output is an open collector; S0− to ground, S0+ to the pin, hence `active: low`. The Pi's pull-up does
for a short line; a long one takes 1 to 10 kOhm to 3.3 V.
"""

# ruff: noqa: RUF009 - `option` makes a field, of an alias of Literal too

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from drivers.api import Clock, Reading
from drivers.clock import SYSTEM
from drivers.gpio import factory as factories
from drivers.gpio.debounce import Debounce
from drivers.gpio.factory import FactoryName
from drivers.gpio.pins import Level, Pins
from drivers.options import option
from drivers.registry import Driver

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseOptions:
    """See the module for the wiring."""

    pin: int = option(between=(0, 53), about="BCM number of the pin at S0+")
    pulses_per_kwh: float = option(between=(0.1, 100_000), about="the meter constant, printed on the meter (imp/kWh)")
    active: Level = option("low", about="level during a pulse")
    debounce_s: float = option(
        0.01, key="debounce", unit="s", between=(0.001, 0.025), about="what is shorter is no pulse and no pause"
    )
    factory: FactoryName = option("lgpio", about="gpiozero's pin factory")


class PulseMeter:
    """See the module."""

    __slots__ = (
        "_active_high", "_base_wh", "_began_s", "_clock", "_counted", "_debounce", "_last_s", "_mutex", "_pin", "_pins",
        "_power_w", "_pulse_wh", "instant",
    )  # fmt: skip

    def __init__(self, options: PulseOptions, clock: Clock | None = None) -> None:
        self.instant = factories.instant(options.factory)
        self._clock = clock or SYSTEM
        self._pulse_wh = 1000.0 / options.pulses_per_kwh
        self._active_high = options.active == "high"
        self._mutex = threading.Lock()
        self._base_wh = 0.0
        self._counted = 0
        self._power_w: float | None = None
        self._began_s: float | None = None
        """When the last pulse began, on the clock of the edges."""
        self._last_s = 0.0
        """The same on the clock of the host."""
        self._debounce = Debounce(options.debounce_s)
        self._pins = Pins(options.factory, "meter")
        with self._pins.opening():
            self._pin = self._pins.input(options.pin, self._changed)

    def preset(self, energy_wh: float) -> None:
        """Where the register was (``drivers.api.Register``). Raises: ValueError, DriverLost."""
        self._pins.check()
        if not math.isfinite(energy_wh) or energy_wh < 0:
            raise ValueError(f"{energy_wh!r} is no register in Wh")
        with self._mutex:
            self._base_wh = max(self._base_wh, energy_wh)

    def read(self) -> Reading:
        """The register and the power. Raises: DriverLost."""
        _ = self._pin.high  # an edge that does not come says nothing: a lost pin is found by asking it
        with self._mutex:
            return Reading(energy_wh=self._base_wh + self._counted * self._pulse_wh, power_w=self._power())

    def release(self) -> None:
        """Give the pin back."""
        self._pins.release()

    def _power(self) -> float | None:
        """At most what the wait for the next pulse still allows."""
        since_s = self._clock.now() - self._last_s
        if self._power_w is None or since_s <= 0:
            return self._power_w
        return min(self._power_w, self._pulse_wh * _HOUR_S / since_s)

    def _changed(self, at_s: float, high: bool) -> None:
        """An edge, from the pin factory's thread. A pulse counts at its end: then it is known to be one."""
        with self._mutex:
            began_s = self._debounce.edge(at_s, high == self._active_high)
            if began_s is None:
                return
            self._counted += 1
            if self._began_s is not None and began_s > self._began_s:
                self._power_w = self._pulse_wh * _HOUR_S / (began_s - self._began_s)
            self._began_s = began_s
            self._last_s = self._clock.now() - (at_s - began_s)


DRIVER = Driver(
    part="meter",
    name="pulse",
    options=PulseOptions,
    open=PulseMeter,
    example={"pin": 18, "pulses_per_kwh": 1000},
)
