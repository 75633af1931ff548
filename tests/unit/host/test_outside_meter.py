"""A real meter at an EVSE: what is asked for, what is looked at, and what is not believed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.api import DriverLost, NoReading
from station.core import effects, events
from station.core.hardware_faults import cleared, raised
from station.core.plausibility import sound
from station.host.slot import Slot
from tests.support.outside_world import Meter, PulseMeter, World, no_threads

__all__ = ["no_threads"]


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


def test_numbers_that_cannot_be_never_reach_the_core(caplog: pytest.LogCaptureFixture) -> None:
    meter = Meter()
    world = World(meter=meter)
    world.attach()
    for nonsense in (float("nan"), float("inf"), -1.0, 1e15):
        meter.energy_wh = nonsense
        (event,) = world.look("meter")
        assert sound(event.reading) is None  # the core says what it is: meter_nonsense
    assert len([record for record in caplog.records if "cannot be" in record.message]) == 1


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
