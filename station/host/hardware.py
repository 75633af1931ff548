"""The devices of one EVSE, as events for the core and effects from it.

A simulated part lives in a ``drivers.sim.Bay`` and tells its changes by itself. A device from outside that blocks is
worked by one thread for the EVSE; one that does no I/O is polled on the loop. What the core hears is the same.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drivers import api
from drivers.sim.bay import Bay, BayState
from station.core import effects, events
from station.core.effects import Effect
from station.core.events import Event
from station.core.values import Fault, IdToken, Pilot, Reading, SignedData

log = logging.getLogger(__name__)

Feed = Callable[[Event], None]
_POLL_S = 0.2
_METER_POLL_S = 1.0
LOOKED_AT = ("contactor", "pilot", "lock")
PARTS = (*LOOKED_AT, "meter")


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
            frozenset(given),
        )


def core_reading(reading: api.Reading, offered_a: float | None) -> Reading | None:
    """A driver's reading in the core's words; None where it has no register."""
    if reading.energy_wh is None:
        return None
    signed = reading.signed[-1] if reading.signed else None
    return Reading(
        energy_wh=reading.energy_wh,
        power_w=reading.power_w,
        current_a=reading.current_a or (),
        voltage_v=reading.voltage_v or (),
        soc_percent=reading.soc_percent,
        frequency_hz=reading.frequency_hz,
        export_wh=reading.energy_export_wh,
        temperature_c=reading.temperature_c,
        signed=SignedData(signed.text, signed.method, signed.encoding, signed.public_key) if signed else None,
        offered_a=offered_a,
    )


class EvseHardware:
    """Carries out effects on an EVSE's devices and feeds what they show.

    Args:
        evse: its number.
        devices: its parts.
        connectors: the connectors' numbers within the EVSE.
        hand_over: brings a call into the loop's thread.
    """

    def __init__(
        self, evse: int, devices: Devices, connectors: tuple[int, ...], hand_over: Callable[[Callable[[], None]], None]
    ) -> None:
        self.evse = evse
        self.devices = devices
        self.bay = devices.bay
        self.connectors = connectors
        self.connector = connectors[0]
        self.plugged_connector = connectors[0]
        self._feed: Feed = _nobody
        self._offered_a: float | None = None
        self._seen: dict[str, Any] = {}
        self._session_reading: api.Reading | None = None
        self._meter_lost = False
        self._power_w = 0.0
        self.instant = frozenset(part for part in PARTS if _instant(getattr(devices, part)))
        self._counts_sessions = isinstance(devices.meter, api.SessionMeter)
        self._worker = _Worker(self, hand_over) if len(self.instant) < len(PARTS) else None
        self.bay.subscribe(self._bay_changed)

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
            self._read_meter()

    def detach(self) -> None:
        """Nobody listens (the station is down)."""
        self._feed = _nobody

    def release(self) -> None:
        """Give every device back, the contactor first."""
        self.detach()
        if self._worker is not None:
            self._worker.stop()
        for device in (self.devices.contactor, self.devices.pilot, self.devices.lock, self.devices.meter):
            device.release()

    def power_w(self) -> float:
        """The power at this moment, where the meter can say so at once; else that of the last look."""
        if "meter" in self.instant:
            with contextlib.suppress(api.DriverError):
                self._power_w = self.devices.meter.read().power_w or 0.0
        return self._power_w

    # Time

    def poll(self) -> None:
        """Look at everything that may be looked at on the loop; the bay's own parts tell by themselves."""
        self.bay.poll()
        if self.devices.outside:
            self._look_at(*(part for part in LOOKED_AT if part in self.devices.outside))

    def _look_at(self, *parts: str) -> None:
        for part in parts:
            if part in self.instant:
                self.saw(part, getattr(self.devices, part).read())

    def next_change(self) -> float | None:
        """When ``poll`` is wanted next, in station time."""
        change = self.bay.next_change()
        if self.devices.outside & self.instant:
            polled = self.bay.at_s + _POLL_S
            return polled if change is None else min(change, polled)
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
        if cable_moved and state.cable_present:
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
        """A device does not answer."""
        if part == "meter":
            self._feed(events.MeterRead(self.evse, None))
            self.meter_silent(True)
        else:
            log.warning("EVSE %d: the %s failed: %s", self.evse, part, error)
            fault = Fault.POWER_SWITCH_FAILURE if part == "contactor" else Fault.INTERNAL_ERROR
            self._feed(events.FaultRaised(self.evse, fault, f"{part} lost"))

    def meter_silent(self, silent: bool) -> None:
        """The meter stopped answering, or answers again."""
        if silent != self._meter_lost:
            self._meter_lost = silent
            event = events.FaultRaised if silent else events.FaultCleared
            self._feed(event(self.evse, Fault.POWER_METER_FAILURE))

    def meter_answered(self, reading: api.Reading) -> None:
        """The meter was read."""
        self.meter_silent(False)
        self._power_w = reading.power_w or 0.0
        self._feed(events.MeterRead(self.evse, core_reading(reading, self._offered_a)))

    # What the core wants

    def carry_out(self, effect: Effect) -> None:
        """Do it, on the loop or by the worker; a device that fails becomes a fault."""
        part, action = self._work(effect)
        if self._worker is not None and part not in self.instant:
            self._worker.submit(part, action, urgent=isinstance(effect, effects.OpenContactor))
            return
        try:
            action()
        except api.DriverError as error:
            self.device_failed(part, error)

    def _work(self, effect: Effect) -> tuple[str, Callable[[], None]]:
        devices = self.devices
        if isinstance(effect, effects.OpenContactor):
            return "contactor", lambda: self._switch(False)
        if isinstance(effect, effects.CloseContactor):
            return "contactor", lambda: self._switch(True)
        if isinstance(effect, effects.OfferCurrent):
            self._offered_a = effect.current_a
            return "pilot", lambda: self._offer(effect.current_a)
        if isinstance(effect, effects.MoveLock):
            return "lock", lambda: self._move_lock(effect)
        if isinstance(effect, effects.MeterSession):
            return "meter", lambda: self._session(effect)
        if devices.meter is not None and isinstance(effect, effects.ReadMeter):
            return "meter", self._read_meter
        raise TypeError(f"no device carries out {type(effect).__name__}")

    def _switch(self, on: bool) -> None:
        self.devices.contactor.set_power(on)
        if "contactor" in self.devices.outside:
            self.bay.contactor.set_power(on)
            if "contactor" in self.instant:
                self.saw("contactor", self.devices.contactor.read())

    def _offer(self, current_a: float | None) -> None:
        self.devices.pilot.offer(current_a)
        if "pilot" in self.devices.outside:
            self.bay.pilot.offer(current_a)

    def _move_lock(self, effect: effects.MoveLock) -> None:
        self.devices.lock.set_locked(effect.locked)
        state = self.devices.lock.read()
        if state == self._seen.get("lock"):
            self._saw_lock(state)
        else:
            self.saw("lock", state)

    def _session(self, effect: effects.MeterSession) -> None:
        meter = self.devices.meter
        if self._counts_sessions:
            token = effect.token or IdToken("", "NONE")
            read = meter.begin_session(token.value, token.type) if effect.begins else meter.end_session()
            self._session_reading = read

    def _read_meter(self) -> None:
        reading, self._session_reading = self._session_reading, None
        try:
            self.meter_answered(reading if reading is not None else self.devices.meter.read())
        except api.DriverError as error:
            self.device_failed("meter", error)


