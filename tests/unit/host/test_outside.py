"""Real devices of an EVSE, looked at on the loop or through workers that do everything at once: no threads, no time."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

import pytest

from drivers.api import ContactorState, DriverLost, DriverUnsupported, LockState, NoReading, PilotState, Reading
from drivers.sim.bay import Bay
from drivers.sim.config import BayOptions
from station.core import effects, events
from station.core.hardware_faults import cleared, raised
from station.core.plausibility import sound
from station.core.values import Pilot as CorePilot
from station.host import outside as outside_module
from station.host.outside import OutsideHardware
from station.host.slot import Slot
from station.host.worker import Look, Order
from tests.support.driver_clock import HandClock


class Contactor:
    def __init__(self) -> None:
        self.orders: list[bool] = []
        self.closed = False
        self.stays = False
        self.fault: str | None = None
        self.alarms: tuple[Any, ...] = ()
        self.broken: Exception | None = None
        self.released = 0

    def set_power(self, on: bool) -> None:
        if self.broken is not None:
            raise self.broken
        self.orders.append(on)
        self.closed = self.closed if self.stays else on

    def read(self) -> ContactorState:
        if self.broken is not None:
            raise self.broken
        return ContactorState(bool(self.orders and self.orders[-1]), self.closed, self.fault, self.alarms)

    def release(self) -> None:
        self.released += 1


class Pilot:
    def __init__(self) -> None:
        self.state: Any = PilotState("A")
        self.offered: list[float | None] = []
        self.released = 0

    def read(self) -> Any:
        return self.state

    def offer(self, current_a: float | None) -> None:
        self.offered.append(current_a)

    def release(self) -> None:
        self.released += 1


class Controller(Pilot):
    def __init__(self) -> None:
        super().__init__()
        self.contactor = Contactor()


class Meter:
    def __init__(self) -> None:
        self.energy_wh: float | None = 1000.0
        self.broken: Exception | None = None

    def read(self) -> Reading:
        if self.broken is not None:
            raise self.broken
        return Reading(energy_wh=self.energy_wh, power_w=100.0)

    def release(self) -> None:
        pass


class PulseMeter(Meter):
    """Begins at zero whenever it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.energy_wh = None

    def preset(self, energy_wh: float) -> None:
        self.energy_wh = energy_wh


class Indicator:
    def __init__(self) -> None:
        self.shown: list[str] = []
        self.broken: Exception | None = None

    def show(self, state: str) -> None:
        if self.broken is not None:
            raise self.broken
        self.shown.append(state)

    def release(self) -> None:
        pass


class Button:
    pressed = False

    def read(self) -> bool:
        pressed, self.pressed = self.pressed, False
        return pressed

    def release(self) -> None:
        pass


class Lock:
    def __init__(self) -> None:
        self.state = LockState(False, False)
        self.jammed: Exception | None = None

    def set_locked(self, locked: bool) -> None:
        if self.jammed is not None:
            raise self.jammed
        self.state = LockState(locked, locked)

    def read(self) -> LockState:
        return self.state

    def release(self) -> None:
        pass


class AtOnce:
    """A worker without a thread: orders are done when they are given, looks when the test says so."""

    made: list[AtOnce]

    def __init__(self, name: str, hand_over: Callable[[Callable[[], None]], None], slot: Slot) -> None:
        self.looks: list[Look] = []
        self.slot = slot
        self.limit_s = 0.0
        self.hung = False
        self.rescued = 0
        self.name = name
        self._hand_over = hand_over
        AtOnce.made.append(self)

    def start(self) -> None:
        pass

    def submit(self, order: Order, *, urgent: bool = False) -> None:
        if self.hung:
            return
        try:
            result = order.act(self.slot.device())
        except Exception as error:
            problem = error
            self._hand_over(lambda: order.failed(problem))
            self.slot.failed(error)
        else:
            self._hand_over(lambda: order.then(result))

    def look_now(self) -> None:
        pass

    def look(self) -> None:
        for look in self.looks:
            self.submit(look.order)

    def hangs(self) -> bool:
        return self.hung

    def rescue(self, calm: Callable[[Any], None]) -> None:
        self.rescued += 1
        self.slot.rescue(calm)

    def stop(self) -> None:
        self.slot.release()

    def end_by(self, end_s: float) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    AtOnce.made = []
    monkeypatch.setattr(outside_module, "Worker", AtOnce)


