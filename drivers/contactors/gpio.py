"""A contactor whose coil hangs on a GPIO pin, with its mirror contact and the safety chain's contacts on others.

It drives the coil and watches; the host decides when. It protects nobody: the emergency stop and the residual current
device open the coil circuit by themselves, in hardware; their second contacts come here so that the station knows.

| function | support | remarks |
|---|---|---|
| switching | yes | off when opened (also while the pin becomes an output), off when given back |
| weld, stuck open | with `feedback_pin` | a contradiction that lasts `settle`; it ends when the contact agrees |
| where the contacts are | with `feedback_pin` | without it they are where the coil was told to be |
| closing | with proof | the coil waits until the mirror contact was seen open; it never hides a weld |
| emergency stop, residual current | yes | the coil is let go when seen, and stays so: it wants a new command |
| tamper contact | yes | reported only |
| a pin that fails | yes | the coil is let go, then every call raises DriverLost |

Wiring (every input has the Pi's pull-up, contacts go to ground; see `drivers.gpio`):

- coil: an opto-isolated driver or relay board. `active: high` with a pull-down of its own, `low` with a pull-up.
- mirror contact (IEC 60947-4-1 Annex F, normally closed): main contacts closed is high, hence `feedback_closed: high`.
  A cut wire reads as closed, that is as a weld. A normally open auxiliary contact is `low`, and a cut wire unseen.
- emergency stop, residual current, tamper: normally closed contacts, hence active `high`: a cut wire is an alarm.
"""

# ruff: noqa: RUF009 - `option` makes a field, of an alias of Literal too

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from drivers.api import Alarm, Clock, ContactorState, DriverLost
from drivers.clock import SYSTEM
from drivers.gpio import factory as factories
from drivers.gpio.factory import FactoryName
from drivers.gpio.options import distinct
from drivers.gpio.pins import Input, Level, Pins
from drivers.options import option
from drivers.registry import Driver

log = logging.getLogger(__name__)

_OPENS: Final[frozenset[Alarm]] = frozenset({"emergency_stop", "residual_current"})
"""Alarms with which the coil is let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioContactorOptions:
    """See the module for the wiring."""

    pin: int = option(between=(0, 53), about="BCM number of the coil's pin")
    active: Level = option("high", about="level that closes the contactor")
    feedback_pin: int | None = option(None, between=(0, 53), about="pin of the mirror contact, to ground")
    feedback_closed: Level = option("high", about="level while the main contacts are closed; high for a mirror contact")
    settle_s: float = option(
        0.5, key="settle", unit="s", between=(0.05, 10), about="a contradiction that long is a fault"
    )
    emergency_stop_pin: int | None = option(None, between=(0, 53), about="pin of the emergency stop's second contact")
    emergency_stop_active: Level = option("high", about="level while it is pressed; high for a normally closed contact")
    rcd_pin: int | None = option(None, between=(0, 53), about="pin of the residual current device's second contact")
    rcd_active: Level = option("high", about="level while it has tripped; high for a normally closed contact")
    tamper_pin: int | None = option(None, between=(0, 53), about="pin of the housing's contact")
    tamper_active: Level = option("high", about="level while it is open; high for a normally closed contact")
    factory: FactoryName = option("lgpio", about="gpiozero's pin factory")

    def __post_init__(self) -> None:
        distinct(self)


@dataclass(slots=True)
class _Watch:
    """An alarm's contact; ``until_s``: reported until then, so that a contact that bounces is one alarm."""

    alarm: Alarm
    contact: Input
    active_high: bool
    until_s: float = float("-inf")


class GpioContactor:
    """See the module."""

    __slots__ = (
        "_clock", "_closed_high", "_coil", "_contradicts_since_s", "_mirror", "_pins", "_settle_s", "_wanted",
        "_watches", "instant",
    )  # fmt: skip

    def __init__(self, options: GpioContactorOptions, clock: Clock | None = None) -> None:
        """The coil's pin is taken first: what a process that died has left closed opens now."""
        self.instant = factories.instant(options.factory)
        self._clock = clock or SYSTEM
        self._settle_s = options.settle_s
        self._closed_high = options.feedback_closed == "high"
        self._pins = Pins(options.factory, "contactor")
        self._wanted = False
        self._contradicts_since_s: float | None = None
        with self._pins.opening():
            self._coil = self._pins.output(options.pin, options.active)
            self._mirror = None if options.feedback_pin is None else self._pins.input(options.feedback_pin)
            watched: tuple[tuple[Alarm, int | None, Level], ...] = (
                ("emergency_stop", options.emergency_stop_pin, options.emergency_stop_active),
                ("residual_current", options.rcd_pin, options.rcd_active),
                ("tamper", options.tamper_pin, options.tamper_active),
            )
            self._watches = tuple(
                _Watch(alarm, self._pins.input(pin), active == "high")
                for alarm, pin, active in watched
                if pin is not None
            )
            self._look()
        if factories.outputs_survive():
            log.warning("a coil stays driven when this process dies: dtparam=strict_gpiod in config.txt ends that")

    def set_power(self, on: bool) -> None:
        """Ask to close or to open. Closing waits for the proof that the contacts are open, and for no alarm.

        While the emergency stop is pressed or the residual current device has tripped it stays open, and is not
        remembered. Raises: DriverLost.
        """
        if on:
            self._wanted = True
        else:
            # Before anything is read: opening depends on nothing.
            self._let_go()
        self._look()

    def read(self) -> ContactorState:
        """Where the contacts are, what contradicts, and the alarms; one of ``_OPENS`` lets the coil go.

        Raises: DriverLost.
        """
        return self._look()

    def release(self) -> None:
        """Open, and give the pins back."""
        self._wanted = False
        self._pins.release()

    def _look(self) -> ContactorState:
        try:
            self._pins.check()
            return self._supervise(self._clock.now())
        except DriverLost:
            # Not to be supervised any more: not to be closed any more.
            self._let_go()
            raise

    def _supervise(self, now: float) -> ContactorState:
        alarms = self._alarms(now)
        closed = self._contacts_closed()
        fault = self._fault(closed, now)
        if fault == "weld" or not _OPENS.isdisjoint(alarms):
            self._let_go()
            self._pins.check()
        elif self._wanted and not self._coil.on and not closed:
            self._coil.set(True)
            self._contradicts_since_s = now
        return ContactorState(self._wanted, self._coil.on if self._mirror is None else closed, fault, alarms)

    def _let_go(self) -> None:
        self._wanted = False
        if self._coil.on:
            self._contradicts_since_s = None
        self._coil.off()

    def _contacts_closed(self) -> bool:
        return self._coil.on if self._mirror is None else self._mirror.high == self._closed_high

    def _fault(self, closed: bool, now: float) -> str | None:
        if closed == self._coil.on:
            self._contradicts_since_s = None
            return None
        if self._contradicts_since_s is None:
            self._contradicts_since_s = now
        if now - self._contradicts_since_s < self._settle_s:
            return None
        return "weld" if closed else "stuck_open"

    def _alarms(self, now: float) -> tuple[Alarm, ...]:
        for watch in self._watches:
            if watch.contact.high == watch.active_high:
                watch.until_s = now + self._settle_s
        return tuple(watch.alarm for watch in self._watches if now < watch.until_s)


DRIVER = Driver(
    part="contactor",
    name="gpio",
    options=GpioContactorOptions,
    open=GpioContactor,
    example={"pin": 17, "feedback_pin": 27, "emergency_stop_pin": 22, "rcd_pin": 23},
)
