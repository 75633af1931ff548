"""Waiting for first looks, bounded; one timer where devices block, and none where none does."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from station.host import supervision as supervision_module
from station.host.supervision import READ_S, Supervision, until, when_read
from tests.support.virtual_loop import run_virtual


class Watched:
    """What is watched of an EVSE."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.evse = 1
        self.threads = True
        self.unread = True
        self.loop = loop
        self.sound_at_s = loop.time()
        self.looked = 0
        self.broken = False

    def supervise(self) -> None:
        self.looked += 1
        if self.broken:
            raise ValueError("a mistake of ours")
        self.sound_at_s = self.loop.time()


def test_what_waits_for_the_hardware_goes_on_at_once_where_nothing_blocks() -> None:
    async def scenario() -> None:
        done: list[float] = []
        loop = asyncio.get_running_loop()
        when_read([SimpleNamespace(unread=False)], loop, lambda: done.append(loop.time()))  # type: ignore[list-item]
        assert len(done) == 1

    run_virtual(scenario())


def test_it_waits_for_the_first_look_and_not_for_ever() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        for after_s, at_least_s, at_most_s in ((0.5, 0.5, 0.6), (100.0, READ_S, READ_S + 0.1)):
            one: Any = Watched(loop)
            done: list[float] = []
            began_s = loop.time()
            when_read([one], loop, lambda done=done: done.append(loop.time()))  # type: ignore[misc]
            assert not done
            loop.call_later(after_s, setattr, one, "unread", False)
            await asyncio.sleep(20)
            (at_s,) = done
            assert at_least_s <= at_s - began_s <= at_most_s

    run_virtual(scenario())


def test_it_waits_for_every_evse() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        fast: Any = Watched(loop)
        slow: Any = Watched(loop)
        done: list[bool] = []
        when_read([fast, slow], loop, lambda: done.append(slow.unread))
        loop.call_later(0.1, setattr, fast, "unread", False)
        loop.call_later(1.0, setattr, slow, "unread", False)
        await asyncio.sleep(3)
        assert done == [False]

    run_virtual(scenario())


def test_an_evse_that_is_out_of_order_makes_the_station_unsound_until_it_is_in_order(monkeypatch: Any) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(supervision_module, "time", SimpleNamespace(monotonic=loop.time))
        good: Any = Watched(loop)
        bad: Any = Watched(loop)
        watch = Supervision((good, bad), loop)
        watch.start()
        watch.start()
        await asyncio.sleep(5)
        assert watch.sound()
        assert good.looked == 21
        bad.broken = True
        await asyncio.sleep(1.5)
        assert watch.sound()
        await asyncio.sleep(1.5)
        assert not watch.sound()
        bad.broken = False
        await asyncio.sleep(1)
        assert watch.sound()
        watch.stop()
        looked = good.looked
        await asyncio.sleep(5)
        assert good.looked == looked

    run_virtual(scenario())


def test_nothing_is_watched_where_nothing_blocks() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        one: Any = Watched(loop)
        one.threads = False
        watch = Supervision((one,), loop)
        watch.start()
        await asyncio.sleep(5)
        assert one.looked == 0
        assert watch.sound()

    run_virtual(scenario())


def test_until() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await until(lambda: False, 1.0)
        assert 1.0 <= loop.time() - began_s < 1.1
        await until(lambda: True, 1.0)

    run_virtual(scenario())
