"""The attempts at a piece of work: one job at a time, and a pause between two."""

from __future__ import annotations

from typing import Any

from station.core import events as ev
from station.core.attempts import Attempts
from station.core.effects import Abandon
from station.core.frozen import dataclass
from tests.support.core_world import of
from tests.support.job_bench import JobBench

TIMER = "attempts"


@dataclass(frozen=True, slots=True)
class Task:
    """Something that takes a while."""

    number: int = 1


class Bench(JobBench):
    """Attempts in a station's context, and what was heard of them."""

    def __init__(self) -> None:
        super().__init__({})
        self.ctx = self.world.station.ctx
        self.part = Attempts(self.ctx, self.world.station.jobs, TIMER)
        self.heard: list[Any] = []

    def begin(self, number: int = 1) -> None:
        """Order a job; it is ordered at the end of the turn."""
        self.part.begin(Task(number), self.heard.append)
        self.world.send(ev.SampleDue(0))


def test_a_job_is_under_way_until_it_is_reported() -> None:
    bench = Bench()
    assert not bench.part.under_way
    bench.begin()
    assert bench.part.under_way
    bench.report(Task, "done")
    assert not bench.part.under_way
    assert bench.heard == ["done"]


def test_whoever_hears_of_the_end_may_begin_anew() -> None:
    bench = Bench()
    bench.part.begin(Task(1), lambda report: bench.begin(2))
    bench.world.send(ev.SampleDue(0))
    bench.report(Task, "failed")
    assert bench.part.under_way
    assert bench.ordered(Task) == [Task(2)]


def test_a_pause_is_a_deadline_of_the_owner() -> None:
    bench = Bench()
    bench.part.rest(20.0)
    assert bench.part.resting
    assert bench.ctx.deadlines[(TIMER, 0)] == bench.ctx.now + 20.0
    bench.part.wake()
    assert not bench.part.resting


def test_no_more_attempts() -> None:
    bench = Bench()
    bench.begin()
    bench.part.rest(20.0)
    bench.part.stop()
    bench.world.send(ev.SampleDue(0))
    assert not (bench.part.under_way or bench.part.resting)
    assert len(of(bench.world.log, Abandon)) == 1
    bench.report(Task, "too late")
    assert bench.heard == []
