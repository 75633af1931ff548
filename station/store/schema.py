"""The layout of a store's SQLite file: creation, version, migrations. ``sqlite`` and ``salvage`` beside it call it.

One table for all rows: the owners of the values have versions of their own. The version of the layout is
``PRAGMA user_version``; ``application_id`` tells our files from the databases of other programs.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from station.errors import StoreError, StoreTooNewError

APPLICATION_ID = 0x4F435053
"""The letters OCPS."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE rows (tbl TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tbl, key))"
        " WITHOUT ROWID",
    ),
)
"""Statements that lead from version i to i + 1. Append only: files of every version are in the field."""

PAGE_SIZE = 4096
PUT = "INSERT INTO rows (tbl, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
DELETE = "DELETE FROM rows WHERE tbl = ? AND key = ?"
SELECT = "SELECT tbl, key, value FROM rows"


class ForeignDatabaseError(StoreError):
    """A healthy database of somebody else; it is left alone."""


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


def create(path: Path, rows: Iterable[tuple[str, str, str]] = ()) -> None:
    """Write a complete new file (mode 0600) with ``rows`` and sync it; a file of that name is replaced.

    The caller moves it into place, so that a power cut never leaves a half-made store under the final name.

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
        _steps(db, 0)
        db.executemany(PUT, rows)
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
        sqlite3.Error: it is damaged or cannot be written.
    """
    application_id: int = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if application_id != APPLICATION_ID:
        raise ForeignDatabaseError(
            f"{name} is a database, but not the store of a station", "name another file under `store:`"
        )
    if version > len(MIGRATIONS):
        raise StoreTooNewError(
            f"{name} was written by a newer program (store version {version}, this program knows {len(MIGRATIONS)})",
            "install the newer program again, or name another file under `store:`",
        )
    if version < len(MIGRATIONS):
        db.execute("BEGIN IMMEDIATE")
        try:
            _steps(db, version)
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _steps(db: sqlite3.Connection, version: int) -> None:
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
