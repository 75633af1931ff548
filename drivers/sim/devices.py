"""The switching parts of a simulated EVSE: pilot, contactor, lock.

They hold their own state and its laws; ``drivers.sim.bay`` owns them and tells them the time. Not thread-safe: they
live where their host lives. A command brings the bay up to date first, so that what was before counts as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

from drivers.api import ContactorState, DriverLost, LockState, OptionError, PilotState
from drivers.sim.config import ContactorOptions, LockOptions
from drivers.sim.telling import Told

ContactorFault = Literal["weld", "stuck_open", "none"]

# What they show is frozen, and of few kinds: all bays share them, and equal ones are the same object.
_YES_OR_NO = (False, True)
_CONTACTOR_STATES: Final = {
    (commanded, closed, fault): ContactorState(commanded, closed, fault)
    for commanded in _YES_OR_NO
    for closed in _YES_OR_NO
    for fault in (None, "weld", "stuck_open")
}
_LOCK_STATES: Final = {
    (commanded, locked, stuck): LockState(commanded, locked, "stuck" if stuck else None)
    for commanded in _YES_OR_NO
    for locked in _YES_OR_NO
    for stuck in _YES_OR_NO
}


class Surroundings(Protocol):
    """What a part sees of its bay."""

    def poll(self) -> None:
        """Bring everything up to now."""

    def touch(self) -> None:
        """What the car sees has changed: let it react, and tell."""

    def switched(self) -> None:
        """Contactor or lock has changed; the car sees nothing of that."""

    @property
    def at_s(self) -> float:
        """The time up to which everything is known."""

    def listen(self, part: Told, callback: Callable[[Any], None]) -> Callable[[], None]:
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
        if self._released:
            raise DriverLost("the pilot was released")
        self._bay.poll()
        return self._bay.pilot_state()

    def offer(self, current_a: float | None) -> None:
        """Offer a current a phase, in A; None or less than 6 A: no energy. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the pilot was released")
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


class SimContactor:
    """Main contactor with a mirror contact. ``due_s`` is when the contacts will have moved.

    ``shows`` is its state as of the bay's last update.
    """

    instant = True

    __slots__ = ("_bay", "_fused", "_options", "_released", "closed", "commanded", "due_s", "shows")

    def __init__(self, bay: Surroundings, options: ContactorOptions) -> None:
        self._bay = bay
        self._options = options
        self.commanded = False
        self._fused: bool | None = None  # where the contacts are whatever the coil does; None: they follow it
        self._released = False
        self.closed = False
        self.due_s: float | None = None
        self.shows = _CONTACTOR_STATES[False, False, None]

    def set_power(self, on: bool) -> None:
        """Energise the coil, or not. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the contactor was released")
        self._bay.poll()
        self.commanded = on
        self._follow()
        self._bay.switched()

    def read(self) -> ContactorState:
        """The state now. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the contactor was released")
        self._bay.poll()
        return self.shows

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
        self._fused = None if kind == "none" else kind == "weld"
        if self._fused is not None:
            self.closed = self._fused
        self._follow()
        self._bay.switched()

    def release(self) -> None:
        """Open."""
        if not self._released:
            self.set_power(False)
            self._released = True

    def state(self) -> ContactorState:
        """The state as of the bay's last update."""
        return self.shows

    def move(self) -> None:
        """The contacts arrive."""
        self.closed = self.commanded if self._fused is None else self._fused
        self._follow()

    def drop(self) -> None:
        """The coil loses its supply: the spring opens the contacts at once, unless they are fused."""
        self.commanded = False
        self.move()

    def _follow(self) -> None:
        """Go, or be on the way, where coil and fault want the contacts; what shows follows from that."""
        target = self.commanded if self._fused is None else self._fused
        if self._options.delay_s <= 0:
            self.closed = target
        if self.closed == target:
            self.due_s = None
        elif self.due_s is None:
            self.due_s = self._bay.at_s + self._options.delay_s
        fault = None
        if self.due_s is None and self.closed != self.commanded:
            fault = "weld" if self.closed else "stuck_open"
        self.shows = _CONTACTOR_STATES[self.commanded, self.closed, fault]


class SimLock:
    """Bolt of a socket. ``due_s`` is when it will have moved.

    ``shows`` is its state as of the bay's last update.
    """

    instant = True

    __slots__ = ("_bay", "_options", "_released", "_stuck", "commanded", "due_s", "locked", "shows")

    def __init__(self, bay: Surroundings, options: LockOptions) -> None:
        self._bay = bay
        self._options = options
        self.commanded = False
        self._stuck = False
        self._released = False
        self.locked = False
        self.due_s: float | None = None
        self.shows = _LOCK_STATES[False, False, False]

    def set_locked(self, locked: bool) -> None:
        """Drive the bolt. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the lock was released")
        self._bay.poll()
        self.commanded = locked
        self._follow()
        self._bay.switched()

    def read(self) -> LockState:
        """The state now. Raises: DriverLost: released."""
        if self._released:
            raise DriverLost("the lock was released")
        self._bay.poll()
        return self.shows

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new LockState."""
        return self._bay.listen("lock", callback)

    def set_fault(self, stuck: bool) -> None:
        """Jam the bolt where it is, or free it: then it goes where it was last told."""
        self._bay.poll()
        self._stuck = stuck
        self._follow()
        self._bay.switched()

    def release(self) -> None:
        """Unlock: nobody's cable stays behind."""
        if not self._released:
            self.set_locked(False)
            self._released = True

    def state(self) -> LockState:
        """The state as of the bay's last update."""
        return self.shows

    def move(self) -> None:
        """The bolt arrives."""
        self.locked = self.commanded
        self._follow()

    def _follow(self) -> None:
        """Go, or be on the way, where it was told to, unless it is jammed; what shows follows from that."""
        if not self._stuck and self._options.delay_s <= 0:
            self.locked = self.commanded
        if self._stuck or self.locked == self.commanded:
            self.due_s = None
        elif self.due_s is None:
            self.due_s = self._bay.at_s + self._options.delay_s
        stuck = self.due_s is None and self.locked != self.commanded
        self.shows = _LOCK_STATES[self.commanded, self.locked, stuck]
