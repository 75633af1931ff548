"""A store in an SQLite file: what a device uses.

Written by the process's one writer thread (``station.store.writer``) in group commits with ``synchronous=FULL``;
opened, read and closed in the caller's thread, which waits for the disk then and only then. The host calls it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from station.core.records import Batch, Json, Rows
from station.errors import StoreError
from station.store import schema
from station.store.api import Done, Operation, decode, encode, tell
from station.store.lock import FileLock
from station.store.salvage import check_content, check_files, is_damage, salvage, sync_folder
from station.store.writer import process_writer

log = logging.getLogger("station.store")

Deliver = Callable[[Callable[[], None]], None]
"""Runs a function in the owner's thread, later and in order: ``loop.call_soon_threadsafe``."""

_Item = tuple[int, tuple[Operation, ...] | StoreError, Done | None]
_HINTS = {
    5: "close the program that is writing to it",
    8: "make the file and its folder writable for this user",
    10: "check the disk and its cable or card (dmesg)",
    13: "free some space on the disk",
    14: "make the folder writable for this user",
}
"""Primary result code of SQLite (BUSY, READONLY, IOERR, FULL, CANTOPEN) -> what to do."""


class SqliteStore:
    """Rows in a file, mode 0600, in a folder that is made (0700) if it is missing.

    A damaged file is set aside when the store is opened and the rows that can still be read begin a new one; the owner
    looks at ``quarantined`` and reports it.

    Args:
        path: the file; ``<path>.lock`` beside it is the lock.
        deliver: brings the answers to batches into the owner's loop. It must not run them at once: they would run in
            the writer thread, and one that closes the store would wait for itself.

    Attributes:
        path: the file.
        quarantined: where the damaged predecessor lies, or None.
        salvaged: how many of its rows were saved.

    Raises:
        StoreBusyError: another process owns it; its pid is in the message.
        StoreTooNewError: a newer program wrote it.
        StoreError: it cannot be opened or made.
    """

    immediate = False
    late = False

    __slots__ = (
        "_closed",
        "_db",
        "_deliver",
        "_gate",
        "_io",
        "_lock",
        "_pending",
        "_writer",
        "_writing",
        "path",
        "quarantined",
        "salvaged",
    )

    def __init__(self, path: Path | str, deliver: Deliver) -> None:
        self.path = Path(path)
        self.quarantined: Path | None = None
        self.salvaged = 0
        self._deliver = deliver
        self._gate = threading.Condition()  # guards _pending, _writing, _closed
        self._io = threading.Lock()  # one user of the connection at a time
        self._pending: list[_Item] = []
        self._writing = False
        self._closed = False
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FileLock(self.path.with_name(self.path.name + ".lock"), f"the store {self.path}")
        except OSError as exc:
            raise _disk_error(self.path, exc) from exc
        try:
            self._db = self._open()
        except BaseException as exc:
            self._lock.release()
            if isinstance(exc, (OSError, sqlite3.Error)):
                raise _disk_error(self.path, exc) from exc
            raise
        self._writer = process_writer()
        self._writer.attach()

    def load(self) -> Rows:
        """All rows, once everything submitted is written.

        Raises:
            StoreError: the store is closed or cannot be read.
        """
        self._wait_until_written()
        rows: Rows = {}
        with self._io:
            if self._closed:
                raise StoreError(f"{self.path}: the store is closed")
            try:
                for table, key, value in self._db.execute(schema.SELECT):
                    rows.setdefault(table, {})[key] = decode(value)
            except (sqlite3.Error, ValueError) as exc:
                raise _disk_error(self.path, exc) from exc
        return rows

    def commit(self, batch: Batch, done: Done | None) -> None:
        """Submit a batch; ``done`` is called by way of ``deliver`` once it is on the disk, or was refused."""
        work: tuple[Operation, ...] | StoreError
        try:
            work = encode(batch)
        except StoreError as exc:
            work = exc
        with self._gate:
            if not self._closed:
                self._pending.append((batch.seq, work, done))
                if len(self._pending) == 1:
                    self._writer.wake(self)
                return
        self._answer([(batch.seq, StoreError(f"{self.path}: the store is closed"), done)])

    def follow(self, table: str, rows: Any, write: Callable[[Any], dict[str, Json]]) -> None:
        """See ``Store``: this store is not ``late``."""
        raise NotImplementedError

    def close(self) -> None:
        """Write what waits, fold the log into the file, let go of file and lock. Idempotent."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
        self._wait_until_written()
        with self._io:
            try:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as exc:
                # What was committed is in the log and stays there.
                log.warning("%s: the log was not folded in: %s", self.path, exc)
            self._db.close()
        self._writer.detach()
        self._lock.release()

    def drain(self) -> None:
        """For the writer thread: write all that waits and answer it."""
        with self._gate:
            group, self._pending = self._pending, []
            self._writing = True
        try:
            self._answer(self._write(group))
        finally:
            with self._gate:
                self._writing = False
                self._gate.notify_all()

    def _wait_until_written(self) -> None:
        with self._gate:
            while self._pending or self._writing:
                self._gate.wait()

    def _write(self, group: list[_Item]) -> list[tuple[int, StoreError | None, Done | None]]:
        """One transaction for all; if it fails, one for each, so that none fails for another."""
        sound = [work for _, work, _ in group if not isinstance(work, StoreError)]
        error = self._transact(operation for work in sound for operation in work)
        answers: list[tuple[int, StoreError | None, Done | None]] = []
        for seq, work, done in group:
            if isinstance(work, StoreError):
                answers.append((seq, work, done))
            elif error is not None and len(sound) > 1:
                answers.append((seq, self._transact(work), done))
            else:
                answers.append((seq, error, done))
        return answers

    def _transact(self, operations: Iterable[Operation]) -> StoreError | None:
        with self._io:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                for table, key, value in operations:
                    if value is None:
                        self._db.execute(schema.DELETE, (table, key))
                    else:
                        self._db.execute(schema.PUT, (table, key, value))
                self._db.execute("COMMIT")
            except Exception as exc:
                self._roll_back()
                return _disk_error(self.path, exc)
        return None

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error as exc:
            log.warning("%s: %s", self.path, exc)

    def _answer(self, answers: list[tuple[int, StoreError | None, Done | None]]) -> None:
        def tell_all() -> None:
            for seq, error, done in answers:
                tell(done, seq, error)

        try:
            self._deliver(tell_all)
        except Exception as exc:
            # The loop is closed: nobody is left to hear it. What is written is written.
            log.debug("%s: %d answers had no receiver: %s", self.path, len(answers), exc)

    def _open(self) -> sqlite3.Connection:
        if self.path.with_name(self.path.name + "-wal").exists():
            # A log whose file is gone may hold rows: an empty file in its place counts as damaged and is salvaged.
            self.path.touch(mode=0o600)
        if not self.path.exists():
            new = self.path.with_name(self.path.name + ".new")
            schema.create(new)
            new.replace(self.path)
            sync_folder(self.path.parent)
        try:
            return self._open_checked()
        except sqlite3.Error as exc:
            if not is_damage(exc):
                raise
            result = salvage(self.path)
            self.quarantined, self.salvaged = result.quarantined, result.rows
            log.error("%s was damaged (%s): kept as %s; %d rows saved", self.path, exc, result.quarantined, result.rows)
            return self._open_checked()

    def _open_checked(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise StoreError(f"{self.path} is no file", "name a file under `store:`")
        check_files(self.path)
        found = schema.stamp(self.path)
        if found is not None:
            schema.refuse(*found, str(self.path))  # before anything is written
        self.path.chmod(0o600)
        db = schema.connect(self.path)
        try:
            schema.migrate(db, str(self.path))
            check_content(db)
        except BaseException:
            db.close()
            raise
        return db


def _disk_error(path: Path, exc: Exception) -> StoreError:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return StoreError(f"{path}: {reason}", _HINTS.get(code))