class World:
    def __init__(self, register_wh: float | None = None, **given: Any) -> None:
        self.events: list[Any] = []
        self.clock = HandClock(0.0)
        bay = Bay(BayOptions(), self.clock)
        self.hardware = OutsideHardware(1, bay, (1,), given, lambda call: call(), register_wh)
        self.workers = {worker.name.removeprefix("evse-1-"): worker for worker in AtOnce.made}

    def attach(self) -> None:
        self.hardware.attach(self.events.append)

    def look(self, part: str) -> list[Any]:
        self.events.clear()
        self.workers[part].look()
        return list(self.events)

    def do(self, effect: Any) -> list[Any]:
        self.events.clear()
        self.hardware.carry_out(effect)
        return list(self.events)


OPEN, CLOSE = effects.OpenContactor(1), effects.CloseContactor(1)


# The first look


def test_nothing_is_offered_and_nothing_closed_before_the_contactor_was_seen_open() -> None:
    contactor, pilot = Contactor(), Pilot()
    world = World(contactor=contactor, pilot=pilot)
    world.attach()
    assert world.hardware.unread
    world.do(effects.OfferCurrent(1, 16.0))
    world.do(CLOSE)
    assert (pilot.offered, contactor.orders) == ([], [])
    world.look("contactor")
    assert (pilot.offered, contactor.orders) == ([16.0], [True])
    world.look("pilot")
    assert not world.hardware.unread


def test_what_was_taken_back_meanwhile_is_not_done() -> None:
    contactor, pilot = Contactor(), Pilot()
    world = World(contactor=contactor, pilot=pilot)
    world.attach()
    world.do(effects.OfferCurrent(1, 16.0))
    world.do(CLOSE)
    world.do(effects.OfferCurrent(1, None))
    world.do(OPEN)
    world.look("contactor")
    assert pilot.offered == [None]
    assert contactor.orders == [False]


def test_a_contactor_that_is_closed_at_the_start_is_told_to_open_and_nothing_is_offered() -> None:
    contactor, pilot = Contactor(), Pilot()
    contactor.closed = contactor.stays = True
    world = World(contactor=contactor, pilot=pilot)
    world.attach()
    world.do(effects.OfferCurrent(1, 16.0))
    world.do(CLOSE)
    assert world.look("contactor") == [events.ContactorMoved(1, True), raised(1, "contactor_weld")]
    assert contactor.orders == [False]
    assert pilot.offered == []
    contactor.stays = False
    world.look("contactor")
    world.look("contactor")
    assert pilot.offered == [16.0]
    assert contactor.orders == [False, False]


def test_each_boot_looks_anew() -> None:
    contactor, pilot = Contactor(), Pilot()
    world = World(contactor=contactor, pilot=pilot)
    world.attach()
    world.look("contactor")
    world.hardware.detach()
    world.attach()
    world.do(effects.OfferCurrent(1, 16.0))
    world.do(CLOSE)
    assert pilot.offered == [None]
    assert contactor.orders == [False]
    assert world.look("contactor")[0] == events.ContactorMoved(1, False)
    assert pilot.offered == [None, 16.0]
    assert contactor.orders == [False, True]


