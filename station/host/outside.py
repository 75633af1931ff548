"""The devices of an EVSE that has real ones, or some that programs bring; the rest of it is simulated.

A device that blocks has a thread of its own (``host.worker``), in which it is opened, and opened anew after a loss. One
that does no I/O is looked at on the loop. A part that fails or hangs is a fault of its EVSE and holds up nothing else.
Nothing is offered, and nothing closed, before the contactor was seen open.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from drivers import api
from drivers.sim.bay import Bay
from station.core import effects, events, hardware_faults
from station.core.effects import Effect
from station.core.events import Event
from station.core.meter import Gauge
from station.core.values import Moment
from station.host.flicker import Flicker
from station.host.gate import Gate, switching_half
from station.host.hardware import LOOKED_AT, NO_FAULT, PARTS, SIMULATED, EvseHardware, Feed, nobody, session_reading
from station.host.readings import Taken, checked, checked_reading, highest
from station.host.slot import NO_LOSS, Slot, is_instant
from station.host.troubles import Troubles
from station.host.untold import Untold
from station.host.worker import CALL_S, CONTACTOR_S, HandOver, Look, Order, Worker

log = logging.getLogger(__name__)

_POLL_S: Final = 0.2
_PERIODS_S: Final[Mapping[str, float]] = {"meter": 1.0, "indicator": 0.5, "button": 0.1}
ALL_PARTS: Final = (*PARTS, "indicator", "button")
_COUNTED: Final = (effects.CloseContactor, effects.ReadMeter)

Work = tuple[Callable[[Any], Any], Callable[[Any], None]]
"""What is done with a device, and what with what that gives."""


class OutsideHardware(EvseHardware):
    """See the module.

    Args:
        evse: its number.
        bay: what of it is simulated.
        connectors: the connectors' numbers within the EVSE.
        given: by part, a device or the slot in which it will be; a controller that also switches is the same object
            under ``pilot`` and ``contactor``, or stands under ``pilot`` alone where it is there already.
        hand_over: brings a call into the loop's thread.
        register_wh: the register that was kept, for meters that begin at zero.

    ``first_errors`` are those of the first attempts, by part, until a core listens.
    """

    def __init__(
        self,
        evse: int,
        bay: Bay,
        connectors: tuple[int, ...],
        given: Mapping[str, Any],
        hand_over: HandOver,
        register_wh: float | None = None,
    ) -> None:
        devices = dict(given)
        pilot = devices.get("pilot")
        if isinstance(pilot, api.Controller) and devices.get("contactor") in (None, pilot.contactor):
            devices["contactor"] = pilot
        self.outside = frozenset(devices)
        self._devices = devices
        self._two_in_one = "contactor" in devices and devices["contactor"] is pilot
        super().__init__(evse, bay, connectors)
        self._hand_over = hand_over
        self._instant = tuple(part for part in ALL_PARTS if part in devices and is_instant(devices[part]))
        self._troubles = Troubles(evse, self._tell)
        self._register_wh = register_wh
        self._gate = Gate()
        self._untold = Untold()
        self._power_wanted = False
        self._may_be_closed = False
        self._under_way = dict.fromkeys(_COUNTED, 0)
        self._flicker = Flicker()
        self._rescued = False
        self._stumbled = False
        self._shown = ""
        self._meter_due_s = bay.at_s
        self.look_s = bay.at_s if self._instant else None
        self.sound_at_s = time.monotonic()
        self.first_errors: dict[str, Exception] = {}
        self._workers: dict[str, Worker] = {}
        if "meter" in devices:
            self._counts_sessions = isinstance(devices["meter"], api.SessionMeter)
        for part in self._instant:
            self._prepare(part, devices[part])
        self._make_workers()
        self.unheard = set(self._workers)
        for worker in dict.fromkeys(self._workers.values()):
            worker.start()

    @property
    def gauge(self) -> Gauge | None:
        """As of ``EvseHardware``; a meter that is no simulated one is asked."""
        return None if "meter" in self.outside else super().gauge

    @property
    def public_key(self) -> str:
        """As of ``EvseHardware``; a meter that is not opened yet has none."""
        if "meter" not in self.outside:
            return super().public_key
        meter = self._devices["meter"]
        return meter.public_key if self._counts_sessions and not isinstance(meter, Slot) else ""

    @property
    def unread(self) -> bool:
        """Whether a part that says whether power may be offered was not looked at yet in this boot."""
        return not self.unheard.isdisjoint(LOOKED_AT)

    # Boots

    def attach(self, feed: Feed) -> None:
        """From now on a (new) core listens; it is told what the devices show as soon as they were looked at."""
        self._gate.shut()
        self._troubles.forget()
        self.first_errors.clear()
        self.unheard = {part for part in self._workers if part in LOOKED_AT and part not in self._lost}
        super().attach(feed)
        for part in sorted(self._lost - NO_FAULT):
            feed(hardware_faults.raised(self.evse, f"{part}_lost"))
        self._look_at_instant()
        if "meter" in self._instant:
            self.carry_out(effects.ReadMeter(self.evse))
        for worker in self._workers.values():
            worker.look_now()

    def detach(self) -> None:
        """Nobody listens (the station is down): no power, no offer."""
        self._feed = nobody
        for part, effect in (
            ("contactor", effects.OpenContactor(self.evse)),
            ("pilot", effects.OfferCurrent(self.evse, None)),
        ):
            if part in self.outside:
                self.carry_out(effect)

    def release(self) -> Sequence[Worker]:
        """Give every device back, the contactor first; the threads that end by it are to be waited for."""
        super().release()
        workers = list(dict.fromkeys(self._workers.values()))
        for worker in workers:
            worker.stop()
        for part in self._instant:
            with contextlib.suppress(BaseException):
                self._devices[part].release()
        return workers

    # Time

    def poll(self) -> None:
        """Look at everything that may be looked at on the loop; the bay's own parts tell by themselves."""
        super().poll()
        self._look_at_instant()

    def _look_at_instant(self) -> None:
        if self._instant:
            self.look_s = self.bay.at_s + _POLL_S
        meter_due = self.bay.at_s >= self._meter_due_s
        if meter_due:
            self._meter_due_s = self.bay.at_s + _PERIODS_S["meter"]
        for part in self._instant:
            # A meter, too: what it does while nobody charges is heard of, its recovery above all.
            if part in LOOKED_AT or part == "button" or (part == "meter" and meter_due):
                self._take(partial(self._look_order(part).on, self._devices[part]))

    def next_change(self) -> float | None:
        """When ``poll`` is wanted next, in station time."""
        change, look_s = super().next_change(), self.look_s
        return change if look_s is None else look_s if change is None else min(change, look_s)

    @property
    def threads(self) -> bool:
        """Whether a device blocks, and has to be watched."""
        return bool(self._workers)

    def supervise(self) -> None:
        """Notice what hangs. ``sound_at_s`` is when all was in order last."""
        for part, worker in self._workers.items():
            if part not in self._lost and worker.hangs():
                self.device_failed(part, api.DriverLost("does not answer", "it hangs: is it connected and powered?"))
        danger = self._endangered()
        if danger and not self._rescued:
            self._rescued = True
            log.error("EVSE %d: the contactor hangs and may be closed", self.evse)
            self._workers["contactor"].rescue(self._let_go)
        if not danger and not self._stumbled:
            self.sound_at_s = time.monotonic()
        self._stumbled = False

    def _let_go(self, device: Any) -> None:
        (switching_half(device) if self._two_in_one else device).set_power(False)

    def _endangered(self) -> bool:
        """Whether the contactor hangs while it should be open and may be closed."""
        worker = self._workers.get("contactor")
        return worker is not None and self._may_be_closed and not self._power_wanted and worker.hangs()

    # What devices show

    def bay_shows(self, part: str, state: Any) -> None:
        """A part of the bay shows something else; those that are replaced do not count."""
        if part not in self.outside:
            super().saw(part, state)

    def saw(self, part: str, state: Any) -> None:
        """A device shows this; faults are fed first, they open."""
        if part in self.outside:
            self._troubles.report(part, state)
            self.unheard.discard(part)
        super().saw(part, state)
        if part == "contactor" and part in self.outside:
            self._saw_contactor(state)

    def _saw_contactor(self, state: api.ContactorState) -> None:
        self._rescued = False
        if state.closed:
            self._may_be_closed = True
            if self._gate.seen_closed():
                # The core takes what it wants closed and sees closed for closed in order: it never was open.
                self._feed(hardware_faults.raised(self.evse, hardware_faults.CONTACTOR_WELDED))
        else:
            self._may_be_closed = self._power_wanted or self._under_way[effects.CloseContactor] > 0
            for effect in self._gate.seen_open():
                self.carry_out(effect)

    def device_failed(self, part: str, error: Exception) -> None:
        """A device does not answer: a fault, until it does."""
        gone: tuple[str, ...] = (part,)
        if isinstance(self._devices.get(part), Slot) and not isinstance(error, NO_LOSS):
            # The halves of a controller are opened, lost and opened anew together.
            gone = tuple(other for other, device in self._devices.items() if device is self._devices[part])
        if self._feed is nobody:
            self.first_errors.setdefault("pilot" if len(gone) > 1 else part, error)
        now_s = time.monotonic()
        for one in gone:
            self.unheard.discard(one)
            self._flicker.failed(one, now_s, lost=one in self._lost)
            super().device_failed(one, error)

    def _lament(self, part: str, error: Exception) -> None:
        if self._feed is not nobody:  # Before, whoever opens the devices says what became of that.
            super()._lament(part, error)

    def _answers(self, part: str) -> None:
        self.unheard.discard(part)
        if part not in self._lost or self._flicker.back(part, time.monotonic()):
            super()._answers(part)

    def _heard(self, part: str, result: object) -> None:
        """A part that shows nothing did what it was told, or is there."""
        del result
        self._answers(part)

    def _pressed(self, pressed: bool) -> None:
        self._answers("button")
        if pressed:
            self._feed(events.EvseSelected(self.evse))

    def _tell(self, event: Event) -> None:
        self._feed(event)

    # What the core wants

    def carry_out(self, effect: Effect) -> None:
        """Do it, on the loop or in the device's thread; a device that fails becomes a fault."""
        if "contactor" in self.outside and self._gate.holds(effect):
            return
        part, _ = SIMULATED[type(effect)]
        if part not in self.outside:
            super().carry_out(effect)
            return
        act, then = self._work(effect)
        order = self._order(part, self._untold.kept(part, effect, act), then)
        if type(effect) in _COUNTED:
            order = self._counted(type(effect), order)
        self._have_done(part, order, urgent=isinstance(effect, effects.OpenContactor))

    def show(self, word: str) -> None:
        """Have the indicator show a word of ``drivers.api.Indicator.show``."""
        self._shown = word
        self._have_done("indicator", self._order("indicator", self._show, partial(self._heard, "indicator")))

    def _show(self, indicator: Any) -> None:
        if self._shown:
            indicator.show(self._shown)

    def _have_done(self, part: str, order: Order, *, urgent: bool = False) -> None:
        worker = self._workers.get(part)
        if worker is None:
            order.on(self._devices[part])
        else:
            worker.submit(order, urgent=urgent)

    def _order(self, part: str, act: Callable[[Any], Any], then: Callable[[Any], None]) -> Order:
        if part == "contactor" and self._two_in_one:
            whole, act = act, lambda device: whole(switching_half(device))
        return Order(act, then, partial(self.device_failed, part))

    def _counted(self, kind: type[Any], order: Order) -> Order:
        """An order that is under way until it is known what became of it."""
        self._under_way[kind] += 1

        def then(result: Any) -> None:
            self._under_way[kind] -= 1
            order.then(result)

        def failed(error: Exception) -> None:
            self._under_way[kind] -= 1
            order.failed(error)

        return Order(order.act, then, failed)

    def _work(self, effect: Effect) -> Work:
        if isinstance(effect, effects.ReadMeter):
            return partial(self._read_anew, effect.signed), self.meter_answered
        if isinstance(effect, (effects.OpenContactor, effects.CloseContactor)):
            return self._switching(isinstance(effect, effects.CloseContactor))
        if isinstance(effect, effects.OfferCurrent):
            self.bay.pilot.offer(effect.current_a)
            self._offered_a = effect.current_a
            return self._offer_now, ignore
        if isinstance(effect, effects.MoveLock):
            return partial(_locked, effect.locked), self._lock_answered
        return partial(self._session_at, effect), ignore

    def _offer_now(self, pilot: Any) -> None:
        # What is to be offered now: an offer that waited for a device that hung may be stale.
        pilot.offer(self._offered_a)

    def _session_at(self, effect: effects.MeterSession, meter: Any) -> None:
        if self._counts_sessions:
            self._session_reading = session_reading(effect, meter)

    def _switching(self, on: bool) -> Work:
        self._power_wanted = on
        self._may_be_closed = self._may_be_closed or on
        self.bay.contactor.set_power(on)

        def act(contactor: Any) -> Any:
            # An opening overtakes what waits: a closing that it passed is void.
            if not on or self._power_wanted:
                contactor.set_power(on)
            return checked("contactor", contactor.read())

        return act, partial(self.saw, "contactor")

    def _read_anew(self, signed: bool, meter: Any) -> Taken:
        """A reading for this moment: the end of a transaction is not what a poll showed before it."""
        if isinstance(meter, api.PolledMeter):
            meter.refresh()
        if signed and self._counts_sessions:
            return Taken(checked_reading(meter.read_signed()), Moment.UPDATE)
        taken, self._session_reading = self._session_reading, None
        return taken if taken is not None else Taken(checked_reading(meter.read()))

    # Looking

    def _look_order(self, part: str) -> Order:
        if part == "meter":
            return self._order(part, lambda meter: Taken(checked_reading(meter.read())), self._meter_polled)
        if part == "button":
            return self._order(part, lambda button: checked("button", button.read()), self._pressed)
        if part == "indicator":
            return self._order(part, ignore, partial(self._heard, part))
        return self._order(part, partial(self._look, part), partial(self.saw, part))

    def _look(self, part: str, device: Any) -> Any:
        """What a device shows. A contactor that did not open, and what could not be told a command, is told again."""
        self._untold.tell(part, device)
        state = checked(part, device.read())
        if part == "contactor" and state.closed and not self._power_wanted:
            device.set_power(False)
        return state

    def _prepare(self, part: str, device: Any) -> None:
        """A device was opened: what it has to be told before anybody else uses it."""
        if part == "meter":
            self._counts_sessions = isinstance(device, api.SessionMeter)
            if isinstance(device, api.Register):
                device.preset(self._register_wh or 0.0)
        elif part == "indicator":
            self._show(device)

    def _meter_polled(self, taken: Taken) -> None:
        # Whoever asked for a reading wants one that was taken afterwards, at the end of a transaction above all.
        if self._under_way[effects.ReadMeter]:
            self._answers("meter")
        else:
            self.meter_answered(taken)

    def meter_answered(self, taken: Taken) -> None:
        """The meter was read; its register is kept for when it is opened anew."""
        super().meter_answered(taken)
        self._register_wh = highest(self._register_wh, taken.reading.energy_wh)

    # Threads

    def _make_workers(self) -> None:
        """A thread for each device that blocks; a controller, which is two parts, has one."""
        for part in ALL_PARTS:
            if part not in self.outside or part in self._instant:
                continue
            if part == "pilot" and self._two_in_one:
                worker = self._workers["contactor"]
            else:
                device = self._devices[part]
                slot = device if isinstance(device, Slot) else Slot(None, device, part)
                slot.prepare = partial(self._prepare, part)
                worker = Worker(f"evse-{self.evse}-{part}", self._bring, slot)
                worker.limit_s = CONTACTOR_S if part == "contactor" else CALL_S
            self._workers[part] = worker
            worker.looks.append(Look(_PERIODS_S.get(part, _POLL_S), self._look_order(part)))

    def _bring(self, call: Callable[[], None]) -> None:
        """Bring a call into the loop's thread; one that raises is a mistake of ours, not the end."""
        self._hand_over(partial(self._take, call))

    def _take(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            self._stumbled = True
            log.exception("EVSE %d: what a device showed could not be taken", self.evse)


def _locked(locked: bool, lock: Any) -> Any:
    lock.set_locked(locked)
    return lock.read()


def ignore(result: object) -> None:
    """Of no interest."""
    del result
