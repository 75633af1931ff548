"""What is believed of a meter: numbers of this world, registers that do not fall, rises that can have flowed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.context import EvsePlan, StationPlan
from station.core.facts import Phase
from station.core.hardware_faults import raised
from station.core.plausibility import deliverable_wh, sound
from station.core.values import Fault, Reading
from tests.support.core_world import V16, World, of, two

POLLED = StationPlan(evses=(EvsePlan(1, polled_meter=True),))


def doubts(world: World) -> list[str]:
    return [one.source for one in world.evse.standing_faults if one.fault is Fault.POWER_METER_FAILURE]


@pytest.mark.parametrize("register", [math.nan, math.inf, -math.inf, -1.0, 1e15, True, "5", None])
def test_a_register_that_is_no_number_of_this_world_is_no_reading(register) -> None:
    assert sound(Reading(register)) is None


@pytest.mark.parametrize(
    ("member", "value", "left"),
    [
        ("power_w", math.nan, None),
        ("power_w", 1e9, None),
        ("power_w", -500.0, -500.0),
        ("current_a", (1.0, math.inf), ()),
        ("voltage_v", (230.0, math.nan, 230.0), ()),
        ("voltage_v", (230.0, 231.0), (230.0, 231.0)),
        ("soc_percent", 101.0, None),
        ("frequency_hz", -1.0, None),
        ("export_wh", math.nan, None),
        ("temperature_c", math.inf, None),
    ],
)
def test_other_values_that_cannot_be_are_left_out(member: str, value: object, left: object) -> None:
    believed = sound(replace(Reading(5.0), **{member: value}))
    assert believed is not None
    assert getattr(believed, member) == left


def test_a_sound_reading_is_not_copied() -> None:
    reading = Reading(5.0, 100.0, (1.0,), (230.0,))
    assert sound(reading) is reading


@pytest.mark.parametrize("register", [math.nan, math.inf, -5.0, 1e15])
def test_nonsense_reaches_nobody_and_is_a_fault_until_the_meter_is_back(register: float) -> None:
    world = World(settings=V16)
    world.charge()
    world.run(65)
    before, told = world.evse.meter.last, len(world.told)
    world.send(ev.MeterRead(1, Reading(register)))
    assert world.evse.meter.last is before
    assert len(world.told) == told
    assert doubts(world) == ["meter_nonsense"]
    world.run(60)
    assert doubts(world) == []
    assert all(math.isfinite(fact.meter_wh) for fact in world.told if fact.meter_wh is not None)


@pytest.mark.spec("J02.FR.16", "J02.FR.17")
@pytest.mark.parametrize("register", [0.0, 0.5, 999.0])
def test_zero_and_roll_back_reach_no_transaction(register: float) -> None:
    world = World(settings=V16)
    world.charge()
    world.run(30)
    world.send(ev.MeterRead(1, Reading(register)))
    assert doubts(world) == ["meter_register_fell"]
    world.bays[1].energy_wh = register  # from now on it says so always: another meter
    world.tap()
    world.run(5)
    world.unplug()
    registers = [fact.meter_wh for fact in world.told if fact.meter_wh is not None]
    assert registers == sorted(registers)
    assert min(registers) >= 1000.0
    assert doubts(world) == ["meter_register_fell"], "it stays until somebody says that the meter was replaced"


def test_a_foreign_answer_that_comes_once_is_not_believed_and_no_fault() -> None:
    world = World(plan=POLLED, settings=V16)
    world.charge()
    world.run(10)
    world.send(ev.MeterRead(1, world.bays[1].read(world.now)))
    before = world.evse.meter.last.energy_wh
    effects = world.send(ev.MeterRead(1, Reading(9_000_000.0)))
    assert of(effects, ef.ReadMeter), "it is asked again at once"
    assert before <= world.evse.meter.last.energy_wh < before + 100.0
    assert doubts(world) == []


def test_a_rise_that_a_second_reading_confirms_is_believed() -> None:
    world = World(plan=POLLED, settings=V16)
    world.send(ev.MeterRead(1, Reading(1000.0)))
    world.bays[1].silent = True
    world.send(ev.MeterRead(1, Reading(500_000.0)))
    assert world.evse.meter.last.energy_wh == 1000.0
    world.run(1)
    world.send(ev.MeterRead(1, Reading(500_001.0)))
    assert world.evse.meter.last.energy_wh == 500_001.0
    assert doubts(world) == []


def test_rises_that_agree_with_nothing_are_a_fault() -> None:
    world = World(plan=POLLED, settings=V16)
    world.bays[1].silent = True
    for register in (1000.0, 500_000.0, 900_000.0, 70_000.0):
        world.send(ev.MeterRead(1, Reading(register)))
        world.run(1)
    assert doubts(world) == ["meter_register_jumped"]
    assert world.evse.meter.last.energy_wh == 1000.0
    world.send(ev.MeterRead(1, Reading(1001.0)))
    assert doubts(world) == []


def test_what_can_have_flowed_is_never_doubted() -> None:
    """A day without a reading: 16 A on three phases are 276 kWh."""
    world = World(settings=V16)
    world.send(ev.MeterRead(1, Reading(1000.0)))
    world.run(86_400)
    world.bays[1].silent = True
    world.send(ev.MeterRead(1, Reading(277_000.0)))
    assert world.evse.meter.last.energy_wh == 277_000.0


def test_deliverable_energy_grows_with_time_and_is_generous() -> None:
    assert deliverable_wh(11_000.0, 0.0) == 500.0
    assert deliverable_wh(11_000.0, -5.0) == 500.0
    assert deliverable_wh(11_000.0, 3600.0) == 22_500.0


def test_after_a_boot_a_register_far_above_the_stored_one_has_to_be_confirmed() -> None:
    world = World(plan=POLLED, settings=V16)
    world.charge()
    world.run(10)
    world.tap()
    world.unplug()
    world.power_cycle()
    world.bays[1].silent = True
    floor = world.evse.meter.floor_wh
    world.send(ev.MeterRead(1, Reading(5_000_000.0)))
    assert (world.evse.meter.last, world.evse.meter.floor_wh) == (None, floor)


def test_a_new_meter_counts_from_where_somebody_says_so() -> None:
    world = World(settings=V16)
    world.charge()
    world.run(30)
    world.bays[1].energy_wh = 3.0
    world.send(ev.MeterReplaced(1))
    world.run(1)
    assert world.evse.meter.floor_wh >= 1000.0, "not within a transaction"
    world.tap()
    world.unplug()
    world.run(5)
    assert doubts(world) == ["meter_register_fell"]
    world.send(ev.FaultCleared(1))
    world.charge()
    assert doubts(world) == ["meter_register_fell"], "that a fault is cleared says nothing of another meter"
    world.tap()
    world.unplug()
    world.run(5)
    world.send(ev.MeterReplaced(1))
    assert doubts(world) == []
    assert 3.0 <= world.evse.meter.shown_wh < 100.0
    assert world.stored()["meter"]["1"] == world.evse.meter.shown_wh
    world.power_cycle()
    world.charge()
    assert doubts(world) == []


def test_a_session_that_came_while_the_last_one_waited_for_its_meter_gets_energy() -> None:
    """It starts with the energy, and nothing else happens that could bring that about."""
    world = World(plan=two(), settings={**V16, "TxCtrlr.TxStartPoint": "EnergyTransfer"})
    world.charge()
    world.bays[1].silent = True
    world.tap()
    assert world.evse.desk.ending is not None
    world.tap()
    assert world.evse.offered_a is None
    world.run(5)
    assert world.evse.contactor.state == "closed"
    assert [fact.phase for fact in world.facts()].count(Phase.STARTED) == 2


@pytest.mark.spec("OCPP 1.6 §7.6")
def test_a_silent_meter_is_a_fault_and_its_last_value_is_kept() -> None:
    world = World(plan=POLLED, settings=V16)
    world.charge()
    world.run(5)
    world.send(ev.MeterRead(1, world.bays[1].read(world.now)))
    before = world.evse.meter.last
    world.bays[1].silent = True
    samples = len([fact for fact in world.told if fact.meter_values])
    for _ in range(9):
        world.run(1)
        world.send(ev.MeterRead(1, None))
    assert doubts(world) == []
    world.run(70)
    world.send(ev.MeterRead(1, None))
    assert doubts(world) == ["meter_silent"]
    assert len([fact for fact in world.told if fact.meter_values]) == samples, "no old value as a new sample"
    world.tap()
    world.run(5)
    assert world.facts(Phase.ENDED)[0].meter_wh == before.energy_wh
    world.send(ev.MeterRead(1, world.bays[1].read(world.now)))
    assert doubts(world) == []


def test_one_fault_is_enough_for_a_meter_that_is_lost() -> None:
    world = World(plan=POLLED, settings=V16)
    world.send(raised(1, "meter_lost"))
    for _ in range(30):
        world.run(1)
        world.send(ev.MeterRead(1, None))
    assert doubts(world) == ["meter_lost"]


class AtOnce:
    """The meter of a bay, read within the turn. ``taken`` counts the readings."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.taken = 0

    def reading(self) -> Reading | None:
        bay = self.world.bays[1]
        if bay.silent:
            return None
        self.taken += 1
        return bay.read(self.world.now)


