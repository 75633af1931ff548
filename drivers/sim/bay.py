"""A charging bay: car, cable, socket and the devices of one EVSE, tied together by physics.

The world outside acts by verbs (``plug_in``, ``unplug``, ``suspend`` ...), the station by the devices (``pilot``,
``contactor``, ``meter``, ``lock``). Whoever asks anything sees the state as of now: changes that were due meanwhile
(the car answers, contacts arrive, the battery fills) happen in their order first, each with the energy that flowed
before it. A host asks ``next_change`` after each action and calls ``poll`` then.

Callbacks run inside the call that found the change; they should only queue. One thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal

from drivers.api import Clock, DriverError, OptionError, PilotState
from drivers.clock import SYSTEM
from drivers.sim.car import MIN_CURRENT_A, Car
from drivers.sim.config import BayOptions
from drivers.sim.devices import SimContactor, SimLock, SimPilot
from drivers.sim.meter import SimMeter, utc_now

Side = Literal["ev", "station", "both"]
Told = Literal["pilot", "contactor", "lock", "bay"]
Listener = tuple[Told | None, Callable[[Any], None]]

_FULL_WITHIN_S = 1e-3
_pilot_state = lru_cache(maxsize=256)(PilotState)


class Impossible(DriverError):
    """The world cannot do that: a car that is not there does not pause."""


@dataclass(frozen=True, slots=True)
class BayState:
    """Whether the parking space is taken, by whatever stands there."""

    occupied: bool


class Bay:
    """See the module. ``car`` is for looking at; act by the verbs. ``next_s`` is what ``next_change`` answers."""

    __slots__ = (
        "_at_s",
        "_cable_in_car",
        "_cable_in_station",
        "_ceiling_a",
        "_clock",
        "_flow_w",
        "_listeners",
        "_occupied",
        "_options",
        "_pull_s",
        "_told",
        "_used",
        "car",
        "contactor",
        "lock",
        "meter",
        "next_s",
        "pilot",
    )

    def __init__(
        self,
        options: BayOptions | None = None,
        clock: Clock | None = None,
        *,
        utc: Callable[[], datetime] = utc_now,
        start_wh: float = 0.0,
    ) -> None:
        """
        Args:
            options: what is in the bay; may be shared by many.
            clock: the time of the simulation.
            utc: wall clock for signed values.
            start_wh: where the meter's register goes on.
        """
        self._options = options = options or BayOptions()
        self._clock = clock or SYSTEM
        self._at_s = self._clock.now()
        self._listeners: tuple[Listener, ...] = ()
        self._told: dict[Told, tuple[Any, Any]] = {}
        self._occupied = False
        self._pull_s: float | None = None
        self._flow_w: float | None = None
        self.next_s: float | None = None
        self._cable_in_car = options.car.plugged
        self._cable_in_station = options.car.plugged or options.cable == "fixed"
        self.car = Car(options.car)
        self.pilot = SimPilot(self)
        self.contactor = SimContactor(self, options.contactor)
        self.lock = SimLock(self, options.lock)
        self.meter = SimMeter(self, options.meter, start_wh, utc)
        self._used = min(options.phases, options.car.phases)
        cable_a = options.pilot.cable_limit_a if options.cable == "socket" else options.max_current_a
        self._ceiling_a = min(options.max_current_a, self.car.current_limit_a(options.voltage_v), cable_a)

    # Looking

    @property
    def at_s(self) -> float:
        """The time up to which everything is known, by the bay's clock."""
        return self._at_s

    @property
    def plugged(self) -> bool:
        """Whether the car is connected to the station; the pilot is A if not."""
        self.poll()
        return self._connected()

    @property
    def cable_in_station(self) -> bool:
        """Whether a plug is in the socket; always True with a fixed cable."""
        self.poll()
        return self._cable_in_station

    @property
    def occupied(self) -> bool:
        """Whether the parking space is taken."""
        return self._occupied

    def pilot_state(self) -> PilotState:
        """What pilot and proximity show, as of ``at_s``."""
        letter: Literal["A", "B", "C"] = "A"
        if self._connected():
            letter = "C" if self.car.s2_closed else "B"
        limited = self._cable_in_station and self._options.cable == "socket"
        return _pilot_state(letter, self._options.pilot.cable_limit_a if limited else None, self._cable_in_station)

    def measure(self) -> tuple[float, tuple[float, ...], tuple[float, ...], float | None]:
        """Power in W, currents in A and voltages in V of the wired phases, state of charge in percent (at ``at_s``)."""
        options, used, flow_w = self._options, self._used, self._flow_w
        power_w = self.car.power_w(flow_w) if flow_w is not None else 0.0
        currents_a = (power_w / (used * options.voltage_v),) * used + (0.0,) * (options.phases - used)
        soc_percent = self.car.soc_percent if self.car.fills and self._connected() else None
        return power_w, currents_a, (options.voltage_v,) * options.phases, soc_percent

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new PilotState, ContactorState, LockState and BayState; returns how to end that."""
        return self.listen(None, callback)

    def listen(self, part: Told | None, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new state of one part (None: of all); returns how to end that."""
        self.poll()
        listener: Listener = (part, callback)
        if not self._listeners:
            self._told = {part: (shown(self), self._state(part)) for part, shown in _SHOWN}
        self._listeners = (*self._listeners, listener)

        def end() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return end

    # The world acts

    def plug_in(self, ready: bool = True, soc_percent: float | None = None) -> None:
        """Connect the car; nothing happens when it is connected.

        Args:
            ready: it will answer an offer; False: it stays in B until ``resume``.
            soc_percent: state of charge on arrival, 0 to 100; by default that of the options.
        """
        if soc_percent is not None and not 0 <= soc_percent <= 100:
            raise OptionError("soc", f"{soc_percent!r} is out of range (0 to 100%)")
        self.poll()
        self._pull_s = None
        if self._connected():
            self._react()
            return
        self._cable_in_station = True
        if not self._cable_in_car:
            self.car.arrive(ready, soc_percent)
        self._cable_in_car = True
        self.touch()

    def unplug(self, side: Side = "both") -> None:
        """Pull the cable, in any state.

        Args:
            side: ``ev``: the car's end, at once. ``station``: the station's end, as soon as the lock is open.
                ``both``: the car's end, then the station's once the lock is open, after ``pull_s`` at the earliest.
                With a fixed cable there is only the car's end, whatever ``side`` says.
        """
        if side not in ("ev", "station", "both"):
            raise OptionError("side", f"{side!r} is none of ev, station, both")
        self.poll()
        fixed = self._options.cable == "fixed"
        if not fixed and side != "ev" and self._cable_in_station:
            follows = side == "both" and self._cable_in_car
            self._pull_s = self._at_s + (self._options.pull_s if follows else 0.0)
        if fixed or side != "station":
            self._cable_in_car = False
        self.touch()

    def suspend(self) -> None:
        """The car pauses: S2 opens at once. Raises: Impossible: not plugged in."""
        self._need_car()
        self.car.suspended = True
        self._decide()

    def resume(self) -> None:
        """The car is ready and wants to go on: with an offer, S2 closes at once. Raises: Impossible: not plugged in."""
        self._need_car()
        self.car.ready, self.car.suspended = True, False
        self._decide()

    def not_ready(self) -> None:
        """The car is not ready for energy until ``resume``. Raises: Impossible: not plugged in."""
        self._need_car()
        self.car.ready = False
        self._decide()

    def set_occupied(self, occupied: bool) -> None:
        """Something parks here, or leaves."""
        self.poll()
        self._occupied = occupied
        self.touch()

    def power_cut(self) -> None:
        """The station loses its supply: no offer, contactor open (unless welded). Lock, car and register stay."""
        self.poll()
        self.pilot.offered_a = None
        self.contactor.drop()
        self.car.s2_closed = False
        self.touch()

    # Time

    def poll(self) -> None:
        """Bring everything up to now, and tell what changed on the way."""
        now_s = self._clock.now()
        if self.next_s is not None and self.next_s <= now_s:
            self._catch_up(now_s)
        if now_s > self._at_s:
            if self._flow_w is not None:
                self._flow(now_s)
            self._at_s = now_s

    def _catch_up(self, now_s: float) -> None:
        """Let happen what is due by now, in its order, and tell it."""
        while (due_s := self.next_s) is not None and due_s <= now_s:
            if due_s > self._at_s:
                self._flow(due_s)
            self._happen()
            self._react()
            self._tell()

    def next_change(self) -> float | None:
        """When something changes by itself, by the bay's clock; None: nothing does until someone acts."""
        return self.next_s

    def _foresee(self) -> float | None:
        """When the first of what is under way will be there."""
        pull_s, to_full_s = self._pull_s, None
        if pull_s is not None:
            pull_s = None if self.lock.locked else max(pull_s, self._at_s)
        if self._flow_w is not None and self.car.fills:
            to_full_s = self.car.time_to_full_s(self._flow_w)
        full_s = self._at_s + to_full_s if to_full_s is not None else None
        dues = (self.contactor.due_s, self.lock.due_s, self.car.due_s, pull_s, full_s)
        first_s = None
        for due_s in dues:
            if due_s is not None and (first_s is None or due_s < first_s):
                first_s = due_s
        return first_s

    def touch(self) -> None:
        """A part has changed, in a bay that is up to date: let the others react, and tell."""
        self._react()
        if self.next_s is not None and self.next_s <= self._at_s:
            self._catch_up(self._at_s)
        else:
            self._tell()

    def _connected(self) -> bool:
        return self._cable_in_car and self._cable_in_station

    def _flow(self, to_s: float) -> None:
        if self._flow_w is not None:
            self.meter.energy_wh += self.car.charge(self._flow_w, to_s - self._at_s)
        self._at_s = to_s

    def _happen(self) -> None:
        """Carry out what is due at ``at_s``."""
        at_s, car = self._at_s, self.car
        to_full_s = car.time_to_full_s(self._flow_w) if self._flow_w is not None else None
        if to_full_s is not None and to_full_s <= _FULL_WITHIN_S:
            car.fill()
        if car.due_s is not None and car.due_s <= at_s:
            car.due_s = None
            car.s2_closed = car.wants(self.pilot.offered_a)
        if self.contactor.due_s is not None and self.contactor.due_s <= at_s:
            self.contactor.move()
        if self.lock.due_s is not None and self.lock.due_s <= at_s:
            self.lock.move()
        if self._pull_s is not None and self._pull_s <= at_s and not self.lock.locked:
            self._pull_s = None
            self._cable_in_station = False

    def _react(self) -> None:
        """The car sees whether there is a pilot, and what it offers; what flows, and until when, follows from that."""
        car, offered_a = self.car, self.pilot.offered_a
        if not (self._cable_in_car and self._cable_in_station):
            car.s2_closed, car.due_s = False, None
        elif car.wants(offered_a) == car.s2_closed:
            car.due_s = None
        elif car.due_s is None and self._options.reaction_s <= 0:
            car.s2_closed = not car.s2_closed
        elif car.due_s is None:
            car.due_s = self._at_s + self._options.reaction_s
        flows = self.contactor.closed and car.s2_closed and offered_a is not None and offered_a >= MIN_CURRENT_A
        self._flow_w = self._limit_w() if flows else None
        self.next_s = self._foresee()

    def _decide(self) -> None:
        """The car acts by its own decision, without the time it needs to see an offer."""
        self.car.due_s = None
        self.car.s2_closed = self.car.wants(self.pilot.offered_a)
        self.touch()

    def _need_car(self) -> None:
        self.poll()
        if not self._connected():
            raise Impossible("no car is plugged in", "plug_in comes first")

    # Energy

    def _limit_w(self) -> float:
        """What offer, EVSE, cable and phases allow."""
        return min(self.pilot.offered_a or 0.0, self._ceiling_a) * self._options.voltage_v * self._used

    # Telling

    def _state(self, part: Told) -> Any:
        if part == "pilot":
            return self.pilot_state()
        if part == "contactor":
            return self.contactor.state()
        return self.lock.state() if part == "lock" else BayState(self._occupied)

    def _tell(self) -> None:
        if not self._listeners:
            return
        # One part after the other, compared at its turn: a callback that acts on the bay comes back in here.
        for part, shown in _SHOWN:
            now, (before, told) = shown(self), self._told[part]
            if now == before:
                continue
            state = self._state(part)
            self._told[part] = now, state
            for wanted, callback in self._listeners if state != told else ():
                if wanted is None or wanted == part:
                    callback(state)


_SHOWN: tuple[tuple[Told, Callable[[Any], Any]], ...] = (
    ("pilot", attrgetter("_cable_in_car", "_cable_in_station", "car.s2_closed")),
    ("contactor", attrgetter("contactor.commanded", "contactor.closed", "contactor.due_s")),
    ("lock", attrgetter("lock.commanded", "lock.locked", "lock.due_s")),
    ("bay", attrgetter("_occupied")),
)
"""What the state of each part follows from: compared at every touch, and quicker to look at than states are to make."""
