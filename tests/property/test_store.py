"""Memory and file agree, whatever is written and wherever it fails."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core.records import Batch, Delete, Put, Rows, apply
from station.store import MemoryStore, SqliteStore
from tests.support.stores import Answers, Inbox

NAMES = st.sampled_from(["journal", "variables", "ü", "", "a\x00b"])
KEYS = st.one_of(st.sampled_from(["1", "2", "10"]), st.text(max_size=4))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
        max_leaves=6,
    ),
    st.builds(object),
)
RECORDS = st.one_of(st.builds(Put, NAMES, KEYS, VALUES), st.builds(Delete, NAMES, KEYS))
BATCHES = st.lists(st.lists(RECORDS, max_size=5).map(tuple), max_size=8)


def without_empty(rows: Rows) -> Rows:
    return {name: table for name, table in rows.items() if table}


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES, reopen_after=st.integers(0, 8))
def test_memory_and_file_agree(batches: list[tuple[Any, ...]], reopen_after: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inbox, of_memory, of_file = Inbox(), Answers(), Answers()
        memory, file = MemoryStore(), SqliteStore(Path(folder) / "x.db", inbox)
        expected: Rows = {}
        for seq, records in enumerate(batches, start=1):
            if seq == reopen_after:
                file.close()
                file = SqliteStore(Path(folder) / "x.db", inbox)
            memory.commit(Batch(seq, records), of_memory)
            file.commit(Batch(seq, records), of_file)
            if of_memory.errors[seq] is None:
                apply(expected, records)
        assert memory.load() == file.load() == without_empty(expected)
        file.close()
        inbox.run()
        assert of_file.order == of_memory.order
        assert of_file.failed == of_memory.failed
