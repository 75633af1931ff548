"""The wheel that rings for all drivers, and doing something for thousands of stations a few at a time."""

from __future__ import annotations

import asyncio

from station.fleet.crowd import Crowd
from station.fleet.schedule import AT_ONCE, GRAIN_S, Schedule
from tests.support.rig import virtual


class Sleeper:
    def __init__(self) -> None:
        self.rung: list[tuple[float, float, int]] = []

    def ring(self, due_s: float, what: int) -> None:
        self.rung.append((asyncio.get_running_loop().time(), due_s, what))


@virtual
async def test_everything_rings_in_time_and_in_order() -> None:
    loop = asyncio.get_running_loop()
    schedule, sleeper, now_s = Schedule(loop), Sleeper(), loop.time()
    for after_s in (3.0, 1.0, 2.0, 1.5):
        schedule.at(now_s + after_s, sleeper, int(after_s * 10))
    await asyncio.sleep(10.0)
    assert [what for _, _, what in sleeper.rung] == [10, 15, 20, 30]
    assert all(0.0 <= rang_s - due_s <= GRAIN_S + 1e-9 for rang_s, due_s, _ in sleeper.rung)


@virtual
async def test_what_is_past_rings_at_once() -> None:
    loop = asyncio.get_running_loop()
    schedule, sleeper = Schedule(loop), Sleeper()
    schedule.at(loop.time() - 5.0, sleeper)
    await asyncio.sleep(0.01)
    assert len(sleeper.rung) == 1


@virtual
async def test_something_sooner_than_what_is_waited_for() -> None:
    loop = asyncio.get_running_loop()
    schedule, sleeper, now_s = Schedule(loop), Sleeper(), loop.time()
    schedule.at(now_s + 5.0, sleeper, 5)
    await asyncio.sleep(1.0)
    schedule.at(now_s + 2.0, sleeper, 2)
    await asyncio.sleep(10.0)
    assert [what for _, _, what in sleeper.rung] == [2, 5]


@virtual
async def test_thousands_that_are_due_together_leave_the_loop_its_turns() -> None:
    loop = asyncio.get_running_loop()
    schedule, sleeper = Schedule(loop), Sleeper()
    due_s = loop.time() + 1.0
    for number in range(10 * AT_ONCE):
        schedule.at(due_s, sleeper, number)
    await asyncio.sleep(1.0)
    seen = []
    while len(sleeper.rung) < 10 * AT_ONCE:
        seen.append(len(sleeper.rung))
        await asyncio.sleep(0)
    assert len(seen) >= 8
    assert [what for _, _, what in sleeper.rung] == list(range(10 * AT_ONCE))


class Again(Sleeper):
    def __init__(self, schedule: Schedule, every_s: float) -> None:
        super().__init__()
        self._schedule, self._every_s = schedule, every_s

    def ring(self, due_s: float, what: int) -> None:
        super().ring(due_s, what)
        self._schedule.at(due_s + self._every_s, self)


@virtual
async def test_what_comes_again_and_again_does_not_drift() -> None:
    loop = asyncio.get_running_loop()
    schedule = Schedule(loop)
    again, now_s = Again(schedule, 0.1), loop.time()
    schedule.at(now_s + 0.1, again)
    await asyncio.sleep(1000.05)
    assert len(again.rung) == 10_000
    assert abs(again.rung[-1][0] - now_s - 1000.0) < 0.01


@virtual
async def test_one_that_falls_over_does_not_silence_the_others() -> None:
    class Bad(Sleeper):
        def ring(self, due_s: float, what: int) -> None:
            raise RuntimeError("no")

    loop = asyncio.get_running_loop()
    schedule, good = Schedule(loop), Sleeper()
    schedule.at(loop.time() + 1.0, Bad())
    schedule.at(loop.time() + 1.0, good)
    schedule.at(loop.time() + 2.0, good)
    await asyncio.sleep(3.0)
    assert len(good.rung) == 2


@virtual
async def test_after_it_was_cleared_nothing_rings() -> None:
    loop = asyncio.get_running_loop()
    schedule, sleeper = Schedule(loop), Sleeper()
    schedule.at(loop.time() + 1.0, sleeper)
    schedule.clear()
    await asyncio.sleep(2.0)
    assert not sleeper.rung
    schedule.at(loop.time() + 1.0, sleeper)
    await asyncio.sleep(2.0)
    assert len(sleeper.rung) == 1


@virtual
async def test_it_is_known_how_many_rang_late() -> None:
    loop = asyncio.get_running_loop()
    schedule, sleeper, now_s = Schedule(loop), Sleeper(), loop.time()
    for after_s in (-5.0, -0.2, -0.05, 0.5):
        schedule.at(now_s + after_s, sleeper)
    schedule.at(now_s - 5.0, sleeper, -1)
    await asyncio.sleep(1.0)
    assert len(sleeper.rung) == 5
    assert schedule.judged() == (4, 2)
    assert schedule.judged() == (0, 0)


@virtual
async def test_a_crowd_is_served_in_order_a_few_in_each_turn() -> None:
    done: list[int] = []
    ends: list[int] = []
    crowd = Crowd(asyncio.get_running_loop(), lambda: ends.append(len(done)))
    crowd.each(range(10), done.append, at_once=4)
    crowd.each(range(100, 103), done.append, at_once=4)
    assert not done
    assert crowd.busy
    seen = []
    while crowd.busy:
        await asyncio.sleep(0)
        seen.append(len(done))
    assert done == [*range(10), 100, 101, 102]
    assert seen[:3] == [4, 8, 10]
    assert ends == [13]


@virtual
async def test_one_of_a_crowd_that_falls_over_does_not_stop_the_others() -> None:
    done: list[int] = []

    def act(number: int) -> None:
        done.append(10 // number)

    crowd = Crowd(asyncio.get_running_loop())
    crowd.each([5, 0, 2], act)
    await asyncio.sleep(0.1)
    assert done == [2, 5]


@virtual
async def test_a_crowd_that_is_sent_home() -> None:
    done: list[int] = []
    crowd = Crowd(asyncio.get_running_loop())
    crowd.each(range(100), done.append, at_once=1)
    await asyncio.sleep(0)
    crowd.clear()
    await asyncio.sleep(1.0)
    assert len(done) == 1
    crowd.each([7], done.append)
    await asyncio.sleep(0.1)
    assert done[-1] == 7
