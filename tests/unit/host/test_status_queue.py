"""The status's `queue`: what a transaction has to tell is counted from the moment it ended, stored or not yet."""

from __future__ import annotations

import asyncio

import pytest

from station.core.records import Batch
from station.store.api import Done
from tests.support.rig import CARD, Rig, virtual
from tests.support.stores import FaultyStore


class SlowStore(FaultyStore):
    """A disk that takes its time."""

    def commit(self, batch: Batch, done: Done | None) -> None:
        asyncio.get_running_loop().call_later(0.05, super().commit, batch, done)


class SlowRig(Rig):
    def make_store(self) -> FaultyStore:
        return SlowStore()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@virtual
async def test_a_transaction_that_ended_is_in_the_queue_while_it_is_stored(version: str) -> None:
    async with SlowRig(version) as rig:
        await rig.boot()
        await rig.do("plug_in")
        await rig.do("tap", tagId=CARD)
        await rig.until(lambda: rig.status["contactor"] == "closed")
        await rig.until(lambda: rig.host.status()["queue"] == 0)
        unplugged = asyncio.ensure_future(rig.do("unplug"))
        while rig.status["transaction"] is not None:
            await asyncio.sleep(0.01)
        assert rig.host.status()["queue"] >= 1
        await unplugged
        await rig.until(lambda: rig.host.status()["queue"] == 0)
