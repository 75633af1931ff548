"""A charging bay: car, cable, socket and the devices of one EVSE, tied together by physics.

The world outside acts by verbs (``plug_in``, ``unplug``, ``suspend`` ...), the station by the devices (``pilot``,
``contactor``, ``meter``, ``lock``). Whoever asks anything sees the state as of now: changes that were due meanwhile
(the car answers, contacts arrive, the battery fills) happen in their order first, each with the energy that flowed
before it. A host asks ``next_change`` after each action and calls ``poll`` then.

Callbacks run inside the call that found the change; they should only queue. One thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from drivers.api import Clock, DriverError, OptionError, PilotLetter, PilotState
from drivers.clock import SYSTEM
from drivers.sim.car import MIN_CURRENT_A, Car
from drivers.sim.config import BayOptions
from drivers.sim.devices import SimContactor, SimLock, SimPilot
from drivers.sim.meter import Flows, SimMeter, utc_now
from drivers.sim.telling import FREE, TAKEN, Subscriber, Told, Watcher

Side = Literal["ev", "station", "both"]

_FULL_WITHIN_S = 1e-3
# Frozen, and of few kinds: all bays, also those of other threads, share them, and equal ones are the same object.
_PILOT_STATES: dict[tuple[PilotLetter, float | None, bool], PilotState] = {}


class Impossible(DriverError):
    """The world cannot do that: a car that is not there does not pause."""


def _flows(power_w: float, used: int, phases: int, voltage_v: float, soc_percent: float | None = None) -> Flows:
    """What flows where ``used`` of the wired phases take a power."""
    currents_a = (power_w / (used * voltage_v),) * used + (0.0,) * (phases - used)
    return power_w, currents_a, (voltage_v,) * phases, soc_percent


_steady_flows = lru_cache(maxsize=256)(_flows)


class Bay:
    """See the module. ``car`` is for looking at; act by the verbs.

    Attributes:
        at_s: the time up to which everything is known, by the bay's clock.
        next_s: what ``next_change`` answers.
        steady: what flows, where that stays the same until somebody acts; None: ``measure`` it.
    """

    __slots__ = (
        "_cable_in_car",
        "_cable_in_station",
        "_ceiling_a",
        "_clock",
        "_contactor_told",
        "_flow_w",
        "_lock_told",
        "_options",
        "_pilot_shows",
        "_pilot_told",
        "_pull_s",
        "_space",
        "_space_told",
        "_used",
        "_watchers",
        "at_s",
        "car",
        "contactor",
        "lock",
        "meter",
        "next_s",
        "pilot",
        "steady",
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
        self.at_s = self._clock.now()
        self._watchers: tuple[Watcher, ...] = ()
        self._space = FREE
        self._pull_s: float | None = None
        self._flow_w: float | None = None
        self.next_s: float | None = None
        self.steady: Flows | None = None
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
        self._react()
        self._foresee()
        self._remember()

    # Looking

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
        return self._space.occupied

    def pilot_state(self) -> PilotState:
        """What pilot and proximity show, as of ``at_s``."""
        return self._pilot_shows

    def measure(self) -> Flows:
        """What flows at this moment (``at_s``)."""
        options, flow_w = self._options, self._flow_w
        power_w = self.car.power_w(flow_w) if flow_w is not None else 0.0
        soc_percent = self.car.soc_percent if self._connected() else None
        return _flows(power_w, self._used, options.phases, options.voltage_v, soc_percent)

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new PilotState, ContactorState, LockState and BayState; returns how to end that."""
        return self.watch(Subscriber(callback, None))

    def listen(self, part: Told, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each new state of one part; returns how to end that."""
        return self.watch(Subscriber(callback, part))

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell each new state of every part; returns how to end that."""
        self.poll()
        if not self._watchers:
            self._remember()
        self._watchers = (*self._watchers, watcher)

        def end() -> None:
            self._watchers = tuple(other for other in self._watchers if other is not watcher)

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
            self._foresee()
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
            self._pull_s = self.at_s + (self._options.pull_s if follows else 0.0)
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
        self._space = TAKEN if occupied else FREE
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
        if now_s > self.at_s:
            if self._flow_w is not None:
                self.meter.energy_wh += self.car.charge(self._flow_w, now_s - self.at_s)
            self.at_s = now_s

    def _catch_up(self, now_s: float) -> None:
        """Let happen what is due by now, in its order, and tell it."""
        while (due_s := self.next_s) is not None and due_s <= now_s:
            if due_s > self.at_s:
                if self._flow_w is not None:
                    self.meter.energy_wh += self.car.charge(self._flow_w, due_s - self.at_s)
                self.at_s = due_s
            self._happen()
            self._react()
            self._foresee()
            self._tell()

    def next_change(self) -> float | None:
        """When something changes by itself, by the bay's clock; None: nothing does until someone acts."""
        return self.next_s

    def touch(self) -> None:
        """What the car sees has changed, in a bay that is up to date: let it react, and tell."""
        self._react()
        self.switched()

    def switched(self) -> None:
        """Contactor or lock has changed, in a bay that is up to date: what flows is another, and tell."""
        self._foresee()
        if self.next_s is not None and self.next_s <= self.at_s:
            self._catch_up(self.at_s)
        else:
            self._tell()

    def _connected(self) -> bool:
        return self._cable_in_car and self._cable_in_station

    def _happen(self) -> None:
        """Carry out what is due at ``at_s``."""
        at_s, car = self.at_s, self.car
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
        """The car sees whether there is a pilot, and what it offers; it sees neither contactor nor lock."""
        car, offered_a, options = self.car, self.pilot.offered_a, self._options
        plugged = self._cable_in_car and self._cable_in_station
        if not plugged:
            car.s2_closed, car.due_s = False, None
        elif car.wants(offered_a) == car.s2_closed:
            car.due_s = None
        elif car.due_s is None and options.reaction_s <= 0:
            car.s2_closed = not car.s2_closed
        elif car.due_s is None:
            car.due_s = self.at_s + options.reaction_s
        letter: PilotLetter = "A" if not plugged else "C" if car.s2_closed else "B"
        limited = self._cable_in_station and options.cable == "socket"
        limit_a = options.pilot.cable_limit_a if limited else None
        key = letter, limit_a, self._cable_in_station
        self._pilot_shows = _PILOT_STATES.get(key) or _PILOT_STATES.setdefault(key, PilotState(*key))

    def _foresee(self) -> None:
        """What flows as all parts stand, and when the first of what is under way will be there."""
        car, offered_a, options = self.car, self.pilot.offered_a, self._options
        flow_w = None
        if self.contactor.closed and car.s2_closed and offered_a is not None and offered_a >= MIN_CURRENT_A:
            # What offer, EVSE, cable and phases allow.
            flow_w = min(offered_a, self._ceiling_a) * options.voltage_v * self._used
        self._flow_w, self.steady = flow_w, None
        first_s = car.due_s
        if car.battery_wh is None:
            power_w = car.power_w(flow_w) if flow_w is not None else 0.0
            self.steady = _steady_flows(power_w, self._used, options.phases, options.voltage_v)
        elif flow_w is not None:
            to_full_s = car.time_to_full_s(flow_w)
            if to_full_s is not None and (first_s is None or self.at_s + to_full_s < first_s):
                first_s = self.at_s + to_full_s
        if self._pull_s is not None and not self.lock.locked:
            pull_s = max(self._pull_s, self.at_s)
            first_s = pull_s if first_s is None or pull_s < first_s else first_s
        for due_s in (self.contactor.due_s, self.lock.due_s):
            if due_s is not None and (first_s is None or due_s < first_s):
                first_s = due_s
        self.next_s = first_s

    def _decide(self) -> None:
        """The car acts by its own decision, without the time it needs to see an offer."""
        self.car.due_s = None
        self.car.s2_closed = self.car.wants(self.pilot.offered_a)
        self.touch()

    def _need_car(self) -> None:
        self.poll()
        if not self._connected():
            raise Impossible("no car is plugged in", "plug_in comes first")

    # Telling

    def _remember(self) -> None:
        """Nobody needs to be told what is so already."""
        self._pilot_told = self._pilot_shows
        self._contactor_told = self.contactor.shows
        self._lock_told = self.lock.shows
        self._space_told = self._space

    def _tell(self) -> None:
        # One part after the other, looked at in its turn: whoever hears of it may act on the bay and comes in here.
        # States that are equal are the same object.
        if not self._watchers:
            return
        if (pilot := self._pilot_shows) is not self._pilot_told:
            self._pilot_told = pilot
            for watcher in self._watchers:
                watcher.bay_shows("pilot", pilot)
        if (contactor := self.contactor.shows) is not self._contactor_told:
            self._contactor_told = contactor
            for watcher in self._watchers:
                watcher.bay_shows("contactor", contactor)
        if (lock := self.lock.shows) is not self._lock_told:
            self._lock_told = lock
            for watcher in self._watchers:
                watcher.bay_shows("lock", lock)
        if (space := self._space) is not self._space_told:
            self._space_told = space
            for watcher in self._watchers:
                watcher.bay_shows("bay", space)
