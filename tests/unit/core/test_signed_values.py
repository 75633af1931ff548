"""Signed meter values in the core: which reading begins and ends a transaction at a meter that signs."""

from __future__ import annotations

import pytest

from station.core import events as ev
from station.core.context import EvsePlan, StationPlan
from station.core.facts import Phase, TransactionFact
from station.core.values import Context, Moment, Reading, SignedData
from tests.support.core_world import World

SIGNING = StationPlan(evses=(EvsePlan(1, signing_meter=True),), resume_after_power_loss=True)
BEGIN, END = SignedData("B"), SignedData("E")


def world() -> World:
    """A station with a meter that signs, charging; the meter answers what the test sends."""
    made = World(plan=SIGNING, settings={"SampledDataCtrlr.SignReadings": "true"})
    made.charge()
    made.run(10)
    made.bays[1].silent = True
    return made


def ended(made: World) -> list[TransactionFact]:
    """The ends that were told."""
    return [fact for fact in made.told if fact.phase is Phase.ENDED]


def texts(fact: TransactionFact) -> list[tuple[Context, str | None]]:
    """Context and signed text of all samples."""
    samples = [sample for value in fact.meter_values for sample in value.samples]
    return [(sample.context, None if sample.signed is None else sample.signed.text) for sample in samples]


@pytest.mark.spec("J02.FR.21", "Signed Meter Values 4.1.2")
@pytest.mark.parametrize("moment", [None, Moment.UPDATE, Moment.BEGIN])
def test_the_end_waits_for_the_reading_that_the_meter_signed_for_it(moment: Moment | None) -> None:
    made = world()
    made.tap()
    made.send(ev.MeterRead(1, Reading(2000.0, moment=moment)))
    assert not ended(made)
    made.send(ev.MeterRead(1, Reading(2001.0, signed=END, signed_begin=BEGIN, moment=Moment.END)))
    (end,) = ended(made)
    assert texts(end) == [(Context.BEGIN, "B"), (Context.END, "E")]
    assert end.meter_wh == 2001.0


def test_the_end_does_not_wait_longer_than_for_any_reading() -> None:
    made = world()
    made.tap()
    made.send(ev.MeterRead(1, Reading(2000.0)))
    made.run(3)
    (end,) = ended(made)
    assert texts(end) == [(Context.BEGIN, None), (Context.END, None)]


@pytest.mark.spec("J02.FR.21")
def test_a_begin_that_becomes_known_on_the_way_is_stored_with_the_first_value() -> None:
    made = world()
    made.send(ev.MeterRead(1, Reading(1500.0, signed_begin=BEGIN, moment=Moment.UPDATE)))
    assert made.station.snapshot()["samples"] == made.stored()["samples"]
    made.power_cycle()
    made.bays[1].silent = True
    made.tap()
    made.send(ev.MeterRead(1, Reading(2001.0, signed=END, moment=Moment.END)))
    (end,) = ended(made)
    assert texts(end) == [(Context.BEGIN, "B"), (Context.END, "E")]
