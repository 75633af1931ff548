"""The wheel that the alarms of a loop share: order, clean-up, and the loop's turn between many."""

from __future__ import annotations

import asyncio
import gc
import weakref

from station.host.alarm import Alarm
from station.host.wheel import AT_ONCE
from tests.support.rig import virtual


@virtual
async def test_many_alarms_ring_in_the_order_of_their_times() -> None:
    loop, rang = asyncio.get_running_loop(), []
    for number in (3, 1, 2):
        Alarm(loop, lambda number=number: rang.append(number)).set(loop.time() + number)
    await asyncio.sleep(2.5)
    assert rang == [1, 2]
    await asyncio.sleep(1.0)
    assert rang == [1, 2, 3]


@virtual
async def test_those_that_are_due_at_once_leave_the_loop_its_turn() -> None:
    loop, rang, between = asyncio.get_running_loop(), [], []
    due_s = loop.time() + 1.0
    for number in range(3 * AT_ONCE):
        Alarm(loop, lambda number=number: rang.append(number)).set(due_s)
    loop.call_at(due_s, lambda: loop.call_soon(lambda: between.append(len(rang))))
    await asyncio.sleep(2.0)
    assert rang == list(range(3 * AT_ONCE))
    assert between[0] < len(rang)


@virtual
async def test_an_alarm_set_while_others_ring_rings_in_its_time() -> None:
    loop, rang_s, began_s = asyncio.get_running_loop(), [], asyncio.get_running_loop().time()
    second = Alarm(loop, lambda: rang_s.append(round(loop.time() - began_s, 3)))
    Alarm(loop, lambda: second.set(began_s + 1.5)).set(began_s + 1.0)
    Alarm(loop, lambda: None).set(began_s + 5.0)
    await asyncio.sleep(3.0)
    assert rang_s == [1.5]


@virtual
async def test_one_that_falls_over_does_not_stop_the_others() -> None:
    loop, rang = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _loop, _context: None)

    def fall() -> None:
        raise RuntimeError

    Alarm(loop, fall).set(loop.time() + 1.0)
    Alarm(loop, lambda: rang.append(True)).set(loop.time() + 1.0)
    await asyncio.sleep(2.0)
    assert rang == [True]


@virtual
async def test_alarms_of_stations_that_are_gone_do_not_keep_them() -> None:
    class Station:
        def ring(self) -> None: ...

    loop, kept = asyncio.get_running_loop(), []
    for number in range(1000):
        station = Station()
        alarm = Alarm(loop, station.ring)
        alarm.set(loop.time() + 86_400.0)
        alarm.cancel()
        if number == 0:
            kept.append(weakref.ref(station))
    del station, alarm
    gc.collect()
    assert kept[0]() is None


@virtual
async def test_an_alarm_that_is_set_over_and_over_takes_one_entry_at_a_time() -> None:
    loop, rings = asyncio.get_running_loop(), []
    alarm = Alarm(loop, lambda: rings.append(True))
    wheel = alarm._wheel
    before = len(wheel._entries)
    for _ in range(100):
        alarm.set(loop.time() + 86_400.0)
        alarm.set(loop.time() + 1.0)
        await asyncio.sleep(1.5)
    assert len(rings) == 100
    assert len(wheel._entries) - before <= 2
