"""The layout of a store's SQLite file: creation, version, migrations. ``sqlite`` and ``salvage`` beside it call it.

One table for all rows. The version of a file is ``PRAGMA user_version``, that of the layout and of what its rows hold;
``application_id`` tells our files from the databases of other programs.

A member that a row gains needs no migration: rows are read with defaults for what they lack, and members that nobody
knows are ignored (``station.core.codec``). One that changes its meaning or its place does. To add one: append a tuple
of steps to ``MIGRATIONS``, an SQL text or a function of the connection each, and put the dump of a store of the new
version beside those of the old ones (``tests/unit/store/versions/N.sql``); a test opens every version that ever was.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

from station.errors import StoreError, StoreTooNewError

APPLICATION_ID = 0x4F435053
"""The letters OCPS."""

Step = str | Callable[[sqlite3.Connection], None]
"""SQL, or what SQL cannot say; it runs within the migration's transaction and must not end it."""

MIGRATIONS: tuple[tuple[Step, ...], ...] = (
    (
        "CREATE TABLE rows (tbl TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tbl, key))"
        " WITHOUT ROWID",
    ),
)
"""Steps that lead from version i to i + 1. Append only: files of every version are in the field."""

PAGE_SIZE = 4096
PUT = "INSERT INTO rows (tbl, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
DELETE = "DELETE FROM rows WHERE tbl = ? AND key = ?"
SELECT = "SELECT tbl, key, value FROM rows"


_HEADER = struct.Struct(">16s 44x I 4x I")
"""SQLite file format §1.3: the magic, user_version at 60, application_id at 68."""
_MAGIC = b"SQLite format 3\x00"


class ForeignDatabaseError(StoreError):
    """A healthy database of somebody else; it is left alone."""


def stamp(path: Path) -> tuple[int, int] | None:
    """The application id and the version that stand in a file, which is not opened as a database; None: no header.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return None
    magic, version, application_id = _HEADER.unpack(head)
    return (application_id, version) if magic == _MAGIC else None


def connect(path: Path) -> sqlite3.Connection:
    """Open a file for one owner that commits by hand, durably (WAL, ``synchronous=FULL``).

    Raises:
        sqlite3.Error: it cannot be opened or is damaged.
    """
    db = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA journal_size_limit = 4194304")
        db.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.Error:
        db.close()
        raise
    return db


def create(path: Path, rows: Iterable[tuple[str, str, str]] = (), version: int | None = None) -> None:
    """Write a complete new file (mode 0600) with ``rows`` and sync it; a file of that name is replaced.

    ``version`` is the one that the rows are of; None: this program's. The caller moves the file into place, so that a
    power cut never leaves a half-made store under the final name.

    Raises:
        sqlite3.Error, OSError: it cannot be written.
    """
    for leftover in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        leftover.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        version = len(MIGRATIONS) if version is None else version
        _steps(db, 0, version)
        db.executemany(PUT, rows)
        _steps(db, version)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()


def migrate(db: sqlite3.Connection, name: str) -> None:
    """Bring an opened file to this program's version, in one transaction.

    Args:
        db: the opened file.
        name: what to call it in an error.

    Raises:
        StoreTooNewError: a newer program wrote it.
        ForeignDatabaseError: another program's database.
        StoreError: a step failed; the file is as it was.
        sqlite3.Error: it is damaged or cannot be written.
    """
    application_id: int = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    refuse(application_id, version, name)
    if version < len(MIGRATIONS):
        db.execute("BEGIN IMMEDIATE")
        try:
            _steps(db, version)
            db.execute("COMMIT")
        except Exception as exc:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if isinstance(exc, sqlite3.Error):
                raise
            raise StoreError(
                f"{name} could not be brought from store version {version} to {len(MIGRATIONS)}: {exc!r}",
                "the store is as it was; keep a copy of it and report this",
            ) from exc


def refuse(application_id: int, version: int, name: str) -> None:
    """Leave alone what is not a store, or not one that this program knows.

    Raises:
        StoreTooNewError: a newer program wrote it.
        ForeignDatabaseError: another program's database.
    """
    if application_id != APPLICATION_ID:
        raise ForeignDatabaseError(
            f"{name} is a database, but not the store of a station", "name another file under `store:`"
        )
    if version > len(MIGRATIONS):
        raise StoreTooNewError(
            f"{name} was written by a newer program (store version {version}, this program knows {len(MIGRATIONS)})",
            "install the newer program again, or name another file under `store:`",
        )


def _steps(db: sqlite3.Connection, version: int, until: int | None = None) -> None:
    """Go from one version to another; None: to this program's."""
    until = len(MIGRATIONS) if until is None else until
    for steps in MIGRATIONS[version:until]:
        for step in steps:
            if isinstance(step, str):
                db.execute(step)
            else:
                step(db)
    db.execute(f"PRAGMA user_version = {until}")