def test_what_was_kept_back_is_done_once() -> None:
    contactor, pilot = Contactor(), Pilot()
    world = World(contactor=contactor, pilot=pilot)
    world.attach()
    world.do(effects.OfferCurrent(1, 16.0))
    world.do(CLOSE)
    world.look("contactor")
    contactor.closed = False  # it fell
    world.look("contactor")
    assert pilot.offered == [16.0]
    assert contactor.orders == [True]


def test_what_a_boot_kept_back_is_not_done_in_the_next() -> None:
    contactor, pilot = Contactor(), Pilot()
    world = World(contactor=contactor, pilot=pilot)
    world.attach()
    world.do(effects.OfferCurrent(1, 16.0))
    world.do(CLOSE)
    world.attach()
    world.look("contactor")
    assert pilot.offered == []
    assert contactor.orders == []


# Losses


def test_a_part_that_fails_is_a_fault_until_it_answers() -> None:
    contactor = Contactor()
    world = World(contactor=contactor)
    world.attach()
    world.look("contactor")
    contactor.broken = DriverLost("gone")
    assert world.look("contactor") == [raised(1, "contactor_lost")]
    assert world.look("contactor") == []
    contactor.broken = None
    assert world.look("contactor") == [cleared(1, "contactor_lost")]


def test_a_lost_part_and_a_standing_alarm_are_told_to_the_next_boot() -> None:
    contactor, pilot = Contactor(), Pilot()
    contactor.alarms = ("emergency_stop",)
    world = World(contactor=contactor, pilot=pilot)
    world.look("contactor")
    pilot.state = None
    world.look("pilot")
    assert isinstance(world.hardware.first_errors["pilot"], DriverLost)
    world.attach()
    assert world.events.count(raised(1, "pilot_lost")) == 1
    assert world.look("contactor")[0] == raised(1, "emergency_stop")
    assert not world.hardware.unread


def test_a_meter_that_has_nothing_to_say_is_no_fault_one_that_is_lost_is() -> None:
    meter = Meter()
    world = World(meter=meter)
    world.attach()
    assert [event.reading.energy_wh for event in world.look("meter")] == [1000.0]
    meter.broken = NoReading("silent this time")
    assert world.look("meter") == [events.MeterRead(1, None)]
    meter.broken = DriverLost("silent for 10 s")
    assert world.look("meter") == [events.MeterRead(1, None), raised(1, "meter_lost")]
    meter.broken = None
    heard = world.look("meter")
    assert heard[0] == cleared(1, "meter_lost")
    assert heard[1].reading.energy_wh == 1000.0


def test_a_look_that_was_under_way_does_not_answer_who_asks_for_a_reading_now() -> None:
    """What a transaction ends with was read after the contacts opened."""
    world = World(meter=Meter())
    later: list[Callable[[], None]] = []
    world.attach()
    worker = world.workers["meter"]
    worker._hand_over = later.append
    worker.look()  # taken, but not handed over yet
    world.hardware._devices["meter"].energy_wh = 1001.0
    world.do(effects.ReadMeter(1))
    world.events.clear()
    for call in later:
        call()
    assert [event.reading.energy_wh for event in world.events] == [1001.0]


def test_a_reading_that_is_asked_for_is_read_anew_and_a_look_is_not() -> None:
    class Polled(Meter):
        anew = 0

        def refresh(self) -> None:
            self.anew += 1

    meter = Polled()
    world = World(meter=meter)
    world.attach()
    world.look("meter")
    assert meter.anew == 0
    world.do(effects.ReadMeter(1))
    assert meter.anew == 1


@pytest.mark.parametrize("error", [DriverLost("gone"), NoReading("not now")])
def test_after_a_reading_that_failed_looks_are_taken_again(error: Exception) -> None:
    meter = Meter()
    world = World(meter=meter)
    world.attach()
    meter.broken = error
    world.do(effects.ReadMeter(1))
    meter.broken = None
    assert world.look("meter")[-1].reading.energy_wh == 1000.0


