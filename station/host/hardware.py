"""The devices of one EVSE, as events for the core and effects from it.

Here everything is simulated: one ``drivers.sim.Bay``, which tells its changes by itself; nothing has a thread, a timer
or a task. Real devices, and those that programs bring, are ``host.outside``'s; what the core hears is the same.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from drivers import api
from drivers.sim.bay import Bay, BayState
from station.core import effects, events, hardware_faults
from station.core.effects import Effect
from station.core.events import Event
from station.core.values import IdToken, Moment, Pilot
from station.host.readings import Doubts, Taken, checked_reading, core_reading
from station.host.slot import as_driver_error
from station.host.worker import Order, Worker

log = logging.getLogger(__name__)

Feed = Callable[[Event], None]
LOOKED_AT = ("contactor", "pilot", "lock")
PARTS = (*LOOKED_AT, "meter")
NONE: frozenset[str] = frozenset()
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

    ``outside`` are the parts that are not the bay's.
    """

    __slots__ = (
        "_counts_sessions",
        "_doubts",
        "_feed",
        "_lost",
        "_offered_a",
        "_power_w",
        "_seen",
        "_session_reading",
        "bay",
        "connector",
        "connectors",
        "evse",
        "plugged_connector",
    )

    outside: frozenset[str] = NONE

    def __init__(self, evse: int, bay: Bay, connectors: tuple[int, ...]) -> None:
        self.evse = evse
        self.bay = bay
        self.connectors = connectors
        self.connector = connectors[0]
        self.plugged_connector = connectors[0]
        self._feed: Feed = nobody
        self._offered_a: float | None = None
        self._seen: dict[str, Any] = {}
        self._session_reading: Taken | None = None
        self._lost: frozenset[str] = NONE
        self._doubts: Doubts | None = None
        self._power_w = 0.0
        self._counts_sessions = self._knows_sessions(bay.meter)
        self.bay.subscribe(self._bay_changed)

    @staticmethod
    def _knows_sessions(meter: Any) -> bool:
        return isinstance(meter, api.SessionMeter)

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
        self._seen.clear()
        self._lost &= self.outside  # what is simulated is asked now, and its loss is news to this core
        self._offered_a = None
        self.bay.poll()
        for part in LOOKED_AT:
            if part not in self.outside:
                device, failed = getattr(self.bay, part), partial(self.device_failed, part)
                self._do(Order(_read, partial(self.saw, part), failed), device)
        if "meter" not in self.outside:
            self.carry_out(effects.ReadMeter(self.evse))

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
        return self.bay.next_change()

    # What devices show

    def _bay_changed(self, state: Any) -> None:
        outside = self.outside
        if isinstance(state, api.PilotState) and "pilot" not in outside:
            self.saw("pilot", state)
        elif isinstance(state, api.ContactorState) and "contactor" not in outside:
            self.saw("contactor", state)
        elif isinstance(state, api.LockState) and "lock" not in outside:
            self.saw("lock", state)
        elif isinstance(state, BayState):
            self._feed(events.BayChanged(self.evse, state.occupied))

    def saw(self, part: str, state: Any) -> None:
        """A device shows this; what was not so before is fed."""
        self._answers(part)
        before, self._seen[part] = self._seen.get(part), state
        if isinstance(state, api.ContactorState):
            if before is None or before.closed != state.closed:
                self._feed(events.ContactorMoved(self.evse, state.closed))
        elif isinstance(state, api.PilotState):
            self._saw_pilot(before, state)
        elif isinstance(state, api.LockState) and (before is None or before != state):
            self._saw_lock(state)

    def _saw_pilot(self, before: Any, state: api.PilotState) -> None:
        cable_moved = before is None or before.cable_present != state.cable_present
        pilot_moved = before is None or before.state != state.state
        elsewhere = pilot_moved and state.state != "A" and self.connector != self.plugged_connector
        if state.cable_present and (cable_moved or elsewhere):
            # Cables that are fixed do not move: the car tells at which of them it is.
            self.connector = self.plugged_connector
            self._feed(events.CableChanged(self.evse, self.connector, True, state.cable_limit_a))
        if pilot_moved:
            self._feed(events.PilotChanged(self.evse, Pilot(state.state)))
        if cable_moved and not state.cable_present:
            self._feed(events.CableChanged(self.evse, self.connector, False))

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
        part, act, then = self._work(effect)
        self._do(Order(act, then, partial(self.device_failed, part)), getattr(self.bay, part))

    @staticmethod
    def _do(order: Order, device: Any) -> None:
        try:
            result = order.act(device)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # SystemExit or CancelledError from a device is its loss, not the end of the loop.
            order.failed(error if isinstance(error, Exception) else as_driver_error(error))
        else:
            order.then(result)

    def _work(self, effect: Effect) -> tuple[str, Callable[[Any], Any], Callable[[Any], None]]:
        """The part, what is done with it, and what is done with what that gives."""
        if isinstance(effect, effects.ReadMeter):  # first: by far the most frequent
            return "meter", partial(self._read_meter, effect.signed), self.meter_answered
        if isinstance(effect, (effects.OpenContactor, effects.CloseContactor)):
            return "contactor", *self._switch(isinstance(effect, effects.CloseContactor))
        if isinstance(effect, effects.OfferCurrent):
            self._offered_a = effect.current_a
            return "pilot", self._offer, ignore
        if isinstance(effect, effects.MoveLock):
            return "lock", *self._move_lock(effect.locked)
        if isinstance(effect, effects.MeterSession):
            return "meter", partial(self._session, effect), ignore
        raise TypeError(f"no device carries out {type(effect).__name__}")

    def _switch(self, on: bool) -> tuple[Callable[[Any], Any], Callable[[Any], None]]:
        return lambda contactor: contactor.set_power(on), ignore

    def _offer(self, pilot: Any) -> None:
        # What is to be offered now: an offer that waited for a device that hung may be stale.
        pilot.offer(self._offered_a)

    def _move_lock(self, locked: bool) -> tuple[Callable[[Any], Any], Callable[[Any], None]]:
        def act(lock: Any) -> Any:
            lock.set_locked(locked)
            return lock.read()

        return act, self._lock_moved

    def _lock_moved(self, state: api.LockState) -> None:
        if state == self._seen.get("lock"):
            self._saw_lock(state)
        else:
            self.saw("lock", state)

    def _session(self, effect: effects.MeterSession, meter: Any) -> None:
        if self._counts_sessions:
            token = effect.token or IdToken("", "NONE")
            kind = OCMF_KINDS.get(token.type, token.type)
            read = meter.begin_session(token.value, kind) if effect.begins else meter.end_session()
            self._session_reading = Taken(checked_reading(read), Moment.BEGIN if effect.begins else Moment.END)

    def _read_meter(self, signed: bool, meter: Any) -> Taken:
        if signed and self._counts_sessions:
            return Taken(checked_reading(meter.read_signed()), Moment.UPDATE)
        taken, self._session_reading = self._session_reading, None
        return taken if taken is not None else Taken(checked_reading(meter.read()))


def _said(error: Exception) -> str:
    """An error in one line, with what to do about it."""
    if isinstance(error, api.DriverError):
        return f"{error.message} ({error.hint})" if error.hint else error.message
    return repr(error)


def nobody(event: Event) -> None:
    """Listens to nothing."""
    del event


def ignore(result: object) -> None:
    """Of no interest."""
    del result


def _read(device: Any) -> Any:
    return device.read()
