"""A store in memory: for fleets, tests and ``store: memory``.

It outlives the simulated reboots and power cuts of its station because the host owns it. It is gone with the process.
Values are kept as JSON text: isolated from their owners, smaller than the objects, and read back as a device would.
"""

from __future__ import annotations

from collections.abc import Callable

from station.core.records import Batch, Rows
from station.errors import StoreError
from station.store.api import Done, decode, encode, tell


class MemoryStore:
    """Rows in memory; ``done`` is called before ``commit`` returns.

    Attributes:
        fail_when: for tests: a batch for which this answers True is refused like by a full disk.
    """

    __slots__ = ("_closed", "_fail_next", "_tables", "fail_when")

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, str]] = {}
        self._closed = False
        self._fail_next = 0
        self.fail_when: Callable[[Batch], bool] | None = None

    def fail_next(self, batches: int = 1) -> None:
        """For tests: refuse the next ``batches`` batches like a full disk; 0 ends it."""
        self._fail_next = batches

    def load(self) -> Rows:
        """All rows, as a copy. A closed memory store opens again: it holds nothing that another could have taken."""
        self._closed = False
        return {name: {key: decode(value) for key, value in rows.items()} for name, rows in self._tables.items()}

    def commit(self, batch: Batch, done: Done) -> None:
        """Store the batch, or refuse it, and tell ``done`` at once."""
        error: StoreError | None = None
        try:
            self._write(batch)
        except StoreError as exc:
            error = exc
        tell(done, batch.seq, error)

    def close(self) -> None:
        """Refuse further batches until the next ``load``."""
        self._closed = True

    def _write(self, batch: Batch) -> None:
        if self._closed:
            raise StoreError("the store is closed")
        if self._fail_next:
            self._fail_next -= 1
            raise StoreError("the store is full (simulated)")
        if self.fail_when is not None and self.fail_when(batch):
            raise StoreError("the store is full (simulated)")
        for table, key, value in encode(batch):
            if value is not None:
                self._tables.setdefault(table, {})[key] = value
            elif table in self._tables:
                self._tables[table].pop(key, None)
                if not self._tables[table]:
                    del self._tables[table]
