"""Resets across processes: why the next boot happens is stored before the reboot, and told once."""

from __future__ import annotations

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.values import BootReason, StopReason
from tests.support.core_world import World, of

RESET = ev.ResetRequested(7, on_idle=False, reason=StopReason.HARD_RESET)


@pytest.mark.spec("B11.FR.03", "B01.FR.03")
def test_the_next_process_tells_why_it_was_booted() -> None:
    world = World()
    assert of(world.send(RESET), ef.Reboot)
    assert world.station.snapshot() == world.stored()
    world.power_cycle()
    assert world.station.registration.reason is BootReason.REMOTE_RESET
    assert world.station.snapshot() == world.stored()
    world.power_cycle()
    assert world.station.registration.reason is BootReason.POWER_UP


def test_a_reboot_that_cannot_be_recorded_is_none() -> None:
    world = World()
    world.store_works = False
    effects = world.send(RESET)
    assert [reply.outcome.status for reply in of(effects, ef.Reply)] == ["Rejected"]
    assert not of(effects, ef.Reboot)
    world.store_works = True
    world.run(60)
    world.power_cycle()
    assert world.station.registration.reason is BootReason.POWER_UP


def test_a_row_that_is_no_reason_is_left_out() -> None:
    world = World()
    world.rows["reboot"] = {"reason": "Boredom"}
    world.power_cycle()
    assert world.station.registration.reason is BootReason.POWER_UP
    assert "reboot/reason" in world.station.damaged
