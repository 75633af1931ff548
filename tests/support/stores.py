"""Helpers for tests of stores."""

from __future__ import annotations

import threading
from collections.abc import Callable

from station.core.records import Batch, Record
from station.store import Store, StoreError


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
