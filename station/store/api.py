"""What every store offers, and the form in which values are kept. The host calls it, the modules beside it are it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import orjson

from station.core.records import Batch, Json, Put, Rows
from station.errors import StoreError

log = logging.getLogger("station.store")

Done = Callable[[int, StoreError | None], None]
"""Called once for each batch: its ``seq``, and None once it is durable, or why it was not stored."""

Operation = tuple[str, str, str | None]
"""Table, key, and the value as JSON text; None removes the row."""


class Store(Protocol):
    """Keeps rows. Batches become durable in the order of their submission, each as a whole or not at all."""

    @property
    def immediate(self) -> bool:
        """Whether a batch is stored when ``commit`` returns, and never fails: nobody waits for the answer."""
        ...

    @property
    def late(self) -> bool:
        """Whether one that is ``immediate`` writes what has a ``write`` when somebody loads it, as it is then."""
        ...

    def load(self) -> Rows:
        """All rows, as a copy; what was submitted before is stored (or has failed) first.

        Raises:
            StoreError: the rows cannot be read.
        """
        ...

    def commit(self, batch: Batch, done: Done | None) -> None:
        """Submit a batch; ``done`` is told. What has no ``write`` may be changed by the caller as soon as this returns.

        Never raises: whatever goes wrong reaches ``done``. None: nobody waits, as with a store that is ``immediate``.
        """
        ...

    def follow(self, table: str, rows: Any, write: Callable[[Any], dict[str, Json]]) -> None:
        """From now on a table is what ``write`` makes of ``rows`` when somebody loads it; only where ``late``.

        What it held before is gone; one table can be followed.
        """
        ...

    def close(self) -> None:
        """Make durable what was submitted, then let go of everything. Idempotent."""
        ...


def encode(batch: Batch) -> tuple[Operation, ...]:
    """The batch as operations on text, isolated from later changes of its values.

    Raises:
        StoreError: a name is no valid text or a value is no JSON (``records.Json``); the message quotes neither.
    """
    operations: list[Operation] = []
    for record in batch.records:
        try:
            record.table.encode(), record.key.encode()
            value = orjson.dumps(record.row).decode() if isinstance(record, Put) else None
        except (TypeError, UnicodeEncodeError) as exc:
            # The key stays out of the text too: in some tables it is a card number.
            raise StoreError(f"a row of table {record.table!r} is no JSON value: {type(exc).__name__}") from exc
        operations.append((record.table, record.key, value))
    return tuple(operations)


def decode(value: str) -> Json:
    """The JSON value of a kept text.

    Raises:
        ValueError: it is none.
    """
    return orjson.loads(value)


def tell(done: Done | None, seq: int, error: StoreError | None) -> None:
    """Call ``done``; what it raises is logged, since neither the store nor its other callers can help it."""
    if done is None:
        if error is not None:
            log.error("batch %d was not stored: %s", seq, error)
        return
    try:
        done(seq, error)
    except Exception:
        log.exception("the receiver of batch %d failed", seq)
