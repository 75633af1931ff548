"""A store in memory: for fleets, tests and ``store: memory``.

It outlives the simulated reboots and power cuts of its station because the host owns it. It is gone with the process.
Rows come back as a device would read them, through JSON. What its owner never changes (``records.Put.write``) is kept
as it is and written only then; everything else is written at once, and so isolated from its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from station.core.records import Batch, Put, Record, Rows
from station.errors import StoreError
from station.store.api import Done, decode, encode, tell

_Cell = tuple[str, str]
"""Table and key."""

_ALIKE: Final = frozenset({"meta", "told"})
"""Tables whose rows are the same at thousands of stations: they share them, which saves each half a kilobyte."""
_ALIKE_CELLS: Final = _ALIKE | {"clocks", "meter", "variables"}
"""Tables of which at least the keys are."""
_MOST_ALIKE: Final = 4096
_alike: dict[tuple[str, str, str | None], Put] = {}
_cells: dict[_Cell, _Cell] = {}


class MemoryStore:
    """Rows in memory; ``done`` is called before ``commit`` returns.

    A batch is refused for two reasons, neither of them the station's: the store is closed, or a value is no row.
    """

    immediate = True

    __slots__ = ("_closed", "_rows")

    def __init__(self) -> None:
        # One table of what was put: several small dictionaries, or the texts, would take more of every idle station.
        self._rows: dict[_Cell, Put] = {}
        self._closed = False

    def load(self) -> Rows:
        """All rows, as a copy. A closed memory store opens again: it holds nothing that another could have taken."""
        self._closed = False
        rows: Rows = {}
        for (table, key), put in self._rows.items():
            ((_, _, text),) = encode(Batch(0, (put,)))
            rows.setdefault(table, {})[key] = decode(text or "null")
        return rows

    def commit(self, batch: Batch, done: Done | None) -> None:
        """Store the batch, or refuse it, and tell ``done`` at once, where anybody wants to know."""
        error: StoreError | None = None
        try:
            records = self._storable(batch)
        except StoreError as exc:
            error = exc
        else:
            rows = self._rows
            for record in records:
                if type(record) is Put:
                    cell = (record.table, record.key)
                    if cell not in rows and record.table in _ALIKE_CELLS and len(_cells) < _MOST_ALIKE:
                        cell = _cells.setdefault(cell, cell)
                    rows[cell] = record
                else:
                    rows.pop((record.table, record.key), None)
        if done is not None or error is not None:
            tell(done, batch.seq, error)

    def close(self) -> None:
        """Refuse further batches until the next ``load``."""
        self._closed = True

    def _storable(self, batch: Batch) -> Sequence[Record]:
        """The records as they are kept. Raises: StoreError."""
        if self._closed:
            raise StoreError("the store is closed")
        for record in batch.records:
            if type(record) is Put and record.write is None and type(record.value) is not float:
                return [_isolated(record) for record in batch.records]
        return batch.records


def _isolated(record: Record) -> Record:
    """The record with its value written down, unless that is frozen. Raises: StoreError: it is no row."""
    if type(record) is not Put or record.write is not None:
        return record
    ((table, key, text),) = encode(Batch(0, (record,)))
    if table not in _ALIKE:
        return Put(table, key, text, decode)
    known = _alike.get((table, key, text))
    if known is None:
        known = Put(table, key, text, decode)
        if len(_alike) < _MOST_ALIKE:
            _alike[table, key, text] = known
    return known
