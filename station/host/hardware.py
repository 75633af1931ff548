"""The devices of one EVSE, as events for the core and effects from it.

A simulated part lives in a ``drivers.sim.Bay`` and tells its changes by itself. A device from outside that blocks has
a thread of its own (``host.worker``); one that does no I/O is polled on the loop. What the core hears is the same.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from drivers import api
from drivers.sim.bay import Bay, BayState
from station.core import effects, events
from station.core.effects import Effect
from station.core.events import Event
from station.core.values import Fault, IdToken, Moment, Pilot, Reading, SignedData
from station.host.worker import HandOver, Look, Order, Worker

log = logging.getLogger(__name__)

Feed = Callable[[Event], None]
_POLL_S = 0.2
_METER_POLL_S = 1.0
LOOKED_AT = ("contactor", "pilot", "lock")
PARTS = (*LOOKED_AT, "meter")
NONE: frozenset[str] = frozenset()
ALL = frozenset(PARTS)


@dataclass(slots=True)
class Devices:
    """What works an EVSE. ``outside`` names the parts that are not the bay's."""

    bay: Bay
    pilot: Any
    contactor: Any
    meter: Any
    lock: Any
    outside: frozenset[str] = frozenset()

    @classmethod
    def of(cls, bay: Bay, given: dict[str, Any]) -> Devices:
        """The bay's parts, but for those that are given."""
        return cls(
            bay,
            given.get("pilot", bay.pilot),
            given.get("contactor", bay.contactor),
            given.get("meter", bay.meter),
            given.get("lock", bay.lock),
            frozenset(given) if given else NONE,
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A reading, and which of the meter's session functions made it; None is a plain one."""

    reading: api.Reading
    moment: Moment | None = None


def core_reading(taken: Taken, offered_a: float | None) -> Reading | None:
    """A driver's reading in the core's words; None where it has no register."""
    reading = taken.reading
    if reading.energy_wh is None:
        return None
    signed = {made.context == "begin": _signed(made) for made in reading.signed}
    return Reading(
        energy_wh=reading.energy_wh,
        power_w=reading.power_w,
        current_a=reading.current_a or (),
        voltage_v=reading.voltage_v or (),
        soc_percent=reading.soc_percent,
        frequency_hz=reading.frequency_hz,
        export_wh=reading.energy_export_wh,
        temperature_c=reading.temperature_c,
        signed=signed.get(False),
        signed_begin=signed.get(True),
        moment=taken.moment,
        offered_a=offered_a,
    )


def _signed(made: api.SignedReading) -> SignedData:
    return SignedData(made.text, made.method, made.encoding, made.public_key)


OCMF_KINDS = {"eMAID": "EMAID", "Central": "CENTRAL", "Local": "LOCAL", "KeyCode": "KEY_CODE"}
"""The types of tokens for which OCMF (table 11) has another spelling."""


class EvseHardware:
    """Carries out effects on an EVSE's devices and feeds what they show.

    Args:
        evse: its number.
        devices: its parts.
        connectors: the connectors' numbers within the EVSE.
        hand_over: brings a call into the loop's thread.
    """

    def __init__(self, evse: int, devices: Devices, connectors: tuple[int, ...], hand_over: HandOver) -> None:
        self.evse = evse
        self.devices = devices
        self.bay = devices.bay
        self.connectors = connectors
        self.connector = connectors[0]
        self.plugged_connector = connectors[0]
        self._feed: Feed = _nobody
        self._offered_a: float | None = None
        self._seen: dict[str, Any] = {}
        self._session_reading: Taken | None = None
        self._lost: frozenset[str] = NONE
        self._power_wanted = False
        self._look_due_s = devices.bay.at_s
        self._power_w = 0.0
        instant = frozenset(part for part in PARTS if _instant(getattr(devices, part)))
        self.instant = ALL if instant == ALL else instant
        self._polled_here = bool(devices.outside & self.instant)
        self._counts_sessions = isinstance(devices.meter, api.SessionMeter)
        self._workers = self._make_workers(hand_over) if self.instant is not ALL else {}
        self.bay.subscribe(self._bay_changed)

    @property
    def public_key(self) -> str:
        """The key of the meter's signatures, ``oca:base16:asn1:<hex>``; empty where it signs nothing or has none."""
        return self.devices.meter.public_key if self._counts_sessions else ""

    @property
    def polled_meter(self) -> bool:
        """Whether the meter is read regularly, whoever asks."""
        return "meter" not in self.instant

    def attach(self, feed: Feed) -> None:
        """From now on a (new) core listens; it is told what the devices show at this moment."""
        self._feed = feed
        self._seen.clear()
        self._offered_a = None
        self.bay.poll()
        self._look_at(*LOOKED_AT)
        if "meter" in self.instant:
            self.carry_out(effects.ReadMeter(self.evse))

    def detach(self) -> None:
        """Nobody listens (the station is down): no power."""
        self._feed = _nobody
        if "contactor" in self.devices.outside:
            self.carry_out(effects.OpenContactor(self.evse))

    def release(self) -> None:
        """Give every device back, the contactor first."""
        self.detach()
        workers = dict.fromkeys(self._workers.values())
        for worker in workers:
            worker.stop()
        for part in PARTS:
            if part in self.instant:
                with contextlib.suppress(Exception):
                    getattr(self.devices, part).release()
        for worker in workers:
            worker.join()

    def power_w(self) -> float:
        """The power at this moment, where the meter can say so at once; else that of the last look."""
        if "meter" in self.instant:
            with contextlib.suppress(Exception):
                self._power_w = self.devices.meter.read().power_w or 0.0
        return self._power_w

    # Time

    def poll(self) -> None:
        """Look at everything that may be looked at on the loop; the bay's own parts tell by themselves."""
        self.bay.poll()
        if self.devices.outside:
            self._look_due_s = self.bay.at_s + _POLL_S
            self._look_at(*(part for part in LOOKED_AT if part in self.devices.outside))

    def _look_at(self, *parts: str) -> None:
        for part in parts:
            if part in self.instant:
                self._do(Order(partial(self._look, part), partial(self.saw, part), partial(self.device_failed, part)))

    def next_change(self) -> float | None:
        """When ``poll`` is wanted next, in station time."""
        change = self.bay.next_change()
        if self._polled_here:
            return self._look_due_s if change is None else min(change, self._look_due_s)
        return change

    # What devices show

    def _bay_changed(self, state: Any) -> None:
        outside = self.devices.outside
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
        """A device does not answer: a fault, until it does."""
        if part == "meter":
            self._feed(events.MeterRead(self.evse, None))
        if part not in self._lost:
            self._lost |= {part}
            log.warning("EVSE %d: the %s failed: %r", self.evse, part, error)
            self._feed(events.FaultRaised(self.evse, _LOST[part], f"{part} lost"))

    def _answers(self, part: str) -> None:
        """A device answers, again."""
        if part in self._lost:
            self._lost -= {part}
            self._feed(events.FaultCleared(self.evse, _LOST[part]))

    def meter_answered(self, taken: Taken) -> None:
        """The meter was read."""
        self._answers("meter")
        self._power_w = taken.reading.power_w or 0.0
        self._feed(events.MeterRead(self.evse, core_reading(taken, self._offered_a or 0.0)))

    # What the core wants

    def carry_out(self, effect: Effect) -> None:
        """Do it, on the loop or in the device's thread; a device that fails becomes a fault."""
        part, act, then = self._work(effect)
        order = Order(act, then, partial(self.device_failed, part))
        worker = self._workers.get(part)
        if worker is None:
            self._do(order)
        else:
            worker.submit(order, urgent=isinstance(effect, effects.OpenContactor))

    @staticmethod
    def _do(order: Order) -> None:
        try:
            result = order.act()
        except Exception as error:
            order.failed(error)
        else:
            order.then(result)

    def _work(self, effect: Effect) -> tuple[str, Callable[[], Any], Callable[[Any], None]]:
        """The part, what is done with it, and what is done with what that gives."""
        if isinstance(effect, effects.ReadMeter):  # first: by far the most frequent
            return "meter", partial(self._read_meter, effect.signed), self.meter_answered
        if isinstance(effect, (effects.OpenContactor, effects.CloseContactor)):
            return "contactor", *self._switch(isinstance(effect, effects.CloseContactor))
        if isinstance(effect, effects.OfferCurrent):
            self._offered_a = effect.current_a
            if "pilot" in self.devices.outside:
                self.bay.pilot.offer(effect.current_a)
            return "pilot", lambda: self.devices.pilot.offer(effect.current_a), _ignore
        if isinstance(effect, effects.MoveLock):
            return "lock", partial(self._move_lock, effect), self._lock_moved
        if isinstance(effect, effects.MeterSession):
            return "meter", partial(self._session, effect), _ignore
        raise TypeError(f"no device carries out {type(effect).__name__}")

    def _switch(self, on: bool) -> tuple[Callable[[], Any], Callable[[Any], None]]:
        self._power_wanted = on
        contactor = self.devices.contactor
        if "contactor" not in self.devices.outside:
            return lambda: contactor.set_power(on), _ignore
        self.bay.contactor.set_power(on)

        def act() -> Any:
            # An opening overtakes what waits: a closing that it passed is void.
            if not on or self._power_wanted:
                contactor.set_power(on)
            return contactor.read()

        return act, partial(self.saw, "contactor")

    def _look(self, part: str) -> Any:
        """What a device shows. A contactor that did not open is told so again."""
        device = getattr(self.devices, part)
        state = device.read()
        if part == "contactor" and part in self.devices.outside and state.closed and not self._power_wanted:
            device.set_power(False)
        return state

    def _move_lock(self, effect: effects.MoveLock) -> Any:
        self.devices.lock.set_locked(effect.locked)
        return self.devices.lock.read()

    def _lock_moved(self, state: api.LockState) -> None:
        if state == self._seen.get("lock"):
            self._saw_lock(state)
        else:
            self.saw("lock", state)

    def _session(self, effect: effects.MeterSession) -> None:
        if self._counts_sessions:
            meter, token = self.devices.meter, effect.token or IdToken("", "NONE")
            kind = OCMF_KINDS.get(token.type, token.type)
            read = meter.begin_session(token.value, kind) if effect.begins else meter.end_session()
            self._session_reading = Taken(read, Moment.BEGIN if effect.begins else Moment.END)

    def _read_meter(self, signed: bool = False) -> Taken:
        if signed and self._counts_sessions:
            return Taken(self.devices.meter.read_signed(), Moment.UPDATE)
        taken, self._session_reading = self._session_reading, None
        return taken if taken is not None else Taken(self.devices.meter.read())

    # Threads

    def _make_workers(self, hand_over: HandOver) -> dict[str, Worker]:
        """A thread for each device that blocks; a controller that is several parts has one."""
        by_device: dict[int, Worker] = {}
        workers: dict[str, Worker] = {}
        for part in PARTS:
            if part in self.instant:
                continue
            device = getattr(self.devices, part)
            worker = by_device.get(id(device))
            if worker is None:
                worker = by_device[id(device)] = Worker(f"evse-{self.evse}-{part}", hand_over, device.release)
            workers[part] = worker
            failed = partial(self.device_failed, part)
            if part == "meter":
                worker.looks.append(Look(_METER_POLL_S, Order(self._read_meter, self.meter_answered, failed)))
            else:
                worker.looks.append(Look(_POLL_S, Order(partial(self._look, part), partial(self.saw, part), failed)))
        for worker in by_device.values():
            worker.start()
        return workers


_LOST = {
    "contactor": Fault.POWER_SWITCH_FAILURE,
    "pilot": Fault.INTERNAL_ERROR,
    "lock": Fault.CONNECTOR_LOCK_FAILURE,
    "meter": Fault.POWER_METER_FAILURE,
}


def _nobody(event: Event) -> None:
    del event


def _ignore(result: object) -> None:
    del result


def _instant(device: Any) -> bool:
    return isinstance(device, api.Instant) and device.instant
