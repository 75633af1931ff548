"""The power goes while a meter of its own counts on: what a transaction that ends by it is told with."""

from __future__ import annotations

from typing import Any

import pytest

from station.core import events as ev
from station.core.context import EvsePlan, StationPlan
from station.core.facts import Phase
from tests.support.core_world import World

BAY = 1


class ReadAtStart(World):
    """Its meter was read before it is decided what becomes of an open transaction."""

    def send(self, event: Any) -> list[Any]:
        if isinstance(event, ev.HardwareReady):
            reading = self.bays[BAY].read(self.now)
            super().send(ev.MeterRead(BAY, reading))
        return super().send(event)


def ended(world: World) -> tuple[float, float]:
    """What the end was told with, and the meter's register."""
    world.charge()
    world.run(63.7)
    world.power_cycle()
    world.run(5)
    [fact] = world.facts(Phase.ENDED)
    assert fact.meter_wh is not None
    return fact.meter_wh, world.bays[BAY].energy_wh


@pytest.mark.spec("OCPP 1.6 §7.36", "OCPP 2.0.1 J02.FR.16")
def test_no_energy_is_lost_that_flowed_after_the_last_record() -> None:
    told_wh, register_wh = ended(ReadAtStart())
    assert told_wh == pytest.approx(register_wh)


def test_without_a_reading_the_last_record_counts() -> None:
    told_wh, register_wh = ended(World())
    assert register_wh - 60 < told_wh < register_wh


def test_a_meter_that_counts_sessions_may_have_begun_anew() -> None:
    told_wh, register_wh = ended(ReadAtStart(plan=StationPlan(evses=(EvsePlan(BAY, session_meter=True),))))
    assert told_wh < register_wh
