"""What the core asks to be kept: rows in named tables, written in batches.

A record is data only. The store (``station.store``) keeps rows, the host commits batches, and nobody but the owner
of a table interprets its values. Rows are JSON values, so that a person can read a damaged store with ``sqlite3``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from station.core.frozen import dataclass

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict of those."""

Rows = dict[str, dict[str, Json]]
"""All that is stored: table name -> key -> value."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write a row, replacing what stood under the key.

    ``value`` is the row, or what ``write`` makes the row of: something frozen, so that a store in memory may put off
    writing it until somebody reads. Such a store (``Ledger.late``) is given what goes on changing once instead of each
    time: it reads what is true then.
    """

    table: str
    key: str
    value: Any
    write: Callable[[Any], Json] | None = None

    @property
    def row(self) -> Json:
        """The row as it is stored."""
        return self.value if self.write is None else self.write(self.value)


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a row; a missing row is no error."""

    table: str
    key: str


Record = Put | Delete


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that become durable together or not at all.

    ``seq`` counts from 1 in each process and comes back in the event ``Recorded(seq)`` or ``RecordFailed(seq)``.
    """

    seq: int
    records: tuple[Record, ...]


def apply(rows: Rows, records: tuple[Record, ...]) -> None:
    """Carry out ``records`` on ``rows`` in place, in order."""
    for record in records:
        if isinstance(record, Put):
            rows.setdefault(record.table, {})[record.key] = record.row
        else:
            rows.get(record.table, {}).pop(record.key, None)
