"""Helpers for tests of stores."""

from __future__ import annotations

import threading
from collections.abc import Callable

from station.core.records import Batch, Record
from station.store import MemoryStore, Store, StoreError
from station.store.api import Done, tell


class Inbox:
    """Stands for an event loop: what the writer thread delivers waits until ``run``."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def __call__(self, call: Callable[[], None]) -> None:
        with self._lock:
            self._calls.append(call)

    def run(self) -> None:
        """Run what was delivered so far."""
        with self._lock:
            calls, self._calls = self._calls, []
        for call in calls:
            call()


class FaultyStore(MemoryStore):
    """Rows in memory, kept as a device keeps them: every batch is answered, and may be refused as by a full disk.

    Attributes:
        fail_when: a batch for which this answers True is refused.
    """

    immediate = False

    __slots__ = ("_fail_next", "fail_when")

    def __init__(self) -> None:
        super().__init__()
        self._fail_next = 0
        self.fail_when: Callable[[Batch], bool] | None = None

    def fail_next(self, batches: int = 1) -> None:
        """Refuse the next ``batches`` batches; 0 ends it."""
        self._fail_next = batches

    def commit(self, batch: Batch, done: Done | None) -> None:
        """Store the batch or refuse it, and tell ``done`` at once."""
        if self._fail_next or (self.fail_when is not None and self.fail_when(batch)):
            self._fail_next = max(0, self._fail_next - 1)
            tell(done, batch.seq, StoreError("the store is full (simulated)"))
        else:
            super().commit(batch, done)


class Answers:
    """Collects what a store answers."""

    def __init__(self) -> None:
        self.errors: dict[int, StoreError | None] = {}
        self.order: list[int] = []

    def __call__(self, seq: int, error: StoreError | None) -> None:
        self.order.append(seq)
        self.errors[seq] = error

    @property
    def failed(self) -> list[int]:
        """The numbers of the batches that were refused."""
        return [seq for seq in self.order if self.errors[seq] is not None]


def write(store: Store, seq: int, *records: Record, done: Answers | None = None) -> None:
    """Commit one batch."""
    store.commit(Batch(seq, records), done if done is not None else Answers())
