"""A run over time: a row a second, bounded, with the rates of the load."""

import pytest

from station.fleet.metrics import Snapshot
from station.fleet.timeline import Timeline
from tests.support.fleet_run import PlayedRun


def counted(calls: int) -> Snapshot:
    return Snapshot({"call.Heartbeat": calls, "call.Heartbeat.error.Timeout": calls // 10}, {}, {"up": 1})


def test_a_row_tells_what_happened_since_the_last_look() -> None:
    run = PlayedRun().play()
    rows = run.timeline.rows_so_far()
    assert [row.up for row in rows] == [5, 10, 10, 10, 7, *[10] * 6, 0]
    assert [row.calls for row in rows] == [5, 5, 10, 10, 13, *[10] * 6, 0]
    assert [row.errors for row in rows] == [0, 0, 0, 0, 2, *[0] * 7]
    assert rows[3].p99_s == pytest.approx(0.009, rel=1e-3)
    assert rows[4].p99_s == pytest.approx(0.9)
    assert rows[4].charging == 3
    assert rows[4].lag_s == pytest.approx(0.003)


def test_rates_are_of_the_time_in_which_the_load_was_held() -> None:
    run = PlayedRun().play()
    totals = run.timeline.totals(run.ticks[-1].snapshot)
    assert totals.call("BootNotification").rate == 0.0
    assert totals.call("MeterValues").rate == pytest.approx(93 / 9)
    assert totals.call("MeterValues").count == 93


def test_of_a_run_that_ended_while_stations_came_up_gauges_are_those_before_the_end() -> None:
    timeline = Timeline()
    for second in (1, 2, 3):
        timeline.look(second, Snapshot({}, {}, {"up": 3 * second}), held=False, wanted=60)
    last = Snapshot({}, {}, {"up": 0, "queued": 2})
    timeline.look(4.0, last, held=False, wanted=60, over=True)
    totals = timeline.totals(last)
    assert (totals.gauge("up"), totals.gauge("queued"), totals.wanted) == (9, 2, 60)


def test_after_the_end_gauges_are_those_of_the_load_but_what_waits_is_of_now() -> None:
    run = PlayedRun().play()
    last = run.snapshot(0, queued=4)
    totals = run.timeline.totals(last)
    assert (totals.gauge("up"), totals.gauge("state.charging"), totals.gauge("queued")) == (10, 5, 4)
    assert last.gauges["up"] == 0


def test_a_run_that_never_held_its_load_has_no_rates() -> None:
    timeline = Timeline()
    timeline.look(1.0, counted(50), held=False, wanted=3)
    totals = timeline.totals(counted(50))
    assert totals.call("Heartbeat").rate == 0.0
    assert totals.wanted == 3
    assert totals.gauge("up") == 1


def test_the_generator_was_saturated_from_when_to_when() -> None:
    assert PlayedRun().play().timeline.saturated() == [(6.0, 8.0)]


def test_looks_that_follow_at_once_are_one_row() -> None:
    timeline = Timeline()
    for at_s, calls in ((1.0, 10), (1.2, 20), (2.2, 30), (2.2, 30)):
        timeline.look(at_s, counted(calls), held=True, wanted=1)
    assert [(row.at_s, row.calls, row.errors) for row in timeline.rows_so_far()] == [(1.0, 10, 1), (2.2, 20, 2)]


def test_a_long_run_takes_no_more_memory_and_loses_no_call() -> None:
    timeline = Timeline()
    for second in range(1, 20_001):
        timeline.look(float(second), counted(second * 7), held=True, wanted=1)
        if second % 5000 == 0:
            timeline.mark(float(second), "half past")
    rows = timeline.rows_so_far()
    assert 600 <= len(rows) <= 1200
    assert sum(row.calls for row in rows) == 140_000
    assert sum(row.length_s for row in rows) == pytest.approx(20_000)
    assert max(row.length_s for row in rows) == 32
    assert [mark.text for mark in timeline.marks] == ["half past"] * 4


def test_marks_are_bounded() -> None:
    timeline = Timeline()
    for second in range(1000):
        timeline.mark(float(second), "again")
    assert len(timeline.marks) == 200
