"""A store in memory: for fleets, tests and ``store: memory``.

It outlives the simulated reboots and power cuts of its station because the host owns it. It is gone with the process.
Rows come back as a device would read them, through JSON. What has a ``records.Put.write`` is kept as it is and written
only then; everything else is written at once, and so isolated from its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from station.core.records import Batch, Json, Put, Record, Rows
from station.errors import StoreError
from station.store.api import Done, decode, encode, tell

_Cell = tuple[str, str]
"""Table and key."""

_ALIKE: Final = frozenset({"meta", "told"})
"""Tables whose rows are the same at thousands of stations: they share them, which saves each half a kilobyte."""
_ALIKE_CELLS: Final = _ALIKE | {"clocks", "meter", "variables"}
"""Tables of which at least the keys are."""
_MOST_ALIKE: Final = 4096
_alike: dict[tuple[str, str, str | None, bool], Put] = {}
_cells: dict[_Cell, _Cell] = {}


class MemoryStore:
    """Rows in memory; ``done`` is called before ``commit`` returns.

    ``late``: what has a ``write``, and a table that is followed, is written when somebody loads it, as it is then.

    A batch is refused for two reasons, neither of them the station's: the store is closed, or a value is no row.
    """

    immediate = True
    late = True

    __slots__ = ("_closed", "_followed", "_followed_rows", "_rows", "_write")

    def __init__(self) -> None:
        # One table of what was put: several small dictionaries, or the texts, would take more of every idle station.
        self._rows: dict[_Cell, Put] = {}
        self._closed = False
        self._followed = ""
        self._followed_rows: Any = None
        self._write: Callable[[Any], dict[str, Json]] = dict

    def load(self) -> Rows:
        """All rows, as a copy. A closed memory store opens again: it holds nothing that another could have taken."""
        self._closed = False
        rows: Rows = {}
        for (table, key), put in self._rows.items():
            ((_, _, text),) = encode(Batch(0, (put,)))
            rows.setdefault(table, {})[key] = decode(text or "null")
        if self._followed_rows:
            batch = Batch(0, tuple(Put(self._followed, *row) for row in self._write(self._followed_rows).items()))
            rows[self._followed] = {key: decode(text or "null") for _, key, text in encode(batch)}
        return rows

    def follow(self, table: str, rows: Any, write: Callable[[Any], dict[str, Json]]) -> None:
        """From now on a table is what ``write`` makes of ``rows`` when somebody loads it."""
        self._rows = {cell: put for cell, put in self._rows.items() if cell[0] != table}
        self._followed, self._followed_rows, self._write = table, rows, write

    def commit(self, batch: Batch, done: Done | None) -> None:
        """Store the batch, or refuse it, and tell ``done`` at once, where anybody wants to know."""
        error: StoreError | None = None
        records: Sequence[Record] = batch.records
        try:
            for record in records:
                if type(record) is Put and record.write is None and type(record.value) is not float:
                    records = [_isolated(one) for one in records]
                    break
            if self._closed:
                raise StoreError("the store is closed")
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


def _isolated(record: Record) -> Record:
    """The record with its value written down, unless that is frozen. Raises: StoreError: it is no row."""
    if type(record) is not Put or record.write is not None:
        return record
    table, key, value = record.table, record.key, record.value
    if type(value) is str and value.isascii() and key.isascii() and table.isascii():
        return _shared(table, key, value, None) if table in _ALIKE else record
    ((table, key, text),) = encode(Batch(0, (record,)))
    if table not in _ALIKE:
        return Put(table, key, text, decode)
    return _shared(table, key, text, decode)


def _shared(table: str, key: str, value: str | None, write: Callable[[Any], Json] | None) -> Put:
    """A row that thousands of stations have: the same object for all."""
    known = _alike.get((table, key, value, write is None))
    if known is None:
        known = Put(table, key, value, write)
        if len(_alike) < _MOST_ALIKE:
            _alike[table, key, value, write is None] = known
    return known
