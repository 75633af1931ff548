"""Devices that hang, and contactors that may be closed meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.api import DriverLost
from station.core.hardware_faults import cleared, raised
from station.host.worker import Order
from tests.support.outside_world import CLOSE, OPEN, Contactor, Pilot, World, no_threads

__all__ = ["no_threads"]


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
