"""Problem events in the bare core: what is asked to be told, what is put together, what outlives a boot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.context import EvsePlan, StationPlan
from station.core.hardware_faults import cleared, raised
from station.core.problems import Problem, ProblemQuery, ProblemsTold
from station.core.values import Fault
from tests.support.core_world import World, of, two


class Told(World):
    """A CSMS that answers problem events, unless it is to be ``mute``."""

    mute = False

    def _ask(self, query: Any) -> None:
        if isinstance(query, ProblemQuery) and self.linked:
            if not self.mute:
                self._answer(ProblemsTold())
        else:
            super()._ask(query)

    def queries(self) -> list[ProblemQuery]:
        return [ask.query for ask in of(self.log, ef.Ask) if isinstance(ask.query, ProblemQuery)]

    def problems(self) -> list[Problem]:
        return [problem for query in self.queries() for problem in query.problems]

    def brief(self) -> list[tuple[str, bool]]:
        return [(one.condition.source or one.condition.fault.value, one.active) for one in self.problems()]


def test_ids_count_over_boots_and_are_recorded_before_they_are_told() -> None:
    world = Told()
    world.send(raised(1, "reader_lost#1"))
    commit = next(n for n, e in enumerate(world.log) if isinstance(e, ef.Commit) and "problems" in repr(e))
    asked = next(n for n, e in enumerate(world.log) if isinstance(e, ef.Ask) and isinstance(e.query, ProblemQuery))
    assert commit < asked
    world.send(cleared(1, "reader_lost#1"))
    world.power_cycle()
    world.send(raised(1, "reader_lost#1"))
    assert [one.id for one in world.problems()] == [1, 2, 3]
    assert world.station.snapshot() == world.stored()


def test_nothing_is_stored_and_kept_of_a_sound_station() -> None:
    world = Told()
    world.charge()
    world.run(100)
    assert "problems" not in world.stored()
    problems = world.station.problems
    assert (problems.pending, problems._told) == (None, None)


def test_events_are_told_one_message_after_the_other() -> None:
    world = Told()
    world.mute = True
    world.send(raised(1, "over_voltage"))
    world.send(raised(1, "self_test"))
    world.send(cleared(1, "over_voltage"))
    assert len(world.queries()) == 1
    world.send(ProblemsTold())
    assert world.brief() == [("over_voltage", True), ("self_test", True), ("over_voltage", False)]
    assert len(world.queries()) == 2


@pytest.mark.spec("N07 remark")
def test_offline_only_what_counts_in_the_end_is_told() -> None:
    world = Told()
    world.send(raised(1, "over_voltage"))
    world.disconnect()
    for _ in range(50):
        world.send(raised(1, "meter_lost"))
        world.send(cleared(1, "meter_lost"))
    world.send(cleared(1, "over_voltage"))
    world.send(raised(1, "over_voltage"))
    world.send(raised(1, "self_test"))
    assert len(world.station.problems.pending) == 1
    world.connect()
    assert world.brief() == [("over_voltage", True), ("self_test", True)]


def test_what_the_link_lost_is_told_again_with_its_id() -> None:
    world = Told()
    world.mute = True
    world.send(raised(1, "over_voltage"))
    query = world.queries()[0]
    world.linked = False
    world.send(ev.Disconnected())
    world.send(ev.QueryFailed(query, "Disconnected"))
    world.send(cleared(1, "over_voltage"))
    world.mute = False
    world.connect()
    assert [(one.id, one.active) for one in world.problems()[1:]] == [(1, True), (2, False)]


@pytest.mark.parametrize("cause", ["CallError", "Timeout", "InvalidAnswer"])
def test_a_csms_that_does_not_want_it_is_not_asked_again(cause: str) -> None:
    world = Told()
    world.mute = True
    world.send(raised(1, "over_voltage"))
    world.send(ev.QueryFailed(world.queries()[0], cause))
    world.run(100)
    assert len(world.queries()) == 1
    world.send(raised(1, "self_test"))
    assert len(world.queries()) == 2


def test_a_flood_while_the_csms_is_slow_stays_bounded() -> None:
    world = Told()
    world.mute = True
    world.send(raised(1, "self_test"))
    for _ in range(500):
        world.send(raised(1, "over_voltage"))
        world.send(cleared(1, "over_voltage"))
    assert len(world.station.problems.pending) <= 100
    world.mute = False
    world.send(ProblemsTold())
    assert world.station.problems.pending is None
    assert all(len(query.problems) <= 20 for query in world.queries())


def test_a_variable_stays_true_while_another_source_holds_it() -> None:
    world = Told()
    world.send(raised(1, "meter_lost"))
    world.send(ev.MeterRead(1, replace(world.bays[1].read(world.now), energy_wh=-1.0)))
    world.send(cleared(1, "meter_lost"))
    assert [(one.active, one.value) for one in world.problems()] == [(True, True), (True, True), (False, True)]


def test_a_fault_of_the_station_is_told_once() -> None:
    world = Told(plan=two())
    world.send(raised(0, "emergency_stop"))
    world.send(cleared(0, "emergency_stop"))
    assert [(one.condition.evse, one.active, one.value) for one in world.problems()] == [
        (0, True, True),
        (0, False, False),
    ]


@pytest.mark.spec("N07.FR.14")
def test_what_did_not_outlive_the_boot_is_told_as_gone_and_what_did_stands() -> None:
    world = Told()
    world.send(raised(1, "over_voltage"))
    world.send(raised(1, "reader_lost#1"))
    world.power_cycle()
    mark = len(world.problems())
    world.run(5)
    world.send(raised(1, "reader_lost#1"))
    world.run(60)
    assert world.brief()[mark:] == [("reader_lost#1", True), ("over_voltage", False)]
    world.power_cycle()
    world.run(60)
    assert world.brief()[-1] == ("reader_lost#1", False)
    assert list(world.stored()["problems"]) == ["last"]


@pytest.mark.parametrize("row", [None, 5, {"evse": 1}, {"evse": 1, "connector": 0, "fault": "Gremlins"}])
def test_rows_that_cannot_be_read_are_left_out(row: object) -> None:
    world = Told(start=False)
    world.rows = {"problems": {"1/OtherError/": row, "last": 7}}
    world.power_cycle()
    assert world.station.damaged == ["problems/1/OtherError/"]
    world.send(ev.FaultRaised(1, Fault.OTHER_ERROR))
    assert world.problems()[0].id == 8


def test_a_version_without_words_for_it_is_told_nothing_and_keeps_nothing() -> None:
    world = Told(plan=replace(StationPlan(evses=(EvsePlan(1),)), tells_problems=False))
    world.send(raised(1, "over_voltage"))
    assert world.queries() == []
    assert world.station.problems.pending is None
    assert "problems" not in world.stored()
