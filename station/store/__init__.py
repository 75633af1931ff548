"""The store: keeps a station's rows (``station.core.records``), each batch all or nothing.

Two kinds with one interface: ``MemoryStore`` for fleets and tests, ``SqliteStore`` for a device. A store never
interprets a value. The host owns it, commits the batches that the core yields, and answers with ``Recorded`` or
``RecordFailed``; no failure of a disk raises into the host.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from station.errors import StoreBusyError, StoreError, StoreTooNewError
from station.store.api import Done, Store
from station.store.memory import MemoryStore

if TYPE_CHECKING:
    from station.store.sqlite import SqliteStore


def __getattr__(name: str) -> Any:
    """``SqliteStore`` when it is first asked for: a fleet's stations keep their rows in memory."""
    if name != "SqliteStore":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("station.store.sqlite").SqliteStore


__all__ = ["Done", "MemoryStore", "SqliteStore", "Store", "StoreBusyError", "StoreError", "StoreTooNewError"]