def test_a_closing_that_failed_is_no_danger_once_the_contacts_show_open() -> None:
    contactor = Contactor()
    world = World(contactor=contactor)
    world.attach()
    world.look("contactor")
    contactor.broken = DriverLost("gone")
    world.do(CLOSE)
    contactor.broken = None
    world.do(OPEN)
    world.look("contactor")
    world.workers["contactor"].hung = True
    world.hardware.supervise()
    assert world.workers["contactor"].rescued == 0


def test_numbers_that_cannot_be_never_reach_the_core(caplog: pytest.LogCaptureFixture) -> None:
    meter = Meter()
    world = World(meter=meter)
    world.attach()
    for nonsense in (float("nan"), float("inf"), -1.0, 1e15):
        meter.energy_wh = nonsense
        (event,) = world.look("meter")
        assert sound(event.reading) is None  # the core says what it is: meter_nonsense
    assert len([record for record in caplog.records if "cannot be" in record.message]) == 1


def test_no_exception_of_a_device_on_the_loop_ends_the_loop() -> None:
    class AtOnceMeter(Meter):
        instant = True

    for ending in (SystemExit, GeneratorExit, CancelledError):
        meter = AtOnceMeter()
        world = World(meter=meter)
        meter.broken = ending("gone")  # type: ignore[assignment]
        world.attach()
        assert raised(1, "meter_lost") in world.events


def test_a_meter_on_the_loop_is_looked_at_while_nobody_asks() -> None:
    class AtOnceMeter(Meter):
        instant = True

    meter = AtOnceMeter()
    world = World(meter=meter)
    world.attach()
    meter.broken = DriverLost("gone")
    for _ in range(2):
        world.clock.advance(1.0)
        world.hardware.poll()
    assert raised(1, "meter_lost") in world.events
    meter.broken = None
    world.clock.advance(1.0)
    world.hardware.poll()
    assert cleared(1, "meter_lost") in world.events


def test_a_lock_that_could_not_be_told_is_lost_until_it_obeys() -> None:
    lock = Lock()
    world = World(lock=lock)
    world.attach()
    world.do(effects.MoveLock(1, 1, True))
    lock.jammed = DriverLost("no answer")
    assert raised(1, "lock_lost") in world.do(effects.MoveLock(1, 1, False))
    assert cleared(1, "lock_lost") not in world.look("lock"), "it answers, but it holds the cable still"
    lock.jammed = None
    told = world.look("lock")
    assert cleared(1, "lock_lost") in told and events.LockMoved(1, 1, False) in told
    assert not lock.state.locked


def test_an_offer_that_could_not_be_told_is_told_when_the_pilot_answers_as_it_is_wanted_then() -> None:
    class Deaf(Pilot):
        deaf = False

        def offer(self, current_a: float | None) -> None:
            if self.deaf:
                raise DriverLost("no answer")
            super().offer(current_a)

    pilot = Deaf()
    world = World(pilot=pilot)
    world.attach()
    world.do(effects.OfferCurrent(1, 16.0))
    pilot.deaf = True
    assert raised(1, "pilot_lost") in world.do(effects.OfferCurrent(1, 10.0))
    world.do(effects.OfferCurrent(1, None))
    assert cleared(1, "pilot_lost") not in world.look("pilot")
    pilot.deaf = False
    assert cleared(1, "pilot_lost") in world.look("pilot")
    assert pilot.offered[-1] is None


def test_a_meter_that_counts_from_zero_is_told_where_it_was() -> None:
    made: list[PulseMeter] = []

    def opener() -> PulseMeter:
        made.append(PulseMeter())
        return made[-1]

    world = World(register_wh=1234.5, meter=Slot(opener))
    world.attach()
    assert [event.reading.energy_wh for event in world.look("meter")] == [1234.5]
    made[0].energy_wh = 1300.0
    world.look("meter")
    made[0].broken = DriverLost("gone")
    world.look("meter")
    world.workers["meter"].slot._due_s = 0.0
    assert world.look("meter")[-1].reading.energy_wh == 1300.0
    assert len(made) == 2


