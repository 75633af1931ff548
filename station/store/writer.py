"""The one thread of a process that writes SQLite stores, however many of them are open.

It knows nothing of SQLite: a sink says that it has something to write and is asked to drain itself. What is submitted
while a sink is being drained waits and goes in one group: that is the group commit. Used by ``station.store.sqlite``.
"""

from __future__ import annotations

import os
import threading
from queue import SimpleQueue
from typing import Protocol


class Sink(Protocol):
    """Something with work for the writer thread."""

    def drain(self) -> None:
        """Write all that waits; called in the writer thread; must not raise."""
        ...


class Writer:
    """Runs while anybody is attached; a daemon thread: a store that was not closed is like one whose power was cut."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._queue: SimpleQueue[Sink | None] = SimpleQueue()

    def attach(self) -> None:
        """Announce a user; the first one starts the thread."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._queue = SimpleQueue()
                threading.Thread(target=self._run, args=(self._queue,), name="store-writer", daemon=True).start()

    def detach(self) -> None:
        """Withdraw a user that has nothing waiting; the last one ends the thread."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._queue.put(None)

    def wake(self, sink: Sink) -> None:
        """Have ``sink`` drained soon. Only between its ``attach`` and ``detach``."""
        self._queue.put(sink)

    @staticmethod
    def _run(queue: SimpleQueue[Sink | None]) -> None:
        while (sink := queue.get()) is not None:
            sink.drain()


_writer = Writer()


def process_writer() -> Writer:
    """The writer of this process."""
    return _writer


def _after_fork() -> None:
    # Threads do not survive a fork: the child begins with none, and the parent's stores are not the child's.
    global _writer  # noqa: PLW0603 - one per process is the point of this module
    _writer = Writer()


os.register_at_fork(after_in_child=_after_fork)
