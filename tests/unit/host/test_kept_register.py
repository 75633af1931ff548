"""The register that was kept, as a host finds it at its start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from station.config import from_mapping
from station.core.meter import METER
from station.core.records import Batch, Put
from station.host import Host
from station.store import MemoryStore

PROFILE = {"station": {"id": "CP1"}, "csms": {"url": "ws://127.0.0.1:9/x"}, "store": "memory", "control": "off"}


@pytest.mark.parametrize(
    ("row", "register_wh"), [(1234.5, 1234.5), ("twelve", 0.0), (-5.0, 0.0), ([1], 0.0), (True, 0.0)]
)
def test_a_row_that_is_no_register_ends_no_start(row: Any, register_wh: float) -> None:
    async def begin() -> float | None:
        store = MemoryStore()
        store.commit(Batch(1, (Put(METER, "1", row),)), lambda *_: None)
        host = Host(from_mapping(PROFILE, Path("/nonexistent"), env={}).profile, store=store)
        register = host.runner.around.hardware[1].bay.meter.read().energy_wh
        await host.stop()
        return register

    assert asyncio.run(begin()) == register_wh
