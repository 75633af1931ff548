"""The devices of one EVSE, as events for the core and effects from it.

Here everything is simulated: one ``drivers.sim.Bay``, which tells its changes by itself; nothing has a thread, a timer
or a task. Real devices, and those that programs bring, are ``host.outside``'s; what the core hears is the same.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from drivers import api
from drivers.sim.bay import Bay
from drivers.sim.meter import GRID_HZ
from station.core import effects, events, hardware_faults
from station.core.effects import Effect
from station.core.events import Event
from station.core.meter import Gauge
from station.core.values import IdToken, Moment, Pilot, Reading
from station.host.readings import Doubts, Taken, checked_reading, core_reading
from station.host.worker import Worker

log = logging.getLogger(__name__)

Feed = Callable[..., None]
"""Takes the events of one moment, in order."""
LOOKED_AT = ("contactor", "pilot", "lock")
PARTS = (*LOOKED_AT, "meter")
NONE: frozenset[str] = frozenset()
_PILOTS = {pilot.value: pilot for pilot in Pilot}
NO_FAULT = frozenset({"indicator", "button"})
"""Parts without which a car charges as well: their loss is a line in the log."""

OCMF_KINDS = {"eMAID": "EMAID", "Central": "CENTRAL", "Local": "LOCAL", "KeyCode": "KEY_CODE"}
"""The types of tokens for which OCMF (table 11) has another spelling."""


class EvseHardware:
    """Carries out effects on an EVSE's devices and feeds what they show.

    Args:
        evse: its number.
        bay: its parts.
        connectors: the connectors' numbers within the EVSE.

    ``outside`` are the parts that are not the bay's; ``look_s`` is when those that do no I/O are to be looked at
    next, in station time.
    """

    __slots__ = (
        "_contactor_seen",
        "_counts_sessions",
        "_doubts",
        "_feed",
        "_lock_seen",
        "_lost",
        "_offered_a",
        "_pilot_seen",
        "_power_w",
        "_session_reading",
        "bay",
        "connector",
        "connectors",
        "evse",
        "plugged_connector",
    )

    outside: frozenset[str] = NONE
    look_s: float | None = None

    def __init__(self, evse: int, bay: Bay, connectors: tuple[int, ...]) -> None:
        self.evse = evse
        self.bay = bay
        self.connectors = connectors
        self.connector = connectors[0]
        self.plugged_connector = connectors[0]
        self._feed: Feed = nobody
        self._offered_a: float | None = None
        self._contactor_seen: api.ContactorState | None = None
        self._lock_seen: api.LockState | None = None
        self._pilot_seen: api.PilotState | None = None
        self._session_reading: Taken | None = None
        self._lost: frozenset[str] = NONE
        self._doubts: Doubts | None = None
        self._power_w = 0.0
        self._counts_sessions = bay.meter.keeps_sessions
        self.bay.watch(self)

    @property
    def public_key(self) -> str:
        """The key of the meter's signatures, ``oca:base16:asn1:<hex>``; empty where it signs nothing or has none."""
        return self.bay.meter.public_key if self._counts_sessions else ""

    @property
    def unread(self) -> bool:
        """Whether a part that says whether power may be offered was not looked at yet in this boot."""
        return False

    def attach(self, feed: Feed) -> None:
        """From now on a (new) core listens; it is told what the devices show at this moment."""
        self._feed = feed
        self._contactor_seen = self._lock_seen = self._pilot_seen = None
        if self._lost:
            self._lost &= self.outside  # what is simulated is asked now, and its loss is news to this core
        self._offered_a = None
        self.bay.poll()
        for part in LOOKED_AT:
            if part not in self.outside:
                self._look_at(part)
        if "meter" not in self.outside:
            self.carry_out(effects.ReadMeter(self.evse))

    def _look_at(self, part: str) -> None:
        try:
            state = getattr(self.bay, part).read()
        except api.DriverError as error:
            self.device_failed(part, error)
        else:
            self.saw(part, state)

    def detach(self) -> None:
        """Nobody listens (the station is down): no power."""
        self._feed = nobody

    def release(self) -> Sequence[Worker]:
        """Give every device back, the contactor first; the threads that end by it are to be waited for."""
        self.detach()
        for part in PARTS:
            if part not in self.outside:
                with contextlib.suppress(Exception):
                    getattr(self.bay, part).release()
        return ()

    def power_w(self) -> float:
        """The power at this moment, where the meter can say so at once; else that of the last look."""
        if "meter" not in self.outside:
            with contextlib.suppress(Exception):
                self._power_w = self.bay.meter.read().power_w or 0.0
        return self._power_w

    # Time

    def poll(self) -> None:
        """Bring the bay up to date; its parts tell by themselves."""
        self.bay.poll()

    def next_change(self) -> float | None:
        """When ``poll`` is wanted next, in station time."""
        return self.bay.next_s

    # What devices show

    def saw(self, part: str, state: Any) -> None:
        """A device shows this; what was not so before is fed."""
        if self._lost:
            self._answers(part)
        if part == "contactor":
            before, self._contactor_seen = self._contactor_seen, state
            if before is None or before.closed != state.closed:
                self._feed(events.ContactorMoved(self.evse, state.closed))
        elif part == "lock":
            if state != self._lock_seen:
                self._lock_seen = state
                self._saw_lock(state)
        elif part == "pilot":
            self._saw_pilot(state)
        else:
            self._feed(events.BayChanged(self.evse, state.occupied))

    bay_shows = saw
    """A part of the bay, or the bay, shows something else than before."""

    def _saw_pilot(self, state: api.PilotState) -> None:
        before, self._pilot_seen = self._pilot_seen, state
        cable_moved = before is None or before.cable_present != state.cable_present
        pilot_moved = before is None or before.state != state.state
        happened: list[Event] = []
        elsewhere = pilot_moved and state.state != "A" and self.connector != self.plugged_connector
        if state.cable_present and (cable_moved or elsewhere):
            # Cables that are fixed do not move: the car tells at which of them it is.
            self.connector = self.plugged_connector
            happened.append(events.CableChanged(self.evse, self.connector, True, state.cable_limit_a))
        if pilot_moved:
            happened.append(events.PilotChanged(self.evse, _PILOTS[state.state]))
        if cable_moved and not state.cable_present:
            happened.append(events.CableChanged(self.evse, self.connector, False))
        if happened:
            self._feed(*happened)

    def _saw_lock(self, state: api.LockState) -> None:
        failed = state.fault is not None and state.commanded != state.locked
        self._feed(events.LockMoved(self.evse, self.connector, state.locked, failed))

    def device_failed(self, part: str, error: Exception) -> None:
        """A device does not answer: a fault, until it does. A reading that did not come is none."""
        if part == "meter":
            self._feed(events.MeterRead(self.evse, None))
        if part not in self._lost and not isinstance(error, api.NoReading):
            self._lost |= {part}
            self._lament(part, error)
            if part not in NO_FAULT:
                self._feed(hardware_faults.raised(self.evse, f"{part}_lost"))

    def _lament(self, part: str, error: Exception) -> None:
        """A device is lost; once for each loss."""
        log.warning("EVSE %d: the %s failed: %s", self.evse, part, _said(error))

    def _answers(self, part: str) -> None:
        """A device answers, again."""
        if part in self._lost:
            self._lost -= {part}
            log.info("EVSE %d: the %s answers again", self.evse, part)
            if part not in NO_FAULT:
                self._feed(hardware_faults.cleared(self.evse, f"{part}_lost"))

    def meter_answered(self, taken: Taken) -> None:
        """The meter was read."""
        self._answers("meter")
        bad: list[str] = []
        reading = core_reading(taken, self._offered_a or 0.0, bad)
        self._power_w = (reading.power_w or 0.0) if reading is not None else 0.0
        if bad and self._doubts is None:
            self._doubts = Doubts(self.evse)
        if self._doubts is not None:
            self._doubts.judge(bad)
        self._feed(events.MeterRead(self.evse, reading))

    # What the core wants

    def carry_out(self, effect: Effect) -> None:
        """Do it; a device that fails becomes a fault."""
        part, act = SIMULATED[type(effect)]
        try:
            act(self, effect)
        except api.DriverError as error:
            self.device_failed(part, error)

    def _read_meter(self, effect: effects.ReadMeter) -> None:
        meter = self.bay.meter
        if effect.signed and self._counts_sessions:
            self.meter_answered(Taken(meter.read_signed(), Moment.UPDATE))
            return
        if self._session_reading is not None:
            taken, self._session_reading = self._session_reading, None
            self.meter_answered(taken)
            return
        reading = self.reading()
        if reading is not None:
            self._feed(events.MeterRead(self.evse, reading))
        else:
            self.meter_answered(Taken(meter.read()))

    @property
    def gauge(self) -> Gauge | None:
        """The meter, where the core may read it within a turn: one that is simulated and knows no sessions."""
        return None if self._counts_sessions else self

    def reading(self) -> Reading | None:
        """What a simulated meter shows now; None where a device is lost: that it is, or is no more, is told first."""
        if self._lost:
            return None
        try:
            energy_wh, self._power_w, current_a, voltage_v, soc_percent = self.bay.meter.values()
        except api.DriverError:
            return None
        # What a simulated meter says needs no check but the core's own.
        offered_a = self._offered_a or 0.0
        return Reading(energy_wh, self._power_w, current_a, voltage_v, soc_percent, GRID_HZ, offered_a=offered_a)

    def _switch(self, effect: effects.OpenContactor | effects.CloseContactor) -> None:
        self.bay.contactor.set_power(type(effect) is effects.CloseContactor)

    def _offer(self, effect: effects.OfferCurrent) -> None:
        self._offered_a = effect.current_a
        self.bay.pilot.offer(effect.current_a)

    def _move_lock(self, effect: effects.MoveLock) -> None:
        lock, before = self.bay.lock, self._lock_seen
        lock.set_locked(effect.locked)
        if self._lock_seen is before:  # It has not told already: it is where it was, and that is the answer.
            self._lock_answered(lock.read())

    def _lock_answered(self, state: api.LockState) -> None:
        if state == self._lock_seen:
            self._saw_lock(state)
        else:
            self.saw("lock", state)

    def _session(self, effect: effects.MeterSession) -> None:
        if self._counts_sessions:
            self._session_reading = session_reading(effect, self.bay.meter)


