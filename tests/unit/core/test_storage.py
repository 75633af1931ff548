"""A boot on rows that somebody else wrote, or that were damaged: what can be read is used, the rest is named."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import effects as ef
from station.core import storage
from station.core.journal import JOURNAL, journal_rows
from station.store import MemoryStore
from tests.support.core_world import V16, World

TABLES = (
    storage.META,
    storage.JOURNAL,
    storage.TRANSACTIONS,
    storage.SAMPLES,
    storage.VARIABLES,
    storage.CACHE,
    storage.LOCAL_LIST,
    storage.AVAILABILITY,
    storage.BINDINGS,
    storage.TOLD,
    storage.METER,
    storage.CLOCKS,
    storage.SECURITY_LOG,
    storage.TRIAL,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("table", [storage.TRANSACTIONS, storage.CACHE, storage.SAMPLES, storage.METER, storage.CLOCKS])
def test_a_row_that_cannot_be_read_is_named(table: str) -> None:
    world = World()
    world.rows.setdefault(table, {})["1"] = {"nonsense": []}
    world.power_cycle()
    assert world.station.damaged == [f"{table}/1"]
    world.plug()
    assert world.evse.ev


@pytest.mark.parametrize("register", [-5.0, 1e300, math.inf, math.nan, 10**400, True, "12", None])
def test_a_register_that_cannot_be_keeps_no_reading_out(register: Any) -> None:
    world = World()
    world.rows[storage.METER] = {"1": register}
    world.power_cycle()
    assert world.station.damaged == ["meter/1"]
    assert world.evse.meter.floor_wh is None and world.evse.meter.shown_wh is None


@settings(max_examples=150, deadline=None)
@given(rows=st.dictionaries(st.sampled_from(TABLES), st.dictionaries(st.text(max_size=12), JSON, max_size=3)))
def test_any_rows_boot(rows: dict[str, dict[str, Any]]) -> None:
    world = World()
    world.rows.clear()
    world.rows.update(rows)
    world.power_cycle()
    world.plug()
    assert world.evse.ev


def test_a_store_that_reads_rows_when_they_are_loaded_reads_what_is_true_then() -> None:
    world, store = World(start=False, settings=V16), MemoryStore()
    ledger = world.station.ctx.ledger
    ledger.immediate = ledger.late = True
    store.follow(JOURNAL, ledger.facts, journal_rows)
    committed: list[ef.Commit] = []

    def commit(effect: ef.Commit) -> None:
        committed.append(effect)
        store.commit(effect, None)

    world._commit = commit  # type: ignore[method-assign]
    world.boot()
    world.charge()
    for answered in (True, False, False, True):
        world.deliver = answered
        queued = len(ledger.facts)
        world.run(65.0)
        assert (len(ledger.facts) > queued) is not answered
        assert store.load() == world.station.snapshot()
        assert store.load()[storage.METER]["1"] == world.evse.meter.shown_wh
    tables = [record.table for effect in committed for record in effect.records]
    assert (tables.count(storage.METER), tables.count(storage.TRANSACTIONS)) == (1, 1)
    world.unplug()
    assert store.load() == world.station.snapshot()
    assert storage.TRANSACTIONS not in store.load()
