"""What drivers of load rely on: bays without inertia, and samples that are due when the driver says so."""

from __future__ import annotations

import asyncio

import pytest

from station.core.events import SampleDue
from station.core.records import Batch
from station.store import MemoryStore
from tests.support.rig import CARD, Rig
from tests.support.virtual_loop import run_virtual

SAMPLED = {"metering": {"sample": "60s", "record": "1h"}}
VERSIONS = ["1.6", "2.0.1"]


async def _turns(rig: Rig, count: int = 60) -> None:
    """Let messages go to and fro; no timer rings meanwhile."""

    for _ in range(count):
        await asyncio.sleep(0)


def _started(rig: Rig) -> int:
    if rig.version == "1.6":
        return len(rig.heard_all("StartTransaction"))
    return sum(one["eventType"] == "Started" for one in rig.transaction_events())


def _stopped(rig: Rig) -> int:
    if rig.version == "1.6":
        return len(rig.heard_all("StopTransaction"))
    return sum(one["eventType"] == "Ended" for one in rig.transaction_events())


def _samples(rig: Rig) -> list[str]:
    """The contexts of the samples that were told while a transaction went on."""
    told = rig.heard_all("MeterValues") if rig.version == "1.6" else rig.transaction_events()
    return [
        value["sampledValue"][0].get("context", "Sample.Periodic")
        for one in told
        if one.get("eventType", "Updated") == "Updated"
        for value in one.get("meterValue", ())
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_instant_bay_charges_and_lets_go_without_a_timer(version: str) -> None:
    async def scenario() -> None:
        async with Rig(version, SAMPLED, instant=True) as rig:
            await rig.boot()
            await rig.quiet()
            began_s = rig.loop.time()
            rig.host.execute("plug_in", {})
            rig.host.execute("tap", {"tagId": CARD})
            await _turns(rig)
            assert rig.status["status"] in ("Charging", "Occupied")
            assert rig.status["contactor"] == "closed"
            assert _started(rig) == 1
            rig.host.execute("unplug", {})
            await _turns(rig)
            assert _stopped(rig) == 1
            assert rig.status["status"] == "Available"
            assert rig.loop.time() == began_s

    run_virtual(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sample_is_taken_when_the_driver_says_so_and_the_interval_counts_from_then(version: str) -> None:
    async def scenario() -> None:
        async with Rig(version, SAMPLED, instant=True) as rig:
            await rig.boot()
            rig.host.execute("plug_in", {})
            await rig.do("tap", tagId=CARD)
            await rig.wait(40.0)
            assert _samples(rig) == []
            rig.host.runner.feed(SampleDue(1))
            await rig.wait(59.0)
            assert _samples(rig) == ["Sample.Periodic"]
            await rig.wait(2.0)
            assert _samples(rig) == ["Sample.Periodic"] * 2

    run_virtual(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_no_sample_is_due_where_nothing_is_sampled(version: str) -> None:
    async def scenario() -> None:
        async with Rig(version, {"metering": {"sample": "0s"}}, instant=True) as rig:
            await rig.boot()
            rig.host.runner.feed(SampleDue(1))
            rig.host.runner.feed(SampleDue(7))
            rig.host.execute("plug_in", {})
            await rig.do("tap", tagId=CARD)
            rig.host.runner.feed(SampleDue(1))
            await rig.quiet()
            assert _samples(rig) == []

    run_virtual(scenario())


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_just_told_is_not_recorded_again(version: str) -> None:
    async def scenario() -> None:
        async with Rig(version, {"metering": {"sample": "1h", "record": "5s"}}, instant=True) as rig:
            await rig.boot()
            rig.host.execute("plug_in", {})
            await rig.do("tap", tagId=CARD)
            await rig.quiet()
            stored: list[Batch] = []

            def watch(batch: Batch) -> bool:
                stored.append(batch)
                return False

            rig.store.fail_when = watch
            await rig.wait(3.0)
            rig.host.runner.feed(SampleDue(1))
            await rig.wait(0.1)
            told = len(stored)
            await rig.wait(4.5)
            assert len(stored) == told
            await rig.wait(1.0)
            assert len(stored) == told + 1

    run_virtual(scenario())


class InMemory(Rig):
    """A rig over a store that keeps at once, and reads what goes on changing when it is loaded."""

    def make_store(self) -> MemoryStore:  # type: ignore[override]
        return MemoryStore()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_not_told_before_a_power_cut_is_told_once_after_it(version: str) -> None:
    async def scenario() -> None:
        async with InMemory(version, SAMPLED, instant=True) as rig:
            await rig.boot()
            rig.host.execute("plug_in", {})
            await rig.do("tap", tagId=CARD)
            await rig.wait(61.0)
            assert _samples(rig) == ["Sample.Periodic"]
            rig.refuse_with(503)
            rig.lose_connection()
            await rig.wait(120.0)
            station = rig.host.runner.engine.station
            assert len(station.ctx.ledger.facts) == 2
            assert rig.store.load() == station.snapshot()
            await rig.do("power_cycle")
            rig.refuse = None
            await rig.until(lambda: _stopped(rig))
            await rig.quiet()
            assert (_started(rig), _stopped(rig)) == (1, 1)
            assert _samples(rig) == ["Sample.Periodic"] * 3
            station = rig.host.runner.engine.station
            assert not station.ctx.ledger.facts
            assert rig.store.load() == station.snapshot()

    run_virtual(scenario())
