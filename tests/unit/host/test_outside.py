"""Real devices of an EVSE: the first look, losses, controllers, lamps, buttons. No threads, no time."""

from __future__ import annotations

from asyncio import CancelledError

from drivers.api import DriverLost, DriverUnsupported, LockState, PilotState
from station.core import effects, events
from station.core.hardware_faults import cleared, raised
from station.core.values import Pilot as CorePilot
from station.host.slot import Slot
from tests.support.outside_world import (
    CLOSE,
    OPEN,
    Button,
    Contactor,
    Controller,
    Indicator,
    Lock,
    Meter,
    Pilot,
    World,
    no_threads,
)

__all__ = ["no_threads"]


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


def test_no_exception_of_a_device_on_the_loop_ends_the_loop() -> None:
    class AtOnceMeter(Meter):
        instant = True

    for ending in (SystemExit, GeneratorExit, CancelledError):
        meter = AtOnceMeter()
        world = World(meter=meter)
        meter.broken = ending("gone")  # type: ignore[assignment]
        world.attach()
        assert raised(1, "meter_lost") in world.events


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
