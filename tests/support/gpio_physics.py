"""What hangs on simulated GPIO pins: a contactor with its mirror contact and alarms, a motor lock with its end switch.

gpiozero's ``MockFactory`` gives the pins, this gives the physics. Inputs are worked out when they are read, from a
clock that the test moves (or the machine's), so nothing here has a thread. Every level at which an output pin was ever
driven is kept: a blip at the start is an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpiozero.pins.mock import MockPin
from gpiozero.pins.pi import PiPin

from drivers.api import Clock
from drivers.clock import SYSTEM
from drivers.gpio.factory import mock_factory


class DrivenPin(MockPin):  # type: ignore[misc]
    """A pin that a device drives. ``history`` has each level it was driven at, and None when it became an input."""

    def __init__(self, factory: Any, info: Any, changed: Callable[[], None] | None = None) -> None:
        self.history: list[bool | None] = []
        self._changed = changed
        super().__init__(factory, info)

    def output_with_state(self, state: bool) -> None:
        """Level and direction at once, as the kernel does it."""
        self._change_state(bool(state))
        self.function = "output"

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        self._note()

    def _set_state(self, value: Any) -> None:
        super()._set_state(value)
        self._note()

    def _note(self) -> None:
        level = bool(self._state) if self._function == "output" else None
        if not self.history or self.history[-1] != level:
            self.history.append(level)
            if self._changed is not None:
                self._changed()

    def driven(self, level: bool) -> bool:
        """Whether it is an output at this level."""
        return self._function == "output" and bool(self._state) == level


class ReadPin(MockPin):  # type: ignore[misc]
    """A pin whose level is worked out when it is read; a failing one raises what ``level`` raises."""

    def __init__(self, factory: Any, info: Any, level: Callable[[], bool]) -> None:
        self.level = level
        super().__init__(factory, info)

    def _get_state(self) -> bool:
        return self.level()


class TimedPin(MockPin):  # type: ignore[misc]
    """An input whose edges carry the time of the test's clock."""

    def __init__(self, factory: Any, info: Any, clock: Clock) -> None:
        self.clock = clock
        super().__init__(factory, info)

    def _call_when_changed(self) -> None:
        PiPin._call_when_changed(self, self.clock.now(), self._state)


def fresh() -> Any:
    """The process's simulated pins, with nothing connected to them."""
    factory = mock_factory()
    factory.reset()
    return factory


class Contactor:
    """Coil, main contacts, mirror contact and the alarms' contacts.

    Attributes:
        welded: the main contacts do not open any more.
        stuck: they do not close.
        cut: pins whose wire is cut (high, by the pull-up).
        pressed: pins whose normally closed contact is open.
    """

    def __init__(
        self,
        clock: Clock = SYSTEM,
        *,
        coil: int = 17,
        mirror: int = 27,
        alarms: tuple[int, ...] = (22, 23, 24),
        active_high: bool = True,
        normally_closed: bool = True,
        delay_s: float = 0.03,
        bounce_s: float = 0.0,
    ) -> None:
        factory = fresh()
        self.clock = clock
        self.delay_s = delay_s
        self.bounce_s = bounce_s
        self.active_high = active_high
        self.normally_closed = normally_closed
        self.welded = False
        self.stuck = False
        self.cut: set[int] = set()
        self.pressed: set[int] = set()
        self._was_closed = False
        self._changed_s = float("-inf")
        self._energised = False
        self.coil = factory.pin(coil, pin_class=DrivenPin, changed=self._coil_changed)
        self.mirror_number = mirror
        self.mirror = factory.pin(mirror, pin_class=ReadPin, level=self._mirror_level)
        self.alarms = {number: self._alarm_pin(factory, number) for number in alarms}

    @property
    def energised(self) -> bool:
        """Whether current flows through the coil."""
        return bool(self.coil.driven(self.active_high))

    @property
    def ever_energised(self) -> bool:
        """Whether it ever did, were it for an instant."""
        return self.active_high in self.coil.history

    @property
    def closed(self) -> bool:
        """Where the main contacts are now."""
        if self.welded or self.stuck:
            return self.welded
        since_s = self.clock.now() - self._changed_s
        if since_s < self.delay_s:
            return self._was_closed
        if since_s < self.delay_s + self.bounce_s:
            return self._energised != (int((since_s - self.delay_s) * 1000) % 2 == 1)
        return self._energised

    def _coil_changed(self) -> None:
        if self.energised != self._energised:
            self._was_closed = self.closed
            self._energised = self.energised
            self._changed_s = self.clock.now()

    def _mirror_level(self) -> bool:
        return self.mirror_number in self.cut or self.closed == self.normally_closed

    def _alarm_pin(self, factory: Any, number: int) -> Any:
        return factory.pin(number, pin_class=ReadPin, level=lambda: number in self.cut or number in self.pressed)


class Lock:
    """A motor at an H-bridge, a bolt, and an end switch that is closed when locked.

    Attributes:
        jammed: the bolt does not move.
        both: the two outputs were ever driven at the same time.
    """

    def __init__(
        self, clock: Clock = SYSTEM, *, travel_s: float = 0.1, active_high: bool = True, beside: bool = False
    ) -> None:
        """``beside``: what is connected already stays."""
        factory = mock_factory() if beside else fresh()
        self.clock = clock
        self.travel_s = travel_s
        self.active_high = active_high
        self.jammed = False
        self.both = False
        self._locked = False
        self._running: str | None = None
        self._since_s = 0.0
        self.lock = factory.pin(5, pin_class=DrivenPin)
        self.unlock = factory.pin(6, pin_class=DrivenPin)
        self.lock._changed = self.unlock._changed = self._moved
        self.switch = factory.pin(13, pin_class=ReadPin, level=lambda: not self.locked)

    @property
    def driving(self) -> str | None:
        """Which way the motor is driven."""
        if self.lock.driven(self.active_high):
            return "lock"
        return "unlock" if self.unlock.driven(self.active_high) else None

    @property
    def locked(self) -> bool:
        """Where the bolt is; it moves when the motor has run for the travel's time."""
        self._move()
        return self._locked

    def _move(self) -> None:
        arrived = self._running is not None and self.clock.now() - self._since_s >= self.travel_s
        if arrived and not self.jammed:
            self._locked = self._running == "lock"

    def _moved(self) -> None:
        self._move()
        self.both |= self.lock.driven(self.active_high) and self.unlock.driven(self.active_high)
        if self.driving != self._running:
            self._running = self.driving
            self._since_s = self.clock.now()
