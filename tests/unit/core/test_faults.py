"""Faults by source: what stands, who may clear it, what follows for a session, and the memory of a sound EVSE."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station.core import events as ev
from station.core.context import EvsePlan, StationPlan
from station.core.facts import Phase
from station.core.faults import FaultSet
from station.core.hardware_faults import cleared, raised
from station.core.values import Fault, Pilot, TokenResult
from tests.support.core_world import V16, World, two


def standing(world: World) -> list[str]:
    return [one.source or one.fault.value for one in world.evse.standing_faults]


def test_a_sound_place_has_no_table() -> None:
    faults = FaultSet()
    assert faults._infos is None
    assert not faults
    faults.add(Fault.OTHER_ERROR, "x", "")
    faults.drop(faults.named(None, None) + faults.named(None, "x"))
    assert faults._infos is None


def test_one_source_that_is_gone_leaves_the_other() -> None:
    world = World(settings=V16)
    world.send(raised(1, "meter_lost"))
    world.send(ev.FaultRaised(1, Fault.POWER_METER_FAILURE))
    world.send(cleared(1, "meter_lost"))
    assert standing(world) == ["PowerMeterFailure"]
    world.send(raised(1, "emergency_stop"))
    world.send(raised(1, "ventilation"))
    world.send(cleared(1, "emergency_stop"))
    assert standing(world) == ["PowerMeterFailure", "ventilation"]
    assert world.evse.faulted()
    world.send(cleared(1, "ventilation"))
    assert not world.evse.faulted()


def test_two_readers_are_two_sources() -> None:
    world = World(settings=V16)
    world.send(raised(1, "reader_lost#1"))
    world.send(raised(1, "reader_lost#2"))
    world.send(cleared(1, "reader_lost#1"))
    assert Fault.READER_FAILURE in world.evse.faults
    world.send(cleared(1, "reader_lost#2"))
    assert world.evse.faults == {}


def test_nobody_clears_a_word_of_hardware_that_no_row_names() -> None:
    world = World(settings=V16)
    world.send(raised(1, "contactor_gremlins"))
    world.send(ev.FaultCleared(1))
    assert standing(world) == ["contactor_gremlins"]
    world.send(cleared(1, "contactor_gremlins"))
    assert standing(world) == []


def test_nobody_clears_what_hardware_still_reports() -> None:
    world = World(settings=V16)
    world.send(raised(1, "emergency_stop"))
    world.send(ev.FaultRaised(1, Fault.GROUND_FAILURE))
    world.send(ev.FaultCleared(1))
    assert standing(world) == ["emergency_stop"]
    world.send(ev.FaultCleared(1, Fault.OTHER_ERROR))
    assert world.evse.faulted()
    world.send(cleared(1, "emergency_stop"))
    assert not world.evse.faulted()


def test_a_contactor_that_is_lost_and_welded_needs_both_to_be_over() -> None:
    world = World(settings=V16)
    world.charge()
    world.bays[1].welded = True
    world.tap()
    world.run(2)
    world.send(raised(1, "contactor_lost"))
    assert standing(world) == ["contactor_weld", "contactor_lost"]
    world.send(cleared(1, "contactor_lost"))
    world.send(ev.FaultCleared(1))
    assert standing(world) == ["contactor_weld"]
    world.send(ev.ContactorMoved(1, False))
    assert world.evse.faulted()
    world.send(ev.FaultCleared(1))
    assert not world.evse.faulted()


@pytest.mark.parametrize("opens", [True, False])
def test_a_contactor_that_is_lost_is_called_welded_only_when_it_answers(opens: bool) -> None:
    world = World(settings=V16)
    world.charge()
    world.bays[1].welded = True
    world.send(raised(1, "contactor_lost"))
    world.run(60)
    assert standing(world) == ["contactor_lost"]
    if opens:
        world.send(ev.ContactorMoved(1, False))
    world.send(cleared(1, "contactor_lost"))
    world.run(5)
    assert standing(world) == ([] if opens else ["contactor_weld"])


@pytest.mark.spec("part 2, 3.67 ReasonEnumType")
@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("emergency_stop", "EmergencyStop"),
        ("residual_current", "GroundFault"),
        ("over_current", "OvercurrentFault"),
        ("under_voltage", "PowerQuality"),
        ("over_temperature", "Other"),
    ],
)
def test_a_transaction_ends_with_the_reason_of_its_fault(word: str, reason: str) -> None:
    world = World(settings=V16)
    world.charge()
    world.run(5)
    world.send(raised(1, word))
    world.run(3)
    (ended,) = world.facts(Phase.ENDED)
    assert ended.stop_reason is not None
    assert (ended.stop_reason.value, ended.trigger.value) == (reason, "AbnormalCondition")
    assert not world.bays[1].closed


def test_an_emergency_stop_of_the_station_stops_every_evse() -> None:
    world = World(plan=two(), settings=V16)
    world.charge(evse=1)
    world.run(2)
    world.send(raised(0, "emergency_stop"))
    world.run(3)
    assert [fact.stop_reason for fact in world.facts(Phase.ENDED)] == ["EmergencyStop"]
    assert all(evse.faulted() for evse in world.station.evses)
    world.send(cleared(0, "emergency_stop"))
    assert not any(evse.faulted() for evse in world.station.evses)


def test_a_pilot_error_stays_while_the_pilot_shows_it() -> None:
    world = World(settings=V16)
    world.plug()
    world.send(ev.PilotChanged(1, Pilot.E))
    world.send(ev.FaultCleared(1))
    assert world.evse.faulted()
    world.send(ev.PilotChanged(1, Pilot.B))
    assert not world.evse.faulted()


# Without a meter


def unmetered() -> World:
    plan = replace(StationPlan(evses=(EvsePlan(1),)), charges_unmetered=False)
    return World(plan=plan, settings=V16)


def test_without_a_meter_the_running_session_goes_on_and_no_other_begins() -> None:
    world = unmetered()
    world.charge()
    world.run(10)
    world.send(raised(1, "meter_lost"))
    world.run(60)
    assert world.bays[1].closed
    assert world.facts(Phase.ENDED) == []
    world.tap()
    world.unplug()
    world.run(3)
    assert len(world.facts(Phase.ENDED)) == 1
    assert not world.evse.operative(1)
    world.charge()
    assert world.results()[-1] is TokenResult.NO_CONNECTOR_AVAILABLE
    assert len(world.facts(Phase.STARTED)) == 1
    world.send(cleared(1, "meter_lost"))
    assert world.evse.operative(1)
    world.tap()
    assert len(world.facts(Phase.STARTED)) == 2


def test_as_delivered_a_lost_meter_stops_nobody() -> None:
    world = World(settings=V16)
    world.send(raised(1, "meter_lost"))
    world.charge()
    world.run(3)
    assert world.bays[1].closed
