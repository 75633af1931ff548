"""The switching parts of a simulated EVSE: pilot, contactor, lock.

They hold their own state and its laws; ``drivers.sim.bay`` owns them and tells them the time. Not thread-safe: they
live where their host lives. A command brings the bay up to date first, so that what was before counts as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, Protocol

from drivers.api import ContactorState, DriverLost, LockState, OptionError, PilotState
from drivers.sim.config import ContactorOptions, LockOptions

ContactorFault = Literal["weld", "stuck_open", "none"]

# What they show is frozen, and of few kinds: thousands of bays share them.
_contactor_state = lru_cache(maxsize=32)(ContactorState)
_lock_state = lru_cache(maxsize=32)(LockState)


class Surroundings(Protocol):
    """What a part sees of its bay."""

    def poll(self) -> None:
        """Bring everything up to now."""

    def touch(self) -> None:
        """A part has changed: let the others react, and tell."""

    @property
    def at_s(self) -> float:
        """The time up to which everything is known."""

    def listen(
        self, part: Literal["pilot", "contactor", "lock", "bay"] | None, callback: Callable[[Any], None]
    ) -> Callable[[], None]:
        """Tell the changes of a part; returns how to end that."""

    def pilot_state(self) -> PilotState:
        """What pilot and proximity show."""


class SimPilot:
    """Control pilot: shows the car, offers it a current."""

    instant = True

    __slots__ = ("_bay", "_released", "offered_a")

    def __init__(self, bay: Surroundings) -> None:
        self._bay = bay
        self._released = False
        self.offered_a: float | None = None

    def read(self) -> PilotState:
        """The state now. Raises: DriverLost: released."""
        self._check()
        self._bay.poll()
        return self._bay.pilot_state()

    def offer(self, current_a: float | None) -> None:
        """Offer a current a phase, in A; None or less than 6 A: no energy. Raises: DriverLost: released."""
        self._check()
        self._bay.poll()
        self.offered_a = current_a
        self._bay.touch()

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new PilotState."""
        return self._bay.listen("pilot", callback)

    def release(self) -> None:
        """Offer nothing any more."""
        if not self._released:
            self.offer(None)
            self._released = True

    def _check(self) -> None:
        if self._released:
            raise DriverLost("the pilot was released")


class SimContactor:
    """Main contactor with a mirror contact. ``due_s`` is when the contacts will have moved."""

    instant = True

    __slots__ = ("_bay", "_fault", "_options", "_released", "closed", "commanded", "due_s")

    def __init__(self, bay: Surroundings, options: ContactorOptions) -> None:
        self._bay = bay
        self._options = options
        self.commanded = False
        self._fault: ContactorFault = "none"
        self._released = False
        self.closed = False
        self.due_s: float | None = None

    def set_power(self, on: bool) -> None:
        """Energise the coil, or not. Raises: DriverLost: released."""
        self._check()
        self._bay.poll()
        self.commanded = on
        self._start_moving()
        self._bay.touch()

    def read(self) -> ContactorState:
        """The state now. Raises: DriverLost: released."""
        self._check()
        self._bay.poll()
        return self.state()

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new ContactorState."""
        return self._bay.listen("contactor", callback)

    def set_fault(self, kind: ContactorFault) -> None:
        """Break or mend the contacts.

        Args:
            kind: ``weld``: fused, closed from now on whatever the coil does; ``stuck_open``: open from now on;
                ``none``: they follow the coil again.
        """
        if kind not in ("weld", "stuck_open", "none"):
            raise OptionError("kind", f"{kind!r} is none of weld, stuck_open, none")
        self._bay.poll()
        self._fault = kind
        if kind == "none":
            self._start_moving()
        else:
            self.closed = kind == "weld"
            self.due_s = None
        self._bay.touch()

    def release(self) -> None:
        """Open."""
        if not self._released:
            self.set_power(False)
            self._released = True

    def state(self) -> ContactorState:
        """The state as of the bay's last update."""
        fault = None
        if self.due_s is None and self.closed != self.commanded:
            fault = "weld" if self.closed else "stuck_open"
        return _contactor_state(self.commanded, self.closed, fault)

    def move(self) -> None:
        """The contacts arrive."""
        self.due_s = None
        self.closed = self._target()

    def drop(self) -> None:
        """The coil loses its supply: the spring opens the contacts at once, unless they are fused."""
        self.commanded = False
        self.move()

    def _target(self) -> bool:
        return self.commanded if self._fault == "none" else self._fault == "weld"

    def _start_moving(self) -> None:
        if self._target() == self.closed:
            self.due_s = None
        elif self.due_s is None and self._options.delay_s <= 0:
            self.move()
        elif self.due_s is None:
            self.due_s = self._bay.at_s + self._options.delay_s

    def _check(self) -> None:
        if self._released:
            raise DriverLost("the contactor was released")


class SimLock:
    """Bolt of a socket. ``due_s`` is when it will have moved."""

    instant = True

    __slots__ = ("_bay", "_options", "_released", "_stuck", "commanded", "due_s", "locked")

    def __init__(self, bay: Surroundings, options: LockOptions) -> None:
        self._bay = bay
        self._options = options
        self.commanded = False
        self._stuck = False
        self._released = False
        self.locked = False
        self.due_s: float | None = None

    def set_locked(self, locked: bool) -> None:
        """Drive the bolt. Raises: DriverLost: released."""
        self._check()
        self._bay.poll()
        self.commanded = locked
        self._start_moving()
        self._bay.touch()

    def read(self) -> LockState:
        """The state now. Raises: DriverLost: released."""
        self._check()
        self._bay.poll()
        return self.state()

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new LockState."""
        return self._bay.listen("lock", callback)

    def set_fault(self, stuck: bool) -> None:
        """Jam the bolt where it is, or free it: then it goes where it was last told."""
        self._bay.poll()
        self._stuck = stuck
        self._start_moving()
        self._bay.touch()

    def release(self) -> None:
        """Unlock: nobody's cable stays behind."""
        if not self._released:
            self.set_locked(False)
            self._released = True

    def state(self) -> LockState:
        """The state as of the bay's last update."""
        stuck = self.due_s is None and self.locked != self.commanded
        return _lock_state(self.commanded, self.locked, "stuck" if stuck else None)

    def move(self) -> None:
        """The bolt arrives."""
        self.due_s = None
        self.locked = self.commanded

    def _start_moving(self) -> None:
        if self._stuck or self.locked == self.commanded:
            self.due_s = None
        elif self.due_s is None and self._options.delay_s <= 0:
            self.move()
        elif self.due_s is None:
            self.due_s = self._bay.at_s + self._options.delay_s

    def _check(self) -> None:
        if self._released:
            raise DriverLost("the lock was released")