def test_a_hang_is_a_fault_and_its_end_clears_it() -> None:
    pilot = Pilot()
    world = World(pilot=pilot)
    world.attach()
    world.look("pilot")
    world.events.clear()
    world.workers["pilot"].hung = True
    world.hardware.supervise()
    world.hardware.supervise()
    assert world.events == [raised(1, "pilot_lost")]
    world.workers["pilot"].hung = False
    assert world.look("pilot") == [cleared(1, "pilot_lost")]


def test_a_contactor_that_hangs_and_may_be_closed_starves_the_watchdog_and_is_rescued_once() -> None:
    contactor = Contactor()
    world = World(contactor=contactor)
    world.attach()
    world.look("contactor")
    world.do(CLOSE)
    worker = world.workers["contactor"]
    worker.hung = True
    world.hardware.sound_at_s = 0.0
    world.hardware.supervise()  # told to be closed: nothing is wrong with that
    assert world.hardware.sound_at_s > 0
    world.do(OPEN)
    world.hardware.sound_at_s = 0.0
    world.hardware.supervise()
    world.hardware.supervise()
    assert world.hardware.sound_at_s == 0.0
    assert worker.rescued == 1
    assert contactor.orders == [True, False]
    assert not contactor.released
    worker.hung = False
    world.look("contactor")
    world.hardware.supervise()
    assert world.hardware.sound_at_s > 0


def test_a_closing_that_an_opening_has_overtaken_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    contactor = Contactor()
    world = World(contactor=contactor)
    world.attach()
    world.look("contactor")
    worker = world.workers["contactor"]
    waiting: list[tuple[bool, Order]] = []
    monkeypatch.setattr(worker, "submit", lambda order, urgent=False: waiting.append((urgent, order)))
    world.do(CLOSE)
    world.do(OPEN)
    assert [urgent for urgent, _ in waiting] == [False, True]
    for _, order in reversed(waiting):
        order.then(order.act(contactor))
    assert contactor.orders == [False]


@pytest.mark.parametrize("told", [True, False])
def test_danger_is_what_was_told_to_close_and_what_was_seen_closed(told: bool) -> None:
    contactor = Contactor()
    world = World(contactor=contactor)
    world.attach()
    if told:
        world.look("contactor")
        world.workers["contactor"].hung = True  # before anybody saw what became of the closing
        world.do(CLOSE)
        world.do(OPEN)
    else:
        contactor.closed = contactor.stays = True  # fused, and never told to close
        world.look("contactor")
        world.workers["contactor"].hung = True
    world.hardware.supervise()
    assert world.workers["contactor"].rescued == 1


def test_a_contactor_that_hangs_again_is_rescued_again() -> None:
    contactor = Contactor()
    world = World(contactor=contactor)
    world.attach()
    world.look("contactor")
    worker = world.workers["contactor"]
    for times in (1, 2):
        world.do(CLOSE)
        worker.hung = True
        world.do(OPEN)
        world.hardware.supervise()
        assert worker.rescued == times
        worker.hung = False
        world.look("contactor")


def test_a_contactor_that_hangs_open_is_a_fault_and_no_danger() -> None:
    world = World(contactor=Contactor())
    world.attach()
    world.look("contactor")
    world.workers["contactor"].hung = True
    world.hardware.sound_at_s = 0.0
    world.hardware.supervise()
    assert world.hardware.sound_at_s > 0
    assert world.events[-1] == raised(1, "contactor_lost")


def test_what_cannot_be_taken_is_noted_and_ends_nothing() -> None:
    world = World(pilot=Pilot())

    def choke(event: Any) -> None:
        raise KeyError("a mistake of ours")

    world.attach()
    world.hardware._feed = choke
    world.workers["pilot"].look()
    world.hardware.sound_at_s = 0.0
    world.hardware.supervise()
    assert world.hardware.sound_at_s == 0.0
    world.hardware.supervise()
    assert world.hardware.sound_at_s > 0