def session_reading(effect: effects.MeterSession, meter: Any) -> Taken:
    """Begin or end the meter's session; what it shows then."""
    token = effect.token or IdToken("", "NONE")
    kind = OCMF_KINDS.get(token.type, token.type)
    read = meter.begin_session(token.value, kind) if effect.begins else meter.end_session()
    return Taken(checked_reading(read), Moment.BEGIN if effect.begins else Moment.END)


SIMULATED: dict[type[Any], tuple[str, Callable[[EvseHardware, Any], None]]] = {
    effects.OpenContactor: ("contactor", EvseHardware._switch),
    effects.CloseContactor: ("contactor", EvseHardware._switch),
    effects.OfferCurrent: ("pilot", EvseHardware._offer),
    effects.MoveLock: ("lock", EvseHardware._move_lock),
    effects.ReadMeter: ("meter", EvseHardware._read_meter),
    effects.MeterSession: ("meter", EvseHardware._session),
}
"""The part of the bay that carries an effect out, and how."""


def _said(error: Exception) -> str:
    """An error in one line, with what to do about it."""
    if isinstance(error, api.DriverError):
        return f"{error.message} ({error.hint})" if error.hint else error.message
    return repr(error)


def nobody(*happened: Event) -> None:
    """Listens to nothing."""
    del happened
