"""The alarm of a runner: it rings at the earliest moment it was set to, and once."""

from __future__ import annotations

import asyncio

import pytest

from station.host.alarm import Alarm
from tests.support.rig import virtual


class Ringing:
    """An alarm, and when it rang."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.began_s = self.loop.time()
        self.rang_s: list[float] = []
        self.alarm = Alarm(self.loop, lambda: self.rang_s.append(self.loop.time() - self.began_s))

    def set(self, in_s: float) -> None:
        """Ring so many seconds after the beginning."""
        self.alarm.set(self.began_s + in_s)


@virtual
async def test_it_rings_once() -> None:
    ringing = Ringing()
    ringing.set(2.0)
    await asyncio.sleep(10.0)
    assert ringing.rang_s == [pytest.approx(2.0)]


@virtual
async def test_an_earlier_moment_counts_and_a_later_one_does_not() -> None:
    ringing = Ringing()
    for in_s in (5.0, 2.0, 7.0):
        ringing.set(in_s)
    await asyncio.sleep(10.0)
    assert ringing.rang_s == [pytest.approx(2.0)]


@virtual
async def test_it_can_be_set_again_once_it_has_rung() -> None:
    ringing = Ringing()
    ringing.set(1.0)
    await asyncio.sleep(2.0)
    ringing.set(4.0)
    await asyncio.sleep(10.0)
    assert ringing.rang_s == [pytest.approx(1.0), pytest.approx(4.0)]


@virtual
async def test_what_is_past_rings_at_once() -> None:
    ringing = Ringing()
    ringing.set(-1.0)
    await asyncio.sleep(0.01)
    assert ringing.rang_s == [pytest.approx(0.0)]


@virtual
async def test_one_that_is_cancelled_does_not_ring() -> None:
    ringing = Ringing()
    ringing.alarm.cancel()
    ringing.set(1.0)
    ringing.alarm.cancel()
    await asyncio.sleep(2.0)
    assert ringing.rang_s == []
