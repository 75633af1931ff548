"""The bolt of a socket, moved by a motor at an H-bridge or by a solenoid, on GPIO pins.

| function | support | remarks |
|---|---|---|
| motor | `mode: pulse` | one pulse of `pulse` on `lock_pin` or `unlock_pin`; never both, never longer |
| solenoid | `mode: hold` | `lock_pin` is driven while locked; without power it unlocks |
| where the bolt is | with `feedback_pin` | without it, where it was driven to, once the pulse is over |
| stuck | with `feedback_pin` | not where it was told to be, `settle` after the command |
| opening, giving back | not moved | a motor's bolt stays where it is, in a power cut too; an unlocking is finished |

A pulse is ended by a thread of its own and not by the next reading: a motor must not stay driven because nobody looks.
That thread is not a daemon, so that a process which ends in an orderly way ends the pulse first. Against a process that
is killed within a pulse only the hardware helps (a motor that stands being blocked, `dtparam=strict_gpiod`). gpiozero's
own `blink` does neither: stopped within its pulse, it leaves the pin on.

Wiring: the end switch goes to ground and is closed when locked, hence `feedback_locked: low`: a cut wire reads as
unlocked, and no session begins. The H-bridge needs pull-downs (`active: high`) or pull-ups (`low`) at both inputs.
"""

# ruff: noqa: RUF009 - `option` makes a field, of an alias of Literal too

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from drivers.api import Clock, DriverLost, LockState
from drivers.clock import SYSTEM
from drivers.gpio import factory as factories
from drivers.gpio.factory import FactoryName
from drivers.gpio.options import distinct
from drivers.gpio.pins import Level, Output, Pins
from drivers.options import option
from drivers.registry import Driver


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioLockOptions:
    """See the module for the wiring."""

    lock_pin: int = option(between=(0, 53), about="BCM number of the pin that locks")
    unlock_pin: int | None = option(None, between=(0, 53), about="pin that unlocks; needed for mode pulse")
    active: Level = option("high", about="level that drives the motor or the solenoid")
    mode: Literal["pulse", "hold"] = option("pulse", about="pulse: a motor; hold: a solenoid, driven while locked")
    pulse_s: float = option(0.4, key="pulse", unit="s", between=(0.02, 2), about="how long the motor is driven")
    feedback_pin: int | None = option(None, between=(0, 53), about="pin of the end switch, to ground")
    feedback_locked: Level = option("low", about="level while locked; low for a switch that is closed then")
    settle_s: float = option(
        1.5, key="settle", unit="s", between=(0.1, 10), about="not there so long after a command is stuck"
    )
    factory: FactoryName = option("lgpio", about="gpiozero's pin factory")

    def __post_init__(self) -> None:
        distinct(self)
        if self.mode == "pulse" and self.unlock_pin is None:
            raise ValueError("mode pulse needs unlock_pin")
        if self.mode == "hold" and self.unlock_pin is not None:
            raise ValueError("mode hold has no unlock_pin: not driven is unlocked")
        if self.mode == "pulse" and self.settle_s < self.pulse_s:
            raise ValueError("settle is shorter than pulse")


class Wait(Protocol):
    """A ``threading.Timer``."""

    def start(self) -> None:
        """Begin to wait."""
        ...

    def cancel(self) -> None:
        """Wait no longer."""
        ...


MakeTimer = Callable[[float, Callable[[], None]], Wait]


class GpioLock:
    """See the module."""

    __slots__ = (
        "_clock",
        "_commanded",
        "_driven",
        "_feedback",
        "_lock_output",
        "_locked",
        "_locked_high",
        "_make_timer",
        "_mutex",
        "_options",
        "_pins",
        "_released",
        "_timer",
        "_told_s",
        "_unlock_output",
        "instant",
    )  # fmt: skip

    def __init__(
        self, options: GpioLockOptions, clock: Clock | None = None, *, timer: MakeTimer = threading.Timer
    ) -> None:
        self.instant = factories.instant(options.factory)
        self._options = options
        self._clock = clock or SYSTEM
        self._make_timer = timer
        self._mutex = threading.RLock()
        self._timer: Wait | None = None
        self._driven: Output | None = None
        self._commanded = False
        self._locked = False
        self._told_s: float | None = None
        self._released = False
        self._pins = Pins(options.factory, "lock")
        with self._pins.opening():
            self._lock_output = self._pins.output(options.lock_pin, options.active)
            pin = options.unlock_pin
            self._unlock_output = None if pin is None else self._pins.output(pin, options.active)
            pin = options.feedback_pin
            self._feedback = None if pin is None else self._pins.input(pin)
            self._locked_high = options.feedback_locked == "high"

    def set_locked(self, locked: bool) -> None:
        """Ask to lock or to unlock; a movement the other way is broken off. Raises: DriverLost."""
        with self._mutex:
            self._check()
            self._told_s = self._clock.now()
            self._commanded = locked
            if self._unlock_output is None:
                self._lock_output.set(locked)
                self._locked = locked
                return
            output = self._lock_output if locked else self._unlock_output
            if self._driven is not output:
                self._stop()
                self._pulse(output)

    def read(self) -> LockState:
        """Where the bolt is. Raises: DriverLost."""
        with self._mutex:
            self._check()
            if self._feedback is None:
                return LockState(self._commanded, self._locked)
            locked = self._feedback.high == self._locked_high
            late = self._told_s is not None and self._clock.now() - self._told_s >= self._options.settle_s
            return LockState(self._commanded, locked, "stuck" if late and locked != self._commanded else None)

    def release(self) -> None:
        """Drive nothing any more. A motor that is unlocking gets its pulse first; its thread gives the pins back."""
        with self._mutex:
            self._released = True
            if self._driven is None or self._driven is self._lock_output:
                self._stop()
                self._pins.release()

    def _check(self) -> None:
        if self._released:
            raise DriverLost("the lock was released")
        self._pins.check()

    def _pulse(self, output: Output) -> None:
        # The end is arranged before the beginning: without a thread to end it there is no pulse.
        timer = self._make_timer(self._options.pulse_s, lambda: self._over(timer))
        try:
            timer.start()
        except RuntimeError as error:
            raise DriverLost(f"no thread to end the lock's pulse: {error}") from error
        self._timer = timer
        self._driven = output
        try:
            output.set(True)
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        """Drive nothing. Never raises."""
        timer, self._timer, self._driven = self._timer, None, None
        if timer is not None:
            timer.cancel()
        if self._unlock_output is not None:
            self._lock_output.off()
            self._unlock_output.off()

    def _over(self, timer: Wait) -> None:
        """A pulse has had its time (in the timer's thread). One that was broken off or replaced says nothing."""
        with self._mutex:
            if timer is not self._timer:
                return
            self._locked = self._driven is self._lock_output
            self._stop()
            if self._released:
                self._pins.release()


DRIVER = Driver(
    part="lock",
    name="gpio",
    options=GpioLockOptions,
    open=GpioLock,
    example={"lock_pin": 5, "unlock_pin": 6, "feedback_pin": 13},
)