# Controllers


def test_a_controller_is_two_parts_of_one_thread() -> None:
    controller = Controller()
    world = World(pilot=controller)
    world.attach()
    assert set(world.workers) == {"contactor"}
    world.look("contactor")
    world.do(effects.OfferCurrent(1, 16.0))
    world.do(CLOSE)
    assert controller.offered == [16.0]
    assert controller.contactor.orders == [True]
    world.hardware.release()
    assert controller.contactor.orders[-1] is False
    assert controller.released == 1
    assert controller.contactor.released == 0


def test_a_controller_from_a_profile_is_opened_once_and_a_loss_is_one_of_both() -> None:
    made: list[Controller] = []

    def opener() -> Controller:
        made.append(Controller())
        return made[-1]

    slot = Slot(opener)
    world = World(pilot=slot, contactor=slot)
    world.attach()
    world.look("contactor")
    assert len(made) == 1
    world.events.clear()
    made[0].contactor.broken = DriverLost("gone")
    world.look("contactor")
    assert set(world.events[:2]) == {raised(1, "contactor_lost"), raised(1, "pilot_lost")}
    world.workers["contactor"].slot._due_s = 0.0
    world.look("contactor")
    assert len(made) == 2
    world.workers["contactor"].hung = True
    world.events.clear()
    world.hardware.supervise()
    assert set(world.events) == {raised(1, "contactor_lost"), raised(1, "pilot_lost")}


def test_a_pilot_that_switches_nothing_cannot_stand_for_the_contactor() -> None:
    slot = Slot(Pilot)
    world = World(pilot=slot, contactor=slot)
    world.workers["contactor"].look()
    assert isinstance(world.hardware.first_errors["contactor"], DriverUnsupported)


# Indicator and button


def test_an_indicator_shows_words_again_after_it_was_lost_and_is_no_fault() -> None:
    made: list[Indicator] = []

    def opener() -> Indicator:
        made.append(Indicator())
        return made[-1]

    world = World(indicator=Slot(opener))
    world.attach()
    world.hardware.show("available")
    made[0].broken = DriverLost("gone")
    world.events.clear()
    world.hardware.show("charging")
    world.workers["indicator"].slot._due_s = 0.0
    world.look("indicator")
    assert made[1].shown == ["charging"]
    assert world.events == []


def test_a_pressed_button_chooses_its_evse() -> None:
    button = Button()
    world = World(button=button)
    world.attach()
    assert world.look("button") == []
    button.pressed = True
    assert world.look("button") == [events.EvseSelected(1)]
    assert world.look("button") == []


def test_a_lock() -> None:
    lock = Lock()
    world = World(lock=lock)
    world.attach()
    world.look("lock")
    assert world.do(effects.MoveLock(1, 1, True)) == [events.LockMoved(1, 1, True)]
    lock.state = LockState(True, False, "stuck")
    assert world.look("lock") == [events.LockMoved(1, 1, False, True)]


# Devices that do no I/O


def test_instant_devices_are_looked_at_on_the_loop() -> None:
    pilot, contactor = Pilot(), Contactor()
    pilot.instant = contactor.instant = True  # type: ignore[attr-defined]
    contactor.alarms = ("residual_current",)
    world = World(pilot=pilot, contactor=contactor)
    assert not world.workers
    assert not world.hardware.threads
    world.attach()
    assert raised(1, "residual_current") in world.events
    assert events.ContactorMoved(1, False) in world.events
    assert not world.hardware.unread
    world.events.clear()
    pilot.state = PilotState("B")
    world.hardware.poll()
    assert world.events == [events.PilotChanged(1, CorePilot.B)]
    due = world.hardware.next_change()
    assert due is not None and due <= 0.2