def sampled(*, at_once: bool) -> World:
    """A transaction of a few minutes, with samples that are due by time and by word."""
    world = World(settings=V16)
    if at_once:
        world.evse.meter.gauge = AtOnce(world)
    world.charge()
    world.run(130)
    world.send(ev.SampleDue(1))
    world.run(130)
    world.unplug()
    return world


def test_samples_are_the_same_whether_the_meter_is_asked_or_read_within_the_turn() -> None:
    asked, read = sampled(at_once=False), sampled(at_once=True)
    assert len(asked.facts(Phase.UPDATED)) >= 4
    assert read.told == asked.told
    assert read.stored() == asked.stored()
    begin_and_end = of(read.log, ef.ReadMeter)
    assert len(begin_and_end) < len(of(asked.log, ef.ReadMeter))


def test_a_meter_that_does_not_answer_within_the_turn_is_asked() -> None:
    world = World(settings=V16)
    world.evse.meter.gauge = gauge = AtOnce(world)
    world.charge()
    world.run(5)
    world.bays[1].silent = True
    taken = gauge.taken
    assert of(world.send(ev.SampleDue(1)), ef.ReadMeter)
    world.run(30)
    assert gauge.taken == taken
    assert doubts(world) == ["meter_silent"]
    world.bays[1].silent = False
    world.run(65)
    assert doubts(world) == []


def test_a_sample_within_the_turn_that_is_not_believed_waits_for_a_second_reading() -> None:
    world = World(settings=V16)
    world.evse.meter.gauge = AtOnce(world)
    world.charge()
    world.run(10)
    told = len(world.facts(Phase.UPDATED))
    world.bays[1].energy_wh += 1e6
    world.bays[1].power_w = 0.0
    out = world.send(ev.SampleDue(1))
    kinds = [type(effect) for effect in out]
    assert kinds.index(ef.ReadMeter) < kinds.index(ef.Tell)
    assert len(world.facts(Phase.UPDATED)) == told + 1
    assert world.facts()[-1].meter_wh == world.bays[1].energy_wh