def _nobody(event: Event) -> None:
    del event


def _instant(device: Any) -> bool:
    return isinstance(device, api.Instant) and device.instant


class _Worker:
    """The thread that talks to an EVSE's blocking devices: commands at once, looks in between."""

    def __init__(self, hardware: EvseHardware, hand_over: Callable[[Callable[[], None]], None]) -> None:
        self._hardware = hardware
        self._hand_over = hand_over
        self._urgent: queue.SimpleQueue[tuple[str, Callable[[], None]]] = queue.SimpleQueue()
        self._orders: queue.Queue[tuple[str, Callable[[], None]] | None] = queue.Queue()
        self._looks = 0
        self._thread = threading.Thread(target=self._run, name=f"evse-{hardware.evse}", daemon=True)
        self._thread.start()

    def submit(self, part: str, action: Callable[[], None], *, urgent: bool) -> None:
        """Have it done soon; urgent orders overtake the others."""
        if urgent:
            self._urgent.put((part, action))
            self._orders.put(("", _nothing))
        else:
            self._orders.put((part, action))

    def stop(self) -> None:
        """End the thread, bounded."""
        self._orders.put(None)
        self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            try:
                order = self._orders.get(timeout=_POLL_S)
            except queue.Empty:
                self._look()
                continue
            if order is None:
                return
            while not self._urgent.empty():
                self._do(*self._urgent.get())
            self._do(*order)

    def _do(self, part: str, action: Callable[[], None]) -> None:
        hardware = self._hardware
        if part == "meter":
            self._read_meter()
            return
        try:
            action()
        except api.DriverError as error:
            failed = error
            self._hand_over(lambda: hardware.device_failed(part, failed))

    def _read_meter(self) -> None:
        hardware = self._hardware
        try:
            reading = hardware.devices.meter.read()
        except api.DriverError as error:
            failed = error
            self._hand_over(lambda: hardware.device_failed("meter", failed))
            return
        self._hand_over(lambda: hardware.meter_answered(reading))

    def _look(self) -> None:
        hardware = self._hardware
        for part in LOOKED_AT:
            if part in hardware.instant:
                continue
            try:
                state = getattr(hardware.devices, part).read()
            except api.DriverError as error:
                failed, lost = error, part
                self._hand_over(lambda lost=lost, failed=failed: hardware.device_failed(lost, failed))  # type: ignore[misc]
            else:
                self._hand_over(lambda part=part, state=state: hardware.saw(part, state))  # type: ignore[misc]
        self._looks += 1
        if self._looks * _POLL_S % _METER_POLL_S < _POLL_S and "meter" not in hardware.instant:
            self._read_meter()


def _nothing() -> None:
    pass
