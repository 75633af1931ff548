"""The garbage collector in a process of stations: what stays is put aside, cycles are found where there are any."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from station.fleet.collector import EVERY_S, THRESHOLDS, Collector


class Clock:
    """An event loop's timers, rung by hand."""

    def __init__(self) -> None:
        self.todo: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay_s: float, do: Callable[[], None]) -> Clock:
        self.todo.append((delay_s, do))
        return self

    def cancel(self) -> None:
        self.todo.clear()

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            delay_s, do = self.todo.pop()
            assert delay_s == EVERY_S
            do()


class Knot:
    """Something that only a collection frees."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        Knot.alive += 1

    def __del__(self) -> None:
        Knot.alive -= 1


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    gc.collect()
    Knot.alive = 0
    collector = Collector(cast(Any, clock))
    collector.start()
    clock.collector = collector  # type: ignore[attr-defined]
    yield clock
    collector.stop()


def test_what_is_there_is_put_aside(clock: Clock) -> None:
    before = gc.get_freeze_count()
    kept = [[each] for each in range(1000)]
    clock.tick(40)
    assert gc.get_freeze_count() >= before + len(kept)
    assert not any(each is kept[0] for each in gc.get_objects(generation=0))


def test_cycles_are_freed_within_an_interval_while_there_are_any(clock: Clock) -> None:
    for _ in range(20):
        Knot()
        clock.tick()
        assert Knot.alive == 0


def test_where_there_are_none_it_looks_seldom(clock: Clock) -> None:
    clock.tick(40)
    before = gc.get_stats()[0]["collections"]
    clock.tick(170)
    assert 9 <= gc.get_stats()[0]["collections"] - before <= 12


def test_stations_that_are_gone_are_freed_though_they_were_put_aside(clock: Clock) -> None:
    knots = [Knot() for _ in range(10)]
    clock.tick()
    knots.clear()
    clock.tick(45)
    assert Knot.alive == 10
    clock.collector.thaw()  # type: ignore[attr-defined]
    clock.tick(45)
    assert Knot.alive == 0


def test_it_leaves_everything_as_it_was() -> None:
    before, clock = gc.get_threshold(), Clock()
    collector = Collector(cast(Any, clock))
    collector.start()
    assert gc.get_threshold() == THRESHOLDS
    clock.tick(3)
    collector.stop()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
    assert not clock.todo
